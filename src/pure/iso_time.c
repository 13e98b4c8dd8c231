/*
 * iso_time.c
 *		Times as JavaScript and Rails write them; see iso_time.h.
 */
#include "pure/iso_time.h"

#include "pure/time_units.h"

#define ISO_LEN 24 /* 2100-01-01T00:00:00.000Z */

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t
days_from_civil(int64_t year, int month, int day)
{
	int64_t era;
	int64_t of_era;
	int64_t day_of_year;

	year -= month <= 2;
	era = year / 400;
	of_era = year - era * 400;
	day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719468;
}

/* The number in n digits at s, or -1. */
static int
digits(const char *s, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++)
	{
		if (s[i] < '0' || s[i] > '9')
			return -1;
		value = value * 10 + (s[i] - '0');
	}
	return value;
}

bool
iso_time_us(Slice text, int64_t *us)
{
	static const char shape[] = "0000-00-00T00:00:00.000Z";
	int month;
	int day;
	int64_t seconds;

	if (text.len != ISO_LEN)
		return false;
	for (int i = 0; i < ISO_LEN; i++)
		if (shape[i] == '0' ? text.data[i] < '0' || text.data[i] > '9' : text.data[i] != shape[i])
			return false;
	month = digits(text.data + 5, 2);
	day = digits(text.data + 8, 2);
	if (month < 1 || month > 12 || day < 1 || day > 31 || digits(text.data + 11, 2) > 23 ||
		digits(text.data + 14, 2) > 59 || digits(text.data + 17, 2) > 59)
		return false;
	seconds = days_from_civil(digits(text.data, 4), month, day) * 86400 +
			  digits(text.data + 11, 2) * 3600 + digits(text.data + 14, 2) * 60 +
			  digits(text.data + 17, 2);
	*us = seconds * US_PER_SECOND + digits(text.data + 20, 3) * 1000;
	return true;
}
