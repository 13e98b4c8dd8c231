/* jws_test.c: every trick with a header, and what is issued verifies. */
#include <string.h>

#include "pure/base64.h"
#include "pure/jws.h"
#include "pems.h"
#include "tap.h"
#include "vectors.h"

#define SECRET32 "0123456789abcdef0123456789abcdef"
#define CLAIMS   "{\"sub\":\"u\",\"exp\":4102444800}"

static CryptoKey *secret_key;
static Jws jws;

static CryptoKey *
from_pem(CryptoAlg alg, const char *text)
{
	CryptoKey *key;

	crypto_key_from_pem(alg, text, strlen(text), &key, NULL);
	return key;
}

/* A token with any header, rightly signed. */
static Slice
token_of(CryptoKey *key, const char *header, size_t header_len, const char *payload)
{
	unsigned char sig[CRYPTO_SIGNATURE_MAX];
	size_t cap = 8192;
	char *out = keep(cap);
	size_t n;
	Slice token;

	n = base64url_encode((const unsigned char *) header, header_len, out);
	out[n++] = '.';
	n += base64url_encode((const unsigned char *) payload, strlen(payload), out + n);
	crypto_sign(key, out, n, sig);
	out[n++] = '.';
	n += base64url_encode(sig, crypto_signature_len(key), out + n);
	token.data = out;
	token.len = n;
	return token;
}

static ResultCode
judge(Slice token, CryptoKey *key)
{
	ResultCode result = jws_parse(&jws, token.data, token.len);

	return result == RESULT_OK ? jws_verify(&jws, key) : result;
}

static void
header(const char *text, ResultCode expected, const char *what)
{
	is_int(judge(token_of(secret_key, text, strlen(text), CLAIMS), secret_key), expected, "%s",
		   what);
}

