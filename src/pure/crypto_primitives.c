/*
 * crypto_primitives.c
 *		Digests, key derivation and random bytes; see crypto.h.
 *
 * The contexts in static variables are reused from call to call, which saves
 * most of the time of a short digest; none of them carries anything from
 * one call into the next.
 */
#include "pure/crypto_internal.h"

#include <limits.h>
#include <stdint.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "pure/base64.h"

static const char *const hash_names[CRYPTO_HASHES] = { "SHA1", "SHA256", "SHA384", "SHA512" };
static const size_t hash_lens[CRYPTO_HASHES] = { 20, 32, 48, 64 };

const char *
openssl_hash_name(CryptoHash hash)
{
	return hash_names[hash];
}

bool
openssl_failed(void)
{
	ERR_clear_error();
	return false;
}

ResultCode
openssl_failure(void)
{
	ERR_clear_error();
	return RESULT_CRYPTO_FAILED;
}

size_t
crypto_hash_len(CryptoHash hash)
{
	return hash_lens[hash];
}

size_t
crypto_hash_block(CryptoHash hash)
{
	return hash == CRYPTO_HASH_SHA1 || hash == CRYPTO_HASH_SHA256 ? 64 : 128;
}

EVP_MD *
openssl_md(CryptoHash hash)
{
	static EVP_MD *mds[CRYPTO_HASHES];

	if (mds[hash] == NULL)
		mds[hash] = EVP_MD_fetch(NULL, hash_names[hash], NULL);
	return mds[hash];
}

bool
crypto_digest(CryptoHash hash, const void *data, size_t len, unsigned char *out)
{
	static EVP_MD_CTX *ctx = NULL;
	EVP_MD *md = openssl_md(hash);

	if (ctx == NULL)
		ctx = EVP_MD_CTX_new();
	if (md == NULL || ctx == NULL || EVP_DigestInit_ex2(ctx, md, NULL) != 1 ||
		EVP_DigestUpdate(ctx, data, len) != 1 || EVP_DigestFinal_ex(ctx, out, NULL) != 1)
		return openssl_failed();
	return true;
}

bool
crypto_sha256(const void *data, size_t len, unsigned char out[CRYPTO_SHA256_LEN])
{
	return crypto_digest(CRYPTO_HASH_SHA256, data, len, out);
}

static OSSL_PARAM
octets(const char *name, Slice value)
{
	const char *data = value.len > 0 ? value.data : "";

	return OSSL_PARAM_construct_octet_string(name, (void *) (uintptr_t) data, value.len);
}

bool
crypto_hkdf_sha256(Slice secret, Slice salt, Slice info, unsigned char *out, size_t out_len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
	EVP_KDF_CTX *ctx = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[5];
	bool ok;

	params[0] = OSSL_PARAM_construct_utf8_string(
		OSSL_KDF_PARAM_DIGEST, (char *) (uintptr_t) hash_names[CRYPTO_HASH_SHA256], 0);
	params[1] = octets(OSSL_KDF_PARAM_KEY, secret);
	params[2] = octets(OSSL_KDF_PARAM_SALT, salt);
	params[3] = octets(OSSL_KDF_PARAM_INFO, info);
	params[4] = OSSL_PARAM_construct_end();
	ok = ctx != NULL && EVP_KDF_derive(ctx, out, out_len, params) == 1;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok ? true : openssl_failed();
}

static EVP_KDF_CTX *
pbkdf2_context(void)
{
	static EVP_KDF_CTX *ctx = NULL;
	EVP_KDF *kdf;

	if (ctx != NULL)
		return ctx;
	kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_PBKDF2, NULL);
	ctx = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
	EVP_KDF_free(kdf); /* the context holds it */
	return ctx;
}

bool
crypto_pbkdf2(CryptoHash hash, Slice password, Slice salt, unsigned int iterations,
			  unsigned char *out, size_t out_len)
{
	EVP_KDF_CTX *ctx = pbkdf2_context();
	/* SP 800-132's lower bounds, which frameworks do not keep, are not looked at. */
	int bounds_off = 1;
	OSSL_PARAM params[6];
	bool ok;

	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
												 (char *) (uintptr_t) hash_names[hash], 0);
	params[1] = octets(OSSL_KDF_PARAM_PASSWORD, password);
	params[2] = octets(OSSL_KDF_PARAM_SALT, salt);
	params[3] = OSSL_PARAM_construct_uint(OSSL_KDF_PARAM_ITER, &iterations);
	params[4] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &bounds_off);
	params[5] = OSSL_PARAM_construct_end();
	ok = ctx != NULL && EVP_KDF_derive(ctx, out, out_len, params) == 1;
	EVP_KDF_CTX_reset(ctx); /* no password stays behind */
	return ok ? true : openssl_failed();
}

bool
crypto_random(void *out, size_t len)
{
	if (len > INT_MAX || RAND_priv_bytes(out, (int) len) != 1)
		return openssl_failed();
	return true;
}

bool
crypto_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

bool
crypto_is_base64url(const unsigned char mac[CRYPTO_SHA256_LEN], Slice text)
{
	char expected[BASE64URL_LEN(CRYPTO_SHA256_LEN)];

	base64url_encode(mac, CRYPTO_SHA256_LEN, expected);
	return text.len == sizeof(expected) && crypto_equal(expected, text.data, sizeof(expected));
}

void
crypto_cleanse(void *p, size_t len)
{
	OPENSSL_cleanse(p, len);
}
