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

static const char *const statements[] = {
	[PURGE_ENDED] = "SELECT session_auth.purge_ended($1)",
	[PURGE_OLD] = "SELECT session_auth.purge_old($1)",
};

/* Deletes a batch and says what is to be done next: a batch that was not full was the last. */
PurgeStep
purge_batch(PurgeStep step, int batch_size)
{
	Oid types[] = { INT4OID };
	Datum values[] = { Int32GetDatum(batch_size) };
	bool isnull;
	int64 deleted;

	if (SPI_execute_with_args(statements[step], 1, types, values, NULL, false, 1) !=
			SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "purging returned no row");
	deleted =
		DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_freetuptable(SPI_tuptable);
	return deleted < batch_size ? step + 1 : step;
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
