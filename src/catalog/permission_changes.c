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
#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"
#include "utils/xid8.h"

#include "base/compat.h"
#include "catalog/changes.h"
#include "catalog/permission_changes.h"
#include "catalog/table_access.h"

enum
{
	Anum_changes_xid = 1,
	Anum_changes_role,
	Anum_changes_action,
	Anum_changes_resource,
	Anum_changes_deleted_to,
	Natts_changes = Anum_changes_deleted_to
};

/* In the tables that are watched; all three have the role first. */
#define Anum_watched_role     1
#define Anum_watched_action   2
#define Anum_watched_resource 3

/* Of one transaction: with more than this, whole roles are recorded, and then everything. */
#define MAX_PERMISSIONS 256
#define MAX_ROLES       256

/* A reader that is so far behind had better begin anew. */
#define MAX_CHANGES 5000

/* ------------------------------------------------------------------------- recording */

/* What has been recorded in this subtransaction, as long as nothing else has been in another. */
typedef struct Recorded
{
	FullTransactionId xid;
	SubTransactionId subxid;
	int permissions;
	bool everything;
	List *roles; /* that were recorded whole, in the transaction's context */
} Recorded;

static Recorded recorded;

static void
begin_recording(void)
{
	FullTransactionId xid = GetTopFullTransactionId();
	SubTransactionId subxid = GetCurrentSubTransactionId();

	if (!FullTransactionIdEquals(recorded.xid, xid) || recorded.subxid != subxid)
		recorded = (Recorded){ xid, subxid, 0, false, NIL };
}

typedef struct Recording
{
	Writer writer;
	TupleTableSlot *slot;
} Recording;

static void
store_text(TupleTableSlot *slot, int attnum, const char *value)
{
	slot->tts_isnull[attnum - 1] = value == NULL;
	slot->tts_values[attnum - 1] = value ? CStringGetTextDatum(value) : (Datum) 0;
}

static void
insert_change(Recording *recording, const PermissionChange *change, uint64 deleted_to)
{
	TupleTableSlot *slot = recording->slot;

	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts * sizeof(bool));
	slot->tts_values[Anum_changes_xid - 1] = FullTransactionIdGetDatum(recorded.xid);
	slot->tts_isnull[Anum_changes_xid - 1] = false;
	store_text(slot, Anum_changes_role, change->role);
	store_text(slot, Anum_changes_action, change->action);
	store_text(slot, Anum_changes_resource, change->resource);
	slot->tts_values[Anum_changes_deleted_to - 1] = UInt64GetDatum(deleted_to);
	slot->tts_isnull[Anum_changes_deleted_to - 1] = deleted_to == 0;
	ExecStoreVirtualTuple(slot);
	ExecSimpleRelationInsert(recording->writer.target, recording->writer.estate, slot);
}

static void
record_everything(Recording *recording)
{
	if (!recorded.everything)
		insert_change(recording, &(PermissionChange){ NULL, NULL, NULL }, 0);
	recorded.everything = true;
}

static void
record_role(Recording *recording, char *role)
{
	ListCell *cell;
	MemoryContext old;

	foreach (cell, recorded.roles)
		if (strcmp(lfirst(cell), role) == 0)
			return;
	if (list_length(recorded.roles) >= MAX_ROLES)
	{
		record_everything(recording);
		return;
	}
	insert_change(recording, &(PermissionChange){ role, NULL, NULL }, 0);
	old = MemoryContextSwitchTo(TopTransactionContext);
	recorded.roles = lcons(pstrdup(role), recorded.roles);
	MemoryContextSwitchTo(old);
}

static char *
watched_name(TupleTableSlot *slot, int attnum)
{
	bool isnull;

	return TextDatumGetCString(slot_getattr(slot, attnum, &isnull));
}

static void
record_row(Recording *recording, TupleTableSlot *row, bool is_permission)
{
	char *role;

	if (recorded.everything)
		return;
	role = watched_name(row, Anum_watched_role);
	if (is_permission && ++recorded.permissions <= MAX_PERMISSIONS)
		insert_change(recording,
					  &(PermissionChange){ role, watched_name(row, Anum_watched_action),
										   watched_name(row, Anum_watched_resource) },
					  0);
	else
		record_role(recording, role);
	pfree(role);
}

