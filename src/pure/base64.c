/*
 * base64.c
 *		Base64 in its two alphabets, strictly; see base64.h.
 */
#include "pure/base64.h"

#include <stdint.h>

static const char alphabet_url[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char alphabet_std[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/*
 * For each of four characters in a row what it adds to the 24 bits that they stand
 * for; a character that is not in the alphabet adds a bit beyond them.
 */
typedef uint32_t Values[4][256];

#define INVALID (UINT32_C(1) << 24)

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

/* Made once, of the alphabet itself. */
static void
make_values(Values values, const char *alphabet)
{
	if (values[3]['B'] == 1)
		return;
	for (int place = 0; place < 4; place++)
	{
		for (int i = 0; i < 256; i++)
			values[place][i] = INVALID;
		for (int i = 0; i < 64; i++)
			values[place][(unsigned char) alphabet[i]] = (uint32_t) i << (18 - 6 * place);
	}
}

/* The two or three characters at the end that stand for one or two bytes. */
static ResultCode
decode_rest(const unsigned char *in, size_t len, unsigned char *out, Values values)
{
	uint32_t bits = values[0][in[0]] | values[1][in[1]] | (len > 2 ? values[2][in[2]] : 0);

	if ((bits & (INVALID | (len > 2 ? 0xff : 0xffff))) != 0)
		return RESULT_MALFORMED;
	out[0] = (unsigned char) (bits >> 16);
	if (len > 2)
		out[1] = (unsigned char) (bits >> 8);
	return RESULT_OK;
}

/* Decodes len characters that carry no padding. */
static ResultCode
decode(const char *text, size_t len, unsigned char *out, size_t cap, size_t *out_len, Values values)
{
	const unsigned char *in = (const unsigned char *) text;
	size_t need = len / 4 * 3 + (len % 4 == 0 ? 0 : len % 4 - 1);
	uint32_t met = 0;

	*out_len = 0;
	if (len % 4 == 1)
		return RESULT_MALFORMED;
	if (need > cap)
		return RESULT_TOO_LONG;
	for (; len >= 4; len -= 4, in += 4, out += 3)
	{
		uint32_t bits = values[0][in[0]] | values[1][in[1]] | values[2][in[2]] | values[3][in[3]];

		met |= bits;
		out[0] = (unsigned char) (bits >> 16);
		out[1] = (unsigned char) (bits >> 8);
		out[2] = (unsigned char) bits;
	}
	if ((met & INVALID) != 0 || (len > 0 && decode_rest(in, len, out, values) != RESULT_OK))
		return RESULT_MALFORMED;
	*out_len = need;
	return RESULT_OK;
}

ResultCode
base64url_decode(const char *in, size_t len, unsigned char *out, size_t cap, size_t *out_len)
{
	static Values values;

	make_values(values, alphabet_url);
	return decode(in, len, out, cap, out_len, values);
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
	make_values(values, alphabet_std);
	return decode(in, len - padding, out, cap, out_len, values);
}
