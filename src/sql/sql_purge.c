/*
 * sql_purge.c
 *		CALL session_auth.purge(): batch after batch, a transaction each; and what a batch calls.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "utils/array.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/row_type.h"
#include "catalog/table_purge.h"
#include "maintenance/purge.h"
#include "sql/arguments.h"

static bool
may_commit(FunctionCallInfo fcinfo)
{
	return fcinfo->context && IsA(fcinfo->context, CallContext) &&
		   !((CallContext *) fcinfo->context)->atomic;
}

/*
 * One transaction for all batches would lock for long what it has deleted, and keep it from
 * vacuum.
 */
static void
require_transactions(FunctionCallInfo fcinfo)
{
	if (!may_commit(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
						errmsg("purge() cannot be called where it cannot commit"),
						errdetail("It ends a transaction after each batch."),
						errhint("Call it outside of transaction blocks and functions, or use "
								"session_auth.purge_sessions().")));
}

static int
argument_batch_size(FunctionCallInfo fcinfo)
{
	int batch_size = PG_ARGISNULL(0) ? 0 : PG_GETARG_INT32(0);

	if (batch_size <= 0)
		argument_refuse("batch_size", "It must be positive.");
	return Min(batch_size, PURGE_LARGEST_BATCH);
}

SQL_FUNCTION(session_auth_purge);

Datum
session_auth_purge(PG_FUNCTION_ARGS)
{
	int batch_size = argument_batch_size(fcinfo);
	Purge purge;

	require_transactions(fcinfo);
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	for (purge_begin(&purge);; purge_pause())
	{
		purge_batch(&purge, batch_size);
		SPI_commit();
		if (purge_is_done(&purge))
			break;
	}
	SPI_finish();
	PG_RETURN_VOID();
}

static ArrayType *
uuid_array(const PurgedSessions *purged)
{
	Datum *elements = palloc((purged->n + 1) * sizeof(Datum));

	for (int i = 0; i < purged->n; i++)
		elements[i] = UUIDPGetDatum(&purged->session_ids[i]);
	return construct_array(elements, purged->n, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR);
}

SQL_FUNCTION(session_auth_delete_ended);

/*
 * delete_ended(ended_before, batch_size, start_at, start_place): STRICT; which, and up to
 * where
 */
Datum
session_auth_delete_ended(PG_FUNCTION_ARGS)
{
	static const RowColumn columns[] = { { "purged", UUIDARRAYOID },
										 { "reached", TIMESTAMPTZOID },
										 { "reached_place", TIDOID } };
	static RowType type = { lengthof(columns), columns, NULL };
	int wanted = Max(0, Min(PG_GETARG_INT32(1), PURGE_LARGEST_BATCH));
	PurgePosition position = { PG_GETARG_TIMESTAMPTZ(2), *(ItemPointer) PG_GETARG_POINTER(3) };
	PurgedSessions purged = { .session_ids = palloc(wanted * sizeof(pg_uuid_t)) };
	Datum values[lengthof(columns)];
	bool nulls[lengthof(columns)] = { false };

	catalog_purge_sessions(PG_GETARG_TIMESTAMPTZ(0), wanted, &position, &purged);
	values[0] = PointerGetDatum(uuid_array(&purged));
	values[1] = TimestampTzGetDatum(position.expires_at);
	values[2] = PointerGetDatum(&position.place);
	return row_form(&type, values, nulls);
}
