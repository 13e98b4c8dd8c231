/*
 * verdict.c
 *		What a server would answer to a token; see verdict.h.
 */
#include "verdict.h"

#include "pure/base64.h"
#include "pure/token.h"
#include "vectors.h"

static ResultCode
judge(Verdict *verdict, const char *payload, size_t len, const ClaimsPolicy *policy)
{
	JsonNode *nodes = keep(JSON_NODES_FOR(len) * sizeof(JsonNode));
	ResultCode result = json_scan(&verdict->doc, payload, len, nodes, JSON_NODES_FOR(len));

	if (result == RESULT_OK)
		result = claims_read(&verdict->claims, &verdict->doc);
	if (result == RESULT_OK)
		result = claims_check(&verdict->claims, policy);
	return result;
}

void
verdict_jws(Verdict *verdict, Slice token, CryptoKey *key, const ClaimsPolicy *policy)
{
	Jws *jws = keep(sizeof(Jws));
	char *payload = keep(BASE64_DECODED_MAX(token.len));
	size_t len;

	verdict->result = RESULT_UNKNOWN_FORM;
	if (token_form_of(token.data, token.len) != TOKEN_FORM_JWS)
		return;
	verdict->result = jws_parse(jws, token.data, token.len);
	if (verdict->result == RESULT_OK)
		verdict->result = jws_verify(jws, key);
	if (verdict->result == RESULT_OK)
		verdict->result = jws_payload(jws, payload, BASE64_DECODED_MAX(token.len), &len);
	if (verdict->result == RESULT_OK)
		verdict->result = judge(verdict, payload, len, policy);
}

void
verdict_jwe(Verdict *verdict, Slice token, const JweKey *keys, size_t n_keys,
			const ClaimsPolicy *policy)
{
	Jwe *jwe = keep(sizeof(Jwe));
	size_t cap = BASE64_DECODED_MAX(token.len);
	char *payload = keep(cap);
	size_t len;

	verdict->result = RESULT_UNKNOWN_FORM;
	if (token_form_of(token.data, token.len) != TOKEN_FORM_JWE)
		return;
	verdict->result = jwe_parse(jwe, token.data, token.len);
	if (verdict->result == RESULT_OK)
		verdict->result = jwe_decrypt(jwe, keys, n_keys, payload, keep(cap), cap, &len, NULL);
	if (verdict->result == RESULT_OK)
		verdict->result = judge(verdict, payload, len, policy);
	if (verdict->result == RESULT_OK)
		verdict->result = jwe_check_replicated(jwe, &verdict->doc);
}
