/* crypto_test.c: which keys are refused, and which signatures, and what two ends agree on. */
#include <string.h>

#include "pure/crypto.h"
#include "pems.h"
#include "tap.h"
#include "vectors.h"

#define SECRET32 "0123456789abcdef0123456789abcdef"
#define SECRET64 SECRET32 SECRET32

static const char message[] = "what is signed";

static ResultCode
pem(CryptoAlg alg, const char *text, CryptoKey **key)
{
	const char *why = NULL;
	ResultCode result = crypto_key_from_pem(alg, text, strlen(text), key, &why);

	if (result == RESULT_BAD_KEY && why == NULL)
		diag("a key was refused without a reason");
	return result;
}

static void
refuses_pem(CryptoAlg alg, const char *text, const char *what)
{
	CryptoKey *key;

	is_int(pem(alg, text, &key), RESULT_BAD_KEY, "refuses %s", what);
	ok(key == NULL, "and makes none");
	crypto_key_free(key);
}

static void
refuses_secret(CryptoAlg alg, const char *secret, size_t len, const char *what)
{
	CryptoKey *key;

	is_int(crypto_key_from_secret(alg, secret, len, &key, NULL), RESULT_BAD_KEY, "refuses %s",
		   what);
	crypto_key_free(key);
}

static CryptoKey *
make(CryptoAlg alg)
{
	static const char *const pems[] = {
		[CRYPTO_ALG_RS256] = PEM_RSA,    [CRYPTO_ALG_RS384] = PEM_RSA,
		[CRYPTO_ALG_RS512] = PEM_RSA,    [CRYPTO_ALG_PS256] = PEM_RSA,
		[CRYPTO_ALG_PS384] = PEM_RSA,    [CRYPTO_ALG_PS512] = PEM_RSA,
		[CRYPTO_ALG_ES256] = PEM_EC_256, [CRYPTO_ALG_ES384] = PEM_EC_384,
		[CRYPTO_ALG_ES512] = PEM_EC_521, [CRYPTO_ALG_EDDSA] = PEM_ED25519,
	};
	CryptoKey *key = NULL;

	if (crypto_alg_type(alg) == CRYPTO_TYPE_SECRET)
		crypto_key_from_secret(alg, SECRET64, 64, &key, NULL);
	else
		pem(alg, pems[alg], &key);
	return key;
}

/* Every bit of the signature counts, and so does its length. */
static void
signs(CryptoAlg alg)
{
	CryptoKey *key = make(alg);
	unsigned char sig[CRYPTO_SIGNATURE_MAX + 1];
	const char *name = crypto_alg_name(alg);
	size_t len;
	size_t i;
	int accepted = 0;

	ok(key != NULL && crypto_key_is_private(key) && crypto_key_alg(key) == alg, "%s: a key", name);
	len = crypto_signature_len(key);
	is_int(crypto_sign(key, message, sizeof(message), sig), RESULT_OK, "%s: signs", name);
	is_int(crypto_verify(key, message, sizeof(message), sig, len), RESULT_OK, "%s: verifies", name);
	for (i = 0; i < 20; i++)
	{
		size_t at = i * 7919 % len;

		sig[at] ^= (unsigned char) (1 << i % 8);
		accepted += crypto_verify(key, message, sizeof(message), sig, len) == RESULT_OK;
		sig[at] ^= (unsigned char) (1 << i % 8);
	}
	is_int(accepted, 0, "%s: no changed signature", name);
	sig[len] = 0;
	is_int(crypto_verify(key, message, sizeof(message), sig, len + 1), RESULT_BAD_SIGNATURE,
		   "%s: nor a longer one", name);
	is_int(crypto_verify(key, message, sizeof(message), sig, len - 1), RESULT_BAD_SIGNATURE,
		   "%s: nor a shorter one", name);
	is_int(crypto_verify(key, message, sizeof(message), sig, 0), RESULT_BAD_SIGNATURE,
		   "%s: nor none", name);
	is_int(crypto_verify(key, message, sizeof(message) - 1, sig, len), RESULT_BAD_SIGNATURE,
		   "%s: nor for another message", name);
	memset(sig, 0, len);
	is_int(crypto_verify(key, message, sizeof(message), sig, len), RESULT_BAD_SIGNATURE,
		   "%s: nor one of zeros", name);
	memset(sig, 0xff, len);
	is_int(crypto_verify(key, message, sizeof(message), sig, len), RESULT_BAD_SIGNATURE,
		   "%s: nor one of ones", name);
	is_int(crypto_verify(key, message, sizeof(message), sig, len), RESULT_BAD_SIGNATURE,
		   "%s: the same again", name);
	crypto_key_free(key);
}

