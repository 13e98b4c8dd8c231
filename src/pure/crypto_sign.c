/*
 * crypto_sign.c
 *		Signing and verifying with the keys of crypto_keys.c; see crypto.h.
 */
#include "pure/crypto_internal.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#define DER_SIG_MAX 160

/* r and s of P1363 as a DER signature; 0 when one of them is out of range. */
static int
p1363_to_der(const CryptoKey *key, const unsigned char *sig, unsigned char *der)
{
	int len = (int) key->info->number_len;
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(sig, len, NULL);
	BIGNUM *s = BN_bin2bn(sig + len, len, NULL);
	int n = 0;

	if (pair == NULL || r == NULL || s == NULL || BN_is_zero(r) || BN_is_zero(s) ||
		BN_cmp(r, key->order) >= 0 || BN_cmp(s, key->order) >= 0 || ECDSA_SIG_set0(pair, r, s) != 1)
	{
		BN_free(r);
		BN_free(s);
	}
	else
		n = i2d_ECDSA_SIG(pair, &der);
	ECDSA_SIG_free(pair);
	return n > 0 ? n : 0;
}

static bool
der_to_p1363(const CryptoKey *key, const unsigned char *der, size_t der_len, unsigned char *sig)
{
	int len = (int) key->info->number_len;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long) der_len);
	bool ok = pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), sig, len) == len &&
			  BN_bn2binpad(ECDSA_SIG_get0_s(pair), sig + len, len) == len;

	ECDSA_SIG_free(pair);
	return ok;
}

static EVP_MD_CTX *
ed25519_context(void)
{
	static EVP_MD_CTX *ctx = NULL;

	if (ctx == NULL)
		ctx = EVP_MD_CTX_new();
	return ctx;
}

static bool
ed25519_sign(const CryptoKey *key, const void *data, size_t len, unsigned char *sig)
{
	EVP_MD_CTX *ctx = ed25519_context();
	size_t sig_len = key->sig_len;
	bool ok = ctx != NULL &&
			  EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, key->pkey, NULL) == 1 &&
			  EVP_DigestSign(ctx, sig, &sig_len, data, len) == 1 && sig_len == key->sig_len;

	EVP_MD_CTX_reset(ctx); /* lets go of the key */
	return ok;
}

/* What somebody else has made does not fit; why OpenSSL thinks so is of no interest. */
static ResultCode
signature_result(bool ok)
{
	if (ok)
		return RESULT_OK;
	ERR_clear_error();
	return RESULT_BAD_SIGNATURE;
}

static ResultCode
ed25519_verify(const CryptoKey *key, const void *data, size_t len, const unsigned char *sig)
{
	EVP_MD_CTX *ctx = ed25519_context();
	ResultCode result;

	if (ctx == NULL || EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, key->pkey, NULL) != 1)
		result = openssl_failure();
	else
		result = signature_result(EVP_DigestVerify(ctx, sig, key->sig_len, data, len) == 1);
	EVP_MD_CTX_reset(ctx);
	return result;
}

static bool
secret_sign(const CryptoKey *key, const void *data, size_t len, unsigned char *sig)
{
	Slice part = slice_make(data, len);

	return crypto_mac_parts(key->mac, &part, 1, sig);
}

static bool
ec_sign(const CryptoKey *key, const unsigned char *hash, unsigned char *sig)
{
	unsigned char der[DER_SIG_MAX];
	size_t der_len = sizeof(der);

	return EVP_PKEY_sign(key->sign, der, &der_len, hash, crypto_hash_len(key->info->hash)) == 1 &&
		   der_to_p1363(key, der, der_len, sig);
}

ResultCode
crypto_sign(CryptoKey *key, const void *data, size_t len, unsigned char *sig)
{
	unsigned char hash[CRYPTO_SHA512_LEN];
	size_t sig_len = key->sig_len;
	bool ok;

	if (!key->is_private)
		return RESULT_BAD_KEY;
	switch (key->info->type)
	{
		case CRYPTO_TYPE_SECRET:
			ok = secret_sign(key, data, len, sig);
			break;
		case CRYPTO_TYPE_ED25519:
			ok = ed25519_sign(key, data, len, sig);
			break;
		case CRYPTO_TYPE_EC:
			ok = crypto_digest(key->info->hash, data, len, hash) && ec_sign(key, hash, sig);
			break;
		default:
			ok = crypto_digest(key->info->hash, data, len, hash) &&
				 EVP_PKEY_sign(key->sign, sig, &sig_len, hash, crypto_hash_len(key->info->hash)) ==
					 1 &&
				 sig_len == key->sig_len;
			break;
	}
	return ok ? RESULT_OK : openssl_failure();
}

static bool
ec_verify(const CryptoKey *key, const unsigned char *hash, const unsigned char *sig)
{
	unsigned char der[DER_SIG_MAX];
	int der_len = p1363_to_der(key, sig, der);

	return der_len > 0 && EVP_PKEY_verify(key->verify, der, (size_t) der_len, hash,
										  crypto_hash_len(key->info->hash)) == 1;
}

static bool
signs_digest(const CryptoKey *key)
{
	return key->info->type == CRYPTO_TYPE_RSA || key->info->type == CRYPTO_TYPE_EC;
}

static bool
digest_verify(const CryptoKey *key, const unsigned char *hash, const unsigned char *sig)
{
	if (key->info->type == CRYPTO_TYPE_EC)
		return ec_verify(key, hash, sig);
	return EVP_PKEY_verify(key->verify, sig, key->sig_len, hash,
						   crypto_hash_len(key->info->hash)) == 1;
}

ResultCode
crypto_verify(CryptoKey *key, const void *data, size_t len, const unsigned char *sig,
			  size_t sig_len)
{
	unsigned char hash[CRYPTO_SHA512_LEN];

	if (sig_len != key->sig_len)
		return RESULT_BAD_SIGNATURE;
	if (key->info->type == CRYPTO_TYPE_ED25519)
		return ed25519_verify(key, data, len, sig);
	if (signs_digest(key) ? !crypto_digest(key->info->hash, data, len, hash)
						  : !secret_sign(key, data, len, hash))
		return openssl_failure();
	if (signs_digest(key))
		return signature_result(digest_verify(key, hash, sig));
	return signature_result(crypto_equal(hash, sig, sig_len));
}
