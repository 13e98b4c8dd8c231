/*
 * sql_issue.c
 *		Signed tokens for services behind the application.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/timestamp.h"

#include "base/clock.h"
#include "base/compat.h"
#include "base/json_build.h"
#include "sql/arguments.h"
#include "verify/issuing.h"

#define MAX_SECONDS     SECS_PER_DAY
#define DEFAULT_SECONDS 300

/* The claims that are ours to say. */
static const char *const reserved[] = { "iss", "sub", "aud", "exp", "iat", "jti" };

static int64
argument_seconds(FunctionCallInfo fcinfo, int n)
{
	Interval interval;
	int64 seconds;

	argument_lifetime(fcinfo, n, DEFAULT_SECONDS, &interval);
	seconds = ((int64) interval.month * DAYS_PER_MONTH + interval.day) * SECS_PER_DAY +
			  interval.time / USECS_PER_SEC;
	if (seconds < 1 || seconds > MAX_SECONDS)
		argument_refuse("expires_in", "It must be from one second to one day.");
	return seconds;
}

static Jsonb *
argument_claims(FunctionCallInfo fcinfo, int n)
{
	Jsonb *claims = argument_object(fcinfo, n, "claims");

	for (size_t i = 0; i < lengthof(reserved); i++)
		if (json_object_has(claims, reserved[i]))
			argument_refuse(
				"claims",
				psprintf("\"%s\" is added by the function and must not be in it.", reserved[i]));
	return claims;
}

static void
append_claim(StringInfo out, const char *name, const char *value)
{
	appendStringInfo(out, ",\"%s\":", name);
	escape_json(out, value);
}

static void
append_audiences(StringInfo out, const TokenBinding *binding)
{
	if (binding->n_audiences == 0)
		return;
	appendStringInfoString(out, ",\"aud\":[");
	for (size_t i = 0; i < binding->n_audiences; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		escape_json(out, pnstrdup(binding->audiences[i].data, binding->audiences[i].len));
	}
	appendStringInfoChar(out, ']');
}

/* The caller's claims with ours behind them, in UTF-8 as JSON has to be. */
static char *
make_payload(const TokenBinding *binding, const char *user_id, int64 seconds, Jsonb *claims)
{
	StringInfoData out;
	int64 now = clock_to_unix(issuing_second(user_id)) / USECS_PER_SEC;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"iat\":" INT64_FORMAT ",\"exp\":" INT64_FORMAT, now, now + seconds);
	append_claim(&out, "sub", user_id);
	append_claim(&out, "jti", issuing_jti());
	if (binding->issuer.data)
		append_claim(&out, "iss", binding->issuer.data);
	append_audiences(&out, binding);
	if (JB_ROOT_COUNT(claims) > 0)
	{
		char *text = JsonbToCString(NULL, &claims->root, VARSIZE(claims));

		appendStringInfoChar(&out, ',');
		appendStringInfoString(&out, text + 1); /* without its brace */
	}
	else
		appendStringInfoChar(&out, '}');
	return pg_server_to_any(out.data, out.len, PG_UTF8);
}

SQL_FUNCTION(session_auth_issue_token);

/* issue_token(user_id, expires_in, claims, kid) */
Datum
session_auth_issue_token(PG_FUNCTION_ARGS)
{
	char *user_id = argument_user_id(fcinfo, 0);
	int64 seconds = argument_seconds(fcinfo, 1);
	Jsonb *claims = argument_claims(fcinfo, 2);
	char *kid = argument_text_or_null(fcinfo, 3);
	TrustedKey *key;
	char *payload;

	keys_accept_changes();
	key = issuing_key(kid);
	payload = make_payload(&key->binding, user_id, seconds, claims);
	PG_RETURN_TEXT_P(cstring_to_text(issuing_sign(keys_parsed(key), key->kid, payload, false)));
}
