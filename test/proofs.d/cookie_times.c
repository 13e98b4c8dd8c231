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

/* Members that are there or not, and any dates: a time, t, and an age, a. */
static JsonNode members[2];
static bool are_there[2];
static int64_t dates[2];

const JsonNode *
json_member(const JsonDoc *doc, const JsonNode *object, const char *name, size_t len)
{
	int i = *name == 't' ? 0 : 1;

	(void) doc;
	PROVE(object == doc->nodes && len == 1, "a member of this name");
	return are_there[i] ? &members[i] : NULL;
}

ResultCode
json_date_us(const JsonDoc *doc, const JsonNode *node, int64_t *us)
{
	bool is_number;

	(void) doc;
	*us = dates[node == &members[0] ? 0 : 1];
	return is_number ? RESULT_OK : RESULT_MALFORMED;
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

/* What is noted is what cookie_age, below, takes for granted. */
PROOF(member_time, 2,
	  "a payload's time of issue is within its bound, its end puts off no other, and no time "
	  "overflows",
	  "all dates and ages of the payload's members, all ends before")
{
	static const FrameworkTime times[] = { TIME_CREATED_S, TIME_CREATED_MS, TIME_EXPIRES_MS };
	bool has_age;
	Framework row = { .time_member = "t", .age_member = has_age ? "a" : NULL };
	FrameworkProof proof;
	Opening o = { .row = &row, .proof = &proof };
	JsonNode nodes[1];
	JsonDoc doc = { .nodes = nodes };
	int64_t any_dates[2];
	bool any_are_there[2];
	int64_t end_before;
	bool is_there;
	unsigned int kind;

	ASSUME(kind < COUNT(times));
	ASSUME(row.tick_us >= 0 && row.tick_us <= US_PER_SECOND);
	ASSUME(row.rounds_us >= 0 && row.rounds_us <= US_PER_SECOND);
	row.time = times[kind];
	memcpy(dates, any_dates, sizeof(dates));
	memcpy(are_there, any_are_there, sizeof(are_there));
	is_there = are_there[0];
	proof.issued_us = FRAMEWORK_NO_TIME;
	proof.expires_us = end_before;
	if (framework_member_time(&o, &doc) != RESULT_OK)
		return;
	if (!is_there || (kind == 2 && !(has_age && are_there[1])))
		PROVE(proof.issued_us == FRAMEWORK_NO_TIME, "no time of issue");
	else if (kind == 2)
		PROVE(proof.issued_us == FRAMEWORK_NO_TIME ||
				  (proof.issued_us >= 0 && proof.issued_us <= SECONDS_MAX * US_PER_SECOND),
			  "before its end");
	else
		PROVE(proof.issued_us >= -US_PER_SECOND && proof.issued_us <= SECONDS_MAX * US_PER_SECOND,
			  "within its bound");
	if (kind == 0 && is_there)
		PROVE(proof.issued_us == dates[0] - row.rounds_us, "its seconds");
	PROVE(end_before == FRAMEWORK_NO_TIME || proof.expires_us <= end_before, "no end is put off");
	if (kind == 2 && is_there)
		PROVE(proof.expires_us <= SECONDS_MAX * US_PER_SECOND + row.tick_us, "its end is noted");
	else
		PROVE(proof.expires_us == end_before, "no end");
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
