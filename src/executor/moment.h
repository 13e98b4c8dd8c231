/*
 * moment.h
 *		How long an answer about the caller and what he may is good.
 *
 * What one of this extension's stable functions answered stays right as long as
 * the statement is the same (a token may expire between two, and changes of others
 * are heard of at the next), the identity is, and nothing that is known of
 * permissions has changed.
 */
#ifndef SESSION_AUTH_MOMENT_H
#define SESSION_AUTH_MOMENT_H

#include "access/xact.h"

#include "identity/identity.h"
#include "permission/permission.h"

typedef struct Moment
{
	TimestampTz statement;
	uint64 identity;
	uint64 permissions;
} Moment;

static inline Moment
moment_now(void)
{
	return (Moment){ GetCurrentStatementStartTimestamp(), identity_generation,
					 changes_of[CHANGED_PERMISSIONS] };
}

static inline bool
moment_lasts(const Moment *moment)
{
	return moment->identity == identity_generation &&
		   moment->permissions == changes_of[CHANGED_PERMISSIONS] &&
		   moment->statement == GetCurrentStatementStartTimestamp();
}

#endif /* SESSION_AUTH_MOMENT_H */
