/*
 * jwe_fuzz.c: encrypted tokens, with the keys that the vectors were made with: what
 * opens is read on.
 */
#include "pure/base64.h"
#include "pure/claims.h"
#include "fuzz.h"
#include "pure/jwe.h"

static JweKey keys[4];

static void
make_keys(void)
{
	Slice authjs = { "authjs-vector-secret-0123456789abcdef", 37 };
	Slice better = { "better-auth-vector-secret-0123456789", 36 };
	Slice cookie = { "authjs.session-token", 20 };
	Slice secure = { "__Secure-authjs.session-token", 29 };

	if (keys[0].kid_len[0] != 0)
		return;
	REQUIRE(jwe_key_derive(&keys[0], JWE_AUTHJS_V5, authjs, cookie) == RESULT_OK);
	REQUIRE(jwe_key_derive(&keys[1], JWE_AUTHJS_V5, authjs, secure) == RESULT_OK);
	REQUIRE(jwe_key_derive(&keys[2], JWE_NEXTAUTH_V4, authjs, cookie) == RESULT_OK);
	REQUIRE(jwe_key_derive(&keys[3], JWE_BETTER_AUTH, better, cookie) == RESULT_OK);
}

static void
read_plain(const Jwe *jwe, const char *plain, size_t len)
{
	JsonNode *nodes = malloc(JSON_NODES_FOR(len) * sizeof(JsonNode));
	Claims claims;
	JsonDoc doc;

	if (json_scan(&doc, plain, len, nodes, JSON_NODES_FOR(len)) == RESULT_OK)
	{
		(void) claims_read(&claims, &doc);
		(void) jwe_check_replicated(jwe, &doc);
	}
	free(nodes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *plain;
	char *scratch;
	size_t which = 99;
	size_t cap;
	size_t len;
	Jwe jwe;

	make_keys();
	if (jwe_parse(&jwe, (const char *) data, size) != RESULT_OK)
		return 0;
	cap = JWE_PLAIN_MAX(&jwe);
	plain = malloc(cap);
	scratch = malloc(cap);
	if (jwe_decrypt(&jwe, keys, 4, plain, scratch, cap, &len, &which) == RESULT_OK)
	{
		REQUIRE(which < 4 && len <= cap);
		read_plain(&jwe, plain, len);
	}
	else
		REQUIRE(len == 0);
	free(plain);
	free(scratch);
	return 0;
}
