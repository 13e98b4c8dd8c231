/*
 * verify_jose.c
 *		Verifiers of signed (JWS) and encrypted (JWE) tokens.
 *
 * The key decides: a token's header chooses by kid among keys that are trusted
 * already, and only those whose own algorithm it names are tried.
 */
#include "postgres.h"

#include "base/clock.h"
#include "base/errors.h"
#include "pure/base64.h"
#include "pure/jwe.h"
#include "pure/jws.h"
#include "verify/external_token.h"
#include "verify/keys.h"
#include "verify/proved_tokens.h"
#include "verify/verify_jose.h"

/* What cryptography brings to light: a payload, and whose word it is. */
typedef struct Proved
{
	char *payload;
	size_t len;
	const TokenBinding *binding;
	const unsigned char *front_sha256; /* of the token before its last dot */
	int skip; /* so many keys that fit are passed over: it was not their issuer's */
} Proved;

/* ------------------------------------------------------------------------- signed */

static bool
names_key(const JwsHeader *header, const TrustedKey *key)
{
	if (key->kid == NULL)
		return !header->has_kid;
	return header->has_kid && strlen(key->kid) == header->kid_len &&
		   memcmp(key->kid, header->kid, header->kid_len) == 0;
}

/* Several issuers may have used one kid; whose key it was is found by trying. */
static ResultCode
prove_by_keys(const Jws *jws, int skip, const TokenBinding **binding)
{
	ResultCode result = keys_trusted() == NIL ? RESULT_NOT_SET_UP : RESULT_UNKNOWN_KEY;
	ListCell *cell;

	foreach (cell, keys_trusted())
	{
		TrustedKey *key = lfirst(cell);
		CryptoKey *parsed;

		if (key->alg != jws->header.alg || !names_key(&jws->header, key))
			continue;
		parsed = keys_parsed(key);
		if (parsed == NULL)
			continue;
		result = jws_verify(jws, parsed);
		*binding = &key->binding;
		if (result == RESULT_OK && skip-- > 0)
			result = RESULT_WRONG_ISSUER;
		else if (result != RESULT_BAD_SIGNATURE)
			break;
	}
	return result;
}

/*
 * Who runs the application learns from the log that an issuer has a new key, and that
 * its set is to be imported again.  Anybody can write a kid: it is shown as far as it
 * is plain.
 */
static void
explain_unknown_key(const JwsHeader *header)
{
	char kid[65];
	size_t len = header->has_kid ? Min(header->kid_len, sizeof(kid) - 1) : 0;

	for (size_t i = 0; i < len; i++)
		kid[i] = header->kid[i] >= 0x20 && header->kid[i] < 0x7f ? header->kid[i] : '?';
	kid[len] = '\0';
	if (header->has_kid)
		result_explain("unknown_kid: \"%s\", for %s.", kid, crypto_alg_name(header->alg));
	else
		result_explain("unknown_kid: none, for %s.", crypto_alg_name(header->alg));
}

static ResultCode
prove_jws(const char *token, size_t len, Proved *proved)
{
	Jws *jws = palloc(sizeof(Jws));
	ResultCode result = jws_parse(jws, token, len);
	size_t cap;

	jws->signed_sha256 = proved->front_sha256;
	if (result == RESULT_OK)
		result = prove_by_keys(jws, proved->skip, &proved->binding);
	if (result == RESULT_UNKNOWN_KEY)
		explain_unknown_key(&jws->header);
	if (result != RESULT_OK)
		return result;
	cap = BASE64_DECODED_MAX(jws->payload.len);
	proved->payload = palloc(cap);
	return jws_payload(jws, proved->payload, cap, &proved->len);
}

/* ---------------------------------------------------------------------- encrypted */

static ResultCode
check_header_claims(const Jwe *jwe, const Proved *proved)
{
	JsonNode *nodes = palloc(JSON_NODES_FOR(proved->len) * sizeof(JsonNode));
	JsonDoc doc;
	ResultCode result =
		json_scan(&doc, proved->payload, proved->len, nodes, JSON_NODES_FOR(proved->len));

	if (result == RESULT_OK)
		result = jwe_check_replicated(jwe, &doc);
	pfree(nodes);
	return result;
}

static ResultCode
prove_jwe(const char *token, size_t len, Proved *proved)
{
	Jwe *jwe = palloc(sizeof(Jwe));
	size_t n_keys;
	const JweKey *keys = keys_jwe(&n_keys);
	ResultCode result;
	size_t cap;
	size_t which;

	if (n_keys == 0)
		return RESULT_NOT_SET_UP;
	if (proved->skip > 0)
		return RESULT_WRONG_ISSUER;
	result = jwe_parse(jwe, token, len);
	if (result != RESULT_OK)
		return result;
	cap = JWE_PLAIN_MAX(jwe);
	proved->payload = palloc(cap);
	result =
		jwe_decrypt(jwe, keys, n_keys, proved->payload, palloc(cap), cap, &proved->len, &which);
	if (result != RESULT_OK)
		return result;
	proved->binding = keys_jwe_binding(which);
	return check_header_claims(jwe, proved);
}

