/*
 * arguments.c
 *		What SQL functions may be given, and what they say when it is not that.
 *
 * A wrong argument is ERRCODE_INVALID_PARAMETER_VALUE (22023); the message says
 * which argument, the detail what is allowed.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/json_build.h"
#include "base/settings.h"
#include "base/text_array.h"
#include "pure/limits.h"
#include "pure/name_rules.h"
#include "sql/arguments.h"
#include "sql/hidden_secret.h"

/* Bytes.  With all parts at their limit, an index row still fits into its page. */
#define MAX_ROLE           255
#define MAX_ACTION         255
#define MAX_RESOURCE       1024
#define MAX_OBJECT         (8 * 1024)
#define MAX_PERMISSIONS    (16 * 1024)

#define MAX_LIFETIME_YEARS 100

/* Whether what one frame adds to an error's CONTEXT tells of a function of ours. */
static bool
is_own_frame(const ErrorContextCallback *frame)
{
	ErrorContextCallback alone = { NULL, frame->callback, frame->arg };
	ErrorContextCallback *all = error_context_stack;
	char *text;

	error_context_stack = &alone;
	text = GetErrorContextStack();
	error_context_stack = all;
	return text && strstr(text, "session_auth.") != NULL;
}

/*
 * To be called right before an error is raised: which lines of our own functions led
 * here is no concern of whoever called the first of them, so these frames are taken
 * off.  Those of the caller stay.  Whatever catches the error puts back the frames
 * that were in force where it stands.
 */
void
hide_own_frames(void)
{
	ErrorContextCallback *frame = error_context_stack;

	while (frame && is_own_frame(frame))
		frame = frame->previous;
	error_context_stack = frame;
}

pg_noreturn static void
raise_invalid(const char *what, const char *detail, bool hides_statement, bool hides_context)
{
	hide_own_frames();
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid %s", what),
			 errdetail("%s", detail), errhidestmt(hides_statement), errhidecontext(hides_context)));
}

void
argument_refuse(const char *what, const char *detail)
{
	raise_invalid(what, detail, false, false);
}

/* Where the statement may hold a secret: the log shows no statement then. */
void
argument_refuse_secret(const char *what, const char *detail)
{
	raise_invalid(what, detail, true, false);
}

/* The rules that every name shares; the server knows its encoding, too. */
static void
check_name(const char *what, const char *value, size_t max)
{
	size_t len = strlen(value);

	switch (name_fault(slice_make(value, len), max))
	{
		case NAME_FITS:
			break;
		case NAME_EMPTY:
			argument_refuse(what, "It must not be empty.");
		case NAME_TOO_LONG:
			argument_refuse(what, psprintf("It must not be longer than %zu bytes.", max));
		case NAME_HAS_CONTROL:
			argument_refuse(what, "It must not contain control characters.");
	}
	if (!pg_verifymbstr(value, len, true))
		argument_refuse(what, "It is not valid in the database's encoding.");
}

static void
check_role(const char *value)
{
	check_name("role", value, MAX_ROLE);
}

/* A star is a wildcard, and nothing may look like one that is none. */
static void
check_action(const char *value)
{
	size_t len = strlen(value);

	check_name("action", value, MAX_ACTION);
	if (strchr(value, ':'))
		argument_refuse("action", "It must not contain a colon.");
	if (value[0] == '!')
		argument_refuse("action",
						"It must not begin with an exclamation mark, which marks a denial.");
	if (len > 1 && value[len - 1] == '*')
		argument_refuse("action", "A wildcard stands alone: \"*\".");
}

static void
check_resource(const char *value)
{
	size_t len = strlen(value);

	check_name("resource", value, MAX_RESOURCE);
	if (len > 1 && value[len - 1] == '*' && value[len - 2] != ':' && value[len - 2] != '/')
		argument_refuse("resource", "A wildcard stands alone or after a colon or a slash: \"*\", "
									"\"project:*\", \"files/*\".");
}

static void
check_user_id(const char *value)
{
	check_name("user_id", value, USER_ID_MAX);
}

static void
check_tenant(const char *value)
{
	check_name("tenant", value, TENANT_MAX);
}

static void
check_audience(const char *value)
{
	check_name("audience", value, TENANT_MAX);
}

/* ---------------------------------------------------------- arguments of C functions */

