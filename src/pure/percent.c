/*
 * percent.c
 *		Percent-encoding; see percent.h.
 */
#include "pure/percent.h"

#include <string.h>

#include "pure/hex.h"
#include "pure/utf8.h"

int
percent_byte(const char *p, size_t n)
{
	return n < 3 || p[0] != '%' ? -1 : hex_byte(p + 1);
}

/* How many bytes the UTF-8 sequence has that starts with c; 0 when none does. */
static int
sequence_len(int c)
{
	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* decodeURIComponent: each run of escapes is one UTF-8 sequence after another. */
static ResultCode
decode_sequence(const char *p, size_t n, char *out, size_t cap, int *len)
{
	int first = percent_byte(p, n);

	*len = first < 0 ? 0 : sequence_len(first);
	if (*len == 0)
		return RESULT_MALFORMED;
	if ((size_t) *len > cap)
		return RESULT_TOO_LONG;
	out[0] = (char) first;
	for (int i = 1; i < *len; i++)
	{
		int byte = n > (size_t) i * 3 ? percent_byte(p + i * 3, n - (size_t) i * 3) : -1;

		if (byte < 0)
			return RESULT_MALFORMED;
		out[i] = (char) byte;
	}
	return *len == 1 || utf8_len(out, (size_t) *len) == (size_t) *len ? RESULT_OK
																	  : RESULT_MALFORMED;
}

/* How much stands before the next escape. */
static size_t
plain_len(const char *p, size_t n)
{
	const char *escape = memchr(p, '%', n);

	return escape == NULL ? n : (size_t) (escape - p);
}

static void
copy_plain(const char *p, size_t n, char plus, char *out)
{
	char *end = out + n;

	memcpy(out, p, n);
	if (plus == '+')
		return;
	while ((out = memchr(out, '+', (size_t) (end - out))) != NULL)
		*out++ = plus;
}

static ResultCode
decode(Slice in, char plus, char *out, size_t cap, size_t *out_len)
{
	size_t n = 0;
	size_t i = 0;

	*out_len = 0;
	while (i < in.len)
	{
		size_t plain = plain_len(in.data + i, in.len - i);
		int len;
		ResultCode result;

		if (n == cap || plain > cap - n)
			return RESULT_TOO_LONG;
		copy_plain(in.data + i, plain, plus, out + n);
		n += plain;
		i += plain;
		if (i == in.len)
			break;
		result = decode_sequence(in.data + i, in.len - i, out + n, cap - n, &len);
		if (result != RESULT_OK)
			return result;
		n += (size_t) len;
		i += (size_t) len * 3;
	}
	*out_len = n;
	return RESULT_OK;
}

ResultCode
percent_decode(Slice in, char *out, size_t cap, size_t *out_len)
{
	return decode(in, '+', out, cap, out_len);
}

ResultCode
percent_decode_form(Slice in, char *out, size_t cap, size_t *out_len)
{
	return decode(in, ' ', out, cap, out_len);
}
