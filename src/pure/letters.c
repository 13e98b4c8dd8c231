/*
 * letters.c
 *		Values read from their text; see letters.h.
 */
#include "pure/letters.h"

static unsigned int
read_half(LettersReader *reader)
{
	unsigned int half = (unsigned int) *reader->at - 'a';

	if (half < 16)
		reader->at++;
	else
		reader->failed = true;
	return half;
}

void
letters_read_bytes(LettersReader *reader, void *to, size_t len)
{
	unsigned char *bytes = to;

	for (size_t i = 0; i < len && !reader->failed; i++)
	{
		unsigned int low = read_half(reader);

		bytes[i] = (unsigned char) (low | read_half(reader) << 4);
	}
}

const char *
letters_read_string(LettersReader *reader)
{
	char *start = reader->copy;
	uint32_t len = LETTERS_NO_STRING;

	letters_read_bytes(reader, &len, sizeof(len));
	if (reader->failed || len == LETTERS_NO_STRING)
		return NULL;
	if (strnlen(reader->at, len) < len)
	{
		reader->failed = true;
		return NULL;
	}
	memcpy(start, reader->at, len);
	start[len] = '\0';
	reader->copy += len + 1;
	reader->at += len;
	return start;
}
