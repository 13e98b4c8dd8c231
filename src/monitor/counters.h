/*
 * counters.h
 *		What happened how often, counted by each backend in a place of its own.
 */
#ifndef SESSION_AUTH_COUNTERS_H
#define SESSION_AUTH_COUNTERS_H

#include "datatype/timestamp.h"
#include "port/atomics.h"

/* Of codes of results there is room for so many; errors.c, which names them, checks it. */
#define RESULTS_COUNTED 40

typedef enum Counter
{
	COUNT_CREATED,     /* sessions that create_session made */
	COUNT_VERIFIED,    /* tokens that were accepted */
	COUNT_DENIED,      /* require_permission, and queries that policies emptied */
	COUNT_CACHE_FILLS, /* readings of roles and permissions */
	COUNT_CACHE_BYTES, /* not counted but measured: what this backend's cache takes now */
	COUNT_REFUSED,     /* and the code: tokens that were refused */
	COUNTERS = COUNT_REFUSED + RESULTS_COUNTED
} Counter;

/* Where this backend counts; NULL: that is not known yet. */
extern pg_atomic_uint64 *own_counters;

extern void counters_attach(void);

static inline void
counter_set(Counter counter, uint64 value)
{
	if (unlikely(own_counters == NULL))
		counters_attach();
	pg_atomic_write_u64(&own_counters[counter], value);
}

/*
 * Nobody else writes there, so that it need not be one step; whoever reads it finds one of
 * both.
 */
static inline void
counter_add(int counter)
{
	if (unlikely(own_counters == NULL))
		counters_attach();
	pg_atomic_write_u64(&own_counters[counter], pg_atomic_read_u64(&own_counters[counter]) + 1);
}

/* What this database's backends have counted; false without shared_preload_libraries. */
extern bool counters_read(uint64 sums[COUNTERS], TimestampTz *last_purge);
extern void counters_note_purge(TimestampTz at);

#endif /* SESSION_AUTH_COUNTERS_H */
