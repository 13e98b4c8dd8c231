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
	purge->reached = DT_NOBEGIN;
}

/* Runs a statement that answers with one row, and returns how many rows that has deleted. */
static int64
run(const char *statement, int nargs, Datum *values, TimestampTz *reached)
{
	Oid types[] = { INT4OID, TIMESTAMPTZOID };
	bool isnull;
	HeapTuple row;
	int64 deleted;

	if (SPI_execute_with_args(statement, nargs, types, values, NULL, false, 1) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "purging returned no row");
	row = SPI_tuptable->vals[0];
	deleted = DatumGetInt64(SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &isnull));
	if (reached)
		*reached = DatumGetTimestampTz(SPI_getbinval(row, SPI_tuptable->tupdesc, 2, &isnull));
	SPI_freetuptable(SPI_tuptable);
	return deleted;
}

/* Deletes a batch.  One that was not full was the last of its step. */
void
purge_batch(Purge *purge, int batch_size)
{
	Datum values[] = { Int32GetDatum(batch_size), TimestampTzGetDatum(purge->reached) };
	int64 deleted = purge->step == PURGE_ENDED
						? run("SELECT deleted, reached FROM session_auth.purge_ended($1, $2)", 2,
							  values, &purge->reached)
						: run("SELECT session_auth.purge_old($1)", 1, values, NULL);

	if (deleted < batch_size)
		purge->step++;
}

/* Leaves the processor, the disk and the locks to others for a while. */
void
purge_rest(void)
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
