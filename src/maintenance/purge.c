/*
 * purge.c
 *		One batch of what purging deletes, and the rest between two batches.
 *
 * Invariant: what is deleted, and as whom, is said by functions in SQL that belong
 * to the extension's owner (sql/parts/sessions.sql); here they are called by their
 * full names and with arguments of their own types, so that no search_path matters.
 * Whoever calls has connected to SPI, ends the transaction after each batch, and
 * rests after that, never before.
 *
 * Like all that runs SQL it raises errors.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/settings.h"
#include "maintenance/purge.h"

void
purge_begin(Purge *purge)
{
	purge->step = PURGE_ENDED;
	purge->position.expires_at = DT_NOBEGIN;
	ItemPointerSet(&purge->position.place, 0, 0);
}

/* Runs a statement that answers with one row. */
static HeapTuple
run(const char *statement, int nargs, Oid *types, Datum *values)
{
	if (SPI_execute_with_args(statement, nargs, types, values, NULL, false, 1) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "purging returned no row");
	return SPI_tuptable->vals[0];
}

static Datum
column(HeapTuple row, int n)
{
	bool isnull;

	return SPI_getbinval(row, SPI_tuptable->tupdesc, n, &isnull);
}

/* How many were deleted. */
static int64
purge_ended(PurgePosition *position, int batch_size)
{
	Oid types[] = { INT4OID, TIMESTAMPTZOID, TIDOID };
	Datum values[] = { Int32GetDatum(batch_size), TimestampTzGetDatum(position->expires_at),
					   PointerGetDatum(&position->place) };
	HeapTuple row = run("SELECT deleted, reached, reached_place"
						" FROM session_auth.purge_ended($1, $2, $3)",
						lengthof(types), types, values);

	position->expires_at = DatumGetTimestampTz(column(row, 2));
	position->place = *(ItemPointer) DatumGetPointer(column(row, 3));
	return DatumGetInt64(column(row, 1));
}

static int64
purge_old(int batch_size)
{
	Oid types[] = { INT4OID };
	Datum values[] = { Int32GetDatum(batch_size) };

	return DatumGetInt64(
		column(run("SELECT session_auth.purge_old($1)", lengthof(types), types, values), 1));
}

/* Deletes a batch.  One that was not full was the last of its step. */
void
purge_batch(Purge *purge, int batch_size)
{
	int64 deleted = purge->step == PURGE_ENDED ? purge_ended(&purge->position, batch_size)
											   : purge_old(batch_size);

	SPI_freetuptable(SPI_tuptable);
	if (deleted < batch_size)
		purge->step++;
}

/* Leaves the processor, the disk and the locks to others for a while. */
void
purge_pause(void)
{
	TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), setting_purge_delay);
	long left;

	CHECK_FOR_INTERRUPTS();
	while ((left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until)) > 0)
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, left,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}
