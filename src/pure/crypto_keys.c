/*
 * crypto_keys.c
 *		Making the keys of signatures, from whatever text or numbers they come as; see crypto.h.
 *
 * Invariant: a key that leaves this file has no fault that crypto_key_faults.c knows, and its
 * private half fits its public one.
 */
#include "pure/crypto_internal.h"

#include <stdint.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "pure/limits.h"

#define PEM_MAX         32768
#define ED25519_SIG_LEN 64
#define EC_MAX_LEN      66 /* bytes of a P-521 number */

static ResultCode
bad_key(const char **why, const char *reason)
{
	ERR_clear_error();
	if (why != NULL)
		*why = reason;
	return RESULT_BAD_KEY;
}

static CryptoKey *
new_key(CryptoAlg alg)
{
	CryptoKey *key = OPENSSL_zalloc(sizeof(CryptoKey));

	if (key == NULL)
		return NULL;
	key->alg = alg;
	key->info = crypto_alg_info(alg);
	return key;
}

void
crypto_key_free(CryptoKey *key)
{
	if (key == NULL)
		return;
	crypto_mac_free(key->mac);
	EVP_PKEY_CTX_free(key->verify);
	EVP_PKEY_CTX_free(key->sign);
	EVP_PKEY_free(key->pkey);
	BN_free(key->order);
	OPENSSL_free(key);
}

static bool
contains(const char *text, size_t len, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= len; i++)
		if (memcmp(text + i, word, n) == 0)
			return true;
	return false;
}

/* Is this text what other people know: a public key, in any of its usual forms? */
static bool
looks_public(const void *secret, size_t len)
{
	const unsigned char *der = secret;
	EVP_PKEY *pkey;

	if (contains(secret, len, "-----BEGIN ") || (*der == '{' && contains(secret, len, "\"kty\"")))
		return true;
	pkey = *der == 0x30 ? d2i_PUBKEY_ex(NULL, &der, (long) len, NULL, NULL) : NULL;
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return pkey != NULL;
}

ResultCode
crypto_key_from_secret(CryptoAlg alg, const void *secret, size_t len, CryptoKey **key,
					   const char **why)
{
	CryptoKey *k;

	*key = NULL;
	if (crypto_alg_info(alg)->type != CRYPTO_TYPE_SECRET)
		return bad_key(why, "The algorithm takes a PEM or a JWK, not a secret.");
	if (len < crypto_hash_len(crypto_alg_info(alg)->hash))
		return bad_key(why, "The secret is shorter than the algorithm's hash.");
	if (len > SECRET_MAX)
		return bad_key(why, "The secret is longer than 4096 bytes.");
	if (looks_public(secret, len))
		return bad_key(why, "The secret is the text of a key or certificate, not a secret.");
	k = new_key(alg);
	if (k == NULL || (k->mac = crypto_mac_new(k->info->hash, secret, len)) == NULL)
	{
		crypto_key_free(k);
		return RESULT_NO_MEMORY;
	}
	k->is_private = true;
	k->sig_len = crypto_hash_len(k->info->hash);
	*key = k;
	return RESULT_OK;
}

static bool
prepare_rsa(EVP_PKEY_CTX *ctx, const AlgInfo *info)
{
	if (EVP_PKEY_CTX_set_rsa_padding(ctx, info->padding) != 1 ||
		EVP_PKEY_CTX_set_signature_md(ctx, openssl_md(info->hash)) != 1)
		return false;
	return info->padding != RSA_PKCS1_PSS_PADDING ||
		   EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

/* Contexts that verify and sign a digest, set up once for RSA and EC. */
static bool
prepare_contexts(CryptoKey *key)
{
	const AlgInfo *info = key->info;

	if (info->type == CRYPTO_TYPE_ED25519)
		return true;
	if (openssl_md(info->hash) == NULL)
		return false;
	key->verify = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	if (key->verify == NULL || EVP_PKEY_verify_init(key->verify) != 1 ||
		(info->type == CRYPTO_TYPE_RSA && !prepare_rsa(key->verify, info)))
		return false;
	if (!key->is_private)
		return true;
	key->sign = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	return key->sign != NULL && EVP_PKEY_sign_init(key->sign) == 1 &&
		   (info->type != CRYPTO_TYPE_RSA || prepare_rsa(key->sign, info));
}

static bool
measure_signature(CryptoKey *key)
{
	switch (key->info->type)
	{
		case CRYPTO_TYPE_RSA:
			key->sig_len = (size_t) EVP_PKEY_get_size(key->pkey);
			return true;
		case CRYPTO_TYPE_EC:
			key->sig_len = 2 * key->info->number_len;
			return EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_EC_ORDER, &key->order) == 1;
		default:
			key->sig_len = ED25519_SIG_LEN;
			return true;
	}
}

