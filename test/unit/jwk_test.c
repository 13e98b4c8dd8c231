/* jwk_test.c: keys as text, and keys that contradict themselves. */
#include <stdio.h>
#include <string.h>

#include "pure/base64.h"
#include "pure/jwk.h"
#include "pems.h"
#include "tap.h"
#include "vectors.h"

/* RFC 8037, appendix A, and RFC 7638, 3.1. */
#define ED_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define ED_D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define RSA_N                                                                                      \
	"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"      \
	"BJECPeb"                                                                                      \
	"WKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"            \
	"FDW2QvzqY368"                                                                                 \
	"QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"                        \
	"bFTWhAI4vMQFh6WeZu0fM4lF"                                                                     \
	"d2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
#define ED  "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\""
#define RSA "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\""
#define OCT "{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\""

static ResultCode
text(CryptoAlg alg, const char *json, CryptoKey **key)
{
	const char *why = NULL;
	ResultCode result = jwk_key_from_text(alg, json, strlen(json), key, &why);

	if (result == RESULT_BAD_KEY && why == NULL)
		diag("refused without a reason");
	return result;
}

static void
takes(CryptoAlg alg, const char *json, const char *what)
{
	CryptoKey *key;

	is_int(text(alg, json, &key), RESULT_OK, "takes %s", what);
	crypto_key_free(key);
}

static void
refuses(CryptoAlg alg, const char *json, const char *what)
{
	CryptoKey *key;

	is_int(text(alg, json, &key), RESULT_BAD_KEY, "refuses %s", what);
	crypto_key_free(key);
}

static void
thumbprint(CryptoAlg alg, const char *json, const char *expected)
{
	unsigned char hash[CRYPTO_SHA256_LEN];
	char out[64];
	CryptoKey *key;

	text(alg, json, &key);
	is_int(jwk_thumbprint(key, hash), RESULT_OK, "a thumbprint");
	is_bytes(out, base64url_encode(hash, sizeof(hash), out), expected, 43, "as in the RFC");
	crypto_key_free(key);
}

static void
describes(const char *json, ResultCode expected, int alg, const char *what)
{
	JsonNode nodes[64];
	JsonDoc doc;
	JwkInfo info;

	json_scan(&doc, json, strlen(json), nodes, 64);
	is_int(jwk_describe(&doc, doc.nodes, &info), expected, "describes %s", what);
	if (expected == RESULT_OK)
		is_int(info.alg, alg, "for its algorithm");
}

static void
set(const char *json, ResultCode expected, const char *what)
{
	JsonNode nodes[64];
	JsonDoc doc;
	const JsonNode *keys;

	json_scan(&doc, json, strlen(json), nodes, 64);
	is_int(jwk_set(&doc, &keys, NULL), expected, "set: %s", what);
}

/* A private key's public half as PEM, and that PEM as a key. */
static void
round_trip(CryptoAlg alg, const char *pem)
{
	unsigned char sig[CRYPTO_SIGNATURE_MAX];
	char half[4096];
	CryptoKey *key;
	CryptoKey *public;
	size_t len;

	text(alg, pem, &key);
	is_int(crypto_key_public_pem(key, half, sizeof(half), &len), RESULT_OK, "%s as PEM",
		   crypto_alg_name(alg));
	is_int(jwk_key_from_text(alg, half, len, &public, NULL), RESULT_OK, "reads back");
	crypto_sign(key, "x", 1, sig);
	is_int(crypto_verify(public, "x", 1, sig, crypto_signature_len(key)), RESULT_OK, "verifies");
	is_int(crypto_key_public_pem(key, half, 10, &len), RESULT_TOO_LONG, "needs room");
	crypto_key_free(key);
	crypto_key_free(public);
}

