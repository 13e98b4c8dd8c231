/*
 * table_purge.h
 *		Deletes sessions that ended before a moment, a batch at a time.
 */
#ifndef SESSION_AUTH_TABLE_PURGE_H
#define SESSION_AUTH_TABLE_PURGE_H

#include "datatype/timestamp.h"
#include "storage/itemptr.h"
#include "utils/uuid.h"

/* An entry of the index on expires_at, where entries of one time are in the order of places. */
typedef struct PurgePosition
{
	TimestampTz expires_at; /* DT_NOBEGIN: before all */
	ItemPointerData place;
} PurgePosition;

typedef struct PurgedSessions
{
	int n;
	pg_uuid_t *session_ids;
} PurgedSessions;

extern void catalog_purge_sessions(TimestampTz ended_before, int wanted, PurgePosition *position,
								   PurgedSessions *purged);

#endif /* SESSION_AUTH_TABLE_PURGE_H */