static void
public_halves(void)
{
	static const CryptoAlg checked[] = { CRYPTO_ALG_RS256, CRYPTO_ALG_PS512, CRYPTO_ALG_ES256,
										 CRYPTO_ALG_ES512, CRYPTO_ALG_EDDSA };
	unsigned char sig[CRYPTO_SIGNATURE_MAX];
	char text[4096];
	size_t len;
	size_t i;

	for (i = 0; i < sizeof(checked) / sizeof(checked[0]); i++)
	{
		CryptoKey *key = make(checked[i]);
		CryptoKey *public = NULL;
		const char *name = crypto_alg_name(checked[i]);

		crypto_sign(key, message, sizeof(message), sig);
		is_int(crypto_key_public_pem(key, text, sizeof(text), &len), RESULT_OK, "%s: exports",
			   name);
		is_int(crypto_key_from_pem(checked[i], text, len, &public, NULL), RESULT_OK,
			   "%s: its public half", name);
		ok(!crypto_key_is_private(public), "%s: which is not private", name);
		is_int(crypto_verify(public, message, sizeof(message), sig, crypto_signature_len(key)),
			   RESULT_OK, "%s: and verifies", name);
		is_int(crypto_sign(public, message, sizeof(message), sig), RESULT_BAD_KEY,
			   "%s: but does not sign", name);
		crypto_key_free(public);
		crypto_key_free(key);
	}
}

/* ES256 signatures with r or s out of range, also those that a sloppy check reduces. */
static void
ecdsa_ranges(void)
{
	static const unsigned char order[32] = { 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
											 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
											 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
											 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 };
	CryptoKey *key = make(CRYPTO_ALG_ES256);
	unsigned char good[64];
	unsigned char sig[64];

	crypto_sign(key, message, sizeof(message), good);
	memcpy(sig, good, 64);
	memset(sig, 0, 32);
	is_int(crypto_verify(key, message, sizeof(message), sig, 64), RESULT_BAD_SIGNATURE, "r = 0");
	memcpy(sig, good, 64);
	memset(sig + 32, 0, 32);
	is_int(crypto_verify(key, message, sizeof(message), sig, 64), RESULT_BAD_SIGNATURE, "s = 0");
	memcpy(sig, order, 32);
	is_int(crypto_verify(key, message, sizeof(message), sig, 64), RESULT_BAD_SIGNATURE, "r = n");
	memcpy(sig, good, 32);
	memcpy(sig + 32, order, 32);
	is_int(crypto_verify(key, message, sizeof(message), sig, 64), RESULT_BAD_SIGNATURE, "s = n");
	crypto_key_free(key);
}

static void
pem_refusals(void)
{
	CryptoKey *key;

	refuses_pem(CRYPTO_ALG_RS256, PEM_RSA_1024, "RSA with 1024 bits");
	refuses_pem(CRYPTO_ALG_RS256, PEM_RSA_E3, "RSA with exponent 3");
	refuses_pem(CRYPTO_ALG_RS256, PEM_RSA_PSS, "an RSA-PSS key");
	refuses_pem(CRYPTO_ALG_RS256, PEM_EC_256, "an EC key for RS256");
	refuses_pem(CRYPTO_ALG_ES256, PEM_RSA, "an RSA key for ES256");
	refuses_pem(CRYPTO_ALG_ES256, PEM_EC_384, "P-384 for ES256");
	refuses_pem(CRYPTO_ALG_ES256, PEM_EC_K1, "secp256k1 for ES256");
	refuses_pem(CRYPTO_ALG_EDDSA, PEM_EC_256, "an EC key for EdDSA");
	refuses_pem(CRYPTO_ALG_EDDSA, PEM_X25519, "X25519 for EdDSA");
	refuses_pem(CRYPTO_ALG_HS256, PEM_RSA_PUBLIC, "a public key for HS256");
	refuses_pem(CRYPTO_ALG_EDDSA, PEM_ENCRYPTED, "an encrypted key");
	refuses_pem(CRYPTO_ALG_ES256, PEM_CERTIFICATE, "a certificate");
	refuses_pem(CRYPTO_ALG_ES256, PEM_EC_256_PUBLIC PEM_EC_256_PUBLIC, "two keys");
	refuses_pem(CRYPTO_ALG_ES256, "", "nothing");
	refuses_pem(CRYPTO_ALG_ES256, "-----BEGIN PUBLIC KEY-----\n", "half a PEM");
	refuses_pem(CRYPTO_ALG_ES256, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
				"a PEM of no key");
	is_int(pem(CRYPTO_ALG_ES256, PEM_EC_256_SEC1, &key), RESULT_OK, "takes the older private form");
	crypto_key_free(key);
}

