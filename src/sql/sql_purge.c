/*
 * sql_purge.c
 *		CALL session_auth.purge(): batch after batch, a transaction each.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "nodes/parsenodes.h"

#include "base/compat.h"
#include "maintenance/purge.h"

static bool
may_commit(FunctionCallInfo fcinfo)
{
	return fcinfo->context && IsA(fcinfo->context, CallContext) &&
		   !((CallContext *) fcinfo->context)->atomic;
}

/* One transaction for all batches would lock for long what it has deleted, and keep it from vacuum. */
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
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid batch_size"),
						errdetail("It must be positive.")));
	return batch_size;
}

SQL_FUNCTION(session_auth_purge);

Datum
session_auth_purge(PG_FUNCTION_ARGS)
{
	int batch_size = argument_batch_size(fcinfo);
	PurgeStep step = PURGE_ENDED;

	require_transactions(fcinfo);
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	while ((step = purge_batch(step, batch_size)) != PURGE_DONE)
	{
		SPI_commit();
		purge_rest();
	}
	SPI_commit();
	SPI_finish();
	PG_RETURN_VOID();
}
