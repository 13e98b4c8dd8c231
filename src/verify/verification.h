/*
 * verification.h
 *		A token as it was presented, and what it turned out to be.
 */
#ifndef SESSION_AUTH_VERIFICATION_H
#define SESSION_AUTH_VERIFICATION_H

#include "identity/identity.h"
#include "pure/frameworks.h"
#include "pure/slice.h"
#include "pure/token.h"
#include "verify/session.h"

typedef struct Presented
{
	Slice text;
	Slice cookie;         /* the name of the cookie that it came in; data NULL: not known */
	const Framework *row; /* as which that cookie was read; NULL: not known */
	TokenForm form;       /* of the text */
} Presented;

typedef struct Verification
{
	Identity identity;
	FoundSession session;  /* when identity.has_session, or when it was stolen */
	const char *challenge; /* of this connection, where another server carries an identity over */
	const char *epk;       /* with which that one agrees on a key for the next ones, or NULL */
	bool is_seal;          /* it was another server's identity */
	bool proved;           /* by a cookie's proof, which the token came in */
	const char *claims;    /* all of them, where the identity holds fewer; or NULL */
} Verification;

#endif /* SESSION_AUTH_VERIFICATION_H */
