/*
 * utf8.c
 *		Proofs of UTF-8: each character has one sequence of bytes, and each sequence one character.
 */
#include "proof.h"

#include "pure/utf8.c"

PROOF(utf8_sequence, 6, "a sequence that is taken is what its character is encoded to",
	  "all sequences")
{
	size_t n;
	ANY_TEXT(text, 4, n);
	size_t len;
	char again[4];
	int c;

	ASSUME(text.len > 0);
	len = utf8_len(text.data, text.len);
	PROVE(len <= text.len, "within the text");
	if (len == 0)
		return;
	c = utf8_decode(text.data, len);
	PROVE(c >= 0 && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff), "a character");
	PROVE(utf8_encode(c, again) == len, "the same length");
	for (size_t i = 0; i < len; i++)
		PROVE(again[i] == text.data[i], "the same bytes");
}

PROOF(utf8_character, 6, "a character is encoded to a sequence that is taken, and that is it",
	  "all characters")
{
	int c;
	char bytes[4];
	size_t len;

	ASSUME(c >= 0 && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff));
	len = utf8_encode(c, bytes);
	PROVE(utf8_len(bytes, len) == len, "taken");
	PROVE(utf8_decode(bytes, len) == c, "the same character");
}

PROOF(utf8_text, 10, "valid text is one sequence after another", "8 bytes")
{
	size_t n;
	ANY_TEXT(text, 8, n);
	size_t at = 0;
	bool is_valid = utf8_is_valid(text.data, text.len);

	while (at < text.len)
	{
		size_t len = utf8_len(text.data + at, text.len - at);

		PROVE(!is_valid || len > 0, "a sequence");
		if (len == 0)
			return;
		at += len;
	}
	PROVE(at == text.len && is_valid, "valid to the end");
}
