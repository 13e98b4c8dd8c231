/*
 * hex.h
 *		Hexadecimal digits.
 */
#ifndef SESSION_AUTH_HEX_H
#define SESSION_AUTH_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* None of these takes a branch, or an address, by what the digits are: they may be a key's. */

/* The value of a digit in either case, or -1. */
static inline int
hex_digit(char c)
{
	unsigned int digit = (unsigned int) (unsigned char) c - '0';
	unsigned int letter = ((unsigned int) (unsigned char) c | 0x20) - 'a';
	int is_digit = -(int) (digit < 10);
	int is_letter = -(int) (letter < 6);

	return (is_digit & (int) digit) | (is_letter & (int) (letter + 10)) | ~(is_digit | is_letter);
}

/* The value of two digits, or -1. */
static inline int
hex_byte(const char *s)
{
	int high = hex_digit(s[0]);
	int low = hex_digit(s[1]);

	return (high & 15) << 4 | (low & 15) | -(int) ((high | low) < 0);
}

/* Half as many bytes as there are digits, of which there is an even number; false for others. */
static inline bool
hex_decode(const char *digits, size_t n_digits, unsigned char *out)
{
	int met = 0;

	for (size_t i = 0; i < n_digits; i += 2)
	{
		int byte = hex_byte(digits + i);

		met |= byte;
		out[i / 2] = (unsigned char) byte;
	}
	return met >= 0;
}

/* Four bytes as eight lower-case digits: what is done to one is done to all in a word. */
static inline void
hex_encode_word(const unsigned char *in, char *out)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t x = (uint64_t) in[0] << 24 | (uint64_t) in[1] << 16 | (uint64_t) in[2] << 8 | in[3];

	x = (x << 16 | x) & UINT64_C(0x0000ffff0000ffff);
	x = (x << 8 | x) & UINT64_C(0x00ff00ff00ff00ff);
	x = (x << 4 | x) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	x += each * '0' + ((x + each * 6) >> 4 & each) * ('a' - '0' - 10);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	x = __builtin_bswap64(x);
#endif
	memcpy(out, &x, sizeof(x));
}

/* Two lower-case digits for each byte, without NUL. */
static inline void
hex_encode(const unsigned char *in, size_t len, char *out)
{
	unsigned char rest[4] = { 0 };
	char digits[8];

	for (; len >= 4; len -= 4, in += 4, out += 8)
		hex_encode_word(in, out);
	for (size_t i = 0; i < len; i++)
		rest[i] = in[i];
	hex_encode_word(rest, digits);
	for (size_t i = 0; i < 2 * len; i++)
		out[i] = digits[i];
}

#endif /* SESSION_AUTH_HEX_H */
