/*
 * erlang_term.c
 *		Erlang's external term format; see erlang_term.h.
 *
 * A term's length is not written before it: to step over one, the terms that are still to
 * come are counted, and containers add their elements to the count.
 */
#include "pure/erlang_term.h"

#include <string.h>

#define VERSION 131

/* Each length is known where one of these is called: calls would take longer than the reading. */
#define INLINE static inline __attribute__((always_inline))

enum
{
	TAG_NEW_FLOAT = 70,
	TAG_SMALL_INTEGER = 97,
	TAG_INTEGER = 98,
	TAG_ATOM = 100,
	TAG_SMALL_TUPLE = 104,
	TAG_LARGE_TUPLE = 105,
	TAG_NIL = 106,
	TAG_STRING = 107,
	TAG_LIST = 108,
	TAG_BINARY = 109,
	TAG_SMALL_BIG = 110,
	TAG_SMALL_ATOM = 115,
	TAG_MAP = 116,
	TAG_ATOM_UTF8 = 118,
	TAG_SMALL_ATOM_UTF8 = 119
};

/* Reads n bytes, 1, 2 or 4, as a number; false when they are not there. */
INLINE bool
take_number(Slice *bytes, size_t n, uint32_t *number)
{
	const unsigned char *in = (const unsigned char *) bytes->data;

	if (bytes->len < n)
		return false;
	if (n == 1)
		*number = in[0];
	else if (n == 2)
		*number = (uint32_t) in[0] << 8 | in[1];
	else
		*number = (uint32_t) in[0] << 24 | (uint32_t) in[1] << 16 | (uint32_t) in[2] << 8 | in[3];
	bytes->data += n;
	bytes->len -= n;
	return true;
}

/* A length of n bytes, and as many bytes. */
INLINE bool
take_counted(Slice *bytes, size_t n, Slice *taken)
{
	uint32_t len;

	return take_number(bytes, n, &len) && slice_take(bytes, len, taken);
}

/* A sign and up to eight bytes, the lowest first. */
static bool
take_big(Slice *bytes, int64_t *integer)
{
	uint32_t len;
	uint32_t negative;
	Slice digits;
	uint64_t value = 0;

	if (!take_number(bytes, 1, &len) || !take_number(bytes, 1, &negative) || negative > 1 ||
		len > 8 || !slice_take(bytes, len, &digits))
		return false;
	for (size_t i = len; i > 0; i--)
		value = value << 8 | (unsigned char) digits.data[i - 1];
	if (value > INT64_MAX)
		return false;
	*integer = negative ? -(int64_t) value : (int64_t) value;
	return true;
}

INLINE bool
take_container(Slice *bytes, Term *term, TermKind kind, size_t n)
{
	term->kind = kind;
	if (!take_number(bytes, n, &term->size))
		return false;
	term->inside = *bytes;
	return true;
}

INLINE bool
take_integer(Slice *bytes, Term *term, size_t n)
{
	uint32_t number;

	term->kind = TERM_INTEGER;
	if (!take_number(bytes, n, &number))
		return false;
	term->integer = n == 4 ? (int32_t) number : (int64_t) number;
	return true;
}

INLINE bool
take_text(Slice *bytes, Term *term, TermKind kind, size_t n)
{
	term->kind = kind;
	return take_counted(bytes, n, &term->bytes);
}

/* A list is its elements and a tail; counted like a tuple of one more. */
static bool
take_list(Slice *bytes, Term *term)
{
	if (!take_number(bytes, 4, &term->size) || term->size == UINT32_MAX)
		return false;
	term->size++;
	return true;
}

