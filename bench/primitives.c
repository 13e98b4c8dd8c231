/*
 * primitives.c
 *		What one token costs in the pure layer, without a server.
 *
 * Prints microseconds per call: the bare primitive, and the whole way from the
 * token's text to checked claims.  Compare with `openssl speed`.
 * Build and run with `make -f test/pure.mk bench`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pure/base64.h"
#include "pure/claims.h"
#include "pure/cookie.h"
#include "pure/frameworks.h"
#include "pure/inflate.h"
#include "pure/jwe.h"
#include "pure/jwk.h"
#include "pure/jws.h"
#include "pems.h"
#include "pure/token.h"
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

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

/* Microseconds of one call, or 0 when it fails. */
static double
time_of(bool (*call)(void), double budget)
{
	double start = now_us();
	double end = start;
	long n = 0;
	int i;

	while (end - start < budget)
	{
		for (i = 0; i < 10; i++)
			if (!call())
				return 0;
		n += 10;
		end = now_us();
	}
	return (end - start) / (double) n;
}

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
	const JsonNode *vectors = member(doc, doc->nodes, "vectors");
	const JsonNode *v = json_first(vectors);

	while (v != NULL && !slice_is(text_at(doc, v, "id"), id))
		v = json_next(doc, vectors, v);
	return text_at(doc, v, name);
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

/* -------------------------------------------------------- cookies of web frameworks */

/* Named for callgrind (bench/cookie_instructions), and so neither static nor inlined. */
__attribute__((noinline)) bool whole_cookie(void);
__attribute__((noinline)) bool cookie_primitives(void);

/* The one kind that is looked at, by which of the two, and how often; NULL: all are timed. */
static const char *counted_kind;
static const char *counted_call;
static int counted_times;

static char arena[FRAMEWORK_ARENA];
static FrameworkKey cookie_key;
static FrameworkOptions cookie_options = { .without_end = true };
static FrameworkCookie cookie;
static int64_t cookie_now;

bool
whole_cookie(void)
{
	static FrameworkProof proof;

	return framework_open(&cookie_key, &cookie_options, &cookie, cookie_now, arena, sizeof(arena),
						  &proof) == RESULT_OK;
}

/* What zlib has to do for a value that begins with a dot. */
static bool
inflate_value(void)
{
	Arena memory = { arena, sizeof(arena), 0 };
	unsigned char *packed = arena_take(&memory, cookie.value.len);
	Slice in = { (const char *) packed, 0 };
	size_t n = strcspn(cookie.value.data + 1, ".:");
	Slice text;

	return base64url_decode(cookie.value.data + 1, n, packed, cookie.value.len, &in.len) ==
			   RESULT_OK &&
		   inflate_zlib(in, &memory, &text) == RESULT_OK;
}

/* As much cryptography as the row needs for as many bytes, zlib, and nothing else. */
bool
cookie_primitives(void)
{
	const Framework *row = cookie_key.row;
	const Slice none = { NULL, 0 };
	const Slice iv = { (const char *) bytes, 16 };
	Slice text = cookie.value;
	size_t len;

	if (row->payload == PAYLOAD_PYTHON_JSON && text.data[0] == '.' && !inflate_value())
		return false;
	if (row->proof == PROOF_MAC || row->proof == PROOF_BESIDE)
		return crypto_hmac_parts(row->mac_hash, cookie_key.keys[0].bytes, cookie_key.keys[0].len,
								 &text, 1, bytes);
	if (row->proof == PROOF_IRON)
	{
		if (!crypto_pbkdf2(CRYPTO_HASH_SHA1, iv, text, 1, bytes, 32) ||
			!crypto_pbkdf2(CRYPTO_HASH_SHA1, iv, text, 1, bytes, 32))
			return false;
	}
	if (row->proof != PROOF_GCM_PARTS &&
		!crypto_hmac_parts(CRYPTO_HASH_SHA256, bytes, 32, &text, 1, bytes))
		return false;
	text.len = text.len * 3 / 4 / 16 * 16;
	if (row->proof == PROOF_GCM_PARTS)
		(void) crypto_gcm_open(cookie_key.keys[0].bytes, bytes, none, text, bytes,
							   (unsigned char *) arena, &len);
	else
		(void) crypto_cbc_decrypt(cookie_key.keys[0].bytes, bytes, text, (unsigned char *) arena,
								  &len);
	return true;
}

