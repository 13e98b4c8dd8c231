/*
 * identity_text.h
 *		How the parts of an identity are written into its setting.
 *
 * What has a fixed size is written as its bytes, two letters each, a string as
 * its length and its bytes.  It is written at each authenticate, so it is kept
 * simple enough to be fast.  Parallel workers alone read it.
 */
#ifndef SESSION_AUTH_IDENTITY_TEXT_H
#define SESSION_AUTH_IDENTITY_TEXT_H

#include "identity/identity.h"

#define LEN_LETTERS (2 * sizeof(uint32))
#define NULL_STRING PG_UINT32_MAX

static inline char *
write_bytes(char *at, const void *bytes, size_t len)
{
	const unsigned char *from = bytes;

	for (size_t i = 0; i < len; i++)
	{
		at[2 * i] = (char) ('a' + (from[i] & 15));
		at[2 * i + 1] = (char) ('a' + (from[i] >> 4));
	}
	return at + 2 * len;
}

static inline char *
write_string(char *at, const char *string, size_t string_len)
{
	uint32 len = string ? (uint32) string_len : NULL_STRING;

	at = write_bytes(at, &len, sizeof(len));
	if (string == NULL)
		return at;
	memcpy(at, string, len);
	return at + len;
}

extern char *identity_to_text(Identity *identity);
extern Identity *identity_from_text(const char *text);

#endif /* SESSION_AUTH_IDENTITY_TEXT_H */
