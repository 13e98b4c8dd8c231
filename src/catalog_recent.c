/*
 * catalog_recent.c
 *		Where the rows of sessions were found last, so that a token that comes again
 *		needs no index.
 *
 * Invariants: what is remembered is a place, never what was there: the row is
 * read and judged anew each time, and its whole hash compared by the caller.  A
 * place whose buffer holds another block by now, or whose row version is no
 * longer the newest committed one, is as if it had not been remembered.  A key
 * has one of SLOTS places, so memory is bounded.
 *
 * SnapshotSelf sees at least what a snapshot taken now would: a version that is
 * committed and that no committed transaction, nor this one, has replaced or
 * deleted.  Between the commits of an update it may see neither version; then
 * the index is asked, with a snapshot.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "catalog_recent.h"
#include "compat.h"

#define SLOTS 16384

typedef struct RecentRow
{
	int64 key;
	ItemPointerData place;
	Buffer buffer; /* that held it; 0: nothing is remembered */
} RecentRow;

static RecentRow *rows = NULL;

static RecentRow *
row_of(int64 key)
{
	if (unlikely(rows == NULL))
		rows = MemoryContextAllocZero(TopMemoryContext, SLOTS * sizeof(RecentRow));
	return &rows[(uint64) key % SLOTS];
}

/* The row version at a place of a buffer that is locked; false when there is none to see. */
static bool
read_place(Relation table, Buffer buffer, const ItemPointerData *place, HeapTuple tuple)
{
	Page page = BufferGetPage(buffer);
	OffsetNumber offset = ItemPointerGetOffsetNumber(place);
	ItemId item;

	if (offset > PageGetMaxOffsetNumber(page))
		return false;
	item = PageGetItemId(page, offset);
	if (!ItemIdIsNormal(item))
		return false;
	tuple->t_self = *place;
	tuple->t_tableOid = RelationGetRelid(table);
	tuple->t_data = (HeapTupleHeader) PageGetItem(page, item);
	tuple->t_len = ItemIdGetLength(item);
	return HeapTupleSatisfiesVisibility(tuple, SnapshotSelf, buffer);
}

/*
 * The row that was found for this key, if it still stands where it was.  With
 * true the tuple is good until the caller releases the buffer.
 */
bool
recent_find(Relation table, int64 key, HeapTuple tuple, Buffer *buffer)
{
	const RecentRow *row = row_of(key);
	bool found;

	if (row->key != key || row->buffer == InvalidBuffer ||
		table->rd_tableam != GetHeapamTableAmRoutine() ||
		!ReadRecentBuffer(compat_relation_file(table), MAIN_FORKNUM,
						  ItemPointerGetBlockNumber(&row->place), row->buffer))
		return false;
	*buffer = row->buffer;
	LockBuffer(*buffer, BUFFER_LOCK_SHARE);
	found = read_place(table, *buffer, &row->place, tuple);
	LockBuffer(*buffer, BUFFER_LOCK_UNLOCK);
	/* what lies in the table's TOAST table is fetched with a snapshot alone */
	if (!found || HeapTupleHasExternal(tuple))
	{
		ReleaseBuffer(*buffer);
		return false;
	}
	pgstat_count_heap_fetch(table);
	return true;
}

/* The row for this key is what the slot holds. */
void
recent_keep(int64 key, TupleTableSlot *slot)
{
	RecentRow *row = row_of(key);

	if (!TTS_IS_BUFFERTUPLE(slot))
		return;
	row->key = key;
	row->place = slot->tts_tid;
	row->buffer = ((BufferHeapTupleTableSlot *) slot)->buffer;
}