char *
argument_text_or_null(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* A word as it stands in the argument; nothing for NULL. */
Slice
argument_word(FunctionCallInfo fcinfo, int n)
{
	text *value;

	if (PG_ARGISNULL(n))
		return slice_make(NULL, 0);
	value = PG_GETARG_TEXT_PP(n);
	return slice_make(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

static char *
argument_required(FunctionCallInfo fcinfo, int n, const char *what)
{
	if (PG_ARGISNULL(n))
		argument_refuse(what, "It must not be null.");
	return text_to_cstring(PG_GETARG_TEXT_PP(n));
}

char *
argument_user_id(FunctionCallInfo fcinfo, int n)
{
	char *value = argument_required(fcinfo, n, "user_id");

	check_user_id(value);
	return value;
}

char *
argument_audience(FunctionCallInfo fcinfo, int n)
{
	char *value = argument_required(fcinfo, n, "audience");

	check_audience(value);
	return value;
}

char *
argument_tenant(FunctionCallInfo fcinfo, int n)
{
	char *value = argument_text_or_null(fcinfo, n);

	if (value)
		check_tenant(value);
	return value;
}

/* A token of any size: one that is too long is measured, not fetched. */
TokenArgument
argument_token(FunctionCallInfo fcinfo, int n)
{
	TokenArgument token = { NULL, 0 };
	text *value;

	if (PG_ARGISNULL(n))
		return token;
	token.len = toast_raw_datum_size(PG_GETARG_DATUM(n)) - VARHDRSZ;
	if (token.len > (size_t) setting_max_token_length)
		return token;
	value = PG_GETARG_TEXT_PP(n);
	token.bytes = VARDATA_ANY(value);
	hide_secret(slice_make(token.bytes, token.len));
	return token;
}

/* A JSON object of moderate size; an empty one when it is NULL. */
Jsonb *
argument_object(FunctionCallInfo fcinfo, int n, const char *what)
{
	Jsonb *object;

	if (PG_ARGISNULL(n))
		return json_object_empty();
	if (toast_raw_datum_size(PG_GETARG_DATUM(n)) > MAX_OBJECT)
		argument_refuse(what, "It must not be larger than 8 kB.");
	object = PG_GETARG_JSONB_P(n);
	if (!JB_ROOT_IS_OBJECT(object))
		argument_refuse(what, "It must be a JSON object.");
	return object;
}

static void
check_permission(char *permission)
{
	char *colon = permission ? strchr(permission, ':') : NULL;

	if (colon)
	{
		*colon = '\0';
		check_action(permission);
		check_resource(colon + 1);
	}
	else
		argument_refuse("permissions", "Each must be action:resource.");
}

/* What an identity may be narrowed to, or NULL. */
ArrayType *
argument_permissions(FunctionCallInfo fcinfo, int n)
{
	ArrayType *permissions;
	char **each;
	int count;

	if (PG_ARGISNULL(n))
		return NULL;
	if (toast_raw_datum_size(PG_GETARG_DATUM(n)) > MAX_PERMISSIONS)
		argument_refuse("permissions", "They must not be larger than 16 kB.");
	permissions = PG_GETARG_ARRAYTYPE_P(n);
	each = text_array_read(permissions, &count);
	for (int i = 0; i < count; i++)
		check_permission(each[i]);
	return permissions;
}

ArrayType *
argument_permissions_required(FunctionCallInfo fcinfo, int n)
{
	if (PG_ARGISNULL(n))
		argument_refuse("permissions", "They must not be null.");
	return argument_permissions(fcinfo, n);
}

/* A time to live: positive and of a length that a timestamp can be moved by. */
void
argument_lifetime(FunctionCallInfo fcinfo, int n, int fallback_seconds, Interval *lifetime)
{
	double microseconds;

	if (PG_ARGISNULL(n))
	{
		memset(lifetime, 0, sizeof(*lifetime));
		lifetime->time = (TimeOffset) fallback_seconds * USECS_PER_SEC;
		return;
	}
	*lifetime = *PG_GETARG_INTERVAL_P(n);
	microseconds = (double) lifetime->time + (double) lifetime->day * USECS_PER_DAY +
				   (double) lifetime->month * DAYS_PER_YEAR / MONTHS_PER_YEAR * USECS_PER_DAY;
	if (microseconds <= 0)
		argument_refuse("expires_in", "It must be positive.");
	if (microseconds > (double) MAX_LIFETIME_YEARS * DAYS_PER_YEAR * USECS_PER_DAY)
		argument_refuse("expires_in", "It must not be longer than 100 years.");
}

/* ------------------------------------------- the same rules for functions in SQL */

SQL_FUNCTION(session_auth_check_argument);

/*
 * check_argument(what text, value text): returns the value, or raises 22023.
 */
Datum
session_auth_check_argument(PG_FUNCTION_ARGS)
{
	static const struct
	{
		const char *what;
		void (*check)(const char *value);
	} checks[] = {
		{ "role", check_role },       { "action", check_action }, { "resource", check_resource },
		{ "user_id", check_user_id }, { "tenant", check_tenant }, { "audience", check_audience },
	};
	char *what = argument_required(fcinfo, 0, "what");
	char *value = argument_required(fcinfo, 1, what);

	for (size_t i = 0; i < lengthof(checks); i++)
		if (strcmp(checks[i].what, what) == 0)
		{
			checks[i].check(value);
			PG_RETURN_TEXT_P(cstring_to_text(value));
		}
	argument_refuse("what", "It must be role, action, resource, user_id, tenant or audience.");
}

SQL_FUNCTION(session_auth_refuse);

/* refuse_argument(what text, detail text) */
Datum
session_auth_refuse(PG_FUNCTION_ARGS)
{
	char *what = argument_required(fcinfo, 0, "what");
	char *detail = argument_required(fcinfo, 1, "detail");

	raise_invalid(what, detail, true, true);
}

SQL_FUNCTION(session_auth_forbid);

/* forbid(message text, detail text, hint text) */
Datum
session_auth_forbid(PG_FUNCTION_ARGS)
{
	char *message = argument_required(fcinfo, 0, "message");
	char *detail = argument_required(fcinfo, 1, "detail");
	char *hint = argument_required(fcinfo, 2, "hint");

	hide_own_frames();
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("%s", message),
					errdetail("%s", detail), errhint("%s", hint)));
}
