/* erlang_fuzz.c: external terms; every part that is read lies in the input. */
#include "fuzz.h"
#include "pure/erlang_term.h"

static bool
lies_in(Slice part, Slice whole)
{
	return part.data == NULL ||
		   (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

static void
read_elements(const Term *term, Slice whole)
{
	uint64_t n = term->kind == TERM_MAP ? (uint64_t) term->size * 2 : term->size;
	Slice rest = term->inside;
	Term element;
	uint64_t i;

	for (i = 0; i < n && i < 64; i++)
	{
		REQUIRE(term_read(rest, &element) == RESULT_OK);
		REQUIRE(lies_in(element.bytes, whole) && lies_in(element.rest, whole));
		rest = element.rest;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Slice message = { (const char *) data, size };
	Slice name = { "user_token", 10 };
	Term term;
	Term value;
	ResultCode found = term_member_of_message(message, name, &value);

	if (term_read_message(message, &term) != RESULT_OK)
	{
		REQUIRE(found == RESULT_MALFORMED);
		return 0;
	}
	REQUIRE(found == term_member(&term, name, &value));
	REQUIRE(lies_in(term.bytes, message) && lies_in(term.inside, message) && term.rest.len == 0);
	if (term.kind == TERM_MAP || term.kind == TERM_TUPLE)
		read_elements(&term, message);
	if (term_member(&term, name, &value) == RESULT_OK)
		REQUIRE(lies_in(value.bytes, message));
	return 0;
}
