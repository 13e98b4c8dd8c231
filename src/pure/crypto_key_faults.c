/*
 * crypto_key_faults.c
 *		What makes a key unfit for its algorithm, or unsafe; see crypto.h.
 *
 * OpenSSL takes all of these as keys.
 */
#include "pure/crypto_internal.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#define RSA_MIN_BITS         2048
#define RSA_EXPONENT_MIN     65537
#define RSA_EXPONENT_MAXBITS 64

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

	for (size_t i = 0; i < sizeof(primes); i++)
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

	memcpy(y, x, ED25519_LEN);
	y[31] &= 0x7f; /* without the sign */
	for (int i = 1; i < 31; i++)
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

const char *
openssl_key_fault(EVP_PKEY *pkey, const AlgInfo *info)
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
