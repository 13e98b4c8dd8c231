/*
 * erlang_term.h
 *		Erlang's external term format, as far as sessions need it.
 *
 * Invariant: a TermReader never reads behind its end, and what it steps over is bounded by
 * the bytes that are there: nesting costs no stack.  Terms that are compressed, and those
 * that could run code or name processes (functions, pids, ports, references), are refused.
 *
 * Pure: no PostgreSQL, no OpenSSL, no allocation.
 */
#ifndef SESSION_AUTH_ERLANG_TERM_H
#define SESSION_AUTH_ERLANG_TERM_H

#include <stdbool.h>
#include <stdint.h>

#include "pure/result.h"
#include "pure/slice.h"

typedef enum TermKind
{
	TERM_INTEGER,
	TERM_ATOM,
	TERM_BINARY,
	TERM_TUPLE,
	TERM_MAP,
	TERM_OTHER
} TermKind;

typedef struct Term
{
	TermKind kind;
	int64_t integer; /* TERM_INTEGER */
	Slice bytes;     /* TERM_ATOM and TERM_BINARY */
	uint32_t size;   /* TERM_TUPLE: elements; TERM_MAP: pairs */
	Slice inside;    /* both: the elements, and whatever follows */
	Slice rest;      /* what follows the whole term */
} Term;

/* The one term that a message holds, with its version byte. */
extern ResultCode term_read_message(Slice message, Term *term);

/* The term at the front of bytes: an element of a tuple, a key or a value of a map. */
extern ResultCode term_read(Slice bytes, Term *term);

/*
 * The value of a binary or an atom of this name in a map; RESULT_NO_SUBJECT when there is none,
 * RESULT_MALFORMED when there are two.
 */
extern ResultCode term_member(const Term *map, Slice name, Term *value);

/* The same of the one term that a message holds. */
extern ResultCode term_member_of_message(Slice message, Slice name, Term *value);

#endif /* SESSION_AUTH_ERLANG_TERM_H */
