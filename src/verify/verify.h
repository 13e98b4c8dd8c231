/*
 * verify.h
 *		From a token's bytes to an identity, whatever kind of token it is.
 */
#ifndef SESSION_AUTH_VERIFY_H
#define SESSION_AUTH_VERIFY_H

#include "base/compat.h"
#include "identity/identity.h"
#include "pure/result.h"
#include "verify/session.h"

/* What a token turned out to be. */
typedef struct Verification
{
	Identity identity;
	FoundSession session; /* when identity.has_session, or when it was stolen */
	bool proved;          /* by the signature of a cookie, which the token came in */
	const char *claims;   /* all of them, where the identity holds fewer; or NULL */
} Verification;

extern void verify_init(void);
extern ResultCode verify_token(const char *token, size_t len, const char *tenant,
							   Verification *verification);
extern void verify_load_roles(Identity *identity);
extern ResultCode verify_use_session(ResultCode found, const char *kind,
									 Verification *verification);
pg_noreturn extern void verify_raise(ResultCode result, const Verification *verification);
extern void verify_note(ResultCode result, const Verification *verification, bool about_to_raise);

#endif /* SESSION_AUTH_VERIFY_H */
