/*
 * backends.c
 *		A place in shared memory for each backend, where it says what it does.
 *
 * Invariants: a backend counts in its own slot, where nobody else writes, so that
 * counting takes neither a lock nor an atomic step.  When it ends, what it has counted
 * is added to its database's slot, and its own is given back, both under the lock: whoever
 * sums up under the lock finds each event once.  Nothing is written to disk: counters
 * begin at zero when the server starts.
 *
 * A database gets its slot when the first backend counts in it.  Where all are taken, that
 * of a database that was dropped is taken over; where none was, the counters of backends
 * that have ended are lost (session_auth.statistics_databases).
 *
 * Without shared_preload_libraries there is no shared memory, and each backend counts for
 * itself, which nobody reads.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "utils/syscache.h"

#include "base/settings.h"
#include "base/shared_memory.h"
#include "monitor/backends.h"

typedef struct DatabaseSlot
{
	Oid database; /* InvalidOid: nobody's */
	TimestampTz last_purge;
	uint64 counters[COUNTERS];
} DatabaseSlot;

typedef struct Board
{
	int nbackends;
	int ndatabases;
} Board;

pg_atomic_uint64 *own_counters = NULL;
BackendSlot *own_slot = NULL;

static Board *board = NULL;
static LWLock *board_lock = NULL;

/* ------------------------------------------------------------- how it lies in memory */

static DatabaseSlot *
database_slots(void)
{
	return (DatabaseSlot *) ((char *) board + MAXALIGN(sizeof(Board)));
}

static BackendSlot *
backend_slots(void)
{
	return (BackendSlot *) (database_slots() + board->ndatabases);
}

static Size
board_size(void)
{
	Size size = MAXALIGN(sizeof(Board));

	size = add_size(size, mul_size(setting_statistics_databases, sizeof(DatabaseSlot)));
	return add_size(size, mul_size(MaxBackends, sizeof(BackendSlot)));
}

static void
board_init(void *memory)
{
	Board *fresh = memory;

	board = fresh;
	fresh->ndatabases = setting_statistics_databases;
	fresh->nbackends = MaxBackends;
	for (int i = 0; i < fresh->nbackends; i++)
		for (int n = 0; n < COUNTERS; n++)
			pg_atomic_init_u64(&backend_slots()[i].counters[n], 0);
}

void
backends_init(void)
{
	static SharedPiece piece = { "session_auth backends", board_size,  board_init,
								 (void **) &board,        &board_lock, NULL };

	shared_memory_ask(&piece);
}

/* ------------------------------------------------------------------------- databases */

static bool
is_dropped(Oid database)
{
	return !SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum(database));
}

/* Under the lock.  The slot with this OID, where InvalidOid is a free one; or NULL. */
static DatabaseSlot *
find_database(Oid database)
{
	for (int i = 0; i < board->ndatabases; i++)
		if (database_slots()[i].database == database)
			return &database_slots()[i];
	return NULL;
}

static void
take_database(DatabaseSlot *slot, Oid database)
{
	memset(slot, 0, sizeof(*slot));
	slot->database = database;
}

/* A database that has a slot and was dropped, or InvalidOid. */
static Oid
find_dropped(void)
{
	Oid *databases = palloc(board->ndatabases * sizeof(Oid));
	Oid dropped = InvalidOid;

	/* catalogs are not read under the lock */
	LWLockAcquire(board_lock, LW_SHARED);
	for (int i = 0; i < board->ndatabases; i++)
		databases[i] = database_slots()[i].database;
	LWLockRelease(board_lock);
	for (int i = 0; i < board->ndatabases && !OidIsValid(dropped); i++)
		if (OidIsValid(databases[i]) && is_dropped(databases[i]))
			dropped = databases[i];
	pfree(databases);
	return dropped;
}

/*
 * Under the lock. This database's slot, if there is one or one with the other OID can be
 * its own.
 */
static DatabaseSlot *
have_database(Oid instead_of)
{
	DatabaseSlot *slot = find_database(MyDatabaseId);

	if (slot)
		return slot;
	slot = find_database(instead_of);
	if (slot)
		take_database(slot, MyDatabaseId);
	return slot;
}

