/*
 * crypto_keys.c
 *		Keys of signatures: the algorithms, making keys, looking at them; see crypto.h.
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

#define RSA_MIN_BITS         2048
#define RSA_MAX_BITS         16384
#define RSA_EXPONENT_MIN     65537
#define RSA_EXPONENT_MAXBITS 64
#define PEM_MAX              32768
#define ED25519_LEN          32
#define ED25519_SIG_LEN      64
#define EC_MAX_LEN           66 /* bytes of a P-521 number */

static const AlgInfo algs[] = {
	[CRYPTO_ALG_HS256] = { "HS256", CRYPTO_TYPE_SECRET, CRYPTO_HASH_SHA256, 0, NULL, NULL, 0 },
	[CRYPTO_ALG_HS384] = { "HS384", CRYPTO_TYPE_SECRET, CRYPTO_HASH_SHA384, 0, NULL, NULL, 0 },
	[CRYPTO_ALG_HS512] = { "HS512", CRYPTO_TYPE_SECRET, CRYPTO_HASH_SHA512, 0, NULL, NULL, 0 },
	[CRYPTO_ALG_RS256] = { "RS256", CRYPTO_TYPE_RSA, CRYPTO_HASH_SHA256, RSA_PKCS1_PADDING, NULL,
						   NULL, 0 },
	[CRYPTO_ALG_RS384] = { "RS384", CRYPTO_TYPE_RSA, CRYPTO_HASH_SHA384, RSA_PKCS1_PADDING, NULL,
						   NULL, 0 },
	[CRYPTO_ALG_RS512] = { "RS512", CRYPTO_TYPE_RSA, CRYPTO_HASH_SHA512, RSA_PKCS1_PADDING, NULL,
						   NULL, 0 },
	[CRYPTO_ALG_PS256] = { "PS256", CRYPTO_TYPE_RSA, CRYPTO_HASH_SHA256, RSA_PKCS1_PSS_PADDING,
						   NULL, NULL, 0 },
	[CRYPTO_ALG_PS384] = { "PS384", CRYPTO_TYPE_RSA, CRYPTO_HASH_SHA384, RSA_PKCS1_PSS_PADDING,
						   NULL, NULL, 0 },
	[CRYPTO_ALG_PS512] = { "PS512", CRYPTO_TYPE_RSA, CRYPTO_HASH_SHA512, RSA_PKCS1_PSS_PADDING,
						   NULL, NULL, 0 },
	[CRYPTO_ALG_ES256] = { "ES256", CRYPTO_TYPE_EC, CRYPTO_HASH_SHA256, 0, "prime256v1", "P-256",
						   32 },
	[CRYPTO_ALG_ES384] = { "ES384", CRYPTO_TYPE_EC, CRYPTO_HASH_SHA384, 0, "secp384r1", "P-384",
						   48 },
	[CRYPTO_ALG_ES512] = { "ES512", CRYPTO_TYPE_EC, CRYPTO_HASH_SHA512, 0, "secp521r1", "P-521",
						   66 },
	[CRYPTO_ALG_EDDSA] = { "EdDSA", CRYPTO_TYPE_ED25519, CRYPTO_HASH_SHA512, 0, NULL, "Ed25519",
						   0 },
};

#define N_ALGS (sizeof(algs) / sizeof(algs[0]))

static ResultCode
bad_key(const char **why, const char *reason)
{
	ERR_clear_error();
	if (why != NULL)
		*why = reason;
	return RESULT_BAD_KEY;
}

/* ----------------------------------------------------------------- algorithms */

bool
crypto_alg_by_name(const char *name, size_t len, CryptoAlg *alg)
{
	size_t i;

	/* RFC 9864 names what RFC 8037 calls EdDSA by its curve */
	if (len == strlen("Ed25519") && memcmp(name, "Ed25519", len) == 0)
	{
		*alg = CRYPTO_ALG_EDDSA;
		return true;
	}
	for (i = 0; i < N_ALGS; i++)
		if (strlen(algs[i].name) == len && memcmp(algs[i].name, name, len) == 0)
		{
			*alg = (CryptoAlg) i;
			return true;
		}
	return false;
}

const char *
crypto_alg_name(CryptoAlg alg)
{
	return algs[alg].name;
}

CryptoKeyType
crypto_alg_type(CryptoAlg alg)
{
	return algs[alg].type;
}

const char *
crypto_alg_curve(CryptoAlg alg)
{
	return algs[alg].curve;
}

