/*
 * json_number.c
 *		Proofs of JSON's numbers as dates: no number overflows, however it is written, and the digits
 *		of a date are those of the number, its point moved by six places.
 */
#include "proof.h"

#include "pure/json.h"

/* Fewer digits, and smaller exponents, than in json.h, so that short texts meet the bound. */
#undef JSON_NUMBER_MAX
#define JSON_NUMBER_MAX 9

#include "pure/json_number.c"

PROOF(number_digit, 1, "a digit is appended to a number where it has room in 64 bits, and else not",
	  "all numbers and digits")
{
	int64_t before;
	int64_t value;
	int digit;
	bool has_room;

	ASSUME(before >= 0 && digit >= 0 && digit <= 9);
	value = before;
	has_room = (__int128) before * 10 + digit <= INT64_MAX;
	PROVE(add_digit(&value, digit) == has_room, "where there is room");
	PROVE(value == (has_room ? before * 10 + digit : before), "its value");
}

PROOF(number_whole, 20, "digits alone are a number where they are few enough for 64 bits",
	  "all texts of 1 to 19 bytes")
{
	char text[19];
	size_t n;
	int64_t value;

	ASSUME(n >= 1 && n <= sizeof(text));
	if (!read_whole(text + sizeof(text) - n, text + sizeof(text), &value))
		return;
	PROVE(n <= WHOLE_MAX, "few enough");
	PROVE(value >= 0, "no overflow");
}

/* ------------------------------------------------------------------------------- digits */

#define LEN 6

/* What was appended, one digit after the other; from one on there was no room. */
#define ADDED_MAX 24
static int added[ADDED_MAX];
static int n_added;
static bool is_full;

bool
note_digit(int64_t *value, int digit)
{
	bool has_room;

	PROVE(!is_full && n_added < ADDED_MAX, "no more than there is room for");
	added[n_added++] = digit;
	is_full = !has_room;
	*value = n_added;
	return has_room;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The number, as json_scan() accepts it: [-] digits [. digits] [eE [+-] digits] */
static bool negative;
static char mantissa[LEN];
static int n_mantissa;
static int n_whole;
static int exponent;
static bool is_plain; /* digits alone */

static bool
read_number(const char *text)
{
	int at = 0;
	int sign = 1;

	negative = text[0] == '-';
	at = negative;
	n_mantissa = exponent = 0;
	for (; at < LEN && is_digit(text[at]); at++)
		mantissa[n_mantissa++] = text[at];
	n_whole = n_mantissa;
	is_plain = !negative && at == LEN;
	if (n_whole == 0)
		return false;
	if (at < LEN && text[at] == '.')
	{
		for (at++; at < LEN && is_digit(text[at]); at++)
			mantissa[n_mantissa++] = text[at];
		if (n_mantissa == n_whole)
			return false;
	}
	if (at == LEN)
		return true;
	if (text[at] != 'e' && text[at] != 'E')
		return false;
	at++;
	if (at < LEN && (text[at] == '-' || text[at] == '+'))
		sign = text[at++] == '-' ? -1 : 1;
	if (at != LEN - 1 || !is_digit(text[at]))
		return false;
	exponent = sign * (text[at] - '0');
	return true;
}

INSTEAD(number_date, add_digit, note_digit)
PROOF(number_date, 26,
	  "a date's digits are those of the number up to six places behind its point, in order",
	  "6 bytes, exponents of one digit")
{
	char text[LEN];
	JsonDoc doc = { .text = text, .len = LEN };
	JsonNode node = { .kind = JSON_KIND_NUMBER, .end = LEN };
	int64_t us;
	int first = 0;
	int n;
	int at;

	ASSUME(read_number(text) && !is_plain);
	n_added = 0;
	is_full = false;
	PROVE(json_date_us(&doc, &node, &us) == RESULT_OK, "a double holds it");
	while (first < n_mantissa && mantissa[first] == '0')
		first++;
	n = first == n_mantissa ? 0 : n_whole + exponent + 6 - first;
	PROVE(is_full || n_added == (n > 0 ? n : 0), "as many as there are");
	PROVE(is_full || us == (negative ? -n_added : n_added), "its sign");
	PROVE(!is_full || us == (negative ? INT64_MIN : INT64_MAX), "the last date there is");
	ASSUME(at >= 0 && at < n_added);
	PROVE(added[at] == (first + at < n_mantissa ? mantissa[first + at] - '0' : 0),
		  "each in its place");
}
