/*
 * hex.h
 *		Hexadecimal digits.
 */
#ifndef SESSION_AUTH_HEX_H
#define SESSION_AUTH_HEX_H

#include <stdbool.h>
#include <stddef.h>

/* The value of a digit in either case, or -1. */
static inline int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The value of two digits, or -1. */
static inline int
hex_byte(const char *s)
{
	int high = hex_digit(s[0]);
	int low = hex_digit(s[1]);

	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Half as many bytes as there are digits, of which there is an even number; false for others. */
static inline bool
hex_decode(const char *digits, size_t n_digits, unsigned char *out)
{
	for (size_t i = 0; i < n_digits; i += 2)
	{
		int byte = hex_byte(digits + i);

		if (byte < 0)
			return false;
		out[i / 2] = (unsigned char) byte;
	}
	return true;
}

/* Two lower-case digits for each byte, without NUL. */
static inline void
hex_encode(const unsigned char *in, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++)
	{
		out[2 * i] = digits[in[i] >> 4];
		out[2 * i + 1] = digits[in[i] & 15];
	}
}

#endif /* SESSION_AUTH_HEX_H */
