/* crypto_fuzz.c: keys as text.  The first byte chooses the algorithm. */
#include <string.h>

#include "fuzz.h"
#include "pure/jwk.h"

static void
use_key(CryptoKey *key)
{
	unsigned char sig[CRYPTO_SIGNATURE_MAX];
	char text[8192];
	size_t len;

	REQUIRE(crypto_signature_len(key) <= CRYPTO_SIGNATURE_MAX);
	memset(sig, 1, sizeof(sig));
	REQUIRE(crypto_verify(key, "x", 1, sig, crypto_signature_len(key)) == RESULT_BAD_SIGNATURE);
	(void) jwk_thumbprint(key, sig);
	if (crypto_key_public_pem(key, text, sizeof(text), &len) == RESULT_OK)
	{
		CryptoKey *again;

		REQUIRE(jwk_key_from_text(crypto_key_alg(key), text, len, &again, NULL) == RESULT_OK);
		REQUIRE(!crypto_key_is_private(again));
		crypto_key_free(again);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	JsonNode nodes[512];
	const char *why = NULL;
	const JsonNode *keys;
	CryptoKey *key;
	CryptoAlg alg;
	JwkInfo info;
	JsonDoc doc;
	ResultCode result;

	if (size < 2)
		return 0;
	alg = (CryptoAlg) (data[0] % (CRYPTO_ALG_EDDSA + 1));
	result = jwk_key_from_text(alg, (const char *) data + 1, size - 1, &key, &why);
	REQUIRE((result == RESULT_OK) == (key != NULL));
	REQUIRE(result != RESULT_BAD_KEY || why != NULL);
	if (key != NULL)
		use_key(key);
	crypto_key_free(key);
	if (json_scan(&doc, (const char *) data + 1, size - 1, nodes, 512) == RESULT_OK)
	{
		(void) jwk_describe(&doc, doc.nodes, &info);
		(void) jwk_set(&doc, &keys, NULL);
	}
	return 0;
}
