/*
 * primitives.c
 *		What one token costs in the pure layer, without a server.
 *
 * Prints microseconds per call: the bare primitive, and the whole way from the
 * token's text to checked claims.  Compare with `openssl speed`.
 * Build and run with `make -f test/pure.mk bench`.  Cookies: cookie_cost.c.
 */
#include <stdio.h>
#include <string.h>

#include "pure/claims.h"
#include "pure/jwe.h"
#include "pure/jwk.h"
#include "pure/jws.h"
#include "pems.h"
#include "pure/token.h"
#include "timing.h"
#include "vectors.h"

#define SECRET "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define CLAIMS                                                                                     \
	"{\"iss\":\"https://issuer.example\",\"aud\":\"my-api\",\"sub\":\"u-admin\","                  \
	"\"role\":\"ADMIN\",\"name\":\"Ada\",\"iat\":1767225600,\"exp\":4102444800,"                   \
	"\"jti\":\"j-1\"}"
#define BUDGET_US 200000

static char token_text[8192];
static Slice token;
static CryptoKey *key;
static JweKey jwe_keys[2];
static unsigned char bytes[4096];

static void
measure(const char *what, bool (*call)(void))
{
	double us = time_of(call, BUDGET_US);

	if (us == 0)
		printf("%-44s failed\n", what);
	else
		printf("%-44s %10.2f us\n", what, us);
}

static bool
judge(const char *payload, size_t len)
{
	ClaimsPolicy policy = { INT64_C(1767225600000000), 15000000, { NULL, 0 }, NULL, 0, false };
	JsonNode nodes[256];
	Claims claims;
	JsonDoc doc;

	return json_scan(&doc, payload, len, nodes, 256) == RESULT_OK &&
		   claims_read(&claims, &doc) == RESULT_OK && claims_check(&claims, &policy) == RESULT_OK;
}

static bool
bare_sha256(void)
{
	return crypto_sha256(token_text, TOKEN_OWN_LEN, bytes);
}

static bool
form_of_opaque(void)
{
	static const char text[] = "sat_ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";

	return token_form_of(text, sizeof(text) - 1) == TOKEN_FORM_OPAQUE;
}

static bool
only_claims(void)
{
	return judge(CLAIMS, sizeof(CLAIMS) - 1);
}

static bool
bare_sign(void)
{
	return crypto_sign(key, CLAIMS, sizeof(CLAIMS) - 1, bytes) == RESULT_OK;
}

static bool
bare_verify(void)
{
	return crypto_verify(key, CLAIMS, sizeof(CLAIMS) - 1, bytes, crypto_signature_len(key)) ==
		   RESULT_OK;
}

static bool
whole_jws(void)
{
	char payload[1024];
	size_t len;
	Jws jws;

	return token_form_of(token.data, token.len) == TOKEN_FORM_JWS &&
		   jws_parse(&jws, token.data, token.len) == RESULT_OK &&
		   jws_verify(&jws, key) == RESULT_OK &&
		   jws_payload(&jws, payload, sizeof(payload), &len) == RESULT_OK && judge(payload, len);
}

static bool
whole_jwe(void)
{
	char plain[4096];
	char scratch[4096];
	size_t len;
	Jwe jwe;

	return token_form_of(token.data, token.len) == TOKEN_FORM_JWE &&
		   jwe_parse(&jwe, token.data, token.len) == RESULT_OK &&
		   jwe_decrypt(&jwe, jwe_keys, 2, plain, scratch, sizeof(plain), &len, NULL) == RESULT_OK &&
		   judge(plain, len);
}

static bool
derive_key(void)
{
	return jwe_key_derive(&jwe_keys[0], JWE_AUTHJS_V5,
						  to_slice("authjs-vector-secret-0123456789abcdef"),
						  to_slice("authjs.session-token")) == RESULT_OK;
}

static void
bench_alg(CryptoAlg alg, const char *pem)
{
	char what[64];
	size_t len;

	if (pem == NULL)
		crypto_key_from_secret(alg, SECRET, sizeof(SECRET) - 1, &key, NULL);
	else
		crypto_key_from_pem(alg, pem, strlen(pem), &key, NULL);
	snprintf(what, sizeof(what), "%s sign", crypto_alg_name(alg));
	measure(what, bare_sign);
	snprintf(what, sizeof(what), "%s verify", crypto_alg_name(alg));
	measure(what, bare_verify);
	jws_sign(key, "k1", 2, CLAIMS, sizeof(CLAIMS) - 1, token_text, sizeof(token_text), &len);
	token.data = token_text;
	token.len = len;
	snprintf(what, sizeof(what), "%s token to claims", crypto_alg_name(alg));
	measure(what, whole_jws);
	crypto_key_free(key);
}

static Slice
vector(const JsonDoc *doc, const char *id, const char *name)
{
	return text_at(doc, vector_of(doc, member(doc, doc->nodes, "vectors"), id), name);
}

static void
bench_vectors(void)
{
	JsonDoc doc;

	derive_key();
	jwe_key_derive(&jwe_keys[1], JWE_NEXTAUTH_V4, to_slice("authjs-vector-secret-0123456789abcdef"),
				   to_slice(""));
	measure("Auth.js key derivation and kids", derive_key);
	if (!vectors_open("frameworks.json", &doc))
	{
		printf("frameworks.json is not here: no encrypted token\n");
		return;
	}
	token = vector(&doc, "authjs_v5_a256cbc/basic_independent_node_crypto", "token");
	measure("A256CBC-HS512 token to claims", whole_jwe);
	token = vector(&doc, "nextauth_v4/basic", "token");
	measure("A256GCM token to claims", whole_jwe);
}

int
main(void)
{
	measure("SHA-256 of an opaque token", bare_sha256);
	measure("form of an opaque token", form_of_opaque);
	measure("claims of 150 bytes, read and checked", only_claims);
	bench_alg(CRYPTO_ALG_HS256, NULL);
	bench_alg(CRYPTO_ALG_HS512, NULL);
	bench_alg(CRYPTO_ALG_RS256, PEM_RSA);
	bench_alg(CRYPTO_ALG_PS256, PEM_RSA);
	bench_alg(CRYPTO_ALG_ES256, PEM_EC_256);
	bench_alg(CRYPTO_ALG_ES384, PEM_EC_384);
	bench_alg(CRYPTO_ALG_ES512, PEM_EC_521);
	bench_alg(CRYPTO_ALG_EDDSA, PEM_ED25519);
	bench_vectors();
	return 0;
}
