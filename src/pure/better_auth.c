/*
 * better_auth.c
 *		What better-auth keeps in its session_data cookie; see better_auth.h.
 */
#include "pure/better_auth.h"

#include <string.h>

#include "pure/base64.h"
#include "pure/iso_time.h"

#define MEMBER(doc, node, name) json_member(doc, node, name, sizeof(name) - 1)
#define EXPIRES_PREFIX          ",\"expiresAt\":"

/* A non-empty string; escaped ones are kept in cache->text. */
static bool
read_text(BetterAuthCache *cache, const JsonDoc *doc, const JsonNode *node, size_t *used,
		  Slice *out)
{
	if (json_text(doc, node, cache->text + *used, BETTER_AUTH_TEXT_MAX - *used, out) != RESULT_OK)
		return false;
	if (node->escaped)
		*used += out->len;
	return out->len > 0;
}

ResultCode
better_auth_cache_read(BetterAuthCache *cache, const JsonDoc *doc, const JsonNode *payload)
{
	const JsonNode *session = MEMBER(doc, payload, "session");
	const JsonNode *user = MEMBER(doc, payload, "user");
	const JsonNode *version = MEMBER(doc, payload, "version");
	size_t used = 0;
	Slice expires;
	Slice created;

	if (session == NULL || user == NULL)
		return RESULT_NO_SUBJECT;
	if (!read_text(cache, doc, MEMBER(doc, session, "userId"), &used, &cache->user_id) ||
		!read_text(cache, doc, MEMBER(doc, session, "token"), &used, &cache->token) ||
		!json_same_text(doc, MEMBER(doc, session, "userId"), doc, MEMBER(doc, user, "id")))
		return RESULT_NO_SUBJECT;
	if (json_text(doc, MEMBER(doc, session, "expiresAt"), NULL, 0, &expires) != RESULT_OK ||
		!iso_time_us(expires, &cache->expires_us))
		return RESULT_MALFORMED;
	if (json_text(doc, MEMBER(doc, session, "createdAt"), NULL, 0, &created) != RESULT_OK ||
		!iso_time_us(created, &cache->created_us))
		cache->created_us = INT64_MIN;
	cache->version.data = NULL;
	cache->version.len = 0;
	if (version != NULL && !read_text(cache, doc, version, &used, &cache->version))
		return RESULT_MALFORMED;
	return RESULT_OK;
}

/* HMAC over the inner object's text with expiresAt moved into it. */
static ResultCode
check_signature(const JsonDoc *doc, const JsonNode *inner, const JsonNode *expires, Slice signature,
				Slice secret, char *buf, size_t cap)
{
	unsigned char mac[CRYPTO_SHA256_LEN];
	Slice object = json_raw(doc, inner);
	Slice number = json_raw(doc, expires);
	size_t n = object.len - 1;

	if (n + sizeof(EXPIRES_PREFIX) + number.len + 1 > cap)
		return RESULT_TOO_LONG;
	memcpy(buf, object.data, n);
	memcpy(buf + n, EXPIRES_PREFIX, sizeof(EXPIRES_PREFIX) - 1);
	n += sizeof(EXPIRES_PREFIX) - 1;
	memcpy(buf + n, number.data, number.len);
	n += number.len;
	buf[n++] = '}';
	if (!crypto_hmac_sha256(secret.data, secret.len, buf, n, mac))
		return RESULT_CRYPTO_FAILED;
	return crypto_is_base64url(mac, signature) ? RESULT_OK : RESULT_BAD_SIGNATURE;
}

ResultCode
better_auth_cache_compact(BetterAuthCache *cache, Slice text, Slice secret, char *json, size_t cap,
						  JsonDoc *doc, JsonNode *nodes, size_t n_nodes)
{
	const JsonNode *inner;
	const JsonNode *expires;
	Slice signature;
	int64_t outer_ms;
	size_t len;
	ResultCode result;

	/* The second half of json is room for the text that is signed, which is shorter. */
	result = base64url_decode(text.data, text.len, (unsigned char *) json, cap / 2, &len);
	if (result == RESULT_OK)
		result = json_scan(doc, json, len, nodes, n_nodes);
	if (result != RESULT_OK)
		return result;
	inner = MEMBER(doc, doc->nodes, "session");
	expires = MEMBER(doc, doc->nodes, "expiresAt");
	if (inner == NULL || inner->kind != JSON_KIND_OBJECT || inner->size == 0 ||
		MEMBER(doc, inner, "expiresAt") != NULL ||
		json_date_us(doc, expires, &outer_ms) != RESULT_OK ||
		json_text(doc, MEMBER(doc, doc->nodes, "signature"), NULL, 0, &signature) != RESULT_OK)
		return RESULT_MALFORMED;
	result = check_signature(doc, inner, expires, signature, secret, json + cap / 2, cap - cap / 2);
	if (result == RESULT_OK)
		result = better_auth_cache_read(cache, doc, inner);
	if (result == RESULT_OK && outer_ms / 1000 < cache->expires_us)
		cache->expires_us = outer_ms / 1000;
	return result;
}

ResultCode
better_auth_cache_check(const BetterAuthCache *cache, int64_t now_us)
{
	return cache->expires_us <= now_us ? RESULT_EXPIRED : RESULT_OK;
}
