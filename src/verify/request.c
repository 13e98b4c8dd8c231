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

/* What a companion that is not there can add to a cookie: its name, and what joins the two. */
#define COMPANION_MAX (2 * FRAMEWORK_NAME_MAX + 8)

/* A header, and room for whichever cookie of it is being tried: none is longer than the header. */
typedef struct Search
{
	Slice header;
	char *room;
	size_t cap;
} Search;

static Search
begin_search(Slice header)
{
	size_t cap = Min((size_t) setting_max_token_length, header.len + COMPANION_MAX);

	return (Search){ header, palloc(cap), cap };
}

/* The cookie keeps the room that it lies in. */
static ResultCode
end_search(const Search *search, ResultCode result)
{
	if (result != RESULT_OK)
		pfree(search->room);
	return result;
}

/* Is this the name of several kinds, of two cookies the first for one and the last for another? */
static bool
is_read_in_two_ways(Slice name)
{
	bool first = false;
	bool last = false;
	ListCell *cell;

	foreach (cell, keys_authjs_names())
		first = first || slice_is(name, lfirst(cell));
	foreach (cell, keys_cookies())
	{
		const CookieKey *key = lfirst(cell);
		bool is_last = key->row->chunks == COOKIE_WHOLE_LAST;

		if (slice_equals(key->name, name))
			*(is_last ? &last : &first) = true;
	}
	return first && last;
}

/* Where both are read, only their being the same says which one the application takes. */
static bool
first_is_last(const Search *search, Slice name)
{
	size_t cap = search->cap;
	char *room = palloc(2 * cap);
	Slice first = { room, 0 };
	Slice last = { room + cap, 0 };
	ResultCode results[] = {
		cookie_value(search->header, name, COOKIE_WHOLE, COOKIE_ESCAPES_NONE, room, cap,
					 &first.len),
		cookie_value(search->header, name, COOKIE_WHOLE_LAST, COOKIE_ESCAPES_NONE, room + cap, cap,
					 &last.len),
	};
	bool same = results[0] == results[1] && (results[0] != RESULT_OK || slice_equals(first, last));

	pfree(room);
	return same;
}

/* The cookie, if the header has it. */
static ResultCode
take_cookie(const Search *search, const Framework *row, Slice name, RequestCookie *cookie)
{
	ResultCode result;

	if (name.len == 0)
		return RESULT_NO_TOKEN;
	*cookie = (RequestCookie){ name, { search->room, 0 }, row };
	result = framework_cookie_text(row, name, search->header, search->room, search->cap,
								   &cookie->text.len);
	if (result != RESULT_NO_TOKEN && is_read_in_two_ways(name) && !first_is_last(search, name))
		return RESULT_MALFORMED;
	return result;
}

static ResultCode
take_of_authjs(const Search *search, RequestCookie *cookie)
{
	ResultCode result = RESULT_NO_TOKEN;
	ListCell *cell;

	foreach (cell, keys_authjs_names())
	{
		result = take_cookie(search, authjs_row(), name_of(lfirst(cell)), cookie);
		if (result != RESULT_NO_TOKEN)
			break;
	}
	return result;
}

static ResultCode
take_of_secrets(const Search *search, RequestCookie *cookie)
{
	ResultCode result = RESULT_NO_TOKEN;
	ListCell *cell;

	foreach (cell, keys_cookies())
	{
		const CookieKey *key = lfirst(cell);

		result = take_cookie(search, key->row, key->name, cookie);
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

	switch (token_form_of(text.data, text.len))
	{
		case TOKEN_FORM_OPAQUE:
			return true;
		case TOKEN_FORM_MAC:
			return lucia_token_hash(text, hash) == RESULT_OK;
		case TOKEN_FORM_JWS:
			return jws_names_trusted_key(text);
		default:
			return false;
	}
}

/* The first of each name counts, also where it is a stranger's. */
static ResultCode
take_token(const Search *search, const Framework *row, RequestCookie *cookie)
{
	for (int i = 0; i < FRAMEWORK_NAMES_MAX && row->cookie_names[i]; i++)
		if (take_cookie(search, row, name_of(row->cookie_names[i]), cookie) == RESULT_OK &&
			may_be_ours(cookie->text))
			return RESULT_OK;
	return RESULT_NO_TOKEN;
}

static ResultCode
take_token_of_kinds(const Search *search, RequestCookie *cookie)
{
	for (size_t i = 0; i < lengthof(kinds_of_tokens); i++)
	{
		const Framework *row = NULL;

		while ((row = framework_next(kinds_of_tokens[i], row)) != NULL)
			if (take_token(search, row, cookie) == RESULT_OK)
				return RESULT_OK;
	}
	return RESULT_NO_TOKEN;
}

/*
 * The token of a Cookie header; RESULT_NO_TOKEN without one.  Names that secrets were set
 * up with go first.
 */
ResultCode
request_find_cookie(Slice header, RequestCookie *cookie)
{
	Search search;
	ResultCode result;

	if (header.data == NULL)
		return RESULT_NO_TOKEN;
	keys_accept_changes();
	search = begin_search(header);
	result = take_of_authjs(&search, cookie);
	if (result == RESULT_NO_TOKEN)
		result = take_of_secrets(&search, cookie);
	if (result == RESULT_NO_TOKEN)
		result = take_token_of_kinds(&search, cookie);
	return end_search(&search, result);
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
request_find_named_cookie(Slice header, List *names, RequestCookie *cookie)
{
	Search search = begin_search(header);
	ResultCode result = RESULT_NO_TOKEN;
	ListCell *cell;

	keys_accept_changes();
	foreach (cell, names)
	{
		Slice name = name_of(lfirst(cell));

		result = take_cookie(&search, row_of_name(name), name, cookie);
		if (result != RESULT_NO_TOKEN)
			break;
	}
	return end_search(&search, result);
}
