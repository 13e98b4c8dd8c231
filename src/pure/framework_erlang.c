/*
 * framework_erlang.c
 *		Who it is in Erlang's external terms: Plug's sessions and Phoenix' tokens.
 *
 * Invariant: bytes are a session's token where the row says so, or where no text could be meant;
 * a number is a user's id alone.
 */
#include <stdio.h>
#include <string.h>

#include "pure/erlang_term.h"
#include "pure/framework_internal.h"
#include "pure/name_rules.h"
#include "pure/utf8.h"

/* Text that a person could have typed: valid UTF-8 without control characters. */
static bool
is_printable(Slice bytes)
{
	return !has_control_character(bytes) && utf8_is_valid(bytes.data, bytes.len);
}

static ResultCode
yield_integer(const Opening *o, int64_t value)
{
	int n = snprintf(o->proof->user_text, sizeof(o->proof->user_text), "%lld", (long long) value);

	if (o->proof->yields != YIELDS_USER)
		return RESULT_MALFORMED;
	return framework_yield_text(o, slice_make(o->proof->user_text, (size_t) n));
}

/* Bytes are a token where the row says so, and where no text could be meant. */
static ResultCode
yield_term(const Opening *o, const Term *term)
{
	switch (term->kind)
	{
		case TERM_INTEGER:
			return yield_integer(o, term->integer);
		case TERM_BINARY:
			if (o->proof->yields == YIELDS_USER && !is_printable(term->bytes))
				o->proof->yields = YIELDS_BYTES;
			return framework_yield_text(o, term->bytes);
		case TERM_ATOM:
			return RESULT_NO_SUBJECT; /* nil, false */
		default:
			return RESULT_MALFORMED;
	}
}

/* The first steps of the path have led to this term. */
static ResultCode
yield_term_at_path(const Opening *o, Term term, size_t steps)
{
	size_t n = framework_path_len(o);
	ResultCode result = RESULT_OK;

	for (size_t i = steps; i < n && result == RESULT_OK; i++)
	{
		Term map = term;

		result = term_member(&map, framework_path_step(o, i), &term);
	}
	return result == RESULT_OK ? yield_term(o, &term) : result;
}

ResultCode
framework_read_erlang(const Opening *o, Slice content, bool encoded)
{
	Term term;
	ResultCode result = encoded ? framework_decode(o, content, true, &content) : RESULT_OK;

	if (result != RESULT_OK)
		return result;
	if (framework_path_len(o) == 0)
		result = term_read_message(content, &term);
	else
		result = term_member_of_message(content, framework_path_step(o, 0), &term);
	return result == RESULT_OK ? yield_term_at_path(o, term, 1) : result;
}

#define TOKEN_MS_MAX  INT64_C(100000000000000)
#define TOKEN_AGE     86400 /* of tokens that do not say */
#define TOKEN_AGE_MAX INT64_C(100000000000)

static bool
is_infinity(const Term *term)
{
	return term->kind == TERM_ATOM && slice_is(term->bytes, "infinity");
}

/* When it was signed, and for how long unless the options know better. */
static ResultCode
note_token_times(const Opening *o, const Term *signed_at, const Term *max_age)
{
	int64_t limit = o->options->max_age_us;

	if (signed_at->kind != TERM_INTEGER || signed_at->integer < 0 ||
		signed_at->integer > TOKEN_MS_MAX)
		return RESULT_MALFORMED;
	o->proof->issued_us = signed_at->integer * US_PER_MS;
	if (max_age->kind != TERM_INTEGER && !is_infinity(max_age))
		return RESULT_MALFORMED;
	if (limit == FRAMEWORK_MAX_AGE_DEFAULT && max_age->kind == TERM_INTEGER)
	{
		if (max_age->integer <= 0)
			return RESULT_EXPIRED;
		limit =
			(max_age->integer < TOKEN_AGE_MAX ? max_age->integer : TOKEN_AGE_MAX) * US_PER_SECOND;
	}
	if (limit > 0)
		framework_note_end(o->proof, o->proof->issued_us + limit + o->row->tick_us);
	return RESULT_OK;
}

/* {data, signed at in milliseconds, max_age in seconds}, or without the last. */
ResultCode
framework_read_erlang_token(const Opening *o, Slice content)
{
	Term message;
	Term data;
	Term signed_at;
	Term max_age = { .kind = TERM_INTEGER, .integer = TOKEN_AGE };
	ResultCode result = framework_decode(o, content, true, &content);

	if (result == RESULT_OK)
		result = term_read_message(content, &message);
	if (result != RESULT_OK)
		return result;
	if (message.kind != TERM_TUPLE || (message.size != 2 && message.size != 3) ||
		term_read(message.inside, &data) != RESULT_OK ||
		term_read(data.rest, &signed_at) != RESULT_OK ||
		(message.size == 3 && term_read(signed_at.rest, &max_age) != RESULT_OK))
		return RESULT_MALFORMED;
	result = note_token_times(o, &signed_at, &max_age);
	return result == RESULT_OK ? yield_term_at_path(o, data, 0) : result;
}