/* ---------------------------------------------------------------- making keys */

static CryptoKey *
new_key(CryptoAlg alg)
{
	CryptoKey *key = OPENSSL_zalloc(sizeof(CryptoKey));

	if (key == NULL)
		return NULL;
	key->alg = alg;
	key->info = &algs[alg];
	return key;
}

void
crypto_key_free(CryptoKey *key)
{
	if (key == NULL)
		return;
	OPENSSL_clear_free(key->secret, key->secret_len);
	EVP_MAC_CTX_free(key->mac);
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
	size_t i;

	for (i = 0; i + n <= len; i++)
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

/*
 * A context that holds the secret, or NULL where OpenSSL cannot use one again:
 * 3.0.2 and before forgot to start anew.
 */
static EVP_MAC_CTX *
keyed_context(CryptoHash hash, const void *secret, size_t len)
{
	const Slice sample = { "sample", 6 };
	unsigned char expected[CRYPTO_SHA512_LEN];
	unsigned char first[CRYPTO_SHA512_LEN];
	unsigned char second[CRYPTO_SHA512_LEN];
	EVP_MAC_CTX *ctx = crypto_hmac_parts(hash, secret, len, &sample, 1, expected)
						   ? EVP_MAC_CTX_dup(openssl_hmac_context(hash))
						   : NULL;

	if (ctx != NULL && EVP_MAC_init(ctx, secret, len, NULL) == 1 &&
		openssl_hmac_again(ctx, hash, sample, first) &&
		openssl_hmac_again(ctx, hash, sample, second) &&
		crypto_equal(first, expected, crypto_hash_len(hash)) &&
		crypto_equal(second, expected, crypto_hash_len(hash)))
		return ctx;
	EVP_MAC_CTX_free(ctx);
	ERR_clear_error();
	return NULL;
}

ResultCode
crypto_key_from_secret(CryptoAlg alg, const void *secret, size_t len, CryptoKey **key,
					   const char **why)
{
	CryptoKey *k;

	*key = NULL;
	if (algs[alg].type != CRYPTO_TYPE_SECRET)
		return bad_key(why, "The algorithm takes a PEM or a JWK, not a secret.");
	if (len < crypto_hash_len(algs[alg].hash))
		return bad_key(why, "The secret is shorter than the algorithm's hash.");
	if (len > SECRET_MAX)
		return bad_key(why, "The secret is longer than 4096 bytes.");
	if (looks_public(secret, len))
		return bad_key(why, "The secret is the text of a key or certificate, not a secret.");
	k = new_key(alg);
	if (k == NULL || (k->secret = OPENSSL_memdup(secret, len)) == NULL)
	{
		crypto_key_free(k);
		return RESULT_NO_MEMORY;
	}
	k->secret_len = len;
	k->mac = keyed_context(k->info->hash, secret, len);
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

/*
 * The mark of keys from Infineon's faulty generator (ROCA, CVE-2017-15361), whose
 * primes can be found: modulo every small prime the modulus is a power of 65537.
 */
static bool
is_roca(const BIGNUM *n)
{
	static const unsigned char primes[] = { 3,   5,   7,   11,  13,  17,  19,  23,  29,  31,
											37,  41,  43,  47,  53,  59,  61,  67,  71,  73,
											79,  83,  89,  97,  101, 103, 107, 109, 113, 127,
											131, 137, 139, 149, 151, 157, 163, 167 };
	size_t i;

	for (i = 0; i < sizeof(primes); i++)
	{
		BN_ULONG rest = BN_mod_word(n, primes[i]);
		BN_ULONG power = 1;

		while (power != rest)
		{
			power = power * 65537 % primes[i];
			if (power == 1) /* the whole subgroup was seen */
				return false;
		}
	}
	return true;
}

static const char *
rsa_fault(EVP_PKEY *pkey)
{
	BIGNUM *n = NULL;
	BIGNUM *e = NULL;
	const char *fault = NULL;

	if (!EVP_PKEY_is_a(pkey, "RSA"))
		return "The algorithm takes an RSA key.";
	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
		EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
		fault = "The RSA key is incomplete.";
	else if (BN_num_bits(n) < RSA_MIN_BITS)
		fault = "An RSA key needs at least 2048 bits.";
	else if (BN_num_bits(n) > RSA_MAX_BITS)
		fault = "An RSA key may have at most 16384 bits.";
	else if (!BN_is_odd(n) || !BN_is_odd(e) || BN_num_bits(e) > RSA_EXPONENT_MAXBITS ||
			 (BN_num_bits(e) <= 17 && BN_get_word(e) < RSA_EXPONENT_MIN))
		fault = "The RSA key's modulus or public exponent is unsafe.";
	else if (is_roca(n))
		fault = "The RSA key comes from a generator that is known to be broken (ROCA).";
	BN_free(n);
	BN_free(e);
	return fault;
}

static const char *
ec_fault(EVP_PKEY *pkey, const AlgInfo *info)
{
	EVP_PKEY_CTX *ctx;
	char group[32] = "";
	bool ok;

	if (!EVP_PKEY_is_a(pkey, "EC"))
		return "The algorithm takes an EC key.";
	if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group),
									   NULL) != 1 ||
		strcmp(group, info->group) != 0)
		return "The key's curve does not fit the algorithm.";
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	ok = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok ? NULL : "The EC key is no point on its curve.";
}

