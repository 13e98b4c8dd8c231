/*
 * backslash.c
 *		Backslash escapes within quotes; see backslash.h.
 */
#include "pure/backslash.h"

#include "pure/utf8.h"

/* What three octal digits stand for, or -1. */
static int
octal_byte(const char *p, size_t n)
{
	int value = 0;

	if (n < 3 || p[0] > '3')
		return -1;
	for (int i = 0; i < 3; i++)
	{
		if (p[i] < '0' || p[i] > '7')
			return -1;
		value = value * 8 + (p[i] - '0');
	}
	return value;
}

/* The result is never longer than what was there, as an escape has four characters. */
ResultCode
backslash_decode(Slice in, bool octets, char *out, size_t cap, size_t *out_len)
{
	size_t n = 0;

	*out_len = 0;
	if (in.len > cap)
		return RESULT_TOO_LONG;
	for (size_t i = 0; i < in.len; i++)
	{
		bool escape = in.data[i] == '\\' && i + 1 < in.len;
		int byte = escape ? octal_byte(in.data + i + 1, in.len - i - 1) : -1;

		if (byte < 0)
			out[n++] = in.data[escape ? ++i : i];
		else
		{
			if (octets)
				out[n++] = (char) byte;
			else
				n += utf8_encode(byte, out + n);
			i += 3;
		}
	}
	if (octets && !utf8_is_valid(out, n))
		return RESULT_MALFORMED;
	*out_len = n;
	return RESULT_OK;
}
