/*
 * table_purge.h
 *		Deletes sessions that ended before a moment, a batch at a time.
 */
#ifndef SESSION_AUTH_TABLE_PURGE_H
#define SESSION_AUTH_TABLE_PURGE_H

#include "datatype/timestamp.h"
#include "utils/uuid.h"

typedef struct PurgedSessions
{
	int n;
	pg_uuid_t *session_ids;
	TimestampTz reached; /* the latest end of those that were deleted */
} PurgedSessions;

extern void catalog_purge_sessions(TimestampTz from, TimestampTz ended_before, int wanted,
								   PurgedSessions *purged);

#endif /* SESSION_AUTH_TABLE_PURGE_H */