/*
 * Points of order 1, 2, 4 and 8: OpenSSL takes them as keys, and then some
 * signature fits every message.  Also numbers that are not below the field's
 * prime, which would be second texts for other keys.
 */
static bool
ed25519_is_unsafe(const unsigned char *x)
{
	static const unsigned char order8[2][ED25519_LEN] = {
		{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
		  0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
		  0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
		{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
		  0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
		  0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
	};
	unsigned char y[ED25519_LEN];
	bool all_ff = true;
	bool all_zero = true;
	int i;

	memcpy(y, x, ED25519_LEN);
	y[31] &= 0x7f; /* without the sign */
	for (i = 1; i < 31; i++)
	{
		all_ff = all_ff && y[i] == 0xff;
		all_zero = all_zero && y[i] == 0;
	}
	if (all_zero && y[31] == 0 && y[0] <= 1) /* order 4 and 1 */
		return true;
	if (all_ff && y[31] == 0x7f && y[0] >= 0xec) /* p - 1 (order 2), p and above */
		return true;
	return memcmp(y, order8[0], ED25519_LEN) == 0 || memcmp(y, order8[1], ED25519_LEN) == 0;
}

static const char *
ed25519_fault(EVP_PKEY *pkey)
{
	unsigned char x[ED25519_LEN];
	size_t len = sizeof(x);

	if (!EVP_PKEY_is_a(pkey, "ED25519"))
		return "The algorithm takes an Ed25519 key.";
	if (EVP_PKEY_get_raw_public_key(pkey, x, &len) != 1 || len != ED25519_LEN ||
		ed25519_is_unsafe(x))
		return "The Ed25519 key is a point of low order or not canonical.";
	return NULL;
}

static const char *
key_fault(EVP_PKEY *pkey, const AlgInfo *info)
{
	switch (info->type)
	{
		case CRYPTO_TYPE_RSA:
			return rsa_fault(pkey);
		case CRYPTO_TYPE_EC:
			return ec_fault(pkey, info);
		case CRYPTO_TYPE_ED25519:
			return ed25519_fault(pkey);
		default:
			return "The algorithm takes a secret, not a key.";
	}
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
	const char *fault = key_fault(pkey, &algs[alg]);
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
	size_t i;
	int n = 0;

	for (i = 0; i + sizeof(begin) - 1 <= len; i++)
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
	int i;

	*key = NULL;
	for (i = 0; ok && i < RSA_PARTS; i++)
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
	for (i = 0; i < RSA_PARTS; i++)
		BN_clear_free(numbers[i]);
	if (pkey == NULL)
		return bad_key(why, "The numbers make no RSA key.");
	return adopt(alg, pkey, parts->d.len > 0, key, why);
}

ResultCode
crypto_key_from_ec(CryptoAlg alg, Slice x, Slice y, Slice d, CryptoKey **key, const char **why)
{
	const AlgInfo *info = &algs[alg];
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

/* ------------------------------------------------------------- looking at keys */

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
crypto_key_public_pem(const CryptoKey *key, char *out, size_t cap, size_t *out_len)
{
	BIO *bio;
	char *data;
	long len;
	ResultCode result = RESULT_CRYPTO_FAILED;

	*out_len = 0;
	if (key->pkey == NULL)
		return RESULT_BAD_KEY;
	bio = BIO_new(BIO_s_mem());
	if (bio != NULL && PEM_write_bio_PUBKEY(bio, key->pkey) == 1 &&
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
