/*
 * recent_rows.c
 *		Where the rows of sessions were found last, so that a token that comes again
 *		needs no index.
 *
 * Invariants: what is remembered is a place, never what was there: the row is
 * read and judged anew each time, and its whole hash compared by the caller.  A
 * place whose buffer holds another block by now, or from where no committed
 * version is reached, is as if it had not been remembered.
 *
 * The place is the one that the index names, from where HOT updates are followed:
 * last_seen_at is written again and again, and the row moves within its page.
 *
 * A key belongs to one set of places, which fills a line of the processor's
 * cache; the newest come first, and the oldest goes.  There are twice as many
 * sets when too many had to go, up to session_auth.session_cache_size.
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

#include "base/compat.h"
#include "base/settings.h"
#include "catalog/recent_rows.h"

#define WAYS       4
#define FIRST_SETS 256

typedef struct RecentRow
{
	uint32 tag; /* of the key: its last bytes, of which some choose the set */
	ItemPointerData place;
	Buffer buffer; /* that held it; 0: nothing is remembered */
} RecentRow;

typedef struct RecentSet
{
	RecentRow rows[WAYS];
} RecentSet;

StaticAssertDecl(sizeof(RecentSet) == 64, "a set is a line of the processor's cache");

static MemoryContext context = NULL;
static RecentSet *sets = NULL;
static void *chunk; /* that they are in, aligned to the processor's cache lines */
static uint32 nsets;
static uint32 lost; /* rows that had to go since there are as many sets */

static RecentSet *
set_of(uint32 tag)
{
	return &sets[tag & (nsets - 1)];
}

static void
remember(const RecentRow *row)
{
	RecentSet *set = set_of(row->tag);
	int at = 0;

	while (at < WAYS - 1 && set->rows[at].buffer != InvalidBuffer && set->rows[at].tag != row->tag)
		at++;
	if (set->rows[at].buffer != InvalidBuffer && set->rows[at].tag != row->tag)
		lost++;
	memmove(&set->rows[1], &set->rows[0], at * sizeof(RecentRow));
	set->rows[0] = *row;
}

/* Without the memory for more there are as many sets as before. */
static void
use_sets(uint32 n)
{
	RecentSet *old = sets;
	void *old_chunk = chunk;
	uint32 nold = nsets;
	void *new_chunk;

	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "session_auth found sessions",
										ALLOCSET_SMALL_SIZES);
	new_chunk = MemoryContextAllocExtended(context, ((Size) n + 1) * sizeof(RecentSet),
										   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO | MCXT_ALLOC_NO_OOM);
	lost = 0;
	if (new_chunk == NULL)
		return;
	chunk = new_chunk;
	sets = (RecentSet *) TYPEALIGN(sizeof(RecentSet), chunk);
	nsets = n;
	for (uint32 i = 0; i < nold; i++)
		for (int at = WAYS - 1; at >= 0; at--)
			if (old[i].rows[at].buffer != InvalidBuffer)
				remember(&old[i].rows[at]);
	if (old_chunk)
		pfree(old_chunk);
}

static bool
may_grow(void)
{
	return (Size) nsets * 2 * sizeof(RecentSet) <= (Size) setting_session_cache_size * 1024;
}

static const RecentRow *
find_tag(uint32 tag)
{
	const RecentSet *set = nsets > 0 ? set_of(tag) : NULL;

	for (int at = 0; set && at < WAYS && set->rows[at].buffer != InvalidBuffer; at++)
		if (set->rows[at].tag == tag)
			return &set->rows[at];
	return NULL;
}

/*
 * The row that was found for this key, if it still stands where it was.  With
 * true the tuple is good until the caller releases the buffer.
 */
bool
recent_row_find(Relation table, int64 key, HeapTuple tuple, Buffer *buffer)
{
	const RecentRow *row = find_tag((uint32) key);
	ItemPointerData place;
	bool found;

	if (row == NULL || table->rd_tableam != GetHeapamTableAmRoutine() ||
		!ReadRecentBuffer(compat_relation_file(table), MAIN_FORKNUM,
						  ItemPointerGetBlockNumber(&row->place), row->buffer))
		return false;
	*buffer = row->buffer;
	place = row->place;
	LockBuffer(*buffer, BUFFER_LOCK_SHARE);
	found = heap_hot_search_buffer(&place, table, *buffer, SnapshotSelf, tuple, NULL, true);
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

/* The row for this key is at the place that the index names, in this buffer. */
void
recent_row_keep(int64 key, const ItemPointerData *place, Buffer buffer)
{
	RecentRow row = { .tag = (uint32) key, .place = *place, .buffer = buffer };

	if (nsets == 0)
		use_sets(FIRST_SETS);
	else if (lost > nsets / WAYS && may_grow())
		use_sets(nsets * 2);
	if (nsets > 0)
		remember(&row);
}
