/*
 * crypto_alg.c
 *		The algorithms of signatures, one row each; see crypto.h.
 */
#include "pure/crypto_internal.h"

#include <string.h>

#include <openssl/rsa.h>

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

const AlgInfo *
crypto_alg_info(CryptoAlg alg)
{
	return &algs[alg];
}

bool
crypto_alg_by_name(const char *name, size_t len, CryptoAlg *alg)
{
	/* RFC 9864 names what RFC 8037 calls EdDSA by its curve */
	if (len == strlen("Ed25519") && memcmp(name, "Ed25519", len) == 0)
	{
		*alg = CRYPTO_ALG_EDDSA;
		return true;
	}
	for (size_t i = 0; i < N_ALGS; i++)
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
