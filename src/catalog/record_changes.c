/*
 * record_changes.c
 *		What the triggers write into the table of what has changed of roles and permissions.
 *
 * Invariant: whatever may have changed is told by a row of the same subtransaction: the
 * permission, or its role where there are many, or that everything has changed.  The same
 * is not recorded twice in a subtransaction, which it lives and dies with.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"
#include "utils/xid8.h"

#include "base/string_list.h"
#include "catalog/permission_changes.h"
#include "catalog/table_access.h"

/* In the tables that are watched; all three have the role first. */
#define Anum_watched_role     1
#define Anum_watched_action   2
#define Anum_watched_resource 3

/* Of one transaction: with more than this, whole roles are recorded, and then everything. */
#define MAX_PERMISSIONS 256
#define MAX_ROLES       256

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
	MemoryContext old;

	if (string_list_has(recorded.roles, role))
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