static void
headers(void)
{
	char nul[] = "{\"alg\":\"HS256\",\"kid\":\"a\0b\"}";

	header("{\"alg\":\"HS256\"}", RESULT_OK, "a plain header");
	header(" { \"alg\" : \"\\u0048S256\" } ", RESULT_OK, "spaces and escapes");
	header("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"cty\":\"x\",\"x5t\":\"y\"}", RESULT_OK,
		   "what is only advice");
	header("{\"alg\":\"none\"}", RESULT_UNSUPPORTED, "none");
	header("{\"alg\":\"None\"}", RESULT_UNSUPPORTED, "None");
	header("{\"alg\":\"NONE\"}", RESULT_UNSUPPORTED, "NONE");
	header("{\"alg\":\"nOnE\"}", RESULT_UNSUPPORTED, "nOnE");
	header("{\"alg\":\"\\u006eone\"}", RESULT_UNSUPPORTED, "none, escaped");
	header("{\"alg\":\"\"}", RESULT_UNSUPPORTED, "an empty alg");
	header("{\"alg\":\"hs256\"}", RESULT_UNSUPPORTED, "hs256 in lower case");
	header("{\"alg\":\"HS256 \"}", RESULT_UNSUPPORTED, "a space behind the alg");
	header("{\"alg\":\"HS256\\u0000\"}", RESULT_MALFORMED, "a NUL behind the alg");
	header("{\"alg\":\"ES256K\"}", RESULT_UNSUPPORTED, "ES256K");
	header("{\"alg\":\"dir\"}", RESULT_UNSUPPORTED, "dir");
	header("{\"alg\":\"HS512\"}", RESULT_UNKNOWN_KEY, "another alg than the key's");
	header("{\"alg\":\"RS256\"}", RESULT_UNKNOWN_KEY, "another family than the key's");
	header("{\"alg\":null}", RESULT_MALFORMED, "a null alg");
	header("{\"alg\":[\"HS256\"]}", RESULT_MALFORMED, "an array of algs");
	header("{}", RESULT_MALFORMED, "no alg");
	header("{\"Alg\":\"HS256\"}", RESULT_MALFORMED, "Alg");
	header("{\"alg\":\"HS256\",\"alg\":\"HS256\"}", RESULT_MALFORMED, "alg twice");
	header("{\"alg\":\"HS256\",\"\\u0061lg\":\"none\"}", RESULT_MALFORMED, "alg twice, escaped");
	header("{\"alg\":\"HS256\",\"x\":{\"a\":1,\"a\":2}}", RESULT_MALFORMED, "a duplicate inside");
	header("{\"alg\":\"HS256\",\"crit\":[\"x\"],\"x\":1}", RESULT_UNSUPPORTED, "an unknown crit");
	header("{\"alg\":\"HS256\",\"crit\":[]}", RESULT_UNSUPPORTED, "an empty crit");
	header("{\"alg\":\"HS256\",\"crit\":null}", RESULT_UNSUPPORTED, "a null crit");
	header("{\"alg\":\"HS256\",\"crit\":[\"session_auth_seal\"]}", RESULT_UNSUPPORTED,
		   "a seal that does not say so");
	header("{\"alg\":\"HS256\",\"crit\":[\"session_auth_seal\"],\"session_auth_seal\":1}",
		   RESULT_UNSUPPORTED, "nor by true");
	header("{\"alg\":\"HS256\",\"crit\":[\"session_auth_seal\",\"x\"],\"session_auth_seal\":true}",
		   RESULT_UNSUPPORTED, "a seal with more that is critical");
	header("{\"alg\":\"HS256\",\"session_auth_seal\":true}", RESULT_OK,
		   "what is not critical is advice");
	is_int(jws.header.is_seal, false, "and no seal");
	header("{\"alg\":\"HS256\",\"\\u0063rit\":[\"exp\"]}", RESULT_UNSUPPORTED, "crit, escaped");
	header("{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}", RESULT_UNSUPPORTED,
		   "b64 false with crit");
	header("{\"alg\":\"HS256\",\"b64\":false}", RESULT_UNSUPPORTED, "b64 false");
	header("{\"alg\":\"HS256\",\"b64\":true}", RESULT_UNSUPPORTED, "b64 true");
	header("{\"alg\":\"HS256\",\"zip\":\"DEF\"}", RESULT_UNSUPPORTED, "zip");
	header("{\"alg\":\"HS256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"}}", RESULT_UNSUPPORTED,
		   "jwk");
	header("{\"alg\":\"HS256\",\"jku\":\"https://evil.example/jwks\"}", RESULT_UNSUPPORTED, "jku");
	header("{\"alg\":\"HS256\",\"x5u\":\"https://evil.example/x\"}", RESULT_UNSUPPORTED, "x5u");
	header("{\"alg\":\"HS256\",\"x5c\":[\"MII\"]}", RESULT_UNSUPPORTED, "x5c");
	header("{\"alg\":\"HS256\",\"kid\":5}", RESULT_MALFORMED, "a kid that is a number");
	header("{\"alg\":\"HS256\",\"kid\":null}", RESULT_MALFORMED, "a kid that is null");
	header("{\"alg\":\"HS256\",\"kid\":\"a\\u0000b\"}", RESULT_MALFORMED, "a kid with a NUL");
	header("{\"alg\":\"HS256\",\"kid\":\"\\ud83d\"}", RESULT_MALFORMED, "a kid with a surrogate");
	header("{\"alg\":\"HS256\",\"\\u0000\":1}", RESULT_MALFORMED, "a NUL in a name");
	header("{\"alg\":\"HS256\",\"kid\":\"\\u0061/../b\"}", RESULT_OK, "a kid is only a text");
	is_bytes(jws.header.kid, jws.header.kid_len, "a/../b", 6, "unescaped");
	header("[\"alg\"]", RESULT_MALFORMED, "an array as the header");
	header("{\"alg\":\"HS256\"", RESULT_MALFORMED, "half a header");
	header("", RESULT_MALFORMED, "an empty header");
	header("\xef\xbb\xbf{\"alg\":\"HS256\"}", RESULT_MALFORMED, "a byte order mark");
	header("{\"alg\":\"HS256\",\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
		   "]]]}",
		   RESULT_MALFORMED, "a deep header");
	is_int(judge(token_of(secret_key, nul, sizeof(nul) - 1, CLAIMS), secret_key), RESULT_MALFORMED,
		   "a raw NUL");
}

static void
long_headers(void)
{
	char text[4000];

	memset(text, ' ', sizeof(text));
	memcpy(text, "{\"alg\":\"HS256\"}", 15);
	is_int(judge(token_of(secret_key, text, JOSE_HEADER_MAX, CLAIMS), secret_key), RESULT_OK,
		   "a header of 2 kB");
	is_int(judge(token_of(secret_key, text, JOSE_HEADER_MAX + 1, CLAIMS), secret_key),
		   RESULT_TOO_LONG, "a longer one");
}

/* Tampering with the text, not with the values. */
static void
texts(void)
{
	Slice token = token_of(secret_key, "{\"alg\":\"HS256\"}", 15, CLAIMS);
	char *text = keep(token.len + 8);
	size_t i;
	int accepted = 0;

	memcpy(text, token.data, token.len);
	for (i = 0; i < token.len; i++)
	{
		Slice changed = { text, token.len };

		text[i] = text[i] == 'A' ? 'B' : 'A';
		accepted += judge(changed, secret_key) == RESULT_OK;
		text[i] = token.data[i];
	}
	is_int(accepted, 0, "no token with one character changed");
	for (i = 0; i < 8; i++)
	{
		static const char *const tails[] = { "=", "==", "A", ".", ".A", "\n", " ", "\0" };
		Slice changed = { text, token.len + (i == 7 ? 1 : strlen(tails[i])) };

		memcpy(text + token.len, tails[i], i == 7 ? 1 : strlen(tails[i]));
		ok(judge(changed, secret_key) != RESULT_OK, "nothing behind it (%d)", (int) i);
	}
	token.len -= 44;
	is_int(judge(token, secret_key), RESULT_UNKNOWN_FORM, "two parts");
	token.len += 1;
	is_int(judge(token, secret_key), RESULT_BAD_SIGNATURE, "an empty signature");
	token.len = 0;
	is_int(judge(token, secret_key), RESULT_UNKNOWN_FORM, "nothing");
}

