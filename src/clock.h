/*
 * clock.h
 *		The one answer to what time it is, for everything that expires.
 */
#ifndef SESSION_AUTH_CLOCK_H
#define SESSION_AUTH_CLOCK_H

#include "datatype/timestamp.h"

extern TimestampTz clock_now(void);
extern TimestampTz clock_statement(void);
extern TimestampTz clock_after(TimestampTz start, int seconds);

#endif /* SESSION_AUTH_CLOCK_H */
