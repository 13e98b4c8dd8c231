/*
 * impersonation_log.c
 *		The line of the server's log that an impersonation leaves.
 *
 * Invariant: whoever impersonates is in the log, as an event goes with a
 * transaction that is rolled back.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "identity/identity_words.h"
#include "sql/impersonation_log.h"

static char *
database_role(Oid role)
{
	char *name = GetUserNameFromId(role, true);

	return name ? in_one_line(name) : "?";
}

void
impersonation_log(const Identity *identity, const char *reason)
{
	ereport(LOG_SERVER_ONLY,
			(errmsg("\"%s\" impersonates user \"%s\"",
					identity->actor ? in_one_line(identity->actor) : "?",
					in_one_line(identity->user_id)),
			 errdetail_log("Database role \"%s\", session user \"%s\", roles {%s}, reason: %s",
						   database_role(GetUserId()), database_role(GetSessionUserId()),
						   identity_roles_in_words(identity),
						   reason ? in_one_line(reason) : "none given"),
			 errhidestmt(true), errhidecontext(true)));
}
