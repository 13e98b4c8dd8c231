/*
 * crypto_public.c
 *		What may be known of a key: its algorithm and its public half; see crypto.h.
 */
#include "pure/crypto_internal.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

CryptoAlg
crypto_key_alg(const CryptoKey *key)
{
	return key->alg;
}

bool
crypto_key_is_private(const CryptoKey *key)
{
	return key->is_private;
}

size_t
crypto_signature_len(const CryptoKey *key)
{
	return key->sig_len;
}

ResultCode
openssl_public_pem(EVP_PKEY *pkey, char *out, size_t cap, size_t *out_len)
{
	BIO *bio = BIO_new(BIO_s_mem());
	ResultCode result = bio == NULL ? RESULT_NO_MEMORY : RESULT_CRYPTO_FAILED;
	char *data;
	long len;

	*out_len = 0;
	if (bio != NULL && PEM_write_bio_PUBKEY(bio, pkey) == 1 &&
		(len = BIO_get_mem_data(bio, &data)) > 0)
	{
		result = (size_t) len > cap ? RESULT_TOO_LONG : RESULT_OK;
		if (result == RESULT_OK)
		{
			memcpy(out, data, (size_t) len);
			*out_len = (size_t) len;
		}
	}
	BIO_free(bio);
	ERR_clear_error();
	return result;
}

ResultCode
crypto_key_public_pem(const CryptoKey *key, char *out, size_t cap, size_t *out_len)
{
	*out_len = 0;
	return key->pkey == NULL ? RESULT_BAD_KEY : openssl_public_pem(key->pkey, out, cap, out_len);
}

/* A number of the key, as many bytes as it needs, or exactly len when len is not 0. */
static bool
get_number(const CryptoKey *key, const char *name, size_t len, unsigned char *out, size_t cap,
		   size_t *out_len)
{
	BIGNUM *number = NULL;
	bool ok = EVP_PKEY_get_bn_param(key->pkey, name, &number) == 1;

	if (ok && len == 0)
		len = (size_t) BN_num_bytes(number);
	ok = ok && len <= cap && BN_bn2binpad(number, out, (int) len) == (int) len;
	*out_len = ok ? len : 0;
	BN_free(number);
	return ok ? true : openssl_failed();
}

ResultCode
crypto_key_public_parts(const CryptoKey *key, unsigned char *a, size_t a_cap, size_t *a_len,
						unsigned char *b, size_t b_cap, size_t *b_len)
{
	const size_t len = key->info->number_len;
	bool ok;

	*a_len = a_cap;
	*b_len = 0;
	switch (key->info->type)
	{
		case CRYPTO_TYPE_RSA:
			ok = get_number(key, OSSL_PKEY_PARAM_RSA_N, 0, a, a_cap, a_len) &&
				 get_number(key, OSSL_PKEY_PARAM_RSA_E, 0, b, b_cap, b_len);
			break;
		case CRYPTO_TYPE_EC:
			ok = get_number(key, OSSL_PKEY_PARAM_EC_PUB_X, len, a, a_cap, a_len) &&
				 get_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, len, b, b_cap, b_len);
			break;
		case CRYPTO_TYPE_ED25519:
			ok = EVP_PKEY_get_raw_public_key(key->pkey, a, a_len) == 1;
			break;
		default:
			*a_len = 0;
			return RESULT_BAD_KEY;
	}
	return ok ? RESULT_OK : openssl_failure();
}
