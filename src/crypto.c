/*
 * crypto.c
 *		The only door to OpenSSL; see crypto.h.
 */
#include "crypto.h"

#include <limits.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

/* Ends a call that failed: whatever OpenSSL noted is of no use to anybody. */
static bool
failed(void)
{
	ERR_clear_error();
	return false;
}

bool
crypto_sha256(const void *data, size_t len, unsigned char out[CRYPTO_SHA256_LEN])
{
	static EVP_MD *md = NULL;
	static EVP_MD_CTX *ctx = NULL;

	if (md == NULL && (md = EVP_MD_fetch(NULL, "SHA256", NULL)) == NULL)
		return failed();
	if (ctx == NULL && (ctx = EVP_MD_CTX_new()) == NULL)
		return failed();
	if (EVP_DigestInit_ex2(ctx, md, NULL) != 1 || EVP_DigestUpdate(ctx, data, len) != 1 ||
		EVP_DigestFinal_ex(ctx, out, NULL) != 1)
		return failed();
	return true;
}

bool
crypto_random(void *out, size_t len)
{
	if (len > INT_MAX || RAND_priv_bytes(out, (int) len) != 1)
		return failed();
	return true;
}

bool
crypto_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

void
crypto_cleanse(void *p, size_t len)
{
	OPENSSL_cleanse(p, len);
}