/* What the catalogs say is only known within a transaction. */
static void
claim_database(void)
{
	bool found;
	Oid dropped;

	LWLockAcquire(board_lock, LW_EXCLUSIVE);
	found = have_database(InvalidOid) != NULL;
	LWLockRelease(board_lock);
	if (found || !IsTransactionState())
		return;
	dropped = find_dropped();
	if (!OidIsValid(dropped))
		return;
	LWLockAcquire(board_lock, LW_EXCLUSIVE);
	(void) have_database(dropped);
	LWLockRelease(board_lock);
}

/* -------------------------------------------------------------------------- backends */

/* What the cache takes ends with the backend. */
static void
hand_over(DatabaseSlot *database)
{
	for (int i = 0; i < COUNTERS; i++)
	{
		if (database && i != COUNT_CACHE_BYTES)
			database->counters[i] += pg_atomic_read_u64(&own_slot->counters[i]);
		pg_atomic_write_u64(&own_slot->counters[i], 0);
	}
}

static void
detach(int code, Datum argument)
{
	LWLockAcquire(board_lock, LW_EXCLUSIVE);
	hand_over(find_database(own_slot->database));
	own_slot->pid = 0;
	own_slot->database = InvalidOid;
	own_slot->identity.present = false;
	LWLockRelease(board_lock);
	own_slot = NULL;
	own_counters = NULL;
}

static void
take_slot(void)
{
	BackendSlot *slot = &backend_slots()[MyProc - ProcGlobal->allProcs];

	LWLockAcquire(board_lock, LW_EXCLUSIVE);
	slot->pid = MyProcPid;
	slot->database = MyDatabaseId;
	slot->identity.present = false;
	LWLockRelease(board_lock);
	own_slot = slot;
	own_counters = slot->counters;
	before_shmem_exit(detach, (Datum) 0);
}

/* A process that is in no database, and one that ends, counts for itself. */
void
counters_attach(void)
{
	static pg_atomic_uint64 unread[COUNTERS];

	for (int i = 0; i < COUNTERS; i++)
		pg_atomic_init_u64(&unread[i], 0);
	own_counters = unread;
	if (board == NULL || !OidIsValid(MyDatabaseId) || MyProc == NULL || proc_exit_inprogress ||
		MyProc - ProcGlobal->allProcs >= board->nbackends)
		return;
	take_slot();
	claim_database();
}

/* --------------------------------------------------------------------------- reading */

/* The slots of this database's backends; the caller has the lock. */
static void
visit_slots(SlotVisitor visit, void *arg)
{
	for (int i = 0; i < board->nbackends; i++)
		if (backend_slots()[i].pid != 0 && backend_slots()[i].database == MyDatabaseId)
			visit(&backend_slots()[i], arg);
}

/* The same under the lock; false where there is no shared memory. */
bool
backends_visit(SlotVisitor visit, void *arg)
{
	if (board == NULL)
		return false;
	LWLockAcquire(board_lock, LW_SHARED);
	visit_slots(visit, arg);
	LWLockRelease(board_lock);
	return true;
}

static void
add_counters(const BackendSlot *slot, void *arg)
{
	uint64 *sums = arg;

	for (int i = 0; i < COUNTERS; i++)
		sums[i] += pg_atomic_read_u64((pg_atomic_uint64 *) &slot->counters[i]);
}

bool
counters_read(uint64 sums[COUNTERS], TimestampTz *last_purge)
{
	const DatabaseSlot *database;

	if (board == NULL)
		return false;
	memset(sums, 0, COUNTERS * sizeof(uint64));
	LWLockAcquire(board_lock, LW_SHARED);
	database = find_database(MyDatabaseId);
	*last_purge = database ? database->last_purge : 0;
	for (int i = 0; database && i < COUNTERS; i++)
		sums[i] = database->counters[i];
	visit_slots(add_counters, sums);
	LWLockRelease(board_lock);
	return true;
}

void
counters_note_purge(TimestampTz at)
{
	DatabaseSlot *database;

	if (board == NULL)
		return;
	if (own_counters == NULL)
		counters_attach();
	LWLockAcquire(board_lock, LW_EXCLUSIVE);
	database = find_database(MyDatabaseId);
	if (database)
		database->last_purge = at;
	LWLockRelease(board_lock);
}
