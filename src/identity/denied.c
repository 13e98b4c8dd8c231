/*
 * denied.c
 *		Notes who was denied what, for the trail.
 *
 * Invariant: what is noted is an identity, never its token nor the statement.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "base/settings.h"
#include "identity/denied.h"
#include "monitor/denials.h"

/* As much as fits, in whole characters; what is behind it are zeros already. */
static void
put_text(char *to, const char *text, int size)
{
	memcpy(to, text, pg_mbcliplen(text, (int) strlen(text), size - 1));
}

static bool
put_optional(char *to, const char *text)
{
	if (text)
		put_text(to, text, DENIAL_NAME_MAX);
	return text != NULL;
}

static void
denied(const Identity *identity, const char *action, const char *object, bool of_table)
{
	DeniedRequest request;

	if (setting_record_denials == 0)
		return;
	memset(&request, 0, sizeof(request));
	put_text(request.user_id, identity->user_id, DENIAL_NAME_MAX);
	request.has_tenant = put_optional(request.tenant, identity->tenant);
	request.has_actor = put_optional(request.actor, identity->actor);
	request.has_session = identity->has_session;
	if (identity->has_session)
		request.session_id = identity->session_id;
	put_text(request.action, action, DENIAL_ACTION_MAX);
	put_text(request.object, object, DENIAL_NAME_MAX);
	request.of_table = of_table;
	denials_note(&request);
}

void
denied_resource(const Identity *identity, const char *action, const char *resource)
{
	denied(identity, action, resource, false);
}

void
denied_table(const Identity *identity, const char *action, const char *table)
{
	denied(identity, action, table, true);
}