static void
secret_refusals(void)
{
	static const char jwk[] =
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg\"}";
	/* SubjectPublicKeyInfo of an Ed25519 key, which an attacker knows. */
	static const unsigned char der[44] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70,
										   0x03, 0x21, 0x00, 0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1,
										   0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07,
										   0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
										   0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a };

	refuses_secret(CRYPTO_ALG_HS256, SECRET32, 31, "31 bytes for HS256");
	refuses_secret(CRYPTO_ALG_HS384, SECRET64, 47, "47 bytes for HS384");
	refuses_secret(CRYPTO_ALG_HS512, SECRET64, 63, "63 bytes for HS512");
	refuses_secret(CRYPTO_ALG_HS256, "", 0, "no bytes");
	refuses_secret(CRYPTO_ALG_RS256, SECRET64, 64, "a secret for RS256");
	refuses_secret(CRYPTO_ALG_HS256, PEM_RSA_PUBLIC, sizeof(PEM_RSA_PUBLIC) - 1,
				   "a public PEM as a secret");
	refuses_secret(CRYPTO_ALG_HS256, PEM_CERTIFICATE, sizeof(PEM_CERTIFICATE) - 1,
				   "a certificate as a secret");
	refuses_secret(CRYPTO_ALG_HS256, jwk, sizeof(jwk) - 1, "a JWK as a secret");
	refuses_secret(CRYPTO_ALG_HS256, (const char *) der, sizeof(der), "a public DER as a secret");
}

static ResultCode
ed25519(const char *x, size_t len)
{
	Slice none = { NULL, 0 };
	Slice bytes = { x, len };
	CryptoKey *key;
	ResultCode result = crypto_key_from_ed25519(bytes, none, &key, NULL);

	crypto_key_free(key);
	return result;
}

