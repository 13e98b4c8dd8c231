/* letters_test.c: values come back from their text, and no other text is read. */
#include "pure/letters.h"
#include "tap.h"

static char text[256];
static char copies[256];

static LettersReader
reader_of(const char *at)
{
	LettersReader reader = { at, copies, false };

	return reader;
}

static void
write_three(const char *first, const char *second, int64_t number)
{
	char *at = letters_write_bytes(text, &number, sizeof(number));

	at = letters_write_string(at, first, first ? strlen(first) : 0);
	at = letters_write_string(at, second, second ? strlen(second) : 0);
	*at = '\0';
}

static void
is_text(const char *got, const char *expected, const char *what)
{
	if (got == NULL || expected == NULL)
		ok(got == expected, "%s: none", what);
	else
		is_bytes(got, strlen(got), expected, strlen(expected), "%s", what);
}

static void
reads_back(const char *first, const char *second, int64_t number)
{
	LettersReader reader = reader_of(text);
	int64_t again = 0;

	write_three(first, second, number);
	letters_read_bytes(&reader, &again, sizeof(again));
	is_int(again, number, "the number");
	is_text(letters_read_string(&reader), first, "the first string");
	is_text(letters_read_string(&reader), second, "the second one");
	ok(!reader.failed && *reader.at == '\0', "and that is all");
}

/* Cut off anywhere, something is missing, and it says so. */
static void
cut_off(void)
{
	int failed = 0;
	size_t len;

	write_three("alice", "ADMIN", -1);
	len = strlen(text);
	for (size_t n = 0; n < len; n++)
	{
		LettersReader reader;
		int64_t number;

		write_three("alice", "ADMIN", -1);
		text[n] = '\0';
		reader = reader_of(text);
		letters_read_bytes(&reader, &number, sizeof(number));
		(void) letters_read_string(&reader);
		(void) letters_read_string(&reader);
		failed += reader.failed && reader.at <= text + n;
	}
	is_int(failed, (long long) len, "no text that is cut off is read");
}

static void
refused(void)
{
	LettersReader reader = reader_of("qa");
	unsigned char byte = 7;

	letters_read_bytes(&reader, &byte, 1);
	ok(reader.failed, "no letter behind p");
	reader = reader_of("`a");
	letters_read_bytes(&reader, &byte, 1);
	ok(reader.failed, "none before a");
	write_three("alice", "ADMIN", 1);
	text[16] = 'p'; /* a longer string than there is */
	text[17] = 'p';
	reader = reader_of(text + 16);
	ok(letters_read_string(&reader) == NULL && reader.failed, "a length that is too large");
	ok(letters_read_string(&reader) == NULL && reader.copy == copies, "and nothing behind it");
}

int
main(void)
{
	reads_back("alice", "ADMIN", 42);
	reads_back("", NULL, INT64_MIN);
	reads_back(NULL, "a b\"c", INT64_MAX);
	cut_off();
	refused();
	return tap_done();
}
