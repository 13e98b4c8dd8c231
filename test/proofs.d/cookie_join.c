/*
 * cookie_join.c
 *		Proofs of a cookie's value as it comes out of a whole header: read of the bytes it is always
 *		the same cookie that counts, and chunks are joined one after the other, all of them.
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