/* A private key whose halves do not belong together would sign what nobody can verify. */
static bool
halves_fit(CryptoKey *key)
{
	static const char message[] = "session_auth";
	unsigned char sig[CRYPTO_SIGNATURE_MAX];

	return !key->is_private ||
		   (crypto_sign(key, message, sizeof(message), sig) == RESULT_OK &&
			crypto_verify(key, message, sizeof(message), sig, key->sig_len) == RESULT_OK);
}

/* Makes a key of pkey, which it takes over in every case. */
static ResultCode
adopt(CryptoAlg alg, EVP_PKEY *pkey, bool is_private, CryptoKey **key, const char **why)
{
	const char *fault = openssl_key_fault(pkey, crypto_alg_info(alg));
	CryptoKey *k = fault == NULL ? new_key(alg) : NULL;

	if (k == NULL)
	{
		EVP_PKEY_free(pkey);
		return fault == NULL ? RESULT_NO_MEMORY : bad_key(why, fault);
	}
	k->pkey = pkey;
	k->is_private = is_private;
	if (!measure_signature(k) || !prepare_contexts(k))
	{
		crypto_key_free(k);
		return openssl_failure();
	}
	if (!halves_fit(k))
	{
		crypto_key_free(k);
		return bad_key(why, "The private key does not fit its public key.");
	}
	ERR_clear_error();
	*key = k;
	return RESULT_OK;
}

int
openssl_no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	(void) buf;
	(void) size;
	(void) rwflag;
	(void) arg;
	return -1;
}

static int
count_blocks(const char *pem, size_t len)
{
	static const char begin[] = "-----BEGIN ";
	int n = 0;

	for (size_t i = 0; i + sizeof(begin) - 1 <= len; i++)
		if (memcmp(pem + i, begin, sizeof(begin) - 1) == 0)
			n++;
	return n;
}

ResultCode
crypto_key_from_pem(CryptoAlg alg, const char *pem, size_t len, CryptoKey **key, const char **why)
{
	bool is_private;
	EVP_PKEY *pkey;
	BIO *bio;

	*key = NULL;
	if (len > PEM_MAX || count_blocks(pem, len) != 1)
		return bad_key(why, "The text is not a PEM of exactly one key.");
	if (contains(pem, len, "CERTIFICATE-----"))
		return bad_key(why, "The PEM is a certificate: give its public key.");
	is_private = contains(pem, len, "PRIVATE KEY-----");
	bio = BIO_new_mem_buf(pem, (int) len);
	if (bio == NULL)
		return openssl_failure();
	pkey = is_private
			   ? PEM_read_bio_PrivateKey_ex(bio, NULL, openssl_no_passphrase, NULL, NULL, NULL)
			   : PEM_read_bio_PUBKEY_ex(bio, NULL, openssl_no_passphrase, NULL, NULL, NULL);
	BIO_free(bio);
	if (pkey == NULL)
		return bad_key(why, "The PEM cannot be read, or is encrypted.");
	return adopt(alg, pkey, is_private, key, why);
}

/* OpenSSL frees the copies that it made of private numbers without wiping them. */
static void
wipe_params(OSSL_PARAM *params)
{
	OSSL_PARAM *p;

	for (p = params; p != NULL && p->key != NULL; p++)
		if (p->data != NULL)
			OPENSSL_cleanse(p->data, p->data_size);
	OSSL_PARAM_free(params);
}

