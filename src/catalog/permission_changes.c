/*
 * permission_changes.c
 *		The table of what has changed of roles and permissions.
 *
 * Whatever changes a role or a permission adds a row here, in the same transaction: which
 * permission, or which role.  Rows are only inserted, so that changes never wait for each
 * other.  A reader that has cached something notes the snapshot that it read with, and
 * finds later what else has become visible: rows of transactions that were in progress
 * then, or had not begun.  The index is by transaction, so that this costs what has
 * changed, and not what there is.
 *
 * Invariants:
 *	- A row carries the number of its top-level transaction on this server.  What logical
 *	  replication brings of another server's table is not stored: its numbers say nothing.
 *	- What a transaction has changed itself is told again at each reading, and once more
 *	  after it, since a savepoint may take it back: rows that vanish leave no trace.
 *	- Who deletes rows leaves one that says up to which transaction they went; a reader
 *	  that may have missed one of them takes it that everything has changed.
 *
 * The relation cache's invalidations (changes.c) only say that it is time to look: a
 * commit can be seen a moment before it is told of.  A reader that reads anything anew
 * looks here with the same snapshot, so that all that it has is of one instant.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"

#include "catalog/permission_changes.h"
#include "catalog/table_access.h"

/* A reader that is so far behind had better begin anew. */
#define MAX_CHANGES 5000

/* A snapshot, as far as it says which transactions were visible. */
typedef struct Followed
{
	MemoryContext context;
	uint64 xmin;
	uint64 xmax;
	int n_running;
	uint64 *running; /* between both, this one's own included; in order */
	List *own;       /* changes of this transaction, which it may take back */
} Followed;

static Followed *followed = NULL; /* NULL: nothing has been cached */

/* A transaction's number with its epoch: it is at most as new as the next one. */
static uint64
widen(TransactionId xid, FullTransactionId next)
{
	uint64 epoch = EpochFromFullTransactionId(next);

	if (xid > XidFromFullTransactionId(next))
		epoch--;
	return epoch << 32 | xid;
}

static void
note_running(Followed *now, const TransactionId *xids, int n, FullTransactionId next)
{
	for (int i = 0; i < n; i++)
		now->running[now->n_running++] = widen(xids[i], next);
}

/* This transaction's number; 0 when it has changed nothing. */
static uint64
own_xid(void)
{
	return U64FromFullTransactionId(GetTopFullTransactionIdIfAny());
}

static int
compare_xids(const void *a, const void *b)
{
	uint64 left = *(const uint64 *) a;
	uint64 right = *(const uint64 *) b;

	return (left > right) - (left < right);
}

static Followed *
follow_snapshot(Snapshot snapshot)
{
	MemoryContext context = AllocSetContextCreate(
		CurrentMemoryContext, "session_auth changes followed", ALLOCSET_SMALL_SIZES);
	Followed *now = MemoryContextAllocZero(context, sizeof(Followed));
	FullTransactionId next = ReadNextFullTransactionId();
	int n = snapshot->xcnt + (snapshot->takenDuringRecovery ? snapshot->subxcnt : 0);

	now->context = context;
	now->xmin = widen(snapshot->xmin, next);
	now->xmax = widen(snapshot->xmax, next);
	now->running = MemoryContextAlloc(context, (n + 1) * sizeof(uint64));
	note_running(now, snapshot->xip, snapshot->xcnt, next);
	/* on a standby all that were running are among these */
	if (snapshot->takenDuringRecovery)
		note_running(now, snapshot->subxip, snapshot->subxcnt, next);
	if (own_xid() != 0)
		now->running[now->n_running++] = own_xid();
	qsort(now->running, now->n_running, sizeof(uint64), compare_xids);
	return now;
}

static bool
is_same_instant(const Followed *now)
{
	return now->xmin == followed->xmin && now->xmax == followed->xmax &&
		   now->n_running == followed->n_running &&
		   memcmp(now->running, followed->running, now->n_running * sizeof(uint64)) == 0;
}

static bool
is_running(const Followed *now, uint64 xid)
{
	return xid >= now->xmax ||
		   bsearch(&xid, now->running, now->n_running, sizeof(uint64), compare_xids) != NULL;
}

static List *
everything_has_changed(void)
{
	return list_make1(palloc0(sizeof(PermissionChange)));
}

/* Whether it is only said that rows went which this reader has seen. */
static bool
is_deletion_of_followed(HeapTuple tuple, const TableScan *scan)
{
	bool isnull;
	Datum deleted_to = scan_column(tuple, scan, Anum_changes_deleted_to, &isnull);

	return !isnull && followed && DatumGetUInt64(deleted_to) < followed->xmin;
}

