/*
 * replica_wait.h
 *		Waiting, on a standby, for the row of a token that has just been issued.
 */
#ifndef SESSION_AUTH_REPLICA_WAIT_H
#define SESSION_AUTH_REPLICA_WAIT_H

#include "access/xlogdefs.h"
#include "datatype/timestamp.h"

typedef struct ReplicaWait
{
	TimestampTz until;
	TimestampTz looked_at; /* when the row was looked for last */
	XLogRecPtr replayed;   /* how far the primary's changes were there by then */
} ReplicaWait;

extern bool replica_wait_begin(ReplicaWait *wait, const char *token, size_t len);
extern bool replica_wait_for_more(ReplicaWait *wait);

#endif /* SESSION_AUTH_REPLICA_WAIT_H */
