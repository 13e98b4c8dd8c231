/*
 * iso_time.c
 *		Proofs of times as JavaScript and Rails write them: days are counted without a gap, and a
 *		text's time lies within its year.
 */
#include "proof.h"

#include "pure/iso_time.c"

/* Of a year that has 365 days, before each month. */
static const int days_before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };

/* Centuries are gone through one by one; they repeat after four. */
PROOF(iso_days, 6,
	  "1970-01-01 is day 0, each date of a year is one day after the date before it, and the next "
	  "year follows",
	  "all dates of the years 0000 to 0099, 1900 to 2199 and 9900 to 9999")
{
	static const int centuries[] = { 0, 19, 20, 21, 99 };

	PROVE(days_from_civil(1970, 1, 1) == 0, "the first day");
	for (size_t i = 0; i < COUNT(centuries); i++)
	{
		int of_century;
		int month;
		int day;
		int year;
		int first;
		bool is_leap;

		ASSUME(of_century >= 0 && of_century <= 99);
		ASSUME(month >= 1 && month <= 12 && day >= 1 && day <= 31);
		year = centuries[i] * 100 + of_century;
		is_leap = of_century == 0 ? centuries[i] % 4 == 0 : of_century % 4 == 0;
		first = days_from_civil(year, 1, 1);
		PROVE(days_from_civil(year, month, day) ==
				  first + days_before[month - 1] + (is_leap && month > 2) + day - 1,
			  "day by day");
		PROVE(days_from_civil(year + 1, 1, 1) == first + 365 + is_leap, "the next year");
	}
}

/* Some days, the first and the last among them; that a date is asked for. */
static int asked[3];
static int answered;

int
any_days(int year, int month, int day)
{
	int days;

	PROVE(year >= 0 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= 31,
		  "a date");
	ASSUME(days == -719528 || days == 0 || days == 20000 || days == 2932896);
	asked[0] = year;
	asked[1] = month;
	asked[2] = day;
	answered = days;
	return days;
}

/* Any time of a day, or none. */
static int64_t answered_us;

int64_t
any_us_of_day(const char *time)
{
	int64_t us;

	PROVE(time[-1] == 'T' && time[12] == 'Z', "a time");
	ASSUME(us >= -1 && us < US_PER_DAY);
	return answered_us = us;
}

INSTEAD(iso_text, days_from_civil, any_days)
INSTEAD(iso_text, us_of_day, any_us_of_day)
PROOF(iso_text, 26, "a text is taken or refused, and its time is its date's and that of its day",
	  "all texts of up to 25 bytes")
{
	size_t n;
	ANY_TEXT(text, 25, n);
	int64_t us;

	if (!iso_time_us(text, &us))
		return;
	PROVE(text.len == ISO_LEN && answered_us >= 0, "its form");
	PROVE(asked[0] == (text.data[0] - '0') * 1000 + (text.data[1] - '0') * 100 +
						  (text.data[2] - '0') * 10 + text.data[3] - '0',
		  "its year");
	PROVE(asked[1] == (text.data[5] - '0') * 10 + text.data[6] - '0', "its month");
	PROVE(asked[2] == (text.data[8] - '0') * 10 + text.data[9] - '0', "its day");
	PROVE(us == answered * US_PER_DAY + answered_us, "its time");
}

PROOF(iso_hour, 13, "a time of a day is none or within the day", "all texts of this form")
{
	char time[12];
	int64_t us;

	for (int i = 0; i < 12; i++)
		ASSUME(i == 2 || i == 5 || i == 8 || (time[i] >= '0' && time[i] <= '9'));
	us = us_of_day(time);
	PROVE(us >= -1 && us < US_PER_DAY, "within its day");
}
