/*
 * sql_request.c
 *		Tokens as requests carry them: in a Cookie or an Authorization header,
 *		or in the settings that PostgREST makes of these.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "base/text_array.h"
#include "pure/cookie.h"
#include "pure/json.h"
#include "sql/hidden_secret.h"
#include "sql/sql_identity.h"
#include "verify/request.h"
#include "verify/verify.h"

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
	hide_secret(header);
	return header;
}

static ResultCode
token_of_bearer(Slice header, TokenArgument *token)
{
	size_t cap = Min((size_t) setting_max_token_length, header.len);
	ResultCode result;
	char *out;

	if (header.data == NULL)
		return RESULT_NO_TOKEN;
	out = palloc(cap);
	result = bearer_token(header, out, cap, &token->len);
	token->bytes = result == RESULT_OK ? out : NULL;
	return result;
}

/* NULL where escapes stand for what is no text of the database. */
static Datum
cookie_text(FunctionCallInfo fcinfo, ResultCode result, const RequestCookie *cookie)
{
	if (result != RESULT_OK || !pg_verifymbstr(cookie->text.data, (int) cookie->text.len, true))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(cookie->text.data, (int) cookie->text.len));
}

SQL_FUNCTION(session_auth_token_from_cookie);

/* token_from_cookie(cookie_header), as it was in 0.1.0 */
Datum
session_auth_token_from_cookie(PG_FUNCTION_ARGS)
{
	RequestCookie cookie;
	ResultCode result = request_find_cookie(argument_header(fcinfo, 0), &cookie);

	return cookie_text(fcinfo, result, &cookie);
}

/* NIL for NULL: no name is as good as none given. */
static List *
argument_names(FunctionCallInfo fcinfo, int n)
{
	char **elements;
	int count;
	List *names = NIL;

	if (PG_ARGISNULL(n))
		return NIL;
	elements = text_array_read(PG_GETARG_ARRAYTYPE_P(n), &count);
	for (int i = 0; i < count; i++)
		if (elements[i])
			names = lappend(names, elements[i]);
	return names;
}

SQL_FUNCTION(session_auth_named_token_from_cookie);

/* token_from_cookie(cookie_header, cookie_names) */
Datum
session_auth_named_token_from_cookie(PG_FUNCTION_ARGS)
{
	Slice header = argument_header(fcinfo, 0);
	RequestCookie cookie;
	ResultCode result;

	if (header.data == NULL)
		result = RESULT_NO_TOKEN;
	else if (PG_ARGISNULL(1))
		result = request_find_cookie(header, &cookie);
	else
		result = request_find_named_cookie(header, argument_names(fcinfo, 1), &cookie);
	return cookie_text(fcinfo, result, &cookie);
}

/* The tokens that a request carries, and why there is none where there is none. */
typedef struct RequestTokens
{
	RequestCookie cookie;
	ResultCode cookie_result;
	TokenArgument bearer;
	ResultCode bearer_result;
} RequestTokens;

static void
tokens_of_headers(Slice cookies, Slice authorization, RequestTokens *tokens)
{
	tokens->cookie_result = request_find_cookie(cookies, &tokens->cookie);
	tokens->bearer_result = token_of_bearer(authorization, &tokens->bearer);
}

static ResultCode
refuse_unread(ResultCode why, Verification *verification)
{
	memset(verification, 0, sizeof(*verification));
	return why;
}

static ResultCode
verify_bearer(const RequestTokens *tokens, const char *tenant, Verification *verification)
{
	if (tokens->bearer_result != RESULT_OK)
		return refuse_unread(tokens->bearer_result, verification);
	return verify_token(tokens->bearer.bytes, tokens->bearer.len, tenant, verification);
}

/* Browsers keep a cookie longer than its session lives. */
static bool
has_expired(ResultCode result)
{
	return result == RESULT_EXPIRED || result == RESULT_IDLE;
}

/*
 * A cookie comes first, and decides, unless its time is over: one that is forged, stolen, ended,
 * revoked, unknown or of a banned user is not made good by a header.
 */
static ResultCode
verify_request(const RequestTokens *tokens, const char *tenant, Verification *verification)
{
	ResultCode result;

	if (tokens->cookie_result == RESULT_NO_TOKEN)
		return verify_bearer(tokens, tenant, verification);
	if (tokens->cookie_result != RESULT_OK)
		return refuse_unread(tokens->cookie_result, verification);
	result = verify_cookie(&tokens->cookie, tenant, verification);
	if (has_expired(result) && tokens->bearer_result == RESULT_OK)
		return verify_bearer(tokens, tenant, verification);
	return result;
}

static Datum
authenticate_request(FunctionCallInfo fcinfo, Slice cookies, Slice authorization,
					 OnRefused on_refused)
{
	Entry entry = { argument_scope(fcinfo, 2), argument_tenant(fcinfo, 3), on_refused };
	RequestTokens tokens;
	Verification verification;
	ResultCode result;

	identity_require_changeable();
	tokens_of_headers(cookies, authorization, &tokens);
	result = verify_request(&tokens, entry.tenant, &verification);
	return enter(result, &verification, &entry);
}

SQL_FUNCTION(session_auth_authenticate_request);

/* authenticate_request(cookie, authorization_header, scope, tenant), as it was in 0.1.0 */
Datum
session_auth_authenticate_request(PG_FUNCTION_ARGS)
{
	Slice cookies = argument_header(fcinfo, 0);
	Slice authorization = argument_header(fcinfo, 1);

	return authenticate_request(fcinfo, cookies, authorization, REFUSED_IS_ERROR);
}

