/*
 * identity_row.h
 *		An identity as SQL sees it: the columns of authenticate, and its claims.
 */
#ifndef SESSION_AUTH_IDENTITY_ROW_H
#define SESSION_AUTH_IDENTITY_ROW_H

#include "utils/jsonb.h"

#include "base/compat.h"
#include "identity/identity.h"

/* user_id, role, roles, tenant, session_id, expires_at */
#define IDENTITY_COLUMNS 6

extern void identity_columns(const Identity *identity, Datum *values, bool *nulls);
extern Datum identity_roles(const Identity *identity);
extern Jsonb *identity_claims(const Identity *identity);
pg_noreturn extern void raise_not_authenticated(void);

#endif /* SESSION_AUTH_IDENTITY_ROW_H */
