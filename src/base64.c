/*
 * base64.c
 *		Base64 in its two alphabets, strictly; see base64.h.
 */
#include "base64.h"

#include <stdint.h>

static const char alphabet_url[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char alphabet_std[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Values of '+' .. 'z'; 64 stands for "not in any alphabet". */
#define X 64
static const unsigned char values[] = {
	62, X,  62, X,  63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, X,  X,  X,  X,  X,
	X,  X,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17,
	18, 19, 20, 21, 22, 23, 24, 25, X,  X,  X,  X,  63, X,  26, 27, 28, 29, 30, 31,
	32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,
};
#undef X

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

/* The value of c, or 64; '-' and '_' belong to one alphabet, '+' and '/' to the other. */
static unsigned int
value_of(char c, int url)
{
	unsigned char u = (unsigned char) c;

	if (u < '+' || u > 'z')
		return 64;
	if (url ? (u == '+' || u == '/') : (u == '-' || u == '_'))
		return 64;
	return values[u - '+'];
}

/* Decodes len characters that carry no padding. */
static Result
decode(const char *in, size_t len, unsigned char *out, size_t cap, size_t *out_len, int url)
{
	size_t need = len / 4 * 3 + (len % 4 == 0 ? 0 : len % 4 - 1);
	uint32_t bits = 0;
	unsigned int n_bits = 0;
	size_t n = 0;
	size_t i;

	*out_len = 0;
	if (len % 4 == 1)
		return RESULT_MALFORMED;
	if (need > cap)
		return RESULT_TOO_LONG;
	for (i = 0; i < len; i++)
	{
		unsigned int v = value_of(in[i], url);

		if (v > 63)
			return RESULT_MALFORMED;
		bits = (bits << 6 | v) & 0xffff;
		n_bits += 6;
		if (n_bits >= 8)
		{
			n_bits -= 8;
			out[n++] = (unsigned char) (bits >> n_bits & 0xff);
		}
	}
	if ((bits & ((1U << n_bits) - 1)) != 0)
		return RESULT_MALFORMED;
	*out_len = n;
	return RESULT_OK;
}

Result
base64url_decode(const char *in, size_t len, unsigned char *out, size_t cap, size_t *out_len)
{
	return decode(in, len, out, cap, out_len, 1);
}

Result
base64_decode(const char *in, size_t len, unsigned char *out, size_t cap, size_t *out_len)
{
	size_t padding = 0;

	*out_len = 0;
	if (len % 4 != 0)
		return RESULT_MALFORMED;
	while (padding < 2 && padding < len && in[len - 1 - padding] == '=')
		padding++;
	return decode(in, len - padding, out, cap, out_len, 0);
}
