/*
 * cookie_join.c
 *		Proofs of a cookie's value as it comes out of a whole header: its bytes are read as one piece
 *		after another, and chunks are joined one after the other, all of them.
 */
#include "proof.h"

#include "pure/cookie.h"

#undef COOKIE_CHUNKS_MAX
#define COOKIE_CHUNKS_MAX 3

#include "pure/cookie.c"
#define decode decode_percent /* each file has its own */
#include "pure/percent.c"
#include "pure/utf8.c"
#undef decode

/* ------------------------------------------------------------------------------- chunks */

#define CAP 5

/*
 * Whatever decode() may do with a value, which is proved apart: refuse it, or write no more than
 * there is room for.  Here it writes how manieth value this was.
 */
static int n_decoded;
static size_t written[COOKIE_CHUNKS_MAX];

ResultCode
any_decode(Slice value, CookieEscapes escapes, bool escaped, char *out, size_t cap, size_t *out_len)
{
	bool refused;
	size_t len;

	(void) value;
	(void) escapes;
	(void) escaped;
	if (refused)
		return RESULT_TOO_LONG;
	ASSUME(len <= cap);
	for (size_t i = 0; i < CAP; i++)
		if (i < len)
			out[i] = (char) n_decoded;
	written[n_decoded++] = len;
	*out_len = len;
	return RESULT_OK;
}

INSTEAD(cookie_join, decode, any_decode)
PROOF(cookie_join, 7, "chunks are joined one after the other, each whole, or the cookie is refused",
	  "3 chunks, 5 bytes in all")
{
	Chunk found[COOKIE_CHUNKS_MAX];
	char bytes[2 * COOKIE_CHUNKS_MAX];
	char out[CAP];
	size_t n;
	size_t cap;
	size_t len;
	size_t at = 0;
	ResultCode result;

	ASSUME(n <= COOKIE_CHUNKS_MAX && cap <= CAP);
	for (int i = 0; i < COOKIE_CHUNKS_MAX; i++)
		found[i].pair.value = slice_make(bytes + 2 * i, 2);
	n_decoded = 0;
	result = join(found, n, COOKIE_ESCAPES_FORM, out + CAP - cap, cap, &len);
	if (result == RESULT_NO_TOKEN)
		PROVE(len == 0 && (size_t) n_decoded == n, "none, where all are empty");
	if (result != RESULT_OK)
		return;
	PROVE((size_t) n_decoded == n, "each of them");
	for (int i = 0; i < COOKIE_CHUNKS_MAX; i++)
		for (size_t j = 0; (size_t) i < n && j < CAP; j++)
			if (j < written[i])
				PROVE(out[CAP - cap + at++] == i, "in their order");
	PROVE(at == len && len > 0 && len <= cap, "all of it");
}

/*
 * better-auth: the cookie itself, or else its chunks.  What is joined of either is whatever may be
 * joined.
 */
static CookieChunks asked_for[2];
static int n_asked;
static ResultCode answers[2];

ResultCode
any_value(Slice header, Slice name, CookieChunks chunks, CookieEscapes escapes, char *out,
		  size_t cap, size_t *out_len)
{
	ResultCode result;

	(void) header;
	(void) name;
	(void) escapes;
	(void) out;
	(void) cap;
	(void) out_len;
	asked_for[n_asked] = chunks;
	answers[n_asked++] = result;
	return result;
}

INSTEAD(cookie_either, collect_and_join, any_value)
PROOF(cookie_either, 2,
	  "of better-auth's cookies the whole one counts, and its chunks where there is none",
	  "all answers")
{
	char bytes[2];
	char out[1];
	size_t len;
	bool is_empty;
	CookieChunks chunks;
	ResultCode result;

	ASSUME(chunks >= COOKIE_WHOLE && chunks <= COOKIE_BETTER_AUTH);
	n_asked = 0;
	result = cookie_value(slice_make(bytes, 2), slice_make(bytes, is_empty ? 0 : 1), chunks,
						  COOKIE_ESCAPES_URI, out, 1, &len);
	if (is_empty)
		PROVE(n_asked == 0 && result == RESULT_NO_TOKEN, "a cookie has a name");
	else
		PROVE(result == answers[n_asked - 1], "the last answer");
	PROVE(n_asked < 2 || (asked_for[0] == COOKIE_WHOLE && answers[0] == RESULT_NO_TOKEN &&
						  asked_for[1] == COOKIE_BETTER_AUTH && chunks == COOKIE_BETTER_AUTH),
		  "the whole one first");
	PROVE(n_asked != 1 || asked_for[0] == chunks ||
			  (chunks == COOKIE_BETTER_AUTH && answers[0] != RESULT_NO_TOKEN),
		  "and the chunks where there is none");
}

/* ------------------------------------------------------------------------- whole headers */

#define LEN 6

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

PROOF(cookie_trim, 8, "of a text nothing but blanks around it is taken off", "6 bytes")
{
	ANY_TEXT(text, LEN, LEN);
	Slice trimmed = trim(text.data, text.data + text.len);
	size_t before = (size_t) (trimmed.data - text.data);

	PROVE(before <= LEN && trimmed.len <= LEN - before, "a part of it");
	for (size_t i = 0; i < LEN; i++)
		PROVE((i >= before && i < before + trimmed.len) || is_space(text.data[i]), "blanks alone");
	PROVE(trimmed.len == 0 ||
			  (!is_space(trimmed.data[0]) && !is_space(trimmed.data[trimmed.len - 1])),
		  "none is left");
}

/* Without blanks, whose taking off is proved above. */
Slice
leave(const char *start, const char *end)
{
	return slice_make(start, (size_t) (end - start));
}

INSTEAD(cookie_next, trim, leave)
PROOF(cookie_next, 8,
	  "from any place of a header the next pair is that of the next piece that has an equals sign, "
	  "from there to its semicolon, and pieces are passed over one by one",
	  "6 bytes")
{
	ANY_TEXT(header, LEN, LEN);
	size_t pos;
	size_t start;
	size_t equals;
	size_t end;
	Pair pair;

	ASSUME(pos <= LEN + 1);
	for (start = pos; start < LEN; start = end + 1)
	{
		equals = LEN;
		for (end = start; end < LEN && header.data[end] != ';'; end++)
			if (equals == LEN && header.data[end] == '=')
				equals = end;
		if (equals < LEN)
			break;
	}
	if (!next_pair(header, &pos, &pair))
	{
		PROVE(start >= LEN, "there is none");
		return;
	}
	PROVE(start < LEN && pos == end + 1, "behind its piece");
	PROVE(pair.name.data == header.data + start && pair.name.len == equals - start, "its name");
	if (end - equals > 2 && header.data[equals + 1] == '"' && header.data[end - 1] == '"')
		PROVE(pair.value.data == header.data + equals + 2 && pair.value.len == end - equals - 3,
			  "without quotes");
	else
		PROVE(pair.value.data == header.data + equals + 1 && pair.value.len == end - equals - 1,
			  "its value");
}
