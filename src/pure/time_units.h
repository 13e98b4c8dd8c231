/*
 * time_units.h
 *		What times are counted in: microseconds.
 */
#ifndef SESSION_AUTH_TIME_UNITS_H
#define SESSION_AUTH_TIME_UNITS_H

#include <stdint.h>

#define US_PER_MS     INT64_C(1000)
#define US_PER_SECOND INT64_C(1000000)

#endif /* SESSION_AUTH_TIME_UNITS_H */
