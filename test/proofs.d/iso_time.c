/*
 * iso_time.c
 *		Proofs of times as JavaScript and Rails write them: days are counted without a gap, and a
 *		text's time lies within its year.
 */
#include "proof.h"

#include "pure/iso_time.c"

static bool
is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int
last_day(int year, int month)
{
	if (month == 2)
		return is_leap(year) ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* Days count on from one date to the next; years and months are gone through one by one. */
PROOF(iso_days, 14,
	  "1970-01-01 is day 0, and in a year each date is one day after the date before it",
	  "the years 1970, 2000, 2024, 2026, 2100 and 9999")
{
	static const int years[] = { 1970, 2000, 2024, 2026, 2100, 9999 };

	PROVE(days_from_civil(1970, 1, 1) == 0, "the first day");
	for (size_t i = 0; i < COUNT(years); i++)
	{
		int64_t first = days_from_civil(years[i], 1, 1);

		for (int month = 1; month <= 12; month++)
		{
			int day;

			ASSUME(day >= 1 && day <= 31);
			PROVE(days_from_civil(years[i], month, day) == first + day - 1, "day by day");
			first += last_day(years[i], month);
		}
		PROVE(days_from_civil(years[i] + 1, 1, 1) == first, "the next year");
	}
}

PROOF(iso_text, 26, "a text is taken or refused, and its time lies within its year",
	  "all texts of up to 25 bytes that begin with 2026")
{
	size_t n;
	ANY_TEXT(text, 25, n);
	int64_t us;

	if (text.len >= 4)
		memcpy(text_bytes + sizeof(text_bytes) - text.len, "2026", 4);
	if (!iso_time_us(text, &us))
		return;
	PROVE(us >= INT64_C(1767225600) * US_PER_SECOND, "not before it");
	PROVE(us < INT64_C(1798761600) * US_PER_SECOND, "not after it");
}