/* The rows that a statement has inserted, or deleted, or updated from or to. */
static void
record_rows(Recording *recording, Tuplestorestate *rows, TupleDesc desc, bool is_permission)
{
	TupleTableSlot *row;

	if (rows == NULL)
		return;
	row = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	tuplestore_rescan(rows);
	while (tuplestore_gettupleslot(rows, true, false, row))
		record_row(recording, row, is_permission);
	ExecDropSingleTupleTableSlot(row);
}

static void
record_tuple(Recording *recording, HeapTuple tuple, TupleDesc desc, bool is_permission)
{
	TupleTableSlot *row;

	if (tuple == NULL)
		return;
	row = MakeSingleTupleTableSlot(desc, &TTSOpsHeapTuple);
	ExecStoreHeapTuple(tuple, row, false);
	record_row(recording, row, is_permission);
	ExecDropSingleTupleTableSlot(row);
}

/* The newest transaction of those whose changes have been deleted. */
static uint64
newest_deleted(const TriggerData *trigger)
{
	TupleTableSlot *row;
	uint64 newest = 0;
	bool isnull;

	row = MakeSingleTupleTableSlot(RelationGetDescr(trigger->tg_relation), &TTSOpsMinimalTuple);
	tuplestore_rescan(trigger->tg_oldtable);
	while (tuplestore_gettupleslot(trigger->tg_oldtable, true, false, row))
		newest = Max(newest, DatumGetUInt64(slot_getattr(row, Anum_changes_xid, &isnull)));
	ExecDropSingleTupleTableSlot(row);
	return newest;
}

/* Of the table of changes itself: it is never read as if nothing were missing from it. */
static void
record_deletion(Recording *recording, const TriggerData *trigger)
{
	uint64 newest = trigger->tg_oldtable ? newest_deleted(trigger) : 0;

	if (trigger->tg_oldtable == NULL)
		insert_change(recording, &(PermissionChange){ NULL, NULL, NULL }, 0);
	else if (newest > 0)
		insert_change(recording, &(PermissionChange){ NULL, NULL, NULL }, newest);
}

static void
record(Recording *recording, const TriggerData *trigger)
{
	Oid relid = RelationGetRelid(trigger->tg_relation);
	TupleDesc desc = RelationGetDescr(trigger->tg_relation);
	bool is_permission = relid == relation_oid(PERMISSIONS);

