/*
 * clock.c
 *		The one answer to what time it is, for everything that expires.
 *
 * Invariant: within a backend time never goes back, so that a clock that is set
 * back does not revive what has expired.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "base/clock.h"

TimestampTz clock_latest = DT_NOBEGIN;

/* The time now, for verifying tokens and for what is written. */
TimestampTz
clock_now(void)
{
	return clock_never_back(GetCurrentTimestamp());
}

TimestampTz
clock_after(TimestampTz start, int seconds)
{
	if (TIMESTAMP_NOT_FINITE(start))
		return start;
	return TimestampTzPlusMilliseconds(start, (int64) seconds * 1000);
}
