/*
 * hex.c
 *		Proofs of hexadecimal digits: decoding and encoding are each other's reverse.
 */
#include "proof.h"

#include "pure/hex.h"

#define BYTES 8

static char
lower(char c)
{
	return c >= 'A' && c <= 'F' ? (char) (c + 'a' - 'A') : c;
}

PROOF(hex_text, 18, "digits that decode are, but for their case, what the bytes are encoded to",
	  "16 digits")
{
	char digits[2 * BYTES];
	char again[2 * BYTES];
	unsigned char bytes[BYTES];

	if (!hex_decode(digits, sizeof(digits), bytes))
		return;
	hex_encode(bytes, sizeof(bytes), again);
	for (size_t i = 0; i < sizeof(digits); i++)
		PROVE(again[i] == lower(digits[i]), "the same digits");
}

PROOF(hex_bytes, 18, "bytes are encoded to digits that decode to them", "8 bytes")
{
	unsigned char bytes[BYTES];
	unsigned char again[BYTES];
	char digits[2 * BYTES];

	hex_encode(bytes, sizeof(bytes), digits);
	PROVE(hex_decode(digits, sizeof(digits), again), "digits");
	for (size_t i = 0; i < sizeof(bytes); i++)
		PROVE(again[i] == bytes[i], "the same bytes");
}
