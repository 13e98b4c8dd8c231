/*
 * table_purge.c
 *		Deletes sessions that ended before a moment, a batch at a time.
 *
 * The index on expires_at says where they are.  A DELETE that skips what is locked would
 * look each row up three times, to find, to lock and to delete it; here they are taken
 * from the index without looking, sorted by their place in the table, and deleted as they
 * lie there.  Those that ended first go first, but for that.
 *
 * Invariants: what is deleted is visible in the newest snapshot and ended then, as the
 * index may name places that other rows have by now.  Nothing waits for a row: one that is
 * locked or was changed meanwhile is left to the next purge.  Triggers of the table, and
 * foreign keys that refer to it, are served; with a trigger for each row before it is
 * deleted, rows are deleted the way in which replication does it, and locks are waited for.
 *
 * Raises what reading and writing raise.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/relscan.h"
#include "access/stratnum.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "catalog/table_purge.h"
#include "catalog/table_access.h"

/* Places that are sorted at a time. */
#define AHEAD 100000

typedef struct Purge
{
	Writer writer;
	SysScanDesc scan; /* of the index */
	struct IndexFetchTableData *fetch;
	TupleTableSlot *slot;
	TimestampTz ended_before;
	bool is_told;      /* a trigger wants to be asked before each row */
	bool is_first;     /* no batch came before */
	bool is_exhausted; /* the index has no more */
	int wanted;
	PurgePosition *position; /* of the last entry that was looked at */
	PurgedSessions *purged;
} Purge;

/*
 * Places that the index has named and that are still to be looked at.  A batch that begins
 * where the last one ended goes on with what that has left: in the order of the table, more
 * rows lie together the more there are.
 */
static struct
{
	PurgePosition position; /* of the last that was taken from the index */
	int n;
	int next;
	ItemPointerData *places; /* room for AHEAD */
} ahead;

/* ------------------------------------------------------------------------ deleting */

static bool
tells_before_rows(const TriggerDesc *triggers)
{
	for (int i = 0; triggers && i < triggers->numtriggers; i++)
		if (TRIGGER_TYPE_MATCHES(triggers->triggers[i].tgtype, TRIGGER_TYPE_ROW,
								 TRIGGER_TYPE_BEFORE, TRIGGER_TYPE_DELETE) &&
			trigger_is_enabled(&triggers->triggers[i]))
			return true;
	return false;
}

static void
delete_telling(Purge *purge)
{
	EPQState epqstate;

	compat_init_recheck(&epqstate, purge->writer.estate);
	EvalPlanQualSetSlot(&epqstate, purge->slot);
	ExecSimpleRelationDelete(purge->writer.target, purge->writer.estate, &epqstate, purge->slot);
	EvalPlanQualEnd(&epqstate);
}

/* Whether the row in the slot could be deleted at once. */
static bool
delete_now(Purge *purge)
{
	const EState *estate = purge->writer.estate;
	ResultRelInfo *target = purge->writer.target;
	TM_FailureData failure;

	if (purge->is_told)
	{
		delete_telling(purge);
		return true;
	}
	if (compat_tuple_delete(purge->writer.table, &purge->slot->tts_tid, estate->es_output_cid,
							estate->es_snapshot, &failure) != TM_Ok)
		return false;
	if (target->ri_TrigDesc && target->ri_TrigDesc->trig_delete_after_row)
		ExecARDeleteTriggers(purge->writer.estate, target, &purge->slot->tts_tid, NULL, NULL,
							 false);
	return true;
}

/* The row in the slot, if it has ended. */
static void
purge_row(Purge *purge)
{
	PurgedSessions *purged = purge->purged;
	bool isnull;
	TimestampTz expires_at =
		DatumGetTimestampTz(slot_getattr(purge->slot, Anum_sessions_expires_at, &isnull));
	pg_uuid_t session_id =
		*DatumGetUUIDP(slot_getattr(purge->slot, Anum_sessions_session_id, &isnull));

	if (expires_at > purge->ended_before || !delete_now(purge))
		return;
	purged->session_ids[purged->n++] = session_id;
}

/* ------------------------------------------------------------------------- finding */

static int
compare_places(const void *a, const void *b)
{
	return ItemPointerCompare((ItemPointer) a, (ItemPointer) b);
}

static TimestampTz
entry_expires_at(IndexScanDesc scan)
{
	bool isnull;

	return DatumGetTimestampTz(index_getattr(scan->xs_itup, 1, scan->xs_itupdesc, &isnull));
}

/*
 * Entries of one time are in the order of places: what the last batch has looked at comes
 * first.
 */
static bool
was_reached(const PurgePosition *position, TimestampTz expires_at, const ItemPointerData *place)
{
	return expires_at == position->expires_at && compare_places(place, &position->place) <= 0;
}

/* Asked once more after its end, an index begins anew. */
static ItemPointer
next_entry(Purge *purge)
{
	ItemPointer place = NULL;

	if (!purge->is_exhausted)
		place = index_getnext_tid(purge->scan->iscan, ForwardScanDirection);
	purge->is_exhausted = place == NULL;
	return place;
}

