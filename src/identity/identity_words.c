/*
 * identity_words.c
 *		An identity in words, for lines of the server's log.
 *
 * Invariant: what is anybody's text, such as a name or a reason, makes no line of its own
 * and no long one.  A token is in none of it.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "base/uuid.h"
#include "identity/identity_words.h"
#include "pure/name_rules.h"

#define LOGGED_MAX 1024

/* How many bytes of UTF-8 begin here that break or steer a line; 0 for none. */
static int
control_len(const unsigned char *at)
{
	if (is_control_character((char) *at))
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
char *
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

char *
identity_roles_in_words(const Identity *identity)
{
	StringInfoData roles;

	initStringInfo(&roles);
	for (int i = 0; i < identity->nroles && roles.len < LOGGED_MAX; i++)
		appendStringInfo(&roles, "%s%s", i > 0 ? ", " : "", identity->roles[i]);
	return in_one_line(roles.data);
}

static void
append_name(StringInfo words, const char *what, const char *name)
{
	if (name)
		appendStringInfo(words, ", %s \"%s\"", what, in_one_line(name));
}

/* A sentence that says who it is; of nobody too. */
const char *
identity_in_words(const Identity *identity)
{
	StringInfoData words;

	if (identity == NULL)
		return "Nobody is authenticated.";
	initStringInfo(&words);
	appendStringInfo(&words, "User \"%s\", roles {%s}", in_one_line(identity->user_id),
					 identity_roles_in_words(identity));
	append_name(&words, "tenant", identity->tenant);
	append_name(&words, "impersonated by", identity->actor);
	if (identity->has_session)
		appendStringInfo(&words, ", session %s", uuid_text(&identity->session_id));
	appendStringInfoChar(&words, '.');
	return words.data;
}
