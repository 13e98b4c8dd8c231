/*
 * crypto_certificate.c
 *		The public key that a certificate holds; see crypto_certificate.h.
 */
#include "pure/crypto_certificate.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "pure/crypto_internal.h"

/* Takes the certificate over. */
static ResultCode
write_key(X509 *certificate, char *out, size_t cap, size_t *out_len)
{
	EVP_PKEY *key = certificate ? X509_get0_pubkey(certificate) : NULL;
	ResultCode result = key ? openssl_public_pem(key, out, cap, out_len) : RESULT_BAD_KEY;

	X509_free(certificate);
	ERR_clear_error();
	return result;
}

ResultCode
crypto_certificate_key(Slice der, char *out, size_t cap, size_t *out_len)
{
	const unsigned char *at = (const unsigned char *) der.data;
	X509 *certificate = der.len <= LONG_MAX ? d2i_X509(NULL, &at, (long) der.len) : NULL;

	*out_len = 0;
	if (certificate && at != (const unsigned char *) der.data + der.len)
	{
		X509_free(certificate);
		certificate = NULL;
	}
	return write_key(certificate, out, cap, out_len);
}

ResultCode
crypto_certificate_pem_key(Slice pem, char *out, size_t cap, size_t *out_len)
{
	BIO *bio = pem.len <= INT_MAX ? BIO_new_mem_buf(pem.data, (int) pem.len) : NULL;
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, openssl_no_passphrase, NULL) : NULL;

	*out_len = 0;
	BIO_free(bio);
	return write_key(certificate, out, cap, out_len);
}
