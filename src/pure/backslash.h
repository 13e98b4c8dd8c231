/*
 * backslash.h
 *		Backslash escapes, as Python's cookies have them within quotes.
 */
#ifndef SESSION_AUTH_BACKSLASH_H
#define SESSION_AUTH_BACKSLASH_H

#include <stdbool.h>

#include "pure/result.h"
#include "pure/slice.h"

/*
 * A backslash and three octal digits up to 377 are a byte, or, without octets, the letter of that
 * number in UTF-8; a backslash and any other character are that character.  A last one stays.
 * RESULT_TOO_LONG when out is too small, RESULT_MALFORMED when octets are no UTF-8.
 */
extern ResultCode backslash_decode(Slice in, bool octets, char *out, size_t cap, size_t *out_len);

#endif /* SESSION_AUTH_BACKSLASH_H */
