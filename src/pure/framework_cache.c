/*
 * framework_cache.c
 *		Encrypted and cached sessions: Auth.js, and better-auth's session_data.
 *
 * Invariant: better-auth's cache counts only beside the signed token of the same session.  A
 * cache that is worth nothing is passed over, as the library does: then the token alone
 * is what the cookie yields.
 */
#include <string.h>

#include "pure/base64.h"
#include "pure/better_auth.h"
#include "pure/claims.h"
#include "pure/framework_internal.h"

#define JWS_PARTS 3

/* Opens a JWE with the key; its header lies in the arena, being large. */
static ResultCode
open_jwe(const Opening *o, Slice value, JsonDoc *claims)
{
	Jwe *jwe = arena_take(o->arena, sizeof(Jwe));
	size_t cap = BASE64_DECODED_MAX(value.len);
	char *out = arena_take(o->arena, cap);
	char *scratch = arena_take(o->arena, cap);
	size_t len;
	ResultCode result;

	if (jwe == NULL || out == NULL || scratch == NULL)
		return RESULT_TOO_LONG;
	result = jwe_parse(jwe, value.data, value.len);
	if (result != RESULT_OK)
		return result == RESULT_UNKNOWN_FORM ? result : RESULT_BAD_SIGNATURE;
	result = jwe_decrypt(jwe, &o->key->jwe, 1, out, scratch, cap, &len, NULL);
	if (result == RESULT_OK)
		result = framework_scan(o, slice_make(out, len), claims);
	return result == RESULT_OK ? jwe_check_replicated(jwe, claims) : result;
}

ResultCode
framework_prove_jwe(const Opening *o, Slice *content)
{
	JsonDoc claims;
	ResultCode result = open_jwe(o, o->cookie->value, &claims);

	if (result == RESULT_OK)
		*content = slice_make(claims.text, claims.len);
	return result;
}

/* --------------------------------------------------------------------- better-auth */

static bool
is_hs256(const Opening *o, Slice part)
{
	JoseHeader *header = arena_take(o->arena, sizeof(JoseHeader));

	return header != NULL && jose_read_header(header, part) == RESULT_OK &&
		   slice_is(slice_make(header->alg, header->alg_len), "HS256");
}

/* A JWS with HS256; the secret may be shorter than JOSE allows, as the library's may. */
static ResultCode
open_jws(const Opening *o, Slice value, JsonDoc *claims)
{
	unsigned char mac[CRYPTO_SHA256_LEN];
	Slice parts[JWS_PARTS];
	Slice covered;
	Slice content;
	ResultCode result;

	if (jose_split(value.data, value.len, parts, JWS_PARTS) != RESULT_OK)
		return RESULT_UNKNOWN_FORM;
	if (!is_hs256(o, parts[0]))
		return RESULT_BAD_SIGNATURE;
	covered = slice_make(value.data, parts[0].len + 1 + parts[1].len);
	if (!crypto_mac_parts(o->key->keys[0].mac, &covered, 1, mac))
		return RESULT_CRYPTO_FAILED;
	if (!crypto_is_base64url(mac, parts[2]))
		return RESULT_BAD_SIGNATURE;
	result = framework_decode(o, parts[1], true, &content);
	return result == RESULT_OK ? framework_scan(o, content, claims) : result;
}

/* The payload of a jwt or a jwe, which must end by itself. */
static ResultCode
read_claims(const Opening *o, BetterAuthCache *cache, const JsonDoc *doc)
{
	Claims *claims = arena_take(o->arena, sizeof(Claims));
	ResultCode result;

	if (claims == NULL)
		return RESULT_TOO_LONG;
	result = claims_read(claims, doc);
	if (result == RESULT_OK && !claims->has_exp)
		result = RESULT_NO_EXPIRY;
	if (result == RESULT_OK && claims->has_nbf && claims->nbf_us > o->now_us)
		result = RESULT_NOT_YET_VALID;
	if (result == RESULT_OK)
		result = better_auth_cache_read(cache, doc, doc->nodes);
	if (result == RESULT_OK && claims->exp_us < cache->expires_us)
		cache->expires_us = claims->exp_us;
	return result;
}

/* The third strategy; the whole object is read with the row's nodes. */
static ResultCode
read_compact(const Opening *o, Slice value, BetterAuthCache *cache, JsonDoc *doc)
{
	size_t cap = 2 * BASE64_DECODED_MAX(value.len) + 64;
	size_t n_nodes = JSON_NODES_FOR(BASE64_DECODED_MAX(value.len));
	char *json = arena_take(o->arena, cap);
	JsonNode *nodes = arena_take(o->arena, n_nodes * sizeof(JsonNode));
	const Slice secret = slice_make(o->key->keys[0].bytes, o->key->keys[0].len);

	if (json == NULL || nodes == NULL)
		return RESULT_TOO_LONG;
	return better_auth_cache_compact(cache, value, secret, json, cap, doc, nodes, n_nodes);
}

static ResultCode
read_cache(const Opening *o, BetterAuthCache *cache, JsonDoc *doc)
{
	Slice value = o->cookie->value;
	ResultCode result = open_jws(o, value, doc);

	if (result == RESULT_UNKNOWN_FORM)
		result = open_jwe(o, value, doc);
	if (result == RESULT_UNKNOWN_FORM)
		return read_compact(o, value, cache, doc);
	return result == RESULT_OK ? read_claims(o, cache, doc) : result;
}

static bool
is_fault_of_machine(ResultCode result)
{
	return result == RESULT_CRYPTO_FAILED || result == RESULT_NO_MEMORY;
}

static void
use_cache(FrameworkProof *proof, const BetterAuthCache *cache, const JsonDoc *doc)
{
	const JsonNode *inner = json_member(doc, doc->nodes, "session", 7);
	bool compact = json_member(doc, inner, "session", 7) != NULL;

	proof->yields = YIELDS_USER;
	proof->user_id = cache->user_id;
	proof->expires_us = cache->expires_us;
	if (cache->created_us != INT64_MIN)
		proof->issued_us = cache->created_us;
	proof->payload = compact ? json_raw(doc, inner) : slice_make(doc->text, doc->len);
}

ResultCode
framework_open_cache(const Opening *o)
{
	BetterAuthCache *cache = arena_take(o->arena, sizeof(BetterAuthCache));
	Slice covered;
	Slice token;
	Slice mac;
	JsonDoc doc;
	ResultCode result;

	if (cache == NULL)
		return RESULT_TOO_LONG;
	if (o->cookie->name.data == NULL)
		return RESULT_UNKNOWN_FORM;
	if (o->cookie->beside.data == NULL ||
		!framework_split_mac(o->row, o->cookie->beside, &covered, &token, &mac))
		return RESULT_BAD_SIGNATURE;
	result = framework_check_mac(o, &covered, 1, mac);
	if (result != RESULT_OK)
		return result;
	o->proof->id = token;
	result = read_cache(o, cache, &doc);
	if (is_fault_of_machine(result))
		return result;
	if (result == RESULT_OK && better_auth_cache_check(cache, o->now_us) == RESULT_OK &&
		slice_equals(cache->token, token))
		use_cache(o->proof, cache, &doc);
	return RESULT_OK;
}
