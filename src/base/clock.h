/*
 * clock.h
 *		The one answer to what time it is, for everything that expires.
 */
#ifndef SESSION_AUTH_CLOCK_H
#define SESSION_AUTH_CLOCK_H

#include "access/xact.h"
#include "datatype/timestamp.h"

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

/* The statement's start, without a system call: for readers that run per row. */
static inline TimestampTz
clock_statement(void)
{
	return clock_never_back(GetCurrentStatementStartTimestamp());
}

#endif /* SESSION_AUTH_CLOCK_H */
