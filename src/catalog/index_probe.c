/*
 * index_probe.c
 *		The rows that an index has for one key, for whoever looks for few of them often.
 *
 * Invariant: it finds what a scan of tables.c finds, with the newest snapshot, in a
 * table of PostgreSQL's own kind.  It does without the slot and the callbacks in
 * between, and it does not prune the pages that it reads: a page is pruned when
 * somebody needs the room, and each time costs a record in the log.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/relscan.h"
#include "access/tableam.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "catalog/index_probe.h"

/* Otherwise a scan has to look for the row. */
bool
probe_is_possible(Relation table)
{
	return table->rd_tableam == GetHeapamTableAmRoutine() && !IgnoreSystemIndexes;
}

/* The key is of the index's first column; the caller has locked the table. */
void
probe_begin(IndexProbe *probe, Relation table, CatalogRelation index, ScanKey key)
{
	key->sk_attno = 1;
	probe->table = table;
	probe->buffer = InvalidBuffer;
	probe->index = index_open(relation_oid(index), AccessShareLock);
	probe->snapshot = RegisterSnapshot(GetCatalogSnapshot(RelationGetRelid(table)));
	probe->scan = compat_index_beginscan(table, probe->index, probe->snapshot, 1);
	index_rescan(probe->scan, key, 1, NULL, 0);
}

/* The version at this place that the snapshot sees. */
static bool
read_place(IndexProbe *probe)
{
	ItemPointerData place = probe->place;
	bool all_dead;
	bool found;

	probe->buffer =
		ReleaseAndReadBuffer(probe->buffer, probe->table, ItemPointerGetBlockNumber(&place));
	LockBuffer(probe->buffer, BUFFER_LOCK_SHARE);
	found = heap_hot_search_buffer(&place, probe->table, probe->buffer, probe->snapshot,
								   &probe->tuple, &all_dead, true);
	LockBuffer(probe->buffer, BUFFER_LOCK_UNLOCK);
	/* an entry that leads to nothing any more is marked, so that the next probe skips it */
	probe->scan->kill_prior_tuple = all_dead && !probe->scan->xactStartedInRecovery;
	return found;
}

/* The next row, good until the next call; NULL when there is none. */
HeapTuple
probe_next(IndexProbe *probe)
{
	ItemPointer place;

	while ((place = index_getnext_tid(probe->scan, ForwardScanDirection)) != NULL)
	{
		probe->place = *place;
		if (read_place(probe))
		{
			pgstat_count_heap_fetch(probe->index);
			return &probe->tuple;
		}
	}
	return NULL;
}

void
probe_end(IndexProbe *probe)
{
	if (BufferIsValid(probe->buffer))
		ReleaseBuffer(probe->buffer);
	index_endscan(probe->scan);
	UnregisterSnapshot(probe->snapshot);
	index_close(probe->index, AccessShareLock);
}
