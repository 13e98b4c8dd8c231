/*
 * impersonation_log.c
 *		The line of the server's log that an impersonation leaves.
 *
 * Invariant: whoever impersonates is in the log, as an event goes with a
 * transaction that is rolled back.  The reason is anybody's text: it can make
 * neither a line of its own nor the log long.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "sql/impersonation_log.h"

#define LOGGED_MAX 1024

/* How many bytes of UTF-8 begin here that break or steer a line; 0 for none. */
static int
control_len(const unsigned char *at)
{
	if (*at < 0x20 || *at == 0x7f)
		return 1;
	if (GetDatabaseEncoding() != PG_UTF8)
		return 0;
	if (at[0] == 0xc2 && at[1] < 0xa0) /* C1, the next line among them */
		return 2;
	if (at[0] == 0xe2 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9)) /* separators */
		return 3;
	return 0;
}

/* The beginning of a text, with question marks for what is no part of a line. */
static char *
in_one_line(const char *text)
{
	char *line = pnstrdup(text, pg_mbcliplen(text, (int) strlen(text), LOGGED_MAX));

	for (char *at = line; *at; at++)
	{
		int len = control_len((unsigned char *) at);

		if (len > 0)
		{
			memset(at, '?', len);
			at += len - 1;
		}
	}
	return line;
}

static char *
database_role(Oid role)
{
	char *name = GetUserNameFromId(role, true);

	return name ? in_one_line(name) : "?";
}

static char *
roles_of(const Identity *identity)
{
	StringInfoData roles;

	initStringInfo(&roles);
	for (int i = 0; i < identity->nroles && roles.len < LOGGED_MAX; i++)
		appendStringInfo(&roles, "%s%s", i > 0 ? ", " : "", identity->roles[i]);
	return in_one_line(roles.data);
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
						   roles_of(identity), reason ? in_one_line(reason) : "none given"),
			 errhidestmt(true), errhidecontext(true)));
}
