/*
 * sql_identity.h
 *		What every SQL function that authenticates does in the end.
 */
#ifndef SESSION_AUTH_SQL_IDENTITY_H
#define SESSION_AUTH_SQL_IDENTITY_H

#include "identity/identity.h"
#include "sql/arguments.h"
#include "verify/verify.h"

/* What becomes of a call whose token is refused, or that has none. */
typedef enum OnRefused
{
	REFUSED_IS_ERROR,
	REFUSED_IS_NOBODY /* one row of NULLs, and no identity: pages that need no login */
} OnRefused;

/* How somebody wants to be authenticated. */
typedef struct Entry
{
	IdentityScope scope;
	const char *tenant;
	OnRefused on_refused;
} Entry;

extern IdentityScope argument_scope(FunctionCallInfo fcinfo, int n);
extern OnRefused argument_on_refused(FunctionCallInfo fcinfo, int n);
extern Datum enter(ResultCode result, Verification *verification, const Entry *entry);

#endif /* SESSION_AUTH_SQL_IDENTITY_H */
