/* erlang_term_test.c: external terms, and what is refused among them. */
#include <string.h>

#include "pure/erlang_term.h"
#include "tap.h"
#include "vectors.h"

#define BYTES(text) ((Slice){ text, sizeof(text) - 1 })

static Term term;

static void
reads(Slice message, ResultCode expected, const char *what)
{
	is_int(term_read_message(message, &term), expected, "%s", what);
}

static void
finds(Slice message, const char *name, ResultCode expected, const char *what)
{
	is_int(term_member_of_message(message, to_slice(name), &term), expected, "%s", what);
}

static void
integers(void)
{
	reads(BYTES("\203a*"), RESULT_OK, "a small integer");
	is_int(term.integer, 42, "its value");
	reads(BYTES("\203b\377\377\377\376"), RESULT_OK, "a negative one");
	is_int(term.integer, -2, "its value");
	reads(BYTES("\203n\010\0\377\377\377\377\377\377\377\177"), RESULT_OK, "the largest");
	is_int(term.integer, INT64_MAX, "its value");
	reads(BYTES("\203n\010\0\0\0\0\0\0\0\0\200"), RESULT_MALFORMED, "one more");
	reads(BYTES("\203n\010\1\0\0\0\0\0\0\0\200"), RESULT_MALFORMED, "the least of all");
	reads(BYTES("\203n\011\0\1\1\1\1\1\1\1\1\1"), RESULT_MALFORMED, "nine bytes");
	reads(BYTES("\203n\1\2\1"), RESULT_MALFORMED, "neither sign");
}

static void
containers(void)
{
	Slice map = BYTES("\203t\0\0\0\2m\0\0\0\1al\0\0\0\1a\1jm\0\0\0\1ba\7");
	Slice nested = { keep(20000), 20000 };
	Term value;

	reads(map, RESULT_OK, "a map with a list in it");
	is_int(term_member(&term, to_slice("b"), &value), RESULT_OK, "a member behind a list");
	is_int(value.integer, 7, "its value");
	is_int(term_member(&term, to_slice("c"), &value), RESULT_NO_SUBJECT, "no such member");
	reads(BYTES("\203t\0\0\0\2m\0\0\0\1aa\1m\0\0\0\1aa\2"), RESULT_OK, "a name twice");
	is_int(term_member(&term, to_slice("a"), &value), RESULT_MALFORMED, "is nobody's name");
	reads(BYTES("\203t\377\377\377\377"), RESULT_MALFORMED, "more pairs than bytes");
	finds(map, "b", RESULT_OK, "a member of a message");
	is_int(term.integer, 7, "its value");
	finds(map, "c", RESULT_NO_SUBJECT, "no such member of it");
	finds(BYTES("\203t\0\0\0\2m\0\0\0\1aa\1m\0\0\0\1aa\2"), "a", RESULT_MALFORMED, "a name twice");
	finds(BYTES("\203t\0\0\0\1m\0\0\0\1aa\1j"), "a", RESULT_MALFORMED, "something behind the map");
	finds(BYTES("\203t\0\0\0\1m\0\0\0\1aa\1j"), "b", RESULT_MALFORMED, "whatever is sought");
	finds(BYTES("\203t\0\0\0\2m\0\0\0\1aa\1m\0\0\0\1b"), "a", RESULT_MALFORMED, "a pair cut off");
	finds(BYTES("\203t\377\377\377\377"), "a", RESULT_MALFORMED, "pairs that are not there");
	finds(BYTES("\203a*"), "a", RESULT_NO_SUBJECT, "an integer has no members");
	finds(BYTES("\203a*j"), "a", RESULT_MALFORMED, "nor has it anything behind it");
	finds(BYTES("\202t\0\0\0\0"), "a", RESULT_MALFORMED, "another version");
	finds(BYTES(""), "a", RESULT_MALFORMED, "nothing");
	reads(BYTES("\203h\2a\1"), RESULT_MALFORMED, "a tuple cut off");
	reads(BYTES("\203h\1a\1a"), RESULT_MALFORMED, "something behind it");
	/* Tuples of one, each in the one before: no stack grows. */
	memset((char *) nested.data, 'h', 20000);
	((char *) nested.data)[0] = '\203';
	for (size_t i = 2; i < 20000; i += 2)
		((char *) nested.data)[i] = '\1';
	((char *) nested.data)[19999] = 'j';
	reads(nested, RESULT_OK, "ten thousand tuples in each other");
}

static void
refused(void)
{
	reads(BYTES(""), RESULT_MALFORMED, "nothing");
	reads(BYTES("\203"), RESULT_MALFORMED, "no term");
	reads(BYTES("\202a\1"), RESULT_MALFORMED, "another version");
	reads(BYTES("\203P\0\0\0\1x"), RESULT_MALFORMED, "a compressed term");
	reads(BYTES("\203p\0\0\0\0"), RESULT_MALFORMED, "a function");
	reads(BYTES("\203X\0\0\0\0"), RESULT_MALFORMED, "a pid");
	reads(BYTES("\203m\377\377\377\377a"), RESULT_MALFORMED, "a binary cut off");
	reads(BYTES("\203l\377\377\377\377"), RESULT_MALFORMED, "a list of more than there can be");
}

int
main(void)
{
	integers();
	containers();
	refused();
	return tap_done();
}
