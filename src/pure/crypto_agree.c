/*
 * crypto_agree.c
 *		A key that two ends agree on while others listen (X25519, RFC 7748); see crypto.h.
 */
#include "pure/crypto_internal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

struct CryptoAgreement
{
	EVP_PKEY *ours;
};

void
crypto_agreement_free(CryptoAgreement *agreement)
{
	if (agreement == NULL)
		return;
	EVP_PKEY_free(agreement->ours);
	OPENSSL_free(agreement);
}

CryptoAgreement *
crypto_agreement_begin(unsigned char ours[CRYPTO_AGREEMENT_LEN])
{
	CryptoAgreement *agreement = OPENSSL_zalloc(sizeof(CryptoAgreement));
	size_t len = CRYPTO_AGREEMENT_LEN;

	if (agreement != NULL && (agreement->ours = EVP_PKEY_Q_keygen(NULL, NULL, "X25519")) != NULL &&
		EVP_PKEY_get_raw_public_key(agreement->ours, ours, &len) == 1 &&
		len == CRYPTO_AGREEMENT_LEN)
		return agreement;
	crypto_agreement_free(agreement);
	(void) openssl_failed();
	return NULL;
}

/* OpenSSL refuses a point of small order, whose secret everybody would know. */
static bool
derive(EVP_PKEY *ours, const unsigned char *theirs, unsigned char *secret)
{
	EVP_PKEY *peer =
		EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, theirs, CRYPTO_AGREEMENT_LEN);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, ours, NULL);
	size_t len = CRYPTO_AGREEMENT_LEN;
	bool ok = peer != NULL && ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
			  EVP_PKEY_derive_set_peer(ctx, peer) == 1 && EVP_PKEY_derive(ctx, secret, &len) == 1 &&
			  len == CRYPTO_AGREEMENT_LEN;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	return ok ? true : openssl_failed();
}

ResultCode
crypto_agreement_end(CryptoAgreement *agreement, const unsigned char theirs[CRYPTO_AGREEMENT_LEN],
					 Slice context, CryptoKey **key)
{
	unsigned char bytes[CRYPTO_AGREEMENT_LEN];
	unsigned char made[CRYPTO_SHA256_LEN];
	Slice secret = { (const char *) bytes, sizeof(bytes) };
	Slice no_salt = { "", 0 };
	ResultCode result = RESULT_BAD_KEY;

	*key = NULL;
	if (derive(agreement->ours, theirs, bytes))
		result = crypto_hkdf_sha256(secret, no_salt, context, made, sizeof(made))
					 ? crypto_key_from_secret(CRYPTO_ALG_HS256, made, sizeof(made), key, NULL)
					 : RESULT_CRYPTO_FAILED;
	crypto_cleanse(bytes, sizeof(bytes));
	crypto_cleanse(made, sizeof(made));
	return result;
}
