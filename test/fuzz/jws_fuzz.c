/* jws_fuzz.c: signed tokens; no input is signed by the key, so none may verify. */
#include "pure/base64.h"
#include "pure/claims.h"
#include "fuzz.h"
#include "pure/jws.h"

static CryptoKey *keys[CRYPTO_ALG_HS512 + 1];

static void
make_keys(void)
{
	static unsigned char secret[64];
	int i;

	if (keys[0] != NULL)
		return;
	crypto_random(secret, sizeof(secret));
	for (i = 0; i <= CRYPTO_ALG_HS512; i++)
		REQUIRE(crypto_key_from_secret((CryptoAlg) i, secret, sizeof(secret), &keys[i], NULL) ==
				RESULT_OK);
}

/* Behind a good signature stands a payload of any kind. */
static void
read_payload(const Jws *jws)
{
	size_t cap = BASE64_DECODED_MAX(jws->payload.len);
	JsonNode *nodes = malloc(JSON_NODES_FOR(cap) * sizeof(JsonNode));
	char *payload = malloc(cap);
	Claims claims;
	JsonDoc doc;
	size_t len;

	if (jws_payload(jws, payload, cap, &len) == RESULT_OK &&
		json_scan(&doc, payload, len, nodes, JSON_NODES_FOR(cap)) == RESULT_OK)
		(void) claims_read(&claims, &doc);
	free(nodes);
	free(payload);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Jws jws;
	int i;

	make_keys();
	if (jws_parse(&jws, (const char *) data, size) != RESULT_OK)
		return 0;
	for (i = 0; i <= CRYPTO_ALG_HS512; i++)
		REQUIRE(jws_verify(&jws, keys[i]) != RESULT_OK);
	read_payload(&jws);
	return 0;
}
