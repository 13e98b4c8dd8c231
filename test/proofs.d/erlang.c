/*
 * erlang.c
 *		Proofs of Erlang's terms: every text is read within its end or refused, and what is read is a
 *		part of it.
 */
#include "proof.h"

#include "pure/erlang_term.c"

static bool
is_within(Slice part, Slice whole)
{
	return part.data >= whole.data && part.len <= whole.len &&
		   (size_t) (part.data - whole.data) <= whole.len - part.len;
}

PROOF(erlang_term, 10, "a term ends within its bytes, at the end of what is inside it", "6 bytes")
{
	size_t n;
	ANY_TEXT(bytes, 6, n);
	Term term;

	if (term_read(bytes, &term) != RESULT_OK)
		return;
	PROVE(is_within(term.rest, bytes) && term.rest.data + term.rest.len == bytes.data + bytes.len,
		  "the rest is the end");
	PROVE(term.rest.len < bytes.len, "a term has a byte");
	if (term.kind == TERM_BINARY || term.kind == TERM_ATOM)
		PROVE(is_within(term.bytes, bytes) && term.bytes.data + term.bytes.len == term.rest.data,
			  "its bytes end it");
	if (term.kind == TERM_TUPLE || term.kind == TERM_MAP)
		PROVE(term.size < bytes.len && is_within(term.inside, bytes), "its elements are there");
}
