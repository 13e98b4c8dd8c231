/*
 * cookie_times.c
 *		Proofs of the times in frameworks' cookies: a number in base62 or of bytes is one time, and
 *		no time, clock or limit overflows.
 */
#include "proof.h"

#include "pure/framework_time.c"

/* Any bytes, or a refusal: what the true one answers is among this. */
static char decoded[BIG_ENDIAN_MAX + 1];
static size_t decoded_len;

ResultCode
framework_decode(const Opening *o, Slice text, bool url, Slice *bytes)
{
	bool refused;
	char any[sizeof(decoded)];
	size_t len;

	(void) o;
	(void) text;
	(void) url;
	ASSUME(len <= sizeof(decoded));
	memcpy(decoded, any, sizeof(decoded));
	decoded_len = len;
	*bytes = slice_make(decoded + sizeof(decoded) - len, len);
	return refused ? RESULT_MALFORMED : RESULT_OK;
}

bool
framework_is_aged(const Framework *row)
{
	bool any;

	(void) row;
	return any;
}

PROOF(base62_time, 13, "a time in base62 is within its bound, whatever the digits", "0 to 12 bytes")
{
	size_t n;
	ANY_TEXT(text, 12, n);
	int64_t seconds;

	if (read_base62(text, &seconds))
		PROVE(seconds >= 0 && seconds <= SECONDS_MAX, "within the bound");
}

PROOF(base62_unique, 4, "two texts of base62 and of one length are never one time", "2 digits")
{
	char a[2];
	char b[2];
	int64_t seconds_a;
	int64_t seconds_b;

	if (read_base62(slice_make(a, sizeof(a)), &seconds_a) &&
		read_base62(slice_make(b, sizeof(b)), &seconds_b) && seconds_a == seconds_b)
		for (size_t i = 0; i < sizeof(a); i++)
			PROVE(a[i] == b[i], "the same text");
}

PROOF(big_endian_time, 11, "a big-endian time is the number of its bytes, within its bound",
	  "0 to 9 bytes")
{
	Opening o;
	Slice text;
	int64_t seconds;

	if (!read_big_endian(&o, text, &seconds))
		return;
	PROVE(seconds >= 0 && seconds <= SECONDS_MAX, "within the bound");
	PROVE(decoded_len > 0 && decoded_len <= BIG_ENDIAN_MAX, "one to eight bytes");
	for (size_t i = 0; i < sizeof(decoded); i++)
		if (i < decoded_len)
			PROVE((unsigned char) decoded[sizeof(decoded) - 1 - i] ==
					  (uint8_t) (seconds >> 8 * (i % 8)),
				  "its bytes");
}

/* A row's own numbers are small, as frameworks.c has them; a cookie's times are those proved above. */
PROOF(cookie_age, 2,
	  "a cookie is good only before each of the ends that it has, and no time overflows",
	  "all clocks, limits and times of issue")
{
	Framework row;
	FrameworkOptions options;
	FrameworkProof proof;
	Opening o = { .row = &row, .options = &options, .proof = &proof };
	int64_t before;
	ResultCode result;

	ASSUME(row.max_age_s >= 0 && row.max_age_s <= SECONDS_MAX);
	ASSUME(row.tick_us >= 0 && row.tick_us <= US_PER_SECOND);
	ASSUME(row.rounds_us >= 0 && row.rounds_us <= US_PER_SECOND);
	ASSUME(proof.issued_us == FRAMEWORK_NO_TIME ||
		   (proof.issued_us >= -US_PER_SECOND && proof.issued_us <= SECONDS_MAX * US_PER_SECOND));
	before = proof.expires_us;
	result = framework_check_time(&o);
	PROVE(before == FRAMEWORK_NO_TIME || proof.expires_us <= before, "no end is put off");
	if (result != RESULT_OK)
		return;
	PROVE(proof.expires_us == FRAMEWORK_NO_TIME || o.now_us < proof.expires_us, "before its end");
	PROVE(proof.expires_us != FRAMEWORK_NO_TIME || options.without_end ||
			  proof.yields != YIELDS_USER,
		  "a user has an end");
}