#define ROUNDS   15
#define ROUND_US 4000

/* The shortest of several short runs, in turns: others use the machine, too. */
static void
count(const char *kind)
{
	bool whole = strcmp(counted_call, "whole_cookie") == 0;

	for (int i = 0; strcmp(kind, counted_kind) == 0 && i < counted_times; i++)
		if (!(whole ? whole_cookie() : cookie_primitives()))
			printf("%s failed\n", kind);
}

static void
compare(const char *kind)
{
	double alone = 1e9;
	double whole = 1e9;
	int i;

	for (i = 0; i < ROUNDS; i++)
	{
		double us = time_of(cookie_primitives, ROUND_US);

		alone = us < alone ? us : alone;
		us = time_of(whole_cookie, ROUND_US);
		whole = us < whole ? us : whole;
	}
	printf("%-16s %4zu bytes %10.2f us, primitives %8.2f us, %5.2f times\n", kind, cookie.value.len,
		   whole, alone, whole / alone);
}

/* A string, or the first of several. */
static Slice
vector_secret(const JsonDoc *doc, const JsonNode *v)
{
	const JsonNode *secret = member(doc, v, "secret");

	return text_of(doc, secret->kind == JSON_KIND_STRING
							? secret
							: secret + (secret->kind == JSON_KIND_OBJECT ? 2 : 1));
}

static void
bench_cookie(const JsonDoc *doc, const char *kind, const char *id)
{
	static char buf[FRAMEWORK_COOKIE_MAX];
	const JsonNode *v = json_first(doc->nodes);
	const Framework *row = framework_next(kind, NULL);
	Slice name;

	while (v != NULL && !slice_is(text_at(doc, v, "id"), id))
		v = json_next(doc, doc->nodes, v);
	if (v == NULL)
		return;
	name = text_at(doc, v, "cookie_name");
	cookie_now = number_at(doc, v, "now", 0) * 1000000;
	if (framework_derive(&cookie_key, row, &cookie_options, name, vector_secret(doc, v), NULL) ==
			RESULT_OK &&
		framework_cookie_of_text(row, name, text_at(doc, v, "cookie_header"), buf, sizeof(buf),
								 &cookie) == RESULT_OK)
	{
		if (counted_kind)
			count(kind);
		else
			compare(kind);
	}
}

static void
bench_cookies(void)
{
	static const char *const cookies[][2] = {
		{ "express", "express-session-174" },
		{ "better-auth", "better-auth-297" },
		{ "django", "django-009" },
		{ "django", "django-000" },
		{ "flask", "flask-052" },
		{ "flask-login", "flask-login-078" },
		{ "starlette", "starlette-088" },
		{ "rails", "rails-089" },
		{ "rails-signed", "rails-096" },
		{ "laravel", "laravel-137" },
		{ "cookie-session", "cookie-session-185" },
		{ "koa", "koa-session-194" },
		{ "react-router", "react-router-259" },
		{ "iron-session", "iron-session-214" },
		{ "h3", "h3--nuxt-auth-utils-236" },
	};
	JsonDoc doc;
	size_t i;

	if (!vectors_open("web_frameworks.json", &doc))
		return;
	for (i = 0; i < sizeof(cookies) / sizeof(cookies[0]); i++)
		bench_cookie(&doc, cookies[i][0], cookies[i][1]);
}

int
main(int argc, char **argv)
{
	if (argc == 4)
	{
		counted_kind = argv[1];
		counted_call = argv[2];
		counted_times = atoi(argv[3]);
		bench_cookies();
		return 0;
	}
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
	bench_cookies();
	return 0;
}
