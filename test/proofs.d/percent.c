/*
 * percent.c
 *		Proofs of percent-decoding: what is encoded comes back, and nothing else than UTF-8 comes out
 *		of escapes.
 */
#include "proof.h"

#include "pure/percent.c"
#include "pure/utf8.c"

PROOF(percent_text, 6, "whatever is decoded fits, and a text without escapes is itself",
	  "4 characters")
{
	size_t n;
	ANY_TEXT(text, 4, n);
	char out[4];
	size_t cap;
	size_t len;
	bool is_plain = memchr(text.data, '%', text.len) == NULL;
	ResultCode result;

	ASSUME(cap <= sizeof(out));
	result = percent_decode(text, out + sizeof(out) - cap, cap, &len);
	PROVE(len <= cap && len <= text.len, "fits");
	PROVE(result == RESULT_OK || len == 0, "nothing of what is refused");
	if (!is_plain || cap < text.len)
		return;
	PROVE(result == RESULT_OK && len == text.len, "taken whole");
	for (size_t i = 0; i < text.len; i++)
		PROVE(out[sizeof(out) - cap + i] == text.data[i], "the same text");
}

PROOF(percent_escapes, 14,
	  "escapes decode where their bytes are UTF-8, to these bytes, and nowhere else", "4 escapes")
{
	size_t n;
	ANY_TEXT(bytes, 4, n);
	char escapes[12];
	char out[4];
	size_t len;
	ResultCode result;

	for (size_t i = 0; i < bytes.len; i++)
	{
		escapes[3 * i] = '%';
		hex_encode((const unsigned char *) bytes.data + i, 1, escapes + 3 * i + 1);
	}
	result = percent_decode(slice_make(escapes, 3 * bytes.len), out, sizeof(out), &len);
	PROVE((result == RESULT_OK) == utf8_is_valid(bytes.data, bytes.len), "UTF-8 alone");
	if (result != RESULT_OK)
		return;
	PROVE(len == bytes.len, "as many bytes");
	for (size_t i = 0; i < len; i++)
		PROVE(out[i] == bytes.data[i], "the same bytes");
}
