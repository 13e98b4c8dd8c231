/*
 * verify_cookie.h
 *		Verifiers of opaque tokens that carry their proof.
 */
#ifndef SESSION_AUTH_VERIFY_COOKIE_H
#define SESSION_AUTH_VERIFY_COOKIE_H

#include "verify/verify.h"

extern ResultCode verify_signed(const char *token, size_t len, Verification *verification);
extern ResultCode verify_express(const char *token, size_t len, Verification *verification);
extern ResultCode lucia_hash(const char *token, size_t len, unsigned char *hash);

#endif /* SESSION_AUTH_VERIFY_COOKIE_H */
