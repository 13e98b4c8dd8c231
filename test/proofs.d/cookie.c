/*
 * cookie.c
 *		Proofs of cookie headers: each pair lies within the header, in order, and no header is read
 *		twice.
 */
#include "proof.h"

#include "pure/cookie.c"
#define decode decode_percent /* each file has its own */
#include "pure/percent.c"
#include "pure/utf8.c"

PROOF(cookie_pair, 6,
	  "a pair lies in its piece of the header, without its separators and blanks around", "4 bytes")
{
	ANY_TEXT(header, 4, 4);
	size_t pos = 0;
	Pair pair;

	if (!next_pair(header, &pos, &pair))
		return;
	PROVE(pos > 0 && pos <= header.len + 1, "goes on");
	PROVE(pair.name.data >= header.data && pair.name.data + pair.name.len < pair.value.data,
		  "the name is first");
	PROVE((size_t) (pair.value.data - header.data) + pair.value.len < pos,
		  "the value ends with its piece");
	for (size_t i = 0; i < pair.name.len; i++)
		PROVE(pair.name.data[i] != '=' && pair.name.data[i] != ';', "a name");
	for (size_t i = 0; i < pair.value.len; i++)
		PROVE(pair.value.data[i] != ';', "a value");
}

PROOF(cookie_index, 20, "a chunk's index is none or within its bound, whatever follows the dot",
	  "0 to 18 bytes")
{
	size_t n;
	ANY_TEXT(name, 18, n);
	CookieChunks chunks;
	int64_t index = chunk_index(name, chunks);

	PROVE(index == NO_INDEX || (index > -16 * INDEX_MAX && index < 16 * INDEX_MAX),
		  "within its bound");
}