static EVP_PKEY *
pkey_from_builder(OSSL_PARAM_BLD *builder, const char *type, bool is_private)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (params != NULL && ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
		EVP_PKEY_fromdata(ctx, &pkey, is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
						  params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	wipe_params(params);
	return pkey;
}

#define RSA_PARTS 8

ResultCode
crypto_key_from_rsa(CryptoAlg alg, const CryptoRsaParts *parts, CryptoKey **key, const char **why)
{
	static const char *const names[RSA_PARTS] = {
		OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
		OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
		OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
		OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
	};
	const Slice values[RSA_PARTS] = { parts->n, parts->e,  parts->d,  parts->p,
									  parts->q, parts->dp, parts->dq, parts->qi };
	BIGNUM *numbers[RSA_PARTS] = { NULL };
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY *pkey = NULL;
	bool ok = builder != NULL && parts->n.len > 0 && parts->e.len > 0;

	*key = NULL;
	for (int i = 0; ok && i < RSA_PARTS; i++)
	{
		if (values[i].len == 0)
			continue;
		ok = values[i].len <= RSA_MAX_BITS / 8 + 1 &&
			 (numbers[i] = BN_bin2bn((const unsigned char *) values[i].data, (int) values[i].len,
									 NULL)) != NULL &&
			 OSSL_PARAM_BLD_push_BN(builder, names[i], numbers[i]) == 1;
	}
	if (ok)
		pkey = pkey_from_builder(builder, "RSA", parts->d.len > 0);
	OSSL_PARAM_BLD_free(builder);
	for (int i = 0; i < RSA_PARTS; i++)
		BN_clear_free(numbers[i]);
	if (pkey == NULL)
		return bad_key(why, "The numbers make no RSA key.");
	return adopt(alg, pkey, parts->d.len > 0, key, why);
}

ResultCode
crypto_key_from_ec(CryptoAlg alg, Slice x, Slice y, Slice d, CryptoKey **key, const char **why)
{
	const AlgInfo *info = crypto_alg_info(alg);
	unsigned char point[1 + 2 * EC_MAX_LEN];
	OSSL_PARAM_BLD *builder;
	BIGNUM *secret = NULL;
	EVP_PKEY *pkey = NULL;
	bool ok;

	*key = NULL;
	if (info->type != CRYPTO_TYPE_EC)
		return bad_key(why, "The algorithm does not take an EC key.");
	if (x.len != info->number_len || y.len != x.len || (d.len != 0 && d.len != x.len))
		return bad_key(why, "The EC key's numbers do not have the curve's length.");
	point[0] = POINT_CONVERSION_UNCOMPRESSED;
	memcpy(point + 1, x.data, x.len);
	memcpy(point + 1 + x.len, y.data, y.len);
	builder = OSSL_PARAM_BLD_new();
	ok =
		builder != NULL &&
		OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, info->group, 0) == 1 &&
		OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * x.len) ==
			1;
	if (ok && d.len > 0)
		ok = (secret = BN_bin2bn((const unsigned char *) d.data, (int) d.len, NULL)) != NULL &&
			 OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, secret) == 1;
	if (ok)
		pkey = pkey_from_builder(builder, "EC", d.len > 0);
	OSSL_PARAM_BLD_free(builder);
	BN_clear_free(secret);
	if (pkey == NULL)
		return bad_key(why, "The EC key is no point on its curve.");
	return adopt(alg, pkey, d.len > 0, key, why);
}

ResultCode
crypto_key_from_ed25519(Slice x, Slice d, CryptoKey **key, const char **why)
{
	const unsigned char *bytes = (const unsigned char *) (d.len > 0 ? d.data : x.data);
	unsigned char derived[ED25519_LEN];
	size_t len = sizeof(derived);
	EVP_PKEY *pkey;

	*key = NULL;
	if (x.len != ED25519_LEN || (d.len != 0 && d.len != ED25519_LEN))
		return bad_key(why, "An Ed25519 key has 32 bytes.");
	pkey = d.len > 0 ? EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, bytes, d.len)
					 : EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, bytes, x.len);
	if (pkey == NULL)
		return bad_key(why, "The bytes make no Ed25519 key.");
	if (d.len > 0 && (EVP_PKEY_get_raw_public_key(pkey, derived, &len) != 1 ||
					  memcmp(derived, x.data, ED25519_LEN) != 0))
	{
		EVP_PKEY_free(pkey);
		return bad_key(why, "The private key does not fit its public key.");
	}
	return adopt(CRYPTO_ALG_EDDSA, pkey, d.len > 0, key, why);
}
