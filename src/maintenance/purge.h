/*
 * purge.h
 *		One batch of what purging deletes, and the rest between two batches.
 */
#ifndef SESSION_AUTH_PURGE_H
#define SESSION_AUTH_PURGE_H

#define PURGE_BATCH_SIZE 10000

/* How far a purge has come: first the sessions, then what is only old. */
typedef enum PurgeStep
{
	PURGE_ENDED,
	PURGE_OLD,
	PURGE_DONE
} PurgeStep;

extern PurgeStep purge_batch(PurgeStep step, int batch_size);
extern void purge_rest(void);

#endif /* SESSION_AUTH_PURGE_H */
