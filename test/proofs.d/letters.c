/*
 * letters.c
 *		Proofs of the text in which workers get their leader's identity: a value has one text, and a
 *		reader stays within the text and within the memory for its copies.
 */
#include "proof.h"

/* cbmc has none of its own. */
static size_t
strnlen(const char *text, size_t max)
{
	size_t n = 0;

	while (n < max && text[n] != '\0')
		n++;
	return n;
}

#include "pure/letters.c"

#define TEXT_MAX  20 /* two lengths, and four bytes of two strings */
#define BYTES_MAX 8

/* What is copied fits into as much memory as the text has: identity_from_text() relies on it. */
PROOF(letters_text, 22,
	  "two strings are read within their text and its length, and are what is written so",
	  "20 bytes that end with a NUL")
{
	size_t n;
	ANY_TEXT(text, TEXT_MAX, n);
	char text_again[TEXT_MAX];
	char copies[TEXT_MAX];
	LettersReader reader = { text.data, copies + TEXT_MAX - text.len, false };
	const char *first;
	const char *second;
	const char *end;

	ASSUME(text.len > 0 && text.data[text.len - 1] == '\0');
	first = letters_read_string(&reader);
	second = letters_read_string(&reader);
	PROVE(reader.at < text.data + text.len, "before the NUL");
	PROVE(!reader.failed || second == NULL, "nothing behind a fault");
	if (reader.failed)
		return;
	end = letters_write_string(text_again, first, first ? strlen(first) : 0);
	end = letters_write_string((char *) end, second, second ? strlen(second) : 0);
	PROVE(end - text_again == reader.at - text.data, "the same length");
	for (size_t i = 0; i < TEXT_MAX; i++)
		PROVE(i >= (size_t) (end - text_again) || text_again[i] == text.data[i], "the same text");
}

PROOF(letters_bytes, 10, "bytes are written to letters that are read as them", "8 bytes")
{
	unsigned char bytes[BYTES_MAX];
	unsigned char again[BYTES_MAX];
	char text[2 * BYTES_MAX + 1];
	LettersReader reader = { text, NULL, false };

	*letters_write_bytes(text, bytes, sizeof(bytes)) = '\0';
	letters_read_bytes(&reader, again, sizeof(again));
	PROVE(!reader.failed && *reader.at == '\0', "taken whole");
	for (size_t i = 0; i < sizeof(bytes); i++)
		PROVE(again[i] == bytes[i], "the same bytes");
}

PROOF(letters_string, 10, "a string is written to a text that is read as it, or as none", "5 bytes")
{
	char string[6];
	bool is_none;
	size_t len;
	char text[sizeof(string) + LETTERS_OF_LENGTH];
	char copy[sizeof(string)];
	LettersReader reader = { text, copy, false };
	const char *again;

	string[sizeof(string) - 1] = '\0';
	len = strlen(string);
	*letters_write_string(text, is_none ? NULL : string, len) = '\0';
	again = letters_read_string(&reader);
	PROVE(!reader.failed && *reader.at == '\0', "taken whole");
	PROVE(is_none ? again == NULL : again != NULL, "one or none");
	for (size_t i = 0; again != NULL && i <= len; i++)
		PROVE(again[i] == string[i], "the same string");
}
