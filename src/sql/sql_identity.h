/*
 * sql_identity.h
 *		What every SQL function that authenticates does in the end.
 */
#ifndef SESSION_AUTH_SQL_IDENTITY_H
#define SESSION_AUTH_SQL_IDENTITY_H

#include "identity/identity.h"
#include "sql/arguments.h"

extern IdentityScope argument_scope(FunctionCallInfo fcinfo, int n);
extern Datum authenticate_token(TokenArgument token, IdentityScope scope, const char *tenant);

#endif /* SESSION_AUTH_SQL_IDENTITY_H */
