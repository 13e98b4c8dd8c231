/*
 * hex.h
 *		Hexadecimal digits.
 */
#ifndef SESSION_AUTH_HEX_H
#define SESSION_AUTH_HEX_H

#include <stdbool.h>
#include <stddef.h>

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

/* Two lower-case digits for each byte, without NUL. */
static inline void
hex_encode(const unsigned char *in, size_t len, char *out)
{
	for (size_t i = 0; i < 2 * len; i++)
	{
		unsigned int digit = in[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15;

		out[i] = (char) (digit + '0' + ((9 - digit) >> 8 & ('a' - '0' - 10)));
	}
}

#endif /* SESSION_AUTH_HEX_H */
