/*
 * json.c
 *		Proofs of two pieces of the JSON scanner: the eight characters that are looked at as one word,
 *		and the digits of an escape.
 */
#include "proof.h"

#include "pure/json_scan.c"
#include "pure/json_string.c"
#include "pure/utf8.c"

PROOF(json_plain, 10, "of eight characters read as one word the plain ones in front are counted",
	  "all texts of 8 bytes")
{
	char text[8];
	size_t n = count_plain(load_word(text));

	PROVE(n <= 8, "of eight");
	for (size_t i = 0; i < sizeof(text); i++)
		if (i < n)
			PROVE(is_plain((unsigned char) text[i]), "each of them");
	PROVE(n == 8 || !is_plain((unsigned char) text[n]), "and no more");
}

PROOF(json_escape, 6, "four digits of an escape are their number", "all texts of 4 bytes")
{
	char text[4];
	int value = json_hex4(text);

	PROVE(value >= -1 && value <= 0xffff, "sixteen bits");
	for (size_t i = 0; i < sizeof(text) && value >= 0; i++)
		PROVE(hex_digit(text[i]) == (value >> (12 - 4 * i) & 15), "its digits");
}
