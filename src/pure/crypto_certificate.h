/*
 * crypto_certificate.h
 *		The public key that an X.509 certificate holds (RFC 5280).
 *
 * A certificate stands for its key alone: who signed it, for whom and until when is
 * not looked at, as the one who adds it has decided to trust it.
 *
 * Pure: no PostgreSQL; OpenSSL's types do not show.
 */
#ifndef SESSION_AUTH_CRYPTO_CERTIFICATE_H
#define SESSION_AUTH_CRYPTO_CERTIFICATE_H

#include "pure/result.h"
#include "pure/slice.h"

/*
 * The key of a certificate in DER as a PEM (SubjectPublicKeyInfo, without NUL).
 * RESULT_BAD_KEY when it cannot be read, RESULT_TOO_LONG when out is too small.
 */
extern ResultCode crypto_certificate_key(Slice der, char *out, size_t cap, size_t *out_len);

/* The same of a certificate in PEM. */
extern ResultCode crypto_certificate_pem_key(Slice pem, char *out, size_t cap, size_t *out_len);

#endif /* SESSION_AUTH_CRYPTO_CERTIFICATE_H */
