/*
 * wycheproof_test.c: JSON web tokens of the Wycheproof project, which are not part of
 * this one: read from where vectors.h looks, and left out aloud where they are not.
 *
 * Their payloads are mostly no claims, so the signature is judged, and that the
 * payload decodes.
 */
#include <string.h>

#include "pure/base64.h"
#include "pure/jwe.h"
#include "pure/jwk.h"
#include "pure/jws.h"
#include "tap.h"
#include "vectors.h"

static JsonDoc doc;

static bool
verify(const Jws *jws, const JsonNode *jwk)
{
	CryptoKey *key;
	JwkInfo info;
	char *payload = keep(BASE64_DECODED_MAX(jws->payload.len));
	size_t len;
	bool good;

	if (jwk_describe(&doc, jwk, &info) != RESULT_OK ||
		jwk_key(&doc, jwk, info.alg, &key, NULL) != RESULT_OK)
		return false;
	good = jws_verify(jws, key) == RESULT_OK &&
		   jws_payload(jws, payload, BASE64_DECODED_MAX(jws->payload.len), &len) == RESULT_OK;
	crypto_key_free(key);
	return good;
}

/* A key set is trusted as a whole or not at all; kid picks the key. */
static bool
verify_with_set(const Jws *jws, const JsonNode *set)
{
	const JsonNode *keys = member(&doc, set, "keys");
	const JsonNode *jwk;
	JsonNode *nodes = keep(1000 * sizeof(JsonNode));
	Slice raw = json_raw(&doc, set);
	JsonDoc alone;
	JwkInfo info;

	if (json_scan(&alone, raw.data, raw.len, nodes, 1000) != RESULT_OK ||
		jwk_set(&alone, &jwk, NULL) != RESULT_OK)
		return false;
	for (jwk = json_first(keys); jwk != NULL; jwk = json_next(&doc, keys, jwk))
		if (jwk_describe(&doc, jwk, &info) == RESULT_OK && info.has_kid && jws->header.has_kid &&
			info.kid_len == jws->header.kid_len &&
			memcmp(info.kid, jws->header.kid, info.kid_len) == 0)
			return verify(jws, jwk);
	return false;
}

static bool
accept_jws(const JsonNode *vector, Slice token)
{
	const JsonNode *key = member(&doc, vector, "key");
	Jws *jws = keep(sizeof(Jws));

	if (jws_parse(jws, token.data, token.len) != RESULT_OK)
		return false;
	if (member(&doc, key, "keys") != NULL)
		return verify_with_set(jws, key);
	return verify(jws, key);
}

/* No algorithm of these is ours: the header alone must refuse them. */
static bool
accept_jwe(Slice token)
{
	Jwe *jwe = keep(sizeof(Jwe));

	return jwe_parse(jwe, token.data, token.len) == RESULT_OK;
}

int
main(void)
{
	const JsonNode *vectors;
	const JsonNode *vector;
	int counts[2][2] = { { 0, 0 }, { 0, 0 } };
	int left_out = 0;

	if (!vectors_open("wycheproof.json", &doc))
	{
		skip("wycheproof.json is not here: all its tokens are left out");
		return tap_done();
	}
	vectors = member(&doc, doc.nodes, "vectors");
	for (vector = json_first(vectors); vector != NULL; vector = json_next(&doc, vectors, vector))
	{
		Slice id = text_at(&doc, vector, "id");
		Slice token = text_at(&doc, vector, "token");
		bool jws = slice_is(text_at(&doc, vector, "layer"), "jws");
		bool expected = slice_is(text_at(&doc, vector, "expect"), "valid");
		bool accepted;

		if (token.data == NULL)
		{
			left_out++;
			diag("left out: %.*s has no compact token", (int) id.len, id.data);
			continue;
		}
		accepted = jws ? accept_jws(vector, token) : accept_jwe(token);
		counts[jws][expected]++;
		ok(accepted == expected, "%.*s: %s", (int) id.len, id.data,
		   expected ? "accepted" : "refused");
	}
	diag("%-26s %8s %8s", "wycheproof.json", "accepted", "refused");
	diag("%-26s %8d %8d", "jws", counts[1][1], counts[1][0]);
	diag("%-26s %8d %8d", "jwe with another alg", counts[0][1], counts[0][0]);
	diag("left out: %d without a compact token", left_out);
	return tap_done();
}
