/*
 * clock.h
 *		The one answer to what time it is, for everything that expires.
 */
#ifndef SESSION_AUTH_CLOCK_H
#define SESSION_AUTH_CLOCK_H

#include "access/xact.h"
#include "datatype/timestamp.h"

#include "base/settings.h"

extern TimestampTz clock_now(void);
extern TimestampTz clock_after(TimestampTz start, int seconds);

extern TimestampTz clock_latest; /* for the two below alone */

static inline TimestampTz
clock_never_back(TimestampTz now)
{
	if (unlikely(now < clock_latest))
		return clock_latest;
	clock_latest = now;
	return now;
}

/* PostgreSQL's microseconds count from 2000, those of tokens from 1970. */
#define CLOCK_UNIX_SHIFT                                                                           \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY * USECS_PER_SEC)

/* A time that PostgreSQL has no name for is as early or as late as can be. */
static inline TimestampTz
clock_from_unix(int64 us)
{
	if (us >= END_TIMESTAMP)
		return DT_NOEND;
	if (us - CLOCK_UNIX_SHIFT < MIN_TIMESTAMP || us < MIN_TIMESTAMP)
		return DT_NOBEGIN;
	return us - CLOCK_UNIX_SHIFT;
}

static inline int64
clock_to_unix(TimestampTz at)
{
	return at + CLOCK_UNIX_SHIFT;
}

/* How long an interval without months is. */
static inline int64
clock_interval_us(const Interval *interval)
{
	return interval->time + interval->day * USECS_PER_DAY;
}

/* How far the clock that stamped a token may differ from ours. */
static inline int64
clock_skew_us(void)
{
	return (int64) setting_clock_skew * USECS_PER_SEC;
}

/* The statement's start, without a system call: for readers that run per row. */
static inline TimestampTz
clock_statement(void)
{
	return clock_never_back(GetCurrentStatementStartTimestamp());
}

#endif /* SESSION_AUTH_CLOCK_H */
