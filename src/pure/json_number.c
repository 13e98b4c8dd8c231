/*
 * json_number.c
 *		JSON's numbers, and dates among them; see json.h.
 */
#include "pure/json.h"

#include <string.h>

#include "pure/time_units.h"

#define WHOLE_MAX 18

/* The digits of a number without its point: value = 0.DIGITS * 10^point. */
typedef struct Decimal
{
	bool negative;
	char digits[JSON_NUMBER_MAX]; /* without leading zeros */
	int n;
	int point;
} Decimal;

static void
read_decimal(const char *p, const char *end, Decimal *d)
{
	bool fraction = false;

	d->n = 0;
	d->point = 0;
	d->negative = *p == '-';
	for (p += d->negative; p < end && *p != 'e' && *p != 'E'; p++)
	{
		if (*p == '.')
		{
			fraction = true;
			continue;
		}
		if (d->n > 0 || *p != '0')
			d->digits[d->n++] = *p;
		if (fraction ? d->n == 0 : d->n > 0)
			d->point += fraction ? -1 : 1;
	}
	if (p < end)
	{
		int exponent = 0;
		bool minus = p[1] == '-';

		for (p += p[1] == '-' || p[1] == '+' ? 2 : 1; p < end; p++)
			exponent = exponent * 10 + (*p - '0');
		d->point += minus ? -exponent : exponent;
	}
}

/* Zeros at the end say nothing, and neither does the sign of zero. */
static void
reduce(Decimal *d)
{
	while (d->n > 0 && d->digits[d->n - 1] == '0')
		d->n--;
	if (d->n == 0)
	{
		d->negative = false;
		d->point = 0;
	}
}

bool
json_same_number(const JsonDoc *doc_a, const JsonNode *a, const JsonDoc *doc_b, const JsonNode *b)
{
	Decimal x;
	Decimal y;

	read_decimal(doc_a->text + a->start, doc_a->text + a->end, &x);
	read_decimal(doc_b->text + b->start, doc_b->text + b->end, &y);
	reduce(&x);
	reduce(&y);
	return x.negative == y.negative && x.n == y.n && x.point == y.point &&
		   memcmp(x.digits, y.digits, (size_t) x.n) == 0;
}

/* As nearly all dates are: digits alone, few enough that they do not overflow. */
static bool
read_whole(const char *p, const char *end, int64_t *value)
{
	*value = 0;
	if (end - p > WHOLE_MAX)
		return false;
	for (; p < end && *p >= '0' && *p <= '9'; p++)
		*value = *value * 10 + (*p - '0');
	return p == end;
}

bool
json_is_whole(const JsonDoc *doc, const JsonNode *node)
{
	const char *c = doc->text + node->start;
	const char *end = doc->text + node->end;

	if (node->kind != JSON_KIND_NUMBER)
		return false;
	if (*c == '-' && *++c == '0')
		return false;
	for (; c < end; c++)
		if (*c < '0' || *c > '9')
			return false;
	return true;
}

/* Appends a digit; false where the number has no room in 64 bits. */
static bool
add_digit(int64_t *value, int digit)
{
	if (*value > INT64_MAX / 10 || (*value == INT64_MAX / 10 && digit > INT64_MAX % 10))
		return false;
	*value = *value * 10 + digit;
	return true;
}

ResultCode
json_date_us(const JsonDoc *doc, const JsonNode *node, int64_t *us)
{
	Decimal d;
	int64_t value;

	if (node == NULL || node->kind != JSON_KIND_NUMBER)
		return RESULT_MALFORMED;
	if (read_whole(doc->text + node->start, doc->text + node->end, &value))
	{
		*us = value > INT64_MAX / US_PER_SECOND ? INT64_MAX : value * US_PER_SECOND;
		return RESULT_OK;
	}
	value = 0;
	read_decimal(doc->text + node->start, doc->text + node->end, &d);
	if (d.n > 0 && d.point > 308)
		return RESULT_MALFORMED;
	for (int i = 0; i < d.point + 6 && d.n > 0; i++)
		if (!add_digit(&value, i < d.n ? d.digits[i] - '0' : 0))
		{
			*us = d.negative ? INT64_MIN : INT64_MAX;
			return RESULT_OK;
		}
	*us = d.negative ? -value : value;
	return RESULT_OK;
}