/* --------------------------------------------------------------------------- both */

/*
 * better-auth's cache outlives the session behind it; where we know that session,
 * its end is the cache's end too.
 */
static ResultCode
check_session_behind(const ExternalToken *token, Identity *identity, FoundSession *found)
{
	ResultCode result;

	if (token->session_token == NULL)
		return RESULT_OK;
	result = session_find(token->session_token, strlen(token->session_token), found);
	if (result == RESULT_NO_SESSION)
		return RESULT_OK;
	if (result != RESULT_OK)
		return result;
	if (strcmp(found->row.user_id, token->user_id) != 0)
		return RESULT_MALFORMED;
	if (found->row.tenant && identity->tenant && strcmp(found->row.tenant, identity->tenant) != 0)
		return RESULT_WRONG_AUDIENCE;
	identity->has_session = true;
	identity->session_id = found->row.session_id;
	identity->expires_at = Min(identity->expires_at, session_expiry(&found->row));
	return RESULT_OK;
}

static ResultCode
use_token(ExternalToken *token, const char *tenant, TimestampTz now, Identity *identity,
		  FoundSession *found)
{
	ResultCode result = external_check(token, now);

	if (result == RESULT_OK)
		result = external_identity(token, tenant, now, identity);
	if (result == RESULT_OK)
		result = check_session_behind(token, identity, found);
	return result;
}

typedef ResultCode (*Prover)(const char *token, size_t len, Proved *proved);

/* The token, proved, read and kept; NULL, and why in *result, when it is not good. */
static ExternalToken *
prove_and_keep(const char *token, size_t len, const TokenDigest *digest, TimestampTz now,
			   Prover prove, ResultCode *result)
{
	Proved proved = { .front_sha256 = digest->front };
	ExternalToken *place = NULL;
	MemoryContext context;

	*result = prove(token, len, &proved);
	while (*result == RESULT_OK)
	{
		context = proved_slot(digest, &place);
		*result = external_read(proved.payload, proved.len, proved.binding, now, context, place);
		if (*result != RESULT_WRONG_ISSUER)
			break;
		/* two issuers may share a key and its kid: the next one's turn */
		proved.skip++;
		*result = prove(token, len, &proved);
	}
	if (*result != RESULT_OK)
		return NULL;
	proved_keep(digest);
	return place;
}

/* Of a token of several parts. */
static bool
digest_token(const char *token, size_t len, TokenDigest *digest)
{
	const char *end = token + len;
	const char *last = token;
	const char *dot;

	while ((dot = memchr(last, '.', end - last)) != NULL)
		last = dot + 1;
	return last > token && crypto_sha256(token, last - 1 - token, digest->front) &&
		   crypto_sha256(last, end - last, digest->back);
}

static ResultCode
verify_jose(const char *token, size_t len, Verification *verification, Prover prove)
{
	TimestampTz now;
	TokenDigest digest;
	ExternalToken *seen;
	ResultCode result;

	keys_accept_changes();
	now = clock_now(); /* reading changed keys may have waited */
	if (!digest_token(token, len, &digest))
		return RESULT_CRYPTO_FAILED;
	seen = proved_find(&digest);
	if (seen == NULL)
		seen = prove_and_keep(token, len, &digest, now, prove, &result);
	if (seen == NULL)
		return result;
	verification->claims = seen->claims;
	return use_token(seen, verification->identity.tenant, now, &verification->identity,
					 &verification->session);
}

ResultCode
verify_jws(const char *token, size_t len, Verification *verification)
{
	return verify_jose(token, len, verification, prove_jws);
}

ResultCode
verify_jwe(const char *token, size_t len, Verification *verification)
{
	return verify_jose(token, len, verification, prove_jwe);
}

/*
 * An identity that a connection holds: its key must still be trusted, and what it
 * claims must still be in force.
 */
bool
verify_jose_again(const Identity *identity, Identity *fresh)
{
	TimestampTz now;
	const TokenBinding *binding;
	ExternalToken *token = palloc(sizeof(ExternalToken));
	FoundSession found;

	keys_accept_changes();
	now = clock_now();
	binding = keys_find_binding(identity->origin);
	return binding &&
		   external_read(identity->claims, strlen(identity->claims), binding, now,
						 CurrentMemoryContext, token) == RESULT_OK &&
		   use_token(token, identity->tenant, now, fresh, &found) == RESULT_OK;
}
