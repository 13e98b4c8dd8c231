/*
 * cookie_header.c
 *		Proofs of whole cookie headers: of several cookies with one name it is always the same one
 *		that counts, and what is written fits.
 */
#include "proof.h"

#include "pure/cookie.h"

#undef COOKIE_CHUNKS_MAX
#define COOKIE_CHUNKS_MAX 2

#include "pure/cookie.c"
#define decode decode_percent /* each file has its own */
#include "pure/percent.c"
#include "pure/utf8.c"

#define PAIRS 3

/* The pairs of the header, as next_pair() has them one after the other. */
static Pair pairs[PAIRS];
static int n_pairs;

bool
any_pair(Slice header, size_t *pos, Pair *pair)
{
	(void) header;
	if (*pos >= (size_t) n_pairs)
		return false;
	*pair = pairs[(*pos)++];
	return true;
}

/* Each has a name of one byte or none, and a value of up to two. */
static void
make_pairs(char *bytes)
{
	int n;

	ASSUME(n >= 0 && n <= PAIRS);
	n_pairs = n;
	for (int i = 0; i < PAIRS; i++)
	{
		size_t name_len;
		size_t value_len;

		ASSUME(name_len <= 1 && value_len <= 2);
		pairs[i].name = slice_make(bytes + 3 * i, name_len);
		pairs[i].value = slice_make(bytes + 3 * i + 1, value_len);
	}
}

/* Proved apart to be within its bound. */
int64_t
any_index(Slice name, CookieChunks chunks)
{
	int64_t index;

	(void) name;
	(void) chunks;
	ASSUME(index == NO_INDEX || (index > -16 * INDEX_MAX && index < 16 * INDEX_MAX));
	return index;
}

INSTEAD(cookie_which, next_pair, any_pair)
INSTEAD(cookie_which, chunk_index, any_index)
PROOF(cookie_which, 6,
	  "of the cookies with a name the first counts, or the last, even where it is empty",
	  "3 cookies, values of up to 2 bytes")
{
	char bytes[3 * PAIRS];
	char name = 'a';
	bool is_last;
	Chunk found[COOKIE_CHUNKS_MAX];
	size_t n;
	const Pair *counts = NULL;

	make_pairs(bytes);
	for (int i = 0; i < PAIRS; i++)
		if (i < n_pairs && pairs[i].name.len == 1 && pairs[i].name.data[0] == name &&
			(is_last || counts == NULL))
			counts = &pairs[i];
	PROVE(collect(slice_make(bytes, sizeof(bytes)), slice_make(&name, 1),
				  is_last ? COOKIE_WHOLE_LAST : COOKIE_WHOLE, found, &n) == RESULT_OK,
		  "read to its end");
	if (counts == NULL || counts->value.len == 0)
		PROVE(n == 0, "none");
	else
		PROVE(n == 1 && found[0].pair.value.data == counts->value.data &&
				  found[0].pair.value.len == counts->value.len,
			  "this one");
}

INSTEAD(cookie_chunks, next_pair, any_pair)
INSTEAD(cookie_chunks, chunk_index, any_index)
PROOF(cookie_chunks, 6,
	  "chunks are as many as there may be, each name once, in the order of their numbers",
	  "3 cookies, values of up to 2 bytes")
{
	char bytes[3 * PAIRS];
	char prefix = 'a';
	Chunk found[COOKIE_CHUNKS_MAX];
	size_t n;

	make_pairs(bytes);
	if (collect(slice_make(bytes, sizeof(bytes)), slice_make(&prefix, 0), COOKIE_AUTHJS, found,
				&n) != RESULT_OK)
		return;
	PROVE(n <= COOKIE_CHUNKS_MAX, "no more");
	for (size_t i = 0; i < n; i++)
		PROVE(found[i].pair.value.len > 0, "none is empty");
	if (n == 2)
	{
		PROVE(!slice_equals(found[0].pair.name, found[1].pair.name), "each name once");
		PROVE(found[0].index == NO_INDEX || found[1].index == NO_INDEX ||
				  found[0].index <= found[1].index,
			  "in order");
	}
}

PROOF(cookie_escapes, 6, "a value is decoded, or as it is where it is malformed, and fits",
	  "3 bytes")
{
	char text[3];
	Slice value = { text, sizeof(text) };
	char out[3];
	char expected[3];
	size_t cap;
	size_t len;
	size_t expected_len;
	ResultCode result;
	ResultCode decoded;

	ASSUME(cap <= sizeof(out));
	result = cookie_unescape(value, COOKIE_ESCAPES_URI, out + sizeof(out) - cap, cap, &len);
	decoded = percent_decode(value, expected, cap, &expected_len);
	if (decoded == RESULT_MALFORMED && cap == sizeof(text))
		memcpy(expected, text, expected_len = sizeof(text));
	else if (decoded == RESULT_MALFORMED)
		decoded = RESULT_TOO_LONG;
	PROVE((result == RESULT_OK) == (decoded != RESULT_TOO_LONG), "whatever fits");
	if (result != RESULT_OK)
		return;
	PROVE(len == expected_len, "its length");
	for (size_t i = 0; i < sizeof(out); i++)
		PROVE(i >= len || out[sizeof(out) - cap + i] == expected[i], "its bytes");
}
