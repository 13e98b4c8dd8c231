/*
 * sql_request.c
 *		Tokens as requests carry them: in a Cookie or an Authorization header,
 *		or in the settings that PostgREST makes of these.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"

#include "compat.h"
#include "cookie.h"
#include "errors.h"
#include "keys.h"
#include "settings.h"
#include "sql_identity.h"
#include "verify.h"

/* Cookies of other names than Auth.js's; __Secure- first, as nobody can plant it. */
static const struct
{
	const char *name;
	CookieChunks chunks;
} well_known[] = {
	{ "__Secure-authjs.session-token", COOKIE_AUTHJS },
	{ "authjs.session-token", COOKIE_AUTHJS },
	{ "__Secure-next-auth.session-token", COOKIE_AUTHJS },
	{ "next-auth.session-token", COOKIE_AUTHJS },
	{ "__Secure-better-auth.session_token", COOKIE_WHOLE },
	{ "better-auth.session_token", COOKIE_WHOLE },
	{ "__Secure-better-auth.session_data", COOKIE_BETTER_AUTH },
	{ "better-auth.session_data", COOKIE_BETTER_AUTH },
	{ "connect.sid", COOKIE_WHOLE },
	{ "__Host-session", COOKIE_WHOLE },
	{ "session", COOKIE_WHOLE },
};

/* A header's text; one that no token can be in is not looked at. */
#define HEADER_MAX (1024 * 1024)

static Slice
argument_header(FunctionCallInfo fcinfo, int n)
{
	Slice header = { NULL, 0 };
	text *value;

	if (PG_ARGISNULL(n))
		return header;
	value = PG_GETARG_TEXT_PP(n);
	if (VARSIZE_ANY_EXHDR(value) > HEADER_MAX)
		return header;
	header.data = VARDATA_ANY(value);
	header.len = VARSIZE_ANY_EXHDR(value);
	return header;
}

static ResultCode
named_cookie(Slice header, const char *name, CookieChunks chunks, TokenArgument *token)
{
	Slice cookie = { name, strlen(name) };
	char *out = palloc(setting_max_token_length);
	ResultCode result =
		cookie_value(header, cookie, chunks, out, setting_max_token_length, &token->len);

	token->bytes = result == RESULT_OK ? out : NULL;
	return result;
}

/* The names that the application was set up with come before those that are known. */
static ResultCode
token_of_cookies(Slice header, TokenArgument *token)
{
	ResultCode result;
	ListCell *cell;

	if (header.data == NULL)
		return RESULT_NO_TOKEN;
	keys_accept_changes();
	foreach (cell, keys_cookie_names())
	{
		result = named_cookie(header, lfirst(cell), COOKIE_AUTHJS, token);
		if (result != RESULT_NO_TOKEN)
			return result;
	}
	for (size_t i = 0; i < lengthof(well_known); i++)
	{
		result = named_cookie(header, well_known[i].name, well_known[i].chunks, token);
		if (result != RESULT_NO_TOKEN)
			return result;
	}
	return RESULT_NO_TOKEN;
}

static ResultCode
token_of_bearer(Slice header, TokenArgument *token)
{
	char *out = palloc(setting_max_token_length);
	ResultCode result;

	if (header.data == NULL)
		return RESULT_NO_TOKEN;
	result = bearer_token(header, out, setting_max_token_length, &token->len);
	token->bytes = result == RESULT_OK ? out : NULL;
	return result;
}

SQL_FUNCTION(session_auth_token_from_cookie);

/* token_from_cookie(cookie_header) */
Datum
session_auth_token_from_cookie(PG_FUNCTION_ARGS)
{
	TokenArgument token;

	if (token_of_cookies(argument_header(fcinfo, 0), &token) != RESULT_OK)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(token.bytes, token.len));
}

static ResultCode
token_of_request(Slice cookies, Slice authorization, TokenArgument *token)
{
	ResultCode result = token_of_cookies(cookies, token);

	return result == RESULT_NO_TOKEN ? token_of_bearer(authorization, token) : result;
}

SQL_FUNCTION(session_auth_authenticate_request);

/* authenticate_request(cookie, authorization_header, scope, tenant): cookie first */
Datum
session_auth_authenticate_request(PG_FUNCTION_ARGS)
{
	IdentityScope scope = argument_scope(fcinfo, 2);
	char *tenant = argument_tenant(fcinfo, 3);
	TokenArgument token = { NULL, 0 };
	ResultCode result =
		token_of_request(argument_header(fcinfo, 0), argument_header(fcinfo, 1), &token);

	if (result != RESULT_OK)
		result_raise(result);
	return authenticate_token(token, scope, tenant);
}

/* -------------------------------------------------------------------- PostgREST */

/* A JSON object that PostgREST has set for this request, or NULL. */
static Jsonb *
request_setting(const char *name)
{
	const char *value = GetConfigOption(name, true, false);
	Jsonb *object;

	if (value == NULL || *value == '\0')
		return NULL;
	object = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(value)));
	return JB_ROOT_IS_OBJECT(object) ? object : NULL;
}

/* The Cookie header again: PostgREST hands it over taken apart. */
static Slice
cookies_of_request(void)
{
	Jsonb *cookies = request_setting("request.cookies");
	StringInfoData header;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue value;

	if (cookies == NULL)
		return (Slice){ NULL, 0 };
	initStringInfo(&header);
	iterator = JsonbIteratorInit(&cookies->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			appendStringInfo(&header, "%s%.*s=", header.len > 0 ? "; " : "", value.val.string.len,
							 value.val.string.val);
		else if (token == WJB_VALUE && value.type == jbvString)
			appendBinaryStringInfo(&header, value.val.string.val, value.val.string.len);
	}
	return (Slice){ header.data, header.len };
}

static Slice
authorization_of_request(void)
{
	Jsonb *headers = request_setting("request.headers");
	JsonbValue key;
	JsonbValue *value;

	if (headers == NULL)
		return (Slice){ NULL, 0 };
	key.type = jbvString;
	key.val.string.val = "authorization";
	key.val.string.len = strlen("authorization");
	value = findJsonbValueFromContainer(&headers->root, JB_FOBJECT, &key);
	if (value == NULL || value->type != jbvString)
		return (Slice){ NULL, 0 };
	return (Slice){ value->val.string.val, value->val.string.len };
}

SQL_FUNCTION(session_auth_pre_request);

/* pre_request(): for PostgREST's db-pre-request; without a token the caller is nobody */
Datum
session_auth_pre_request(PG_FUNCTION_ARGS)
{
	TokenArgument token = { NULL, 0 };
	Verification verification;
	ResultCode result = token_of_request(cookies_of_request(), authorization_of_request(), &token);

	identity_drop();
	if (result == RESULT_NO_TOKEN)
		PG_RETURN_VOID();
	if (result == RESULT_OK)
		result = verify_token(token.bytes, token.len, NULL, &verification);
	if (result != RESULT_OK)
	{
		verify_note(result, &verification, true);
		ereport(ERROR, (errcode(MAKE_SQLSTATE('P', 'T', '4', '0', '1')),
						errmsg("invalid or expired session token"),
						errdetail_log("%s", result_reason(result)), errhidestmt(true)));
	}
	verification.identity.scope = SCOPE_TRANSACTION;
	identity_set(&verification.identity);
	PG_RETURN_VOID();
}
