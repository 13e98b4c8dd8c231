/*
 * shared_memory.h
 *		Pieces of shared memory, which there are only when the server preloads the library.
 */
#ifndef SESSION_AUTH_SHARED_MEMORY_H
#define SESSION_AUTH_SHARED_MEMORY_H

#include "storage/lwlock.h"

/* A piece, which its user declares once and asks for when the library is loaded. */
typedef struct SharedPiece
{
	const char *name;
	Size (*size)(void);
	void (*init)(void *memory); /* of memory that is all zeros, under a lock */
	void **memory;              /* stays NULL without shared_preload_libraries */
	LWLock **lock;              /* NULL: it needs none */
	struct SharedPiece *next;
} SharedPiece;

extern void shared_memory_init(void);
extern void shared_memory_ask(SharedPiece *piece);

#endif /* SESSION_AUTH_SHARED_MEMORY_H */