int
main(void)
{
	CryptoKey *key;
	unsigned char hash[CRYPTO_SHA256_LEN];

	takes(CRYPTO_ALG_EDDSA, ED "}", "Ed25519");
	takes(CRYPTO_ALG_EDDSA, ED ",\"alg\":\"EdDSA\",\"use\":\"sig\",\"key_ops\":[\"verify\"]}",
		  "Ed25519 with all that fits");
	takes(CRYPTO_ALG_EDDSA, ED ",\"alg\":\"Ed25519\"}", "Ed25519 by its newer name");
	takes(CRYPTO_ALG_EDDSA, ED ",\"d\":\"" ED_D "\"}", "a private Ed25519 key");
	takes(CRYPTO_ALG_RS256, RSA "}", "RSA");
	takes(CRYPTO_ALG_PS512, RSA "}", "RSA for PS512");
	takes(CRYPTO_ALG_HS256, OCT "}", "a secret");
	takes(CRYPTO_ALG_HS256, "0123456789abcdef0123456789abcdef", "a bare secret");
	takes(CRYPTO_ALG_HS256, "{123456789abcdef0123456789abcdef",
		  "a secret that starts with a brace");
	takes(CRYPTO_ALG_ES256, PEM_EC_256_PUBLIC, "a PEM");
	refuses(CRYPTO_ALG_RS256, ED "}", "kty that does not fit");
	refuses(CRYPTO_ALG_HS256, ED "}", "a public key as a secret");
	refuses(CRYPTO_ALG_HS256, RSA "}", "an RSA key as a secret");
	refuses(CRYPTO_ALG_RS256, RSA ",\"alg\":\"PS256\"}", "another alg");
	refuses(CRYPTO_ALG_RS256, RSA ",\"alg\":\"RSA-OAEP\"}", "an alg for encryption");
	refuses(CRYPTO_ALG_RS256, RSA ",\"alg\":5}", "an alg that is a number");
	refuses(CRYPTO_ALG_RS256, RSA ",\"use\":\"enc\"}", "use enc");
	refuses(CRYPTO_ALG_RS256, RSA ",\"use\":null}", "use null");
	refuses(CRYPTO_ALG_RS256, RSA ",\"key_ops\":[\"encrypt\"]}", "key_ops encrypt");
	refuses(CRYPTO_ALG_RS256, RSA ",\"key_ops\":[]}", "no key_ops");
	refuses(CRYPTO_ALG_RS256, RSA ",\"key_ops\":\"verify\"}", "key_ops that is no array");
	refuses(CRYPTO_ALG_RS256, RSA ",\"p\":\"AQAB\"}", "a prime without the private exponent");
	refuses(CRYPTO_ALG_RS256, RSA ",\"d\":\"AQAB\"}", "a private exponent that does not fit");
	refuses(CRYPTO_ALG_RS256, "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQ\"}", "exponent 1");
	refuses(CRYPTO_ALG_RS256, "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"Ag\"}", "exponent 2");
	refuses(CRYPTO_ALG_RS256, "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAA\"}",
			"an even one");
	refuses(CRYPTO_ALG_RS256, "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQ==\"}", "padding");
	refuses(CRYPTO_ALG_RS256, "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":65537}", "a bare number");
	refuses(CRYPTO_ALG_RS256, "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\"}", "no exponent");
	refuses(CRYPTO_ALG_RS256, "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", "a tiny modulus");
	refuses(CRYPTO_ALG_EDDSA, "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ED_X "\"}", "X25519");
	refuses(CRYPTO_ALG_EDDSA, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}", "no x");
	refuses(CRYPTO_ALG_EDDSA, ED ",\"d\":\"" ED_X "\"}", "halves that do not fit");
	refuses(CRYPTO_ALG_EDDSA,
			"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
			"\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
			"a point of low order");
	refuses(CRYPTO_ALG_HS512, OCT "}", "a secret shorter than the hash");
	refuses(CRYPTO_ALG_HS256, "{\"kty\":\"oct\"}", "no secret");
	refuses(CRYPTO_ALG_EDDSA, ED ",\"kty\":\"OKP\"}", "a name twice");
	refuses(CRYPTO_ALG_EDDSA, "", "nothing");
	refuses(CRYPTO_ALG_EDDSA, "{", "half a JWK");
	refuses(CRYPTO_ALG_ES256,
			"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
			"\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":"
			"\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
			"a point off the curve");
	thumbprint(CRYPTO_ALG_EDDSA, ED "}", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
	thumbprint(CRYPTO_ALG_RS256, RSA "}", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
	text(CRYPTO_ALG_HS256, OCT "}", &key);
	is_int(jwk_thumbprint(key, hash), RESULT_BAD_KEY, "no thumbprint of a secret");
	crypto_key_free(key);
	round_trip(CRYPTO_ALG_RS256, PEM_RSA);
	round_trip(CRYPTO_ALG_ES256, PEM_EC_256);
	round_trip(CRYPTO_ALG_ES384, PEM_EC_384);
	round_trip(CRYPTO_ALG_ES512, PEM_EC_521);
	round_trip(CRYPTO_ALG_EDDSA, PEM_ED25519);
	describes(RSA ",\"kid\":\"a\"}", RESULT_OK, CRYPTO_ALG_RS256, "RSA without alg");
	describes(RSA ",\"alg\":\"PS384\"}", RESULT_OK, CRYPTO_ALG_PS384, "RSA with alg");
	describes(ED "}", RESULT_OK, CRYPTO_ALG_EDDSA, "Ed25519");
	describes(RSA ",\"use\":\"enc\"}", RESULT_UNSUPPORTED, 0, "a key for encryption");
	describes(OCT "}", RESULT_UNSUPPORTED, 0, "a secret without alg");
	describes("{\"kty\":\"EC\",\"crv\":\"secp256k1\"}", RESULT_UNSUPPORTED, 0, "another curve");
	describes("{\"kid\":\"a\"}", RESULT_MALFORMED, 0, "no kty");
	describes("[]", RESULT_MALFORMED, 0, "no object");
	describes(ED ",\"kid\":5}", RESULT_MALFORMED, 0, "a kid that is a number");
	set("{\"keys\":[]}", RESULT_OK, "empty");
	set("{\"keys\":[" ED ",\"kid\":\"a\"}," RSA ",\"kid\":\"b\"}]}", RESULT_OK, "two keys");
	set("{\"keys\":[" ED ",\"kid\":\"a\"}," RSA ",\"kid\":\"\\u0061\"}]}", RESULT_OK,
		"two of one kid, of which the import takes the first");
	set("{\"keys\":[" ED ",\"kid\":\"a\"}," OCT ",\"kid\":\"b\"}]}", RESULT_BAD_KEY,
		"secrets among public keys");
	set("{\"keys\":{}}", RESULT_MALFORMED, "no array");
	set("[]", RESULT_MALFORMED, "no object");
	return tap_done();
}
