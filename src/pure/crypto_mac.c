/*
 * crypto_mac.c
 *		HMAC, with a key that is used once or with one that is kept; see crypto.h.
 *
 * Invariant: a kept key answers as one that is used once, which is tried when it is made: OpenSSL
 * 3.0.2 and before forget to start anew in a context that has its key.  Then none is prepared.
 */
#include "pure/crypto_internal.h"

#include <stdint.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>

struct CryptoMac
{
	CryptoHash hash;
	EVP_MAC_CTX *ctx; /* holds the key, ready to be used; or NULL */
	size_t key_len;
	unsigned char key[];
};

/* A context without a key, for all to share; NULL when OpenSSL has none. */
static EVP_MAC_CTX *
shared_context(CryptoHash hash)
{
	static EVP_MAC_CTX *contexts[CRYPTO_HASHES];
	OSSL_PARAM params[2];
	EVP_MAC *mac;

	if (contexts[hash] != NULL)
		return contexts[hash];
	mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	if (mac == NULL)
		return NULL;
	contexts[hash] = EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac); /* the context holds it */
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
												 (char *) (uintptr_t) openssl_hash_name(hash), 0);
	params[1] = OSSL_PARAM_construct_end();
	if (contexts[hash] != NULL && EVP_MAC_CTX_set_params(contexts[hash], params) != 1)
	{
		EVP_MAC_CTX_free(contexts[hash]);
		contexts[hash] = NULL;
	}
	return contexts[hash];
}

/* Starts anew with this key, or, where it is NULL, with the one that the context holds. */
static bool
compute(EVP_MAC_CTX *ctx, const void *key, size_t key_len, const Slice *parts, int n_parts,
		unsigned char *out, size_t cap)
{
	size_t out_len;

	if (ctx == NULL || EVP_MAC_init(ctx, key, key_len, NULL) != 1)
		return openssl_failed();
	for (int i = 0; i < n_parts; i++)
		if (parts[i].len > 0 &&
			EVP_MAC_update(ctx, (const unsigned char *) parts[i].data, parts[i].len) != 1)
			return openssl_failed();
	if (EVP_MAC_final(ctx, out, &out_len, cap) != 1)
		return openssl_failed();
	return true;
}

bool
crypto_hmac_parts(CryptoHash hash, const void *key, size_t key_len, const Slice *parts, int n_parts,
				  unsigned char *out)
{
	return compute(shared_context(hash), key_len > 0 ? key : "", key_len, parts, n_parts, out,
				   crypto_hash_len(hash));
}

bool
crypto_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
				   unsigned char out[CRYPTO_SHA256_LEN])
{
	Slice part = slice_make(data, len);

	return crypto_hmac_parts(CRYPTO_HASH_SHA256, key, key_len, &part, 1, out);
}

/* --------------------------------------------------------------------- a key that is kept */

/* A context that holds the key, or NULL where OpenSSL cannot use one again. */
static EVP_MAC_CTX *
keyed_context(CryptoHash hash, const unsigned char *key, size_t len)
{
	const Slice sample = { "sample", 6 };
	unsigned char expected[CRYPTO_HASH_MAX];
	unsigned char first[CRYPTO_HASH_MAX];
	unsigned char second[CRYPTO_HASH_MAX];
	EVP_MAC_CTX *ctx = crypto_hmac_parts(hash, key, len, &sample, 1, expected)
						   ? EVP_MAC_CTX_dup(shared_context(hash))
						   : NULL;

	if (ctx != NULL && EVP_MAC_init(ctx, key, len, NULL) == 1 &&
		compute(ctx, NULL, 0, &sample, 1, first, sizeof(first)) &&
		compute(ctx, NULL, 0, &sample, 1, second, sizeof(second)) &&
		crypto_equal(first, expected, crypto_hash_len(hash)) &&
		crypto_equal(second, expected, crypto_hash_len(hash)))
		return ctx;
	EVP_MAC_CTX_free(ctx);
	ERR_clear_error();
	return NULL;
}

CryptoMac *
crypto_mac_new(CryptoHash hash, const void *key, size_t len)
{
	CryptoMac *mac = OPENSSL_zalloc(sizeof(CryptoMac) + len + 1);

	if (mac == NULL)
		return NULL;
	mac->hash = hash;
	mac->key_len = len;
	memcpy(mac->key, key, len);
	mac->ctx = keyed_context(hash, mac->key, len);
	return mac;
}

void
crypto_mac_free(CryptoMac *mac)
{
	if (mac == NULL)
		return;
	EVP_MAC_CTX_free(mac->ctx);
	OPENSSL_clear_free(mac, sizeof(CryptoMac) + mac->key_len + 1);
}

bool
crypto_mac_parts(const CryptoMac *mac, const Slice *parts, int n_parts, unsigned char *out)
{
	if (mac->ctx != NULL)
		return compute(mac->ctx, NULL, 0, parts, n_parts, out, crypto_hash_len(mac->hash));
	return crypto_hmac_parts(mac->hash, mac->key, mac->key_len, parts, n_parts, out);
}

/* ------------------------------------------------------------------------ fingerprints */

/* Of SipHash, or NULL where it is not to be had: among the algorithms of FIPS it is none. */
static EVP_MAC_CTX *
siphash_context(void)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
	EVP_MAC_CTX *ctx = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);

	EVP_MAC_free(mac); /* the context holds it */
	ERR_clear_error();
	return ctx;
}

bool
crypto_fingerprint(Slice bytes, unsigned char out[CRYPTO_FINGERPRINT_LEN])
{
	static unsigned char key[CRYPTO_FINGERPRINT_LEN];
	static EVP_MAC_CTX *ctx = NULL;
	static bool drawn = false;
	unsigned char mac[CRYPTO_SHA256_LEN] = { 0 };

	if (!drawn)
	{
		if (!crypto_random(key, sizeof(key)))
			return false;
		ctx = siphash_context();
		drawn = true;
	}
	if (ctx != NULL)
		return compute(ctx, key, sizeof(key), &bytes, 1, out, CRYPTO_FINGERPRINT_LEN);
	if (!crypto_hmac_parts(CRYPTO_HASH_SHA256, key, sizeof(key), &bytes, 1, mac))
		return false;
	memcpy(out, mac, CRYPTO_FINGERPRINT_LEN);
	return true;
}
