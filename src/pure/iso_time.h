/*
 * iso_time.h
 *		Times as JavaScript and Rails write them: 2100-01-01T00:00:00.000Z.
 */
#ifndef SESSION_AUTH_ISO_TIME_H
#define SESSION_AUTH_ISO_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "pure/slice.h"

/* Microseconds since 1970; false for any other form and for numbers out of range. */
extern bool iso_time_us(Slice text, int64_t *us);

#endif /* SESSION_AUTH_ISO_TIME_H */