/* Takes the next places from the index, as many as `room`, into the order of the table. */
static void
gather_places(Purge *purge, int room)
{
	IndexScanDesc scan = purge->scan->iscan;
	ItemPointer place;

	ahead.n = ahead.next = 0;
	while (ahead.n < room && (place = next_entry(purge)) != NULL)
	{
		TimestampTz expires_at = entry_expires_at(scan);

		if (was_reached(purge->position, expires_at, place))
			continue;
		*purge->position = (PurgePosition){ expires_at, *place };
		ahead.places[ahead.n++] = *place;
	}
	qsort(ahead.places, ahead.n, sizeof(ItemPointerData), compare_places);
	ahead.position = *purge->position;
}

static void
purge_place(Purge *purge, ItemPointer place)
{
	bool call_again = false;

	if (table_index_fetch_tuple(purge->fetch, place, purge->writer.estate->es_snapshot, purge->slot,
								&call_again, NULL))
		purge_row(purge);
	ExecClearTuple(purge->slot);
}

/*
 * What another purge has deleted, the index may still have at its beginning.  Read one after
 * the other, such entries are marked, and the next purge passes over them.
 */
static bool
purge_first(Purge *purge)
{
	bool found = index_getnext_slot(purge->scan->iscan, ForwardScanDirection, purge->slot);

	if (found)
		purge_row(purge);
	ExecClearTuple(purge->slot);
	return found;
}

static void
purge_what_remains(Purge *purge)
{
	PurgedSessions *purged = purge->purged;

	while (purged->n < purge->wanted)
	{
		if (ahead.next == ahead.n)
			gather_places(purge, purge->is_first ? Min(AHEAD, purge->wanted - purged->n) : AHEAD);
		if (ahead.n == 0)
			break;
		purge_place(purge, &ahead.places[ahead.next++]);
		CHECK_FOR_INTERRUPTS();
	}
}

/* --------------------------------------------------------------------------- a batch */

static bool
same_position(const PurgePosition *a, const PurgePosition *b)
{
	return a->expires_at == b->expires_at && compare_places(&a->place, &b->place) == 0;
}

/* What another purge has left is looked at by the next one. */
static void
begin_places(Purge *purge)
{
	if (ahead.places == NULL)
		ahead.places = MemoryContextAlloc(TopMemoryContext, AHEAD * sizeof(ItemPointerData));
	purge->is_first = TIMESTAMP_IS_NOBEGIN(purge->position->expires_at);
	if (purge->is_first || !same_position(&ahead.position, purge->position))
		ahead.n = ahead.next = 0;
}

/* The index's entries themselves are asked for, which says when each of them ends. */
static void
begin_scan(Purge *purge)
{
	const Writer *writer = &purge->writer;
	ScanKeyData keys[2];

	ScanKeyInit(&keys[0], Anum_sessions_expires_at, BTGreaterEqualStrategyNumber, F_TIMESTAMPTZ_GE,
				TimestampTzGetDatum(purge->position->expires_at));
	ScanKeyInit(&keys[1], Anum_sessions_expires_at, BTLessEqualStrategyNumber, F_TIMESTAMPTZ_LE,
				TimestampTzGetDatum(purge->ended_before));
	purge->scan = systable_beginscan(writer->table, relation_oid(SESSIONS_BY_EXPIRY), true,
									 writer->estate->es_snapshot, lengthof(keys), keys);
	keys[0].sk_attno = keys[1].sk_attno = 1;
	purge->scan->iscan->xs_want_itup = true;
	index_rescan(purge->scan->iscan, keys, lengthof(keys), NULL, 0);
}

static void
begin_purge(Purge *purge)
{
	Writer *writer = &purge->writer;

	begin_places(purge);
	writer_begin(writer, SESSIONS);
	purge->is_told = tells_before_rows(writer->target->ri_TrigDesc);
	ExecBSDeleteTriggers(writer->estate, writer->target);
	begin_scan(purge);
	purge->fetch = compat_index_fetch_begin(writer->table);
	purge->slot = table_slot_create(writer->table, &writer->estate->es_tupleTable);
}

static void
end(Purge *purge)
{
	if (ahead.next == ahead.n)
	{
		pfree(ahead.places);
		memset(&ahead, 0, sizeof(ahead));
	}
	ExecASDeleteTriggers(purge->writer.estate, purge->writer.target, NULL);
	table_index_fetch_end(purge->fetch);
	systable_endscan(purge->scan);
	writer_end(&purge->writer);
}

/*
 * Deletes sessions that ended before a moment, `wanted` at the most, which `purged` has room
 * for.  It begins after a position, and leaves the one where the next batch goes on.
 */
void
catalog_purge_sessions(TimestampTz ended_before, int wanted, PurgePosition *position,
					   PurgedSessions *purged)
{
	Purge purge = {
		.ended_before = ended_before, .wanted = wanted, .position = position, .purged = purged
	};

	purged->n = 0;
	PushActiveSnapshot(GetLatestSnapshot());
	begin_purge(&purge);
	if (!purge.is_first || purge_first(&purge))
		purge_what_remains(&purge);
	end(&purge);
	PopActiveSnapshot();
}
