/*
 * clock.c
 *		The one answer to what time it is, for everything that expires.
 *
 * Invariant: within a backend time never goes back, so that a clock that is set
 * back does not revive what has expired.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/timestamp.h"

#include "clock.h"

static TimestampTz latest = DT_NOBEGIN;

static inline TimestampTz
never_back(TimestampTz now)
{
	if (unlikely(now < latest))
		return latest;
	latest = now;
	return now;
}

/* The time now, for verifying tokens and for what is written. */
TimestampTz
clock_now(void)
{
	return never_back(GetCurrentTimestamp());
}

/* The statement's start, without a system call: for readers that run per row. */
TimestampTz
clock_statement(void)
{
	return never_back(GetCurrentStatementStartTimestamp());
}

TimestampTz
clock_after(TimestampTz start, int seconds)
{
	if (TIMESTAMP_NOT_FINITE(start))
		return start;
	return TimestampTzPlusMilliseconds(start, (int64) seconds * 1000);
}
