/*
 * purge.h
 *		One batch of what purging deletes, and the rest between two batches.
 */
#ifndef SESSION_AUTH_PURGE_H
#define SESSION_AUTH_PURGE_H

#include "catalog/table_purge.h"

#define PURGE_BATCH_SIZE 10000

/* A larger batch takes seconds, and has no use. */
#define PURGE_LARGEST_BATCH (1000 * 1000)

/* How far a purge has come: first the sessions, then what is only old. */
typedef struct Purge
{
	enum
	{
		PURGE_ENDED,
		PURGE_OLD,
		PURGE_DONE
	} step;
	PurgePosition position; /* up to where ended sessions were looked at */
} Purge;

extern void purge_begin(Purge *purge);
extern void purge_batch(Purge *purge, int batch_size);
extern void purge_pause(void);

static inline bool
purge_is_done(const Purge *purge)
{
	return purge->step == PURGE_DONE;
}

#endif /* SESSION_AUTH_PURGE_H */