/* A term's own bytes, without those of its elements; term->size counts these. */
INLINE bool
take_head(Slice *bytes, Term *term)
{
	uint32_t tag;
	Slice ignored;

	memset(term, 0, sizeof(*term));
	term->kind = TERM_OTHER;
	if (!take_number(bytes, 1, &tag))
		return false;
	switch (tag)
	{
		case TAG_SMALL_INTEGER:
			return take_integer(bytes, term, 1);
		case TAG_INTEGER:
			return take_integer(bytes, term, 4);
		case TAG_SMALL_BIG:
			term->kind = TERM_INTEGER;
			return take_big(bytes, &term->integer);
		case TAG_ATOM:
		case TAG_ATOM_UTF8:
			return take_text(bytes, term, TERM_ATOM, 2);
		case TAG_SMALL_ATOM:
		case TAG_SMALL_ATOM_UTF8:
			return take_text(bytes, term, TERM_ATOM, 1);
		case TAG_BINARY:
			return take_text(bytes, term, TERM_BINARY, 4);
		case TAG_SMALL_TUPLE:
			return take_container(bytes, term, TERM_TUPLE, 1);
		case TAG_LARGE_TUPLE:
			return take_container(bytes, term, TERM_TUPLE, 4);
		case TAG_MAP:
			return take_container(bytes, term, TERM_MAP, 4);
		case TAG_LIST:
			return take_list(bytes, term);
		case TAG_STRING:
			return take_counted(bytes, 2, &ignored);
		case TAG_NEW_FLOAT:
			return slice_take(bytes, 8, &ignored);
		default:
			return tag == TAG_NIL;
	}
}

static uint64_t
elements(const Term *term)
{
	return term->kind == TERM_MAP ? (uint64_t) term->size * 2 : term->size;
}

ResultCode
term_read(Slice bytes, Term *term)
{
	Slice rest = bytes;
	Term inner;
	uint64_t to_come;

	if (!take_head(&rest, term))
		return RESULT_MALFORMED;
	to_come = elements(term);
	while (to_come > 0)
	{
		/* Every term has at least one byte. */
		if (to_come > rest.len || !take_head(&rest, &inner))
			return RESULT_MALFORMED;
		to_come += elements(&inner);
		to_come--;
	}
	term->rest = rest;
	return RESULT_OK;
}

ResultCode
term_read_message(Slice message, Term *term)
{
	uint32_t version;
	ResultCode result;

	if (!take_number(&message, 1, &version) || version != VERSION)
		return RESULT_MALFORMED;
	result = term_read(message, term);
	return result == RESULT_OK && term->rest.len > 0 ? RESULT_MALFORMED : result;
}

static bool
key_is(const Term *key, Slice name)
{
	return (key->kind == TERM_BINARY || key->kind == TERM_ATOM) && slice_equals(key->bytes, name);
}

/* *rest is what follows the map. */
static ResultCode
find_member(const Term *map, Slice name, Term *value, Slice *rest)
{
	bool found = false;

	*rest = map->inside;
	for (uint32_t i = 0; i < map->size; i++)
	{
		Term key;
		Term member;

		if (term_read(*rest, &key) != RESULT_OK || term_read(key.rest, &member) != RESULT_OK)
			return RESULT_MALFORMED;
		*rest = member.rest;
		if (!key_is(&key, name))
			continue;
		if (found)
			return RESULT_MALFORMED;
		found = true;
		*value = member;
	}
	return found ? RESULT_OK : RESULT_NO_SUBJECT;
}

ResultCode
term_member(const Term *map, Slice name, Term *value)
{
	Slice rest;

	return map->kind == TERM_MAP ? find_member(map, name, value, &rest) : RESULT_NO_SUBJECT;
}

/* A map is gone through once: what is in it is read on the way to its end. */
ResultCode
term_member_of_message(Slice message, Slice name, Term *value)
{
	Slice rest = message;
	Term term;
	uint32_t version;
	ResultCode result;

	if (!take_number(&rest, 1, &version) || version != VERSION || !take_head(&rest, &term))
		return RESULT_MALFORMED;
	if (term.kind != TERM_MAP)
	{
		result = term_read_message(message, &term);
		return result == RESULT_OK ? RESULT_NO_SUBJECT : result;
	}
	result = find_member(&term, name, value, &rest);
	return rest.len > 0 ? RESULT_MALFORMED : result;
}
