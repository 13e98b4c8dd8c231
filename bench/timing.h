/*
 * timing.h
 *		How long one call takes, without a server.
 */
#ifndef SESSION_AUTH_TIMING_H
#define SESSION_AUTH_TIMING_H

#include <stdbool.h>
#include <time.h>

static inline double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

/* Microseconds of one call, or 0 when it fails. */
static inline double
time_of(bool (*call)(void), double budget)
{
	double start = now_us();
	double end = start;
	long n = 0;
	int i;

	while (end - start < budget)
	{
		for (i = 0; i < 10; i++)
			if (!call())
				return 0;
		n += 10;
		end = now_us();
	}
	return (end - start) / (double) n;
}

#endif /* SESSION_AUTH_TIMING_H */