static List *
add_change(List *changes, HeapTuple tuple, const TableScan *scan)
{
	PermissionChange *change = palloc(sizeof(PermissionChange));

	change->role = scan_text(tuple, scan, Anum_changes_role);
	change->action = scan_text(tuple, scan, Anum_changes_action);
	change->resource = scan_text(tuple, scan, Anum_changes_resource);
	return lappend(changes, change);
}

static bool
is_by(HeapTuple tuple, const TableScan *scan, uint64 xid)
{
	return DatumGetUInt64(scan_column_not_null(tuple, scan, Anum_changes_xid)) == xid;
}

/* The rows of a transaction, or of those since, but for those of `but_for`. */
static List *
read_changes(RoleReading *reading, ScanKey key, uint64 but_for, List *changes)
{
	TableScan scan;
	HeapTuple tuple;

	scan_begin_as_of(&scan, reading_snapshot(reading), PERMISSION_CHANGES,
					 PERMISSION_CHANGES_BY_XID, 1, key);
	while (HeapTupleIsValid(tuple = scan_next(&scan)) && list_length(changes) <= MAX_CHANGES)
		if (!is_by(tuple, &scan, but_for) && !is_deletion_of_followed(tuple, &scan))
			changes = add_change(changes, tuple, &scan);
	scan_end(&scan);
	return changes;
}

static List *
changes_of_transaction(RoleReading *reading, uint64 xid, List *changes)
{
	ScanKeyData key;

	ScanKeyInit(&key, Anum_changes_xid, BTEqualStrategyNumber, F_XID8EQ, UInt64GetDatum(xid));
	return read_changes(reading, &key, 0, changes);
}

static List *
own_changes(RoleReading *reading)
{
	return own_xid() != 0 ? changes_of_transaction(reading, own_xid(), NIL) : NIL;
}

static List *
changes_of_others(RoleReading *reading, const Followed *now)
{
	ScanKeyData since;
	List *changes;

	ScanKeyInit(&since, Anum_changes_xid, BTGreaterEqualStrategyNumber, F_XID8GE,
				UInt64GetDatum(followed->xmax));
	changes = read_changes(reading, &since, own_xid(), NIL);
	for (int i = 0; i < followed->n_running; i++)
		if (followed->running[i] < followed->xmax && !is_running(now, followed->running[i]))
			changes = changes_of_transaction(reading, followed->running[i], changes);
	return changes;
}

/*
 * What this transaction has changed and taken back is told of as an invalidation too: unless
 * more has been heard of, its own changes are those that were followed.
 */
List *
permission_changes_since(RoleReading *reading, bool heard_of_more)
{
	Followed *now;
	List *changes;

	if (followed == NULL)
		return NIL;
	if (!relation_exists(PERMISSION_CHANGES))
		return everything_has_changed();
	now = follow_snapshot(reading_snapshot(reading));
	changes = is_same_instant(now) ? NIL : changes_of_others(reading, now);
	if (heard_of_more)
	{
		changes = list_concat(changes, own_changes(reading));
		changes = list_concat(changes, followed->own);
	}
	return list_length(changes) > MAX_CHANGES ? everything_has_changed() : changes;
}

static List *
copy_changes(List *changes)
{
	List *copy = NIL;
	ListCell *cell;

	foreach (cell, changes)
	{
		const PermissionChange *change = lfirst(cell);
		PermissionChange *kept = palloc0(sizeof(PermissionChange));

		kept->role = change->role ? pstrdup(change->role) : NULL;
		kept->action = change->action ? pstrdup(change->action) : NULL;
		kept->resource = change->resource ? pstrdup(change->resource) : NULL;
		copy = lappend(copy, kept);
	}
	return copy;
}

void
follow_permission_changes(RoleReading *reading, bool heard_of_more)
{
	Followed *now = follow_snapshot(reading_snapshot(reading));
	List *own = NIL;
	MemoryContext old;

	if (followed && !heard_of_more)
		own = followed->own;
	else if (relation_exists(PERMISSION_CHANGES))
		own = own_changes(reading);
	old = MemoryContextSwitchTo(now->context);
	now->own = copy_changes(own);
	MemoryContextSwitchTo(old);
	MemoryContextSetParent(now->context, CacheMemoryContext);
	forget_permission_changes();
	followed = now;
}

void
forget_permission_changes(void)
{
	if (followed)
		MemoryContextDelete(followed->context);
	followed = NULL;
}
