/*
 * prove_cookie.c
 *		Proves the cookies of web frameworks.
 *
 * The secret decides: only kinds that are set up are tried, the newest secret first, and of each
 * the keys of the cookie's name where that is known.  What each framework does is in
 * the table of pure/frameworks.c; nothing here asks which it is.
 */
#include "postgres.h"

#include "base/clock.h"
#include "verify/prover.h"

/* One cookie at a time: what it says is copied before the next one comes. */
static char arena[FRAMEWORK_ARENA];
static char decoded[2 * FRAMEWORK_COOKIE_MAX];

static bool
takes_cookie(const Presented *token)
{
	return keys_cookies() != NIL && token->text.len <= sizeof(decoded);
}

static bool
begins_with_name(Slice text, Slice name)
{
	return name.len > 0 && text.len > name.len && text.data[name.len] == '=' &&
		   slice_begins_with(text, name);
}

/* A key that serves several names is tried once for a value that came without one. */
static bool
is_worth_trying(const CookieKey *key, const Presented *token)
{
	if (token->cookie.data != NULL)
		return slice_equals(key->name, token->cookie);
	return key->first || begins_with_name(token->text, key->name);
}

/* Has the value been decoded as the row has it?  Several kinds may have cookies of one name. */
static bool
is_decoded(const CookieKey *key, const Presented *token)
{
	return token->row && token->row->escapes == key->row->escapes &&
		   !framework_has_companion(token->row) && !framework_has_companion(key->row);
}

/* What was decoded once is not decoded again: other texts would count as the same cookie. */
static ResultCode
read_cookie(const CookieKey *key, const Presented *token, FrameworkCookie *cookie)
{
	if (!is_decoded(key, token))
		return framework_cookie_of_text(key->row, key->name, token->text, decoded, sizeof(decoded),
										cookie);
	*cookie = (FrameworkCookie){ .value = token->text };
	return RESULT_OK;
}

static ResultCode
open_cookie(const CookieKey *key, const Presented *token, TimestampTz now, FrameworkProof *opened)
{
	FrameworkCookie cookie;
	ResultCode result = read_cookie(key, token, &cookie);

	if (result != RESULT_OK)
		return RESULT_UNKNOWN_FORM;
	if (token->cookie.data != NULL)
		cookie.name = token->cookie;
	return framework_open(key->key, &key->secret->options, &cookie, clock_to_unix(now), arena,
						  sizeof(arena), opened);
}

static TimestampTz
time_or(int64 unix_us, TimestampTz fallback)
{
	return unix_us == FRAMEWORK_NO_TIME ? fallback : clock_from_unix(unix_us);
}

static void
tell_what_is_proved(const CookieKey *key, const FrameworkProof *opened, Proof *proof)
{
	proof->binding = &key->secret->binding;
	proof->says = opened->yields == YIELDS_USER ? SAYS_USER : SAYS_SESSION;
	proof->user_id = opened->user_id;
	proof->claims = opened->payload;
	proof->session = opened->id;
	proof->issued_at = time_or(opened->issued_us, DT_NOBEGIN);
	proof->expires_at = time_or(opened->expires_us, DT_NOEND);
}

static ResultCode
prove_cookie(const Presented *token, int skip, TimestampTz now, Proof *proof)
{
	static FrameworkProof opened;
	ResultCode answer = RESULT_UNKNOWN_FORM;
	ListCell *cell;

	foreach (cell, keys_cookies())
	{
		const CookieKey *key = lfirst(cell);
		ResultCode result;

		if (!is_worth_trying(key, token))
			continue;
		result = open_cookie(key, token, now, &opened);
		if (result == RESULT_OK)
			tell_what_is_proved(key, &opened, proof);
		if (result != RESULT_UNKNOWN_FORM && result != RESULT_BAD_SIGNATURE)
			return result;
		if (result == RESULT_BAD_SIGNATURE)
			answer = result;
	}
	return answer;
}

const Prover prover_of_cookies = { takes_cookie, prove_cookie };
