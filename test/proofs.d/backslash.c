/*
 * backslash.c
 *		Proofs of the quoted cookies of Python's frameworks: what comes out is never longer than what
 *		went in, an escape is its byte or letter, and everything else is itself.
 */
#include "proof.h"

#include "pure/backslash.c"
#include "pure/utf8.c"

#define LEN 9 /* two escapes, and one character */

/* Both pieces of memory end where reading and writing has to. */
PROOF(backslash_text, 11,
	  "whatever is decoded fits into as much as was there, and with octets it is UTF-8", "9 bytes")
{
	size_t n;
	ANY_TEXT(text, LEN, n);
	char out[LEN];
	size_t cap;
	size_t len;
	bool octets;
	ResultCode result;

	ASSUME(cap <= LEN);
	result = backslash_decode(text, octets, out + LEN - cap, cap, &len);
	PROVE((result == RESULT_TOO_LONG) == (text.len > cap), "room for all of it");
	PROVE(result != RESULT_MALFORMED || octets, "refused as octets alone");
	PROVE(len <= text.len && (result == RESULT_OK || len == 0), "never longer");
	if (result == RESULT_OK && octets)
		PROVE(utf8_is_valid(out + LEN - cap, len), "UTF-8 alone");
}

static bool
is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* The length of an escape at the text's front; 0 where the character there is itself. */
static size_t
escape_len(Slice text)
{
	if (text.len < 2 || text.data[0] != '\\')
		return 0;
	if (text.len < 4 || text.data[1] > '3' || !is_octal(text.data[1]) || !is_octal(text.data[2]) ||
		!is_octal(text.data[3]))
		return 2;
	return 4;
}

/* One piece behind the other, as the comment at backslash_decode() has them. */
PROOF(backslash_pieces, 11,
	  "an escape of three digits is its byte or letter, one of any other character is that, and "
	  "the rest is itself",
	  "6 bytes")
{
	size_t n;
	ANY_TEXT(text, 6, n);
	char out[6];
	char letter[2];
	size_t len;
	size_t at = 0;
	bool octets;

	if (backslash_decode(text, octets, out, sizeof(out), &len) != RESULT_OK)
		return;
	for (Slice rest = text; rest.len > 0;)
	{
		size_t escape = escape_len(rest);
		const char *c = rest.data;

		if (escape == 4)
		{
			int byte = (c[1] - '0') * 64 + (c[2] - '0') * 8 + (c[3] - '0');

			letter[0] = byte < 0x80 ? (char) byte : (char) (0xc0 | byte >> 6);
			letter[1] = (char) (0x80 | (byte & 0x3f));
			PROVE(at < len, "it is there");
			PROVE(out[at++] == (octets ? (char) byte : letter[0]), "its byte or letter");
			if (!octets && byte >= 0x80)
				PROVE(at < len && out[at++] == letter[1], "the whole letter");
		}
		else
			PROVE(at < len && out[at++] == c[escape == 2], "the character itself");
		escape = escape == 0 ? 1 : escape;
		rest = slice_make(c + escape, rest.len - escape);
	}
	PROVE(at == len, "all of it");
}
