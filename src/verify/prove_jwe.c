/*
 * prove_jwe.c
 *		Proves encrypted tokens (JWE, RFC 7516): Auth.js' cookies.
 *
 * Where it is known which cookie a token came in, the keys of that name are tried alone.
 * Auth.js 5 derives one for each name; next-auth 4 has one, which serves the names of its secret.
 */
#include "postgres.h"

#include "pure/jwe.h"
#include "verify/prover.h"

static bool
takes_jwe(const Presented *token)
{
	return token->form == TOKEN_FORM_JWE;
}

/* Header parameters that repeat claims must agree with them. */
static ResultCode
check_header_claims(const Jwe *jwe, Slice payload)
{
	JsonNode *nodes = palloc(JSON_NODES_FOR(payload.len) * sizeof(JsonNode));
	JsonDoc doc;
	ResultCode result =
		json_scan(&doc, payload.data, payload.len, nodes, JSON_NODES_FOR(payload.len));

	if (result == RESULT_OK)
		result = jwe_check_replicated(jwe, &doc);
	pfree(nodes);
	return result;
}

/* With all keys at once, or where the cookie's name is known with those of that name. */
static ResultCode
decrypt(const Jwe *jwe, Slice cookie, char *out, size_t cap, size_t *len, size_t *which)
{
	size_t n_keys;
	const JweKey *keys = keys_jwe(&n_keys);
	char *scratch = palloc(cap);
	ResultCode result = RESULT_BAD_SIGNATURE;

	if (cookie.data == NULL)
		return jwe_decrypt(jwe, keys, n_keys, out, scratch, cap, len, which);
	for (size_t i = 0; i < n_keys && result == RESULT_BAD_SIGNATURE; i++)
	{
		if (!keys_jwe_serves(i, cookie))
			continue;
		*which = i;
		result = jwe_decrypt(jwe, &keys[i], 1, out, scratch, cap, len, NULL);
	}
	return result;
}

static ResultCode
prove_jwe(const Presented *token, int skip, TimestampTz now, Proof *proof)
{
	Jwe *jwe = palloc(sizeof(Jwe));
	size_t n_keys;
	size_t which = 0;
	size_t cap;
	char *payload;
	ResultCode result;

	(void) keys_jwe(&n_keys);
	if (n_keys == 0)
		return RESULT_NOT_SET_UP;
	if (skip > 0)
		return RESULT_WRONG_ISSUER;
	result = jwe_parse(jwe, token->text.data, token->text.len);
	if (result != RESULT_OK)
		return result;
	cap = JWE_PLAIN_MAX(jwe);
	payload = palloc(cap);
	proof->says = SAYS_CLAIMS;
	proof->claims.data = payload;
	result = decrypt(jwe, token->cookie, payload, cap, &proof->claims.len, &which);
	if (result != RESULT_OK)
		return result;
	proof->binding = keys_jwe_binding(which);
	return check_header_claims(jwe, proof->claims);
}

const Prover prover_of_jwe = { takes_jwe, prove_jwe };
