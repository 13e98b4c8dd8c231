/*
 * shared_memory.c
 *		Pieces of shared memory, which there are only when the server preloads the library.
 *
 * Invariant: a piece's size is the same in every process, as it is worked out from
 * settings that only a restart changes.  Without shared_preload_libraries nothing is
 * asked for, and whoever uses a piece finds NULL.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"

#include "base/shared_memory.h"

static SharedPiece *pieces = NULL;
static shmem_request_hook_type next_request = NULL;
static shmem_startup_hook_type next_startup = NULL;

static void
request(void)
{
	if (next_request)
		next_request();
	for (SharedPiece *piece = pieces; piece; piece = piece->next)
	{
		RequestAddinShmemSpace(piece->size());
		if (piece->lock)
			RequestNamedLWLockTranche(piece->name, 1);
	}
}

static void
attach(SharedPiece *piece)
{
	bool found;
	Size size = piece->size();
	void *memory = ShmemInitStruct(piece->name, size, &found);

	if (!found)
	{
		memset(memory, 0, size);
		piece->init(memory);
	}
	if (piece->lock)
		*piece->lock = &GetNamedLWLockTranche(piece->name)->lock;
	*piece->memory = memory;
}

static void
startup(void)
{
	if (next_startup)
		next_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	for (SharedPiece *piece = pieces; piece; piece = piece->next)
		attach(piece);
	LWLockRelease(AddinShmemInitLock);
}

void
shared_memory_ask(SharedPiece *piece)
{
	piece->next = pieces;
	pieces = piece;
}

/* Before or after its users have asked, as long as it is while the library is loaded. */
void
shared_memory_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	next_request = shmem_request_hook;
	shmem_request_hook = request;
	next_startup = shmem_startup_hook;
	shmem_startup_hook = startup;
}
