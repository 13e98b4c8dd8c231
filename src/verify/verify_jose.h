/*
 * verify_jose.h
 *		Verifiers of signed (JWS) and encrypted (JWE) tokens.
 */
#ifndef SESSION_AUTH_VERIFY_JOSE_H
#define SESSION_AUTH_VERIFY_JOSE_H

#include "verify/verify.h"

extern ResultCode verify_jws(const char *token, size_t len, Verification *verification);
extern ResultCode verify_jwe(const char *token, size_t len, Verification *verification);
extern bool verify_jose_again(const Identity *identity, Identity *fresh);

#endif /* SESSION_AUTH_VERIFY_JOSE_H */
