/*
 * iso_time.c
 *		Times as JavaScript and Rails write them; see iso_time.h.
 */
#include "pure/iso_time.h"

#include "pure/time_units.h"

#define ISO_LEN    24 /* 2100-01-01T00:00:00.000Z */

#define US_PER_DAY (86400 * US_PER_SECOND)

/*
 * Days from 1970-01-01 to a date of the Gregorian calendar, whose year has four digits.  Years
 * begin in March and are counted from one before them all, so that nothing is less than 0.
 */
static int
days_from_civil(int year, int month, int day)
{
	unsigned years = (unsigned) (year + 400 - (month <= 2));
	unsigned centuries = years / 100;
	unsigned months = (unsigned) (month + (month > 2 ? -3 : 9));
	unsigned days = years * 365 + years / 4 - centuries + centuries / 4 + (153 * months + 2) / 5;

	return (int) days + day - 1 - (719468 + 146097);
}

/* The number in n digits at s. */
static int
digits(const char *s, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++)
		value = value * 10 + (s[i] - '0');
	return value;
}

/* What is behind the T; -1 where there is no such time of a day. */
static int64_t
us_of_day(const char *time)
{
	int hour = digits(time, 2);
	int minute = digits(time + 3, 2);
	int second = digits(time + 6, 2);

	if (hour > 23 || minute > 59 || second > 59)
		return -1;
	return ((hour * 60 + minute) * 60 + second) * US_PER_SECOND + digits(time + 9, 3) * US_PER_MS;
}

bool
iso_time_us(Slice text, int64_t *us)
{
	static const char shape[] = "0000-00-00T00:00:00.000Z";
	int month;
	int day;
	int64_t of_day;

	if (text.len != ISO_LEN)
		return false;
	for (int i = 0; i < ISO_LEN; i++)
		if (shape[i] == '0' ? text.data[i] < '0' || text.data[i] > '9' : text.data[i] != shape[i])
			return false;
	month = digits(text.data + 5, 2);
	day = digits(text.data + 8, 2);
	of_day = us_of_day(text.data + 11);
	if (month < 1 || month > 12 || day < 1 || day > 31 || of_day < 0)
		return false;
	*us = days_from_civil(digits(text.data, 4), month, day) * US_PER_DAY + of_day;
	return true;
}
