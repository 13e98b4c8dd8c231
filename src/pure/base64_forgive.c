/*
 * base64_forgive.c
 *		The one text of base64 behind those that JavaScript's atob() reads alike; see
 *		base64_forgive.h.
 *
 * As the standard has it (https://infra.spec.whatwg.org/#forgiving-base64-decode).  The text comes
 * from the client and is no secret: branches may depend on it.
 */
#include "pure/base64_forgive.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t
without_spaces(Slice text, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		if (memchr(" \t\n\f\r", text.data[i], 5) == NULL)
			out[n++] = text.data[i];
	return n;
}

/* Padding counts only where it fills up the last four characters. */
static size_t
without_padding(const char *text, size_t len)
{
	size_t n = len;

	if (len % 4 != 0)
		return len;
	while (n > 0 && len - n < 2 && text[n - 1] == '=')
		n--;
	return n;
}

Slice
base64_forgive(Slice text, char *out)
{
	size_t len = without_padding(out, without_spaces(text, out));
	size_t unused = len % 4 == 2 ? 16 : len % 4 == 3 ? 4 : 1; /* values, of the last character */
	const char *last = len > 0 ? memchr(alphabet, out[len - 1], sizeof(alphabet) - 1) : NULL;

	if (last != NULL)
		out[len - 1] = alphabet[(size_t) (last - alphabet) / unused * unused];
	return slice_make(out, len);
}