/* HS256 with the bytes of the public key as the secret. */
static void
confusion(void)
{
	CryptoKey *public = from_pem(CRYPTO_ALG_RS256, PEM_RSA_PUBLIC);
	unsigned char mac[CRYPTO_SHA256_LEN];
	char *text = keep(1024);
	size_t n = base64url_encode((const unsigned char *) "{\"alg\":\"HS256\"}", 15, text);
	Slice token;

	text[n++] = '.';
	n += base64url_encode((const unsigned char *) CLAIMS, sizeof(CLAIMS) - 1, text + n);
	crypto_hmac_sha256(PEM_RSA_PUBLIC, sizeof(PEM_RSA_PUBLIC) - 1, text, n, mac);
	text[n++] = '.';
	n += base64url_encode(mac, sizeof(mac), text + n);
	token.data = text;
	token.len = n;
	is_int(judge(token, public), RESULT_UNKNOWN_KEY, "HMAC with a public key's text");
	crypto_key_free(public);
}

static void
der(void)
{
	/* A valid DER signature's length for ES256; P1363 has 64 bytes. */
	CryptoKey *key = from_pem(CRYPTO_ALG_ES256, PEM_EC_256);
	unsigned char sig[72];

	memset(sig, 0, sizeof(sig));
	crypto_sign(key, "x", 1, sig + 4);
	sig[0] = 0x30;
	is_int(crypto_verify(key, "x", 1, sig, 70), RESULT_BAD_SIGNATURE, "a DER signature");
	crypto_key_free(key);
}

static void
issue(CryptoAlg alg, const char *private, const char *public)
{
	CryptoKey *key = private == NULL ? secret_key : from_pem(alg, private);
	CryptoKey *check = public == NULL ? secret_key : from_pem(alg, public);
	char out[JWS_SIGN_MAX(sizeof(CLAIMS))];
	char payload[64];
	size_t len;
	const char *name = crypto_alg_name(alg);

	is_int(jws_sign(key, "k\"1", 3, CLAIMS, sizeof(CLAIMS) - 1, out, sizeof(out), &len), RESULT_OK,
		   "%s: issues", name);
	is_int(jws_parse(&jws, out, len), RESULT_OK, "%s: what can be read", name);
	is_bytes(jws.header.kid, jws.header.kid_len, "k\"1", 3, "%s: with its kid", name);
	is_int(jws_verify(&jws, check), RESULT_OK, "%s: and verified", name);
	is_int(jws_payload(&jws, payload, sizeof(payload), &len), RESULT_OK, "%s: payload", name);
	is_bytes(payload, len, CLAIMS, sizeof(CLAIMS) - 1, "%s: unchanged", name);
	is_int(jws_sign(key, NULL, 0, CLAIMS, 10, out, 20, &len), RESULT_TOO_LONG, "%s: no room", name);
	is_int(jws.header.is_seal, false, "%s: no seal", name);
	is_int(jws_seal(key, "k", 1, CLAIMS, sizeof(CLAIMS) - 1, out, sizeof(out), &len), RESULT_OK,
		   "%s: seals", name);
	is_int(jws_parse(&jws, out, len), RESULT_OK, "%s: a seal can be read", name);
	is_int(jws.header.is_seal, true, "%s: as one", name);
	is_int(jws_verify(&jws, check), RESULT_OK, "%s: and verified", name);
	if (public != NULL)
	{
		is_int(jws_sign(check, NULL, 0, CLAIMS, 10, out, sizeof(out), &len), RESULT_BAD_KEY,
			   "%s: not with a public key", name);
		crypto_key_free(key);
		crypto_key_free(check);
	}
}

int
main(void)
{
	crypto_key_from_secret(CRYPTO_ALG_HS256, SECRET32, 32, &secret_key, NULL);
	headers();
	long_headers();
	texts();
	confusion();
	der();
	issue(CRYPTO_ALG_HS256, NULL, NULL);
	issue(CRYPTO_ALG_RS256, PEM_RSA, PEM_RSA_PUBLIC);
	issue(CRYPTO_ALG_RS384, PEM_RSA, PEM_RSA_PUBLIC);
	issue(CRYPTO_ALG_PS256, PEM_RSA, PEM_RSA_PUBLIC);
	issue(CRYPTO_ALG_ES256, PEM_EC_256, PEM_EC_256_PUBLIC);
	issue(CRYPTO_ALG_EDDSA, PEM_ED25519, PEM_ED25519_PUBLIC);
	crypto_key_free(secret_key);
	return tap_done();
}
