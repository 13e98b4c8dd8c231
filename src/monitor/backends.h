/*
 * backends.h
 *		A place in shared memory for each backend, where it says what it does.
 */
#ifndef SESSION_AUTH_BACKENDS_H
#define SESSION_AUTH_BACKENDS_H

#include "monitor/active.h"
#include "monitor/counters.h"

/* Only its owner writes to it; whose it is changes under the lock alone. */
typedef struct BackendSlot
{
	int pid; /* 0: nobody's */
	Oid database;
	uint32 changes; /* of the identity: odd while it is being written */
	ActiveIdentity identity;
	pg_atomic_uint64 counters[COUNTERS];
} BackendSlot;

/* This backend's, or NULL: there is no shared memory, or it has not attached. */
extern BackendSlot *own_slot;

typedef void (*SlotVisitor)(const BackendSlot *slot, void *arg);

extern void backends_init(void);
extern bool backends_visit(SlotVisitor visit, void *arg);

#endif /* SESSION_AUTH_BACKENDS_H */