static void
ed25519_refusals(void)
{
	static const unsigned char order8[2][32] = {
		{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
		  0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
		  0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
		{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
		  0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
		  0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
	};
	char x[32];
	int bad = 0;
	int n = 0;
	int sign;
	int low;

	for (sign = 0; sign < 2; sign++)
	{
		for (low = 0; low < 2; low++) /* 0 and 1 */
		{
			memset(x, 0, 32);
			x[0] = (char) low;
			x[31] = (char) (sign << 7);
			bad += ed25519(x, 32) == RESULT_BAD_KEY;
			n++;
		}
		for (low = 0xec; low <= 0xff; low++) /* p - 1, and all that is not below p */
		{
			memset(x, 0xff, 32);
			x[0] = (char) low;
			x[31] = (char) (0x7f | sign << 7);
			bad += ed25519(x, 32) == RESULT_BAD_KEY;
			n++;
		}
		for (low = 0; low < 2; low++)
		{
			memcpy(x, order8[low], 32);
			x[31] = (char) (x[31] | sign << 7);
			bad += ed25519(x, 32) == RESULT_BAD_KEY;
			n++;
		}
	}
	is_int(bad, n, "refuses all Ed25519 keys of low order and all that are not canonical");
	is_int(ed25519(x, 31), RESULT_BAD_KEY, "refuses 31 bytes");
	is_int(ed25519(x, 0), RESULT_BAD_KEY, "refuses no bytes");
}

static void
numbers(void)
{
	char zeros[66] = { 0 };
	char ones[66];
	Slice none = { NULL, 0 };
	Slice x = { zeros, 32 };
	CryptoRsaParts parts;
	CryptoKey *key;

	is_int(crypto_key_from_ec(CRYPTO_ALG_ES256, x, x, none, &key, NULL), RESULT_BAD_KEY,
		   "refuses an EC point at zero");
	memset(ones, 1, sizeof(ones));
	x.data = ones;
	is_int(crypto_key_from_ec(CRYPTO_ALG_ES256, x, x, none, &key, NULL), RESULT_BAD_KEY,
		   "refuses an EC point off the curve");
	x.len = 31;
	is_int(crypto_key_from_ec(CRYPTO_ALG_ES256, x, x, none, &key, NULL), RESULT_BAD_KEY,
		   "refuses short EC numbers");
	is_int(crypto_key_from_ec(CRYPTO_ALG_RS256, x, x, none, &key, NULL), RESULT_BAD_KEY,
		   "refuses EC numbers for RS256");
	memset(&parts, 0, sizeof(parts));
	is_int(crypto_key_from_rsa(CRYPTO_ALG_RS256, &parts, &key, NULL), RESULT_BAD_KEY,
		   "refuses an RSA key of nothing");
}

static void
digests(void)
{
	unsigned char out[64];
	unsigned char again[64];

	crypto_sha256("abc", 3, out);
	is_bytes(out, 4, "\xba\x78\x16\xbf", 4, "SHA-256");
	crypto_digest(CRYPTO_HASH_SHA512, "abc", 3, out);
	is_bytes(out, 4, "\xdd\xaf\x35\xa1", 4, "SHA-512");
	crypto_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
	is_bytes(out, 4, "\x5b\xdc\xc1\x46", 4, "HMAC-SHA256 (RFC 4231)");
	crypto_hmac_sha256("", 0, "", 0, out);
	is_bytes(out, 4, "\xb6\x13\x67\x9a", 4, "HMAC-SHA256 of nothing with nothing");
	ok(crypto_random(out, 32) && crypto_random(again, 32) && !crypto_equal(out, again, 32),
	   "random bytes");
	ok(crypto_equal("abc", "abc", 3) && !crypto_equal("abc", "abd", 3), "compares");
	crypto_cleanse(out, 64);
	ok(out[0] == 0 && out[63] == 0, "wipes");
}

/* RFC 2202, 4231 and 6070, and PBKDF2 as frameworks use it. */
static void
derivations(void)
{
	const Slice parts[] = { { "what do ya want ", 16 }, { "for nothing?", 12 } };
	const Slice password = { "password", 8 };
	const Slice salt = { "salt", 4 };
	unsigned char out[64];

	ok(crypto_hmac_parts(CRYPTO_HASH_SHA1, "Jefe", 4, parts, 2, out), "HMAC-SHA1");
	is_bytes(out, 20,
			 "\xef\xfc\xdf\x6a\xe5\xeb\x2f\xa2\xd2\x74\x16\xd5\xf1\x84\xdf\x9c\x25\x9a\x7c\x79", 20,
			 "of RFC 2202");
	ok(crypto_hmac_parts(CRYPTO_HASH_SHA512, "Jefe", 4, parts, 2, out), "HMAC-SHA512");
	is_bytes(
		out, 64,
		"\x16\x4b\x7a\x7b\xfc\xf8\x19\xe2\xe3\x95\xfb\xe7\x3b\x56\xe0\xa3\x87\xbd\x64\x22\x2e\x83"
		"\x1f\xd6\x10\x27\x0c\xd7\xea\x25\x05\x54\x97\x58\xbf\x75\xc0\x5a\x99\x4a\x6d\x03\x4f\x65"
		"\xf8\xf0\xe6\xfd\xca\xea\xb1\xa3\x4d\x4a\x6b\x4b\x63\x6e\x07\x0a\x38\xbc\xe7\x37",
		64, "of RFC 4231");
	ok(crypto_pbkdf2(CRYPTO_HASH_SHA1, password, salt, 2, out, 20), "PBKDF2 with SHA-1");
	is_bytes(out, 20,
			 "\xea\x6c\x01\x4d\xc7\x2d\x6f\x8c\xcd\x1e\xd9\x2a\xce\x1d\x41\xf0\xd8\xde\x89\x57", 20,
			 "of RFC 6070");
	ok(crypto_pbkdf2(CRYPTO_HASH_SHA256, password, salt, 1000, out, 64), "PBKDF2 with SHA-256");
	is_bytes(
		out, 64,
		"\x63\x2c\x28\x12\xe4\x6d\x46\x04\x10\x2b\xa7\x61\x8e\x9d\x6d\x7d\x2f\x81\x28\xf6\x26\x6b"
		"\x4a\x03\x26\x4d\x2a\x04\x60\xb7\xdc\xb3\x88\xb3\xb1\x13\x1f\x74\x1b\xcb\xeb\x02\x54\x1c"
		"\x8c\x2e\x97\xbd\x8b\xed\x62\xab\x64\x25\x54\x2e\x45\x51\x2b\x73\x12\xf4\x40\xeb",
		64, "as Rails and Plug derive");
}

/* A padding that is none, and lengths that no block has. */
static void
ciphers(void)
{
	const unsigned char key[32] = { 0 };
	unsigned char out[64];
	size_t len;

	is_int(crypto_cbc_decrypt(key, key, (Slice){ (const char *) key, 0 }, out, &len),
		   RESULT_BAD_SIGNATURE, "CBC: nothing");
	is_int(crypto_cbc_decrypt(key, key, (Slice){ (const char *) key, 15 }, out, &len),
		   RESULT_BAD_SIGNATURE, "CBC: 15 bytes");
	memset(out, 1, sizeof(out));
	is_int(crypto_cbc_decrypt(key, key, (Slice){ (const char *) key, 32 }, out, &len),
		   RESULT_BAD_SIGNATURE, "CBC: no padding");
	ok(len == 0 && out[0] == 0 && out[31] == 0, "and nothing is left of it");
	is_int(crypto_gcm_open(key, key, (Slice){ NULL, 0 }, (Slice){ (const char *) key, 32 }, key,
						   out, &len),
		   RESULT_BAD_SIGNATURE, "GCM: another tag");
}

/* The same bytes have the same fingerprint, and others another. */
static void
fingerprints(void)
{
	unsigned char a[CRYPTO_FINGERPRINT_LEN];
	unsigned char b[CRYPTO_FINGERPRINT_LEN];
	char text[] = "a token, of more than one block of eight bytes";
	const Slice token = { text, sizeof(text) - 1 };
	int same = 0;

	ok(crypto_fingerprint(token, a) && crypto_fingerprint(token, b) && memcmp(a, b, sizeof(a)) == 0,
	   "a fingerprint is the same again");
	for (size_t i = 0; i < token.len; i++)
	{
		text[i] ^= 1;
		same += !crypto_fingerprint(token, b) || memcmp(a, b, sizeof(a)) == 0;
		text[i] ^= 1;
		same += !crypto_fingerprint(slice_make(text, i), b) || memcmp(a, b, sizeof(a)) == 0;
	}
	is_int(same, 0, "and another with another byte, or with fewer");
}

/* A key that is kept opens what one that is used once does, whatever it refused before. */
static void
kept_ciphers(void)
{
	static const unsigned char zeros[32];
	static const unsigned char tag[] =
		"\xd0\xd1\xc8\xa7\x99\x99\x6b\xf0\x26\x5b\x98\xb5\xd4\x8a\xb9\x19";
	static const unsigned char tag_of_nothing[] =
		"\x53\x0f\x8a\xfb\xc7\x45\x36\xb9\xa9\x63\xb4\xf1\xc4\xcb\x73\x8b";
	const Slice sealed =
		slice_make("\xce\xa7\x40\x3d\x4d\x60\x6b\x6e\x07\x4e\xc5\xd3\xba\xf3\x9d\x18", 16);
	const Slice padded =
		slice_make("\x7f\xa6\xe6\x0a\x76\x57\xfb\x31\xe4\x62\x4a\xc3\xe5\xba\x35\x26", 16);
	const Slice nothing = { NULL, 0 };
	CryptoCipher *gcm = crypto_gcm_new(zeros);
	CryptoCipher *cbc = crypto_cbc_new(zeros);
	unsigned char out[32];
	size_t len = 0;

	for (int i = 0; i < 2; i++)
	{
		is_int(crypto_gcm_open_with(gcm, zeros, sealed, tag, out, &len), RESULT_OK, "GCM");
		is_bytes(out, len, zeros, 16, "of its authors' test case 14");
		memset(out, 1, sizeof(out));
		is_int(crypto_gcm_open_with(gcm, zeros, sealed, tag_of_nothing, out, &len),
			   RESULT_BAD_SIGNATURE, "another tag");
		ok(len == 0 && memcmp(out, zeros, 16) == 0, "and nothing is left of it");
		is_int(crypto_gcm_open_with(gcm, tag, sealed, tag, out, &len), RESULT_BAD_SIGNATURE,
			   "another nonce");
		is_int(crypto_gcm_open_with(gcm, zeros, nothing, tag_of_nothing, out, &len), RESULT_OK,
			   "nothing, of test case 13");
		is_int((long long) len, 0, "is nothing");
		is_int(crypto_cbc_decrypt_with(cbc, zeros, padded, out, &len), RESULT_OK, "CBC");
		is_bytes(out, len, "a kept key", 10, "as others encrypt it");
		is_int(crypto_cbc_decrypt_with(cbc, zeros, sealed, out, &len), RESULT_BAD_SIGNATURE,
			   "no padding");
		is_int(crypto_cbc_decrypt_with(cbc, zeros, slice_make(padded.data, 15), out, &len),
			   RESULT_BAD_SIGNATURE, "15 bytes");
	}
	crypto_cipher_free(gcm);
	crypto_cipher_free(cbc);
	crypto_cipher_free(NULL);
}

/* What two ends make of what they told each other. */
static void
agreements(void)
{
	static const unsigned char nothing[CRYPTO_AGREEMENT_LEN];
	unsigned char public_a[CRYPTO_AGREEMENT_LEN];
	unsigned char public_b[CRYPTO_AGREEMENT_LEN];
	unsigned char mac[CRYPTO_SHA256_LEN];
	CryptoAgreement *a = crypto_agreement_begin(public_a);
	CryptoAgreement *b = crypto_agreement_begin(public_b);
	Slice context = slice_make("context", 7);
	CryptoKey *key_a, *key_b, *other;

	ok(a != NULL && b != NULL && memcmp(public_a, public_b, sizeof(public_a)) != 0, "two ends");
	ok(crypto_agreement_end(a, public_b, context, &key_a) == RESULT_OK &&
		   crypto_agreement_end(b, public_a, context, &key_b) == RESULT_OK &&
		   crypto_sign(key_a, "x", 1, mac) == RESULT_OK &&
		   crypto_verify(key_b, "x", 1, mac, sizeof(mac)) == RESULT_OK,
	   "agree on one key");
	ok(crypto_key_alg(key_a) == CRYPTO_ALG_HS256, "for HS256");
	ok(crypto_agreement_end(b, public_a, slice_make("another", 7), &other) == RESULT_OK &&
		   crypto_verify(other, "x", 1, mac, sizeof(mac)) == RESULT_BAD_SIGNATURE,
	   "in this context alone");
	crypto_key_free(other);
	ok(crypto_agreement_end(a, public_a, context, &other) == RESULT_OK &&
		   crypto_verify(other, "x", 1, mac, sizeof(mac)) == RESULT_BAD_SIGNATURE,
	   "and with this end alone");
	crypto_key_free(other);
	ok(crypto_agreement_end(a, nothing, context, &other) == RESULT_BAD_KEY && other == NULL,
	   "a point of small order makes none");
	crypto_key_free(key_a);
	crypto_key_free(key_b);
	crypto_agreement_free(a);
	crypto_agreement_free(b);
	crypto_agreement_free(NULL);
}

int
main(void)
{
	CryptoAlg alg;
	int i;

	digests();
	derivations();
	ciphers();
	kept_ciphers();
	fingerprints();
	for (i = CRYPTO_ALG_HS256; i <= CRYPTO_ALG_EDDSA; i++)
	{
		ok(crypto_alg_by_name(crypto_alg_name((CryptoAlg) i),
							  strlen(crypto_alg_name((CryptoAlg) i)), &alg) &&
			   (int) alg == i,
		   "name of %s", crypto_alg_name((CryptoAlg) i));
		signs((CryptoAlg) i);
	}
	ok(!crypto_alg_by_name("none", 4, &alg) && !crypto_alg_by_name("hs256", 5, &alg) &&
		   !crypto_alg_by_name("HS256\0", 6, &alg) && !crypto_alg_by_name("", 0, &alg),
	   "no other names");
	public_halves();
	ecdsa_ranges();
	pem_refusals();
	secret_refusals();
	ed25519_refusals();
	numbers();
	agreements();
	return tap_done();
}
