/*
 * letters.h
 *		Values as text without a NUL, written and read in one pass.
 *
 * What has a fixed size is written as its bytes, two letters each, a string as its
 * length and its bytes: what parallel workers read of an identity (identity/identity_text.c).
 *
 * Invariant: a value has one text, and a text that is read as a value is that text.  A
 * reader never reads behind the NUL, and copies no more than its text is long.
 *
 * Pure: no PostgreSQL, no OpenSSL, no allocation.
 */
#ifndef SESSION_AUTH_LETTERS_H
#define SESSION_AUTH_LETTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What stands before a string's bytes, and instead of them where there is no string. */
#define LETTERS_OF_LENGTH (2 * sizeof(uint32_t))
#define LETTERS_NO_STRING UINT32_MAX

static inline char *
letters_write_bytes(char *at, const void *bytes, size_t len)
{
	const unsigned char *from = bytes;

	for (size_t i = 0; i < len; i++)
	{
		at[2 * i] = (char) ('a' + (from[i] & 15));
		at[2 * i + 1] = (char) ('a' + (from[i] >> 4));
	}
	return at + 2 * len;
}

/* string may be NULL, and has no NUL before its end. */
static inline char *
letters_write_string(char *at, const char *string, size_t string_len)
{
	uint32_t len = string ? (uint32_t) string_len : LETTERS_NO_STRING;

	at = letters_write_bytes(at, &len, sizeof(len));
	if (string == NULL)
		return at;
	memcpy(at, string, len);
	return at + len;
}

/* Once something is not as it was written, nothing more is read. */
typedef struct LettersReader
{
	const char *at; /* of the text, which ends with a NUL */
	char *copy;     /* where strings are copied to, each with a NUL */
	bool failed;
} LettersReader;

extern void letters_read_bytes(LettersReader *reader, void *to, size_t len);

/* A copy; NULL where none was written, and where it failed. */
extern const char *letters_read_string(LettersReader *reader);

#endif /* SESSION_AUTH_LETTERS_H */
