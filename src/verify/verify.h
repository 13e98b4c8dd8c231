/*
 * verify.h
 *		From a token's bytes to an identity, whatever kind of token it is.
 */
#ifndef SESSION_AUTH_VERIFY_H
#define SESSION_AUTH_VERIFY_H

#include "base/compat.h"
#include "pure/result.h"
#include "verify/request.h"
#include "verify/verification.h"

extern void verify_init(void);
extern ResultCode verify_token(const char *token, size_t len, const char *tenant,
							   Verification *verification);
extern ResultCode verify_cookie(const RequestCookie *cookie, const char *tenant,
								Verification *verification);
extern ResultCode verify_carried(Slice seal, const char *challenge, Verification *verification);
extern void verify_load_roles(Identity *identity);
pg_noreturn extern void verify_raise(ResultCode result, const Verification *verification);
extern void verify_note(ResultCode result, const Verification *verification, bool about_to_raise);

#endif /* SESSION_AUTH_VERIFY_H */
