/*
 * base64.c
 *		Base64 in its two alphabets, strictly; see base64.h.
 */
#include "base64.h"

#include <string.h>

static const char alphabet_url[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char alphabet_std[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define INVALID 0x80 /* beyond every value */

typedef unsigned char Values[256];

static size_t
encode(const unsigned char *in, size_t len, char *out, const char *alphabet)
{
	char *p = out;

	while (len >= 3)
	{
		*p++ = alphabet[in[0] >> 2];
		*p++ = alphabet[(in[0] & 3) << 4 | in[1] >> 4];
		*p++ = alphabet[(in[1] & 15) << 2 | in[2] >> 6];
		*p++ = alphabet[in[2] & 63];
		in += 3;
		len -= 3;
	}
	if (len > 0)
	{
		*p++ = alphabet[in[0] >> 2];
		*p++ = alphabet[(in[0] & 3) << 4 | (len > 1 ? in[1] >> 4 : 0)];
		if (len > 1)
			*p++ = alphabet[(in[1] & 15) << 2];
	}
	return (size_t) (p - out);
}

size_t
base64url_encode(const unsigned char *in, size_t len, char *out)
{
	return encode(in, len, out, alphabet_url);
}

size_t
base64_encode(const unsigned char *in, size_t len, char *out)
{
	size_t n = encode(in, len, out, alphabet_std);

	while (n % 4 != 0)
		out[n++] = '=';
	return n;
}

/* What each character stands for; made once, of the alphabet itself. */
static const unsigned char *
values_of(const char *alphabet, Values values)
{
	int i;

	if (values['B'] == 1)
		return values;
	memset(values, INVALID, sizeof(Values));
	for (i = 0; i < 64; i++)
		values[(unsigned char) alphabet[i]] = (unsigned char) i;
	return values;
}

/* The two or three characters at the end that stand for one or two bytes. */
static ResultCode
decode_rest(const unsigned char *in, size_t len, unsigned char *out, const unsigned char *values)
{
	unsigned int a = values[in[0]];
	unsigned int b = values[in[1]];
	unsigned int c = len > 2 ? values[in[2]] : 0;

	if (((a | b | c) & INVALID) != 0 || ((len > 2 ? c & 3 : b & 15) != 0))
		return RESULT_MALFORMED;
	out[0] = (unsigned char) (a << 2 | b >> 4);
	if (len > 2)
		out[1] = (unsigned char) (b << 4 | c >> 2);
	return RESULT_OK;
}

/* Decodes len characters that carry no padding. */
static ResultCode
decode(const char *text, size_t len, unsigned char *out, size_t cap, size_t *out_len,
	   const unsigned char *values)
{
	const unsigned char *in = (const unsigned char *) text;
	size_t need = len / 4 * 3 + (len % 4 == 0 ? 0 : len % 4 - 1);

	*out_len = 0;
	if (len % 4 == 1)
		return RESULT_MALFORMED;
	if (need > cap)
		return RESULT_TOO_LONG;
	for (; len >= 4; len -= 4, in += 4, out += 3)
	{
		unsigned int a = values[in[0]];
		unsigned int b = values[in[1]];
		unsigned int c = values[in[2]];
		unsigned int d = values[in[3]];

		if (((a | b | c | d) & INVALID) != 0)
			return RESULT_MALFORMED;
		out[0] = (unsigned char) (a << 2 | b >> 4);
		out[1] = (unsigned char) (b << 4 | c >> 2);
		out[2] = (unsigned char) (c << 6 | d);
	}
	if (len > 0 && decode_rest(in, len, out, values) != RESULT_OK)
		return RESULT_MALFORMED;
	*out_len = need;
	return RESULT_OK;
}

ResultCode
base64url_decode(const char *in, size_t len, unsigned char *out, size_t cap, size_t *out_len)
{
	static Values values;

	return decode(in, len, out, cap, out_len, values_of(alphabet_url, values));
}

ResultCode
base64_decode(const char *in, size_t len, unsigned char *out, size_t cap, size_t *out_len)
{
	static Values values;
	size_t padding = 0;

	*out_len = 0;
	if (len % 4 != 0)
		return RESULT_MALFORMED;
	while (padding < 2 && padding < len && in[len - 1 - padding] == '=')
		padding++;
	return decode(in, len - padding, out, cap, out_len, values_of(alphabet_std, values));
}
