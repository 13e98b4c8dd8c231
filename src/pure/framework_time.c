/*
 * framework_time.c
 *		How old may a cookie be?  See frameworks.h and framework_internal.h.
 *
 * Invariant: expires_us is the first instant at which the framework refuses the cookie; every rule
 * about equality and about clocks that count in seconds is in it.  Numbers that no time of issue
 * can have are refused, so that nothing here overflows.
 */
#include "pure/framework_internal.h"

#include <string.h>

/* The year 5138, far from what would overflow in microseconds. */
#define SECONDS_MAX    INT64_C(100000000000)

#define BIG_ENDIAN_MAX 8
#define BASE62_MAX     11

/* Django's digits: 0-9, A-Z, a-z. */
static int
base62_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 36;
	return -1;
}

static bool
read_base62(Slice text, int64_t *seconds)
{
	*seconds = 0;
	if (text.len == 0 || text.len > BASE62_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++)
	{
		int digit = base62_digit(text.data[i]);

		if (digit < 0)
			return false;
		*seconds = *seconds * 62 + digit;
		if (*seconds > SECONDS_MAX)
			return false;
	}
	return true;
}

static bool
read_big_endian(const Opening *o, Slice text, int64_t *seconds)
{
	Slice bytes;

	*seconds = 0;
	if (framework_decode(o, text, true, &bytes) != RESULT_OK || bytes.len == 0 ||
		bytes.len > BIG_ENDIAN_MAX)
		return false;
	for (size_t i = 0; i < bytes.len; i++)
	{
		*seconds = *seconds << 8 | (unsigned char) bytes.data[i];
		if (*seconds > SECONDS_MAX)
			return false;
	}
	return true;
}

ResultCode
framework_take_time(const Opening *o, Slice *content)
{
	int64_t seconds;
	Slice value;
	Slice text;
	bool ok;

	if (o->row->time != TIME_BASE62 && o->row->time != TIME_BIG_ENDIAN)
		return RESULT_OK;
	if (!slice_split_last(*content, o->row->separator, &value, &text))
		return RESULT_MALFORMED;
	ok = o->row->time == TIME_BASE62 ? read_base62(text, &seconds)
									 : read_big_endian(o, text, &seconds);
	if (!ok)
		return RESULT_MALFORMED;
	o->proof->issued_us = seconds * US_PER_SECOND;
	*content = value;
	return RESULT_OK;
}

void
framework_note_end(FrameworkProof *proof, int64_t expires_us)
{
	if (proof->expires_us == FRAMEWORK_NO_TIME || expires_us < proof->expires_us)
		proof->expires_us = expires_us;
}

/* A member that the framework writes as a number; FRAMEWORK_NO_TIME when it did not. */
static ResultCode
read_member(const Opening *o, const JsonDoc *doc, const char *name, int64_t *us)
{
	const JsonNode *node = name == NULL ? NULL : json_member(doc, doc->nodes, name, strlen(name));

	*us = FRAMEWORK_NO_TIME;
	if (node == NULL)
		return RESULT_OK;
	/* Read as seconds; milliseconds are a thousandth of that. */
	if (json_date_us(doc, node, us) != RESULT_OK || *us < 0 || *us == INT64_MAX)
		return RESULT_MALFORMED;
	if (o->row->time != TIME_CREATED_S)
		*us /= 1000;
	return *us > SECONDS_MAX * US_PER_SECOND ? RESULT_MALFORMED : RESULT_OK;
}

ResultCode
framework_member_time(const Opening *o, const JsonDoc *doc)
{
	const Framework *row = o->row;
	int64_t us;
	int64_t age;

	if (read_member(o, doc, row->time_member, &us) != RESULT_OK ||
		read_member(o, doc, row->age_member, &age) != RESULT_OK)
		return RESULT_MALFORMED;
	if (us == FRAMEWORK_NO_TIME)
		return RESULT_OK;
	if (row->time != TIME_EXPIRES_MS)
		o->proof->issued_us = us - row->rounds_us;
	else
	{
		framework_note_end(o->proof, us + row->tick_us);
		if (age != FRAMEWORK_NO_TIME && age <= us)
			o->proof->issued_us = us - age;
	}
	return RESULT_OK;
}

/* The age that counts, or 0: any. */
static int64_t
age_limit(const Opening *o)
{
	int64_t limit = o->options->max_age_us;

	if (limit == FRAMEWORK_MAX_AGE_NONE)
		return 0;
	if (limit == FRAMEWORK_MAX_AGE_DEFAULT)
		limit = o->row->max_age_s * US_PER_SECOND;
	return limit < SECONDS_MAX * US_PER_SECOND ? limit : SECONDS_MAX * US_PER_SECOND;
}

ResultCode
framework_check_time(const Opening *o)
{
	FrameworkProof *proof = o->proof;
	int64_t limit = framework_is_aged(o->row) ? age_limit(o) : 0;

	if (limit > 0 && proof->issued_us == FRAMEWORK_NO_TIME)
		return RESULT_EXPIRED;
	if (limit > 0)
		framework_note_end(proof, proof->issued_us + o->row->rounds_us + limit + o->row->tick_us);
	if (proof->expires_us != FRAMEWORK_NO_TIME && o->now_us >= proof->expires_us)
		return RESULT_EXPIRED;
	if (o->row->refuses_future && o->now_us < proof->issued_us)
		return RESULT_NOT_YET_VALID;
	if (proof->yields == YIELDS_USER && proof->expires_us == FRAMEWORK_NO_TIME &&
		!o->options->without_end)
		return RESULT_NO_EXPIRY;
	return RESULT_OK;
}