SQL_FUNCTION(session_auth_authenticate_request_or);

/* authenticate_request(cookie, authorization_header, scope, tenant, on_refused) */
Datum
session_auth_authenticate_request_or(PG_FUNCTION_ARGS)
{
	Slice cookies = argument_header(fcinfo, 0);
	Slice authorization = argument_header(fcinfo, 1);

	return authenticate_request(fcinfo, cookies, authorization, argument_on_refused(fcinfo, 4));
}

/* -------------------------------------------------------------------- PostgREST */

/* Room for what stood behind an escape. */
#define VALUE_MAX (64 * 1024)

/*
 * A JSON object that PostgREST has set for this request; RESULT_NO_TOKEN without
 * one.  It is read by our own reader: jsonb's errors would show it.
 */
static ResultCode
request_object(const char *setting, JsonDoc *doc)
{
	const char *text = GetConfigOption(setting, true, false);
	size_t len = text ? strlen(text) : 0;
	JsonNode *nodes;

	if (len == 0)
		return RESULT_NO_TOKEN;
	if (len > HEADER_MAX)
		return RESULT_TOO_LONG;
	nodes = palloc(JSON_NODES_FOR(len) * sizeof(JsonNode));
	if (json_scan(doc, text, len, nodes, JSON_NODES_FOR(len)) != RESULT_OK)
		return RESULT_MALFORMED;
	return doc->nodes[0].kind == JSON_KIND_OBJECT ? RESULT_OK : RESULT_NO_TOKEN;
}

static ResultCode
append_cookie(StringInfo header, const JsonDoc *doc, const JsonNode *name, const JsonNode *value,
			  char *buffer)
{
	Slice raw_name = json_raw(doc, name);
	Slice text;
	ResultCode result;

	if (value->kind != JSON_KIND_STRING)
		return RESULT_OK;
	result = json_text(doc, value, buffer, VALUE_MAX, &text);
	if (result == RESULT_OK)
	{
		appendStringInfo(header, "%s%.*s=", header->len > 0 ? "; " : "", (int) raw_name.len,
						 raw_name.data);
		appendBinaryStringInfo(header, text.data, (int) text.len);
	}
	return result;
}

/* The Cookie header again: PostgREST hands it over taken apart. */
static ResultCode
cookies_of_request(Slice *cookies)
{
	JsonDoc doc;
	StringInfoData header;
	char *buffer;
	ResultCode result = request_object("request.cookies", &doc);

	if (result != RESULT_OK)
		return result;
	initStringInfo(&header);
	buffer = palloc(VALUE_MAX);
	for (size_t i = 1; i + 1 < doc.n_nodes && result == RESULT_OK; i = doc.nodes[i + 1].next)
		result = append_cookie(&header, &doc, &doc.nodes[i], &doc.nodes[i + 1], buffer);
	pfree(buffer);
	*cookies = (Slice){ header.data, header.len };
	return result;
}

static ResultCode
authorization_of_request(Slice *authorization)
{
	JsonDoc doc;
	const JsonNode *value;
	ResultCode result = request_object("request.headers", &doc);

	if (result != RESULT_OK)
		return result;
	value = json_member(&doc, &doc.nodes[0], "authorization", strlen("authorization"));
	if (value == NULL || value->kind != JSON_KIND_STRING)
		return RESULT_NO_TOKEN;
	return json_text(&doc, value, palloc(VALUE_MAX), VALUE_MAX, authorization);
}

static void
tokens_of_settings(RequestTokens *tokens)
{
	Slice cookies = { NULL, 0 };
	Slice authorization = { NULL, 0 };
	ResultCode cookies_found = cookies_of_request(&cookies);
	ResultCode authorization_found = authorization_of_request(&authorization);

	hide_secret(cookies);
	hide_secret(authorization);
	tokens_of_headers(cookies, authorization, tokens);
	if (cookies_found != RESULT_OK)
		tokens->cookie_result = cookies_found;
	if (authorization_found != RESULT_OK)
		tokens->bearer_result = authorization_found;
}

/* PostgREST answers PT401 with HTTP's 401. */
pg_noreturn static void
raise_401(ResultCode result, const Verification *verification)
{
	verify_note(result, verification, true);
	ereport(ERROR, (errcode(MAKE_SQLSTATE('P', 'T', '4', '0', '1')),
					errmsg("invalid or expired session token"),
					errdetail_log("%s", result_explained(result)), errhidestmt(true)));
}

SQL_FUNCTION(session_auth_pre_request);

/* pre_request(): for PostgREST's db-pre-request; without a token the caller is nobody */
Datum
session_auth_pre_request(PG_FUNCTION_ARGS)
{
	Entry entry = { SCOPE_TRANSACTION, NULL, REFUSED_IS_NOBODY };
	RequestTokens tokens;
	Verification verification;
	ResultCode result;

	identity_drop();
	tokens_of_settings(&tokens);
	if (tokens.cookie_result == RESULT_NO_TOKEN && tokens.bearer_result == RESULT_NO_TOKEN)
		PG_RETURN_VOID();
	identity_require_changeable();
	result = verify_request(&tokens, NULL, &verification);
	if (result != RESULT_OK && setting_pre_request_refused == PRE_REQUEST_ERROR)
		raise_401(result, &verification);
	enter(result, &verification, &entry);
	PG_RETURN_VOID();
}