	if (relid == relation_oid(PERMISSION_CHANGES))
		record_deletion(recording, trigger);
	else if (TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
	{
		record_tuple(recording, trigger->tg_trigtuple, desc, is_permission);
		record_tuple(recording, trigger->tg_newtuple, desc, is_permission);
	}
	else if (trigger->tg_oldtable == NULL && trigger->tg_newtable == NULL)
		record_everything(recording);
	else
	{
		record_rows(recording, trigger->tg_oldtable, desc, is_permission);
		record_rows(recording, trigger->tg_newtable, desc, is_permission);
	}
}

/* Before ALTER EXTENSION UPDATE from 0.1.0 there is no such table: all will be read anew. */
void
record_permission_changes(const TriggerData *trigger)
{
	Recording recording;

	if (!relation_exists(PERMISSION_CHANGES))
		return;
	begin_recording();
	writer_begin(&recording.writer, PERMISSION_CHANGES);
	recording.slot = writer_slot(&recording.writer, Natts_changes);
	record(&recording, trigger);
	writer_end(&recording.writer);
}

/* --------------------------------------------------------------------------- reading */

/* A snapshot, as far as it says which transactions were visible. */
typedef struct Followed
{
	MemoryContext context;
	uint64 xmin;
	uint64 xmax;
	int n_running;
	uint64 *running; /* between both, this one's own included */
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
	if (FullTransactionIdIsValid(GetTopFullTransactionIdIfAny()))
		now->running[now->n_running++] = U64FromFullTransactionId(GetTopFullTransactionIdIfAny());
	return now;
}

static bool
is_same_instant(const Followed *now)
{
	return now->xmin == followed->xmin && now->xmax == followed->xmax &&
		   now->n_running == followed->n_running && followed->own == NIL &&
		   !FullTransactionIdIsValid(GetTopFullTransactionIdIfAny()) &&
		   memcmp(now->running, followed->running, now->n_running * sizeof(uint64)) == 0;
}

static bool
is_running(const Followed *now, uint64 xid)
{
	for (int i = 0; i < now->n_running; i++)
		if (now->running[i] == xid)
			return true;
	return xid >= now->xmax;
}

static List *
everything_has_changed(void)
{
	return list_make1(palloc0(sizeof(PermissionChange)));
}

/* Whether it is only said that rows went which this reader has seen. */
static bool
is_deletion_of_seen(HeapTuple tuple, const TableScan *scan)
{
	bool isnull;
	Datum deleted_to = scan_column(tuple, scan, Anum_changes_deleted_to, &isnull);

	return !isnull && followed && DatumGetUInt64(deleted_to) < followed->xmin;
}

static List *
read_changes(RoleReading *reading, uint64 xid, RegProcedure compare, StrategyNumber strategy,
			 List *changes)
{
	TableScan scan;
	ScanKeyData key;
	HeapTuple tuple;

	ScanKeyInit(&key, Anum_changes_xid, strategy, compare, UInt64GetDatum(xid));
	scan_begin_as_of(&scan, reading_snapshot(reading), PERMISSION_CHANGES,
					 PERMISSION_CHANGES_BY_XID, 1, &key);
	while (HeapTupleIsValid(tuple = scan_next(&scan)) && list_length(changes) <= MAX_CHANGES)
	{
		PermissionChange *change;

		if (is_deletion_of_seen(tuple, &scan))
			continue;
		change = palloc(sizeof(PermissionChange));
		change->role = scan_text(tuple, &scan, Anum_changes_role);
		change->action = scan_text(tuple, &scan, Anum_changes_action);
		change->resource = scan_text(tuple, &scan, Anum_changes_resource);
		changes = lappend(changes, change);
	}
	scan_end(&scan);
	return changes;
}

static List *
changes_of_transaction(RoleReading *reading, uint64 xid, List *changes)
{
	return read_changes(reading, xid, F_XID8EQ, BTEqualStrategyNumber, changes);
}

/* What this transaction has changed. */
static List *
own_changes(RoleReading *reading)
{
	FullTransactionId own = GetTopFullTransactionIdIfAny();

	return FullTransactionIdIsValid(own)
			   ? changes_of_transaction(reading, U64FromFullTransactionId(own), NIL)
			   : NIL;
}

static List *
changes_of_others(RoleReading *reading, const Followed *now)
{
	List *changes =
		read_changes(reading, followed->xmax, F_XID8GE, BTGreaterEqualStrategyNumber, NIL);

	for (int i = 0; i < followed->n_running; i++)
		if (followed->running[i] < followed->xmax && !is_running(now, followed->running[i]))
			changes = changes_of_transaction(reading, followed->running[i], changes);
	return changes;
}

List *
permission_changes_since(RoleReading *reading)
{
	Followed *now;
	List *changes;

	if (followed == NULL)
		return NIL;
	if (!relation_exists(PERMISSION_CHANGES))
		return everything_has_changed();
	now = follow_snapshot(reading_snapshot(reading));
	if (is_same_instant(now))
		return NIL;
	changes = changes_of_others(reading, now);
	changes = list_concat(changes, own_changes(reading));
	changes = list_concat(changes, followed->own);
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
follow_permission_changes(RoleReading *reading)
{
	Followed *now = follow_snapshot(reading_snapshot(reading));
	MemoryContext old;

	if (followed && is_same_instant(now))
	{
		MemoryContextDelete(now->context);
		return;
	}
	old = MemoryContextSwitchTo(now->context);
	if (relation_exists(PERMISSION_CHANGES))
		now->own = copy_changes(own_changes(reading));
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
