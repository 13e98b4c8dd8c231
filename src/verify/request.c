/*
 * request.c
 *		Which of a request's cookies is its token.
 *
 * Invariant: a cookie that is looked at decides; what comes of it is no matter.  One
 * whose kind is set up is looked at.  Cookies are per host, and other programs on it set some
 * under the same names: without its kind set up, one is looked at only if it can be the token of
 * a session, or a JWT that names a key of ours.  Everything else is a stranger's, and as good
 * as none.
 */
#include "postgres.h"

#include "base/settings.h"
#include "pure/cookie.h"
#include "pure/lucia.h"
#include "pure/token.h"
#include "verify/prover.h"
#include "verify/request.h"

static Slice
name_of(const char *name)
{
	return (Slice){ name, strlen(name) };
}

/* How a library without a row of its own does it. */
static const Framework plain = { .escapes = COOKIE_ESCAPES_URI };

static const Framework *
authjs_row(void)
{
	return framework_next("authjs", NULL);
}

/* The cookie, if the header has it. */
static ResultCode
take(Slice header, const Framework *row, Slice name, RequestCookie *cookie)
{
	char *out;
	ResultCode result;

	if (name.len == 0)
		return RESULT_NO_TOKEN;
	out = palloc(setting_max_token_length + 1);
	*cookie = (RequestCookie){ name, { out, 0 } };
	result =
		framework_cookie_text(row, name, header, out, setting_max_token_length, &cookie->text.len);
	if (result != RESULT_OK)
		pfree(out);
	return result;
}

static ResultCode
take_of_authjs(Slice header, RequestCookie *cookie)
{
	ResultCode result = RESULT_NO_TOKEN;
	ListCell *cell;

	foreach (cell, keys_authjs_names())
	{
		result = take(header, authjs_row(), name_of(lfirst(cell)), cookie);
		if (result != RESULT_NO_TOKEN)
			break;
	}
	return result;
}

static ResultCode
take_of_secrets(Slice header, RequestCookie *cookie)
{
	ResultCode result = RESULT_NO_TOKEN;
	ListCell *cell;

	foreach (cell, keys_cookies())
	{
		const CookieKey *key = lfirst(cell);

		result = take(header, key->row, key->name, cookie);
		if (result != RESULT_NO_TOKEN)
			break;
	}
	return result;
}

/* ------------------------------------------------------------- kinds not set up */

/* Names that session tokens go by; of sessions of one's own, and of Auth.js' in a database. */
static const char *const kinds_of_tokens[] = { "authjs", "lucia" };

static bool
may_be_ours(Slice text)
{
	unsigned char hash[CRYPTO_SHA256_LEN];

	switch (token_form(text.data, text.len))
	{
		case TOKEN_FORM_OPAQUE:
			return true;
		case TOKEN_FORM_SIGNED:
			return lucia_token_hash(text, hash) == RESULT_OK;
		case TOKEN_FORM_JWS:
			return jws_names_trusted_key(text);
		default:
			return false;
	}
}

/* The first of each name counts, also where it is a stranger's. */
static ResultCode
take_token(Slice header, const Framework *row, RequestCookie *cookie)
{
	for (int i = 0; i < FRAMEWORK_NAMES_MAX && row->cookie_names[i]; i++)
		if (take(header, row, name_of(row->cookie_names[i]), cookie) == RESULT_OK &&
			may_be_ours(cookie->text))
			return RESULT_OK;
	return RESULT_NO_TOKEN;
}

static ResultCode
take_token_of_kinds(Slice header, RequestCookie *cookie)
{
	for (size_t i = 0; i < lengthof(kinds_of_tokens); i++)
	{
		const Framework *row = NULL;

		while ((row = framework_next(kinds_of_tokens[i], row)) != NULL)
			if (take_token(header, row, cookie) == RESULT_OK)
				return RESULT_OK;
	}
	return RESULT_NO_TOKEN;
}

/*
 * The token of a Cookie header; RESULT_NO_TOKEN without one.  Names that secrets were set
 * up with go first.
 */
ResultCode
request_cookie(Slice header, RequestCookie *cookie)
{
	ResultCode result;

	if (header.data == NULL)
		return RESULT_NO_TOKEN;
	keys_accept_changes();
	result = take_of_authjs(header, cookie);
	if (result == RESULT_NO_TOKEN)
		result = take_of_secrets(header, cookie);
	return result == RESULT_NO_TOKEN ? take_token_of_kinds(header, cookie) : result;
}

/* ------------------------------------------------------------- names of the caller's */

static const Framework *
row_of_secrets(Slice name)
{
	ListCell *cell;

	foreach (cell, keys_authjs_names())
		if (slice_is(name, lfirst(cell)))
			return authjs_row();
	foreach (cell, keys_cookies())
	{
		const CookieKey *key = lfirst(cell);

		if (slice_equals(key->name, name))
			return key->row;
	}
	return NULL;
}

/* How this cookie is read: as its secret has it, else as the framework of that name does. */
static const Framework *
row_of_name(Slice name)
{
	const Framework *row = row_of_secrets(name);
	const Framework *next = NULL;

	while (row == NULL && (next = framework_next(NULL, next)) != NULL)
		for (int i = 0; i < FRAMEWORK_NAMES_MAX && next->cookie_names[i]; i++)
			if (slice_is(name, next->cookie_names[i]))
				row = next;
	return row ? row : &plain;
}

/* The first of these that the header has, of whatever form. */
ResultCode
request_cookie_named(Slice header, List *names, RequestCookie *cookie)
{
	ResultCode result = RESULT_NO_TOKEN;
	ListCell *cell;

	keys_accept_changes();
	foreach (cell, names)
	{
		Slice name = name_of(lfirst(cell));

		result = take(header, row_of_name(name), name, cookie);
		if (result != RESULT_NO_TOKEN)
			break;
	}
	return result;
}
