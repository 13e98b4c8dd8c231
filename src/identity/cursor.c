/*
 * cursor.c
 *		Whether a cursor is open that would take more rows.
 *
 * Invariant: only a cursor whose rows are all stored is passed over: one WITH
 * HOLD, of a transaction that is over.  Behind a pooler it may be another
 * client's, who must not keep this one from authenticating.  Whatever else is
 * open and not running, a driver's suspended portal included, takes the rest of
 * its rows with the identity that is in force then.
 *
 * PostgreSQL keeps its portals to itself.  It tells whether any is open, and
 * pg_cursor() tells the names of those that are; what pg_cursor() hides are
 * portals that run to their end at once.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "nodes/execnodes.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/portal.h"
#include "utils/tuplestore.h"

#include "identity/cursor.h"

/* At COMMIT a portal loses its transaction, once its rows are stored. */
static bool
is_stored(Portal portal)
{
	return portal->createSubid == InvalidSubTransactionId && portal->holdStore != NULL;
}

static bool
takes_more_rows(const char *name)
{
	Portal portal = GetPortalByName(name);

	return portal && portal->status == PORTAL_READY && !is_stored(portal);
}

/* What pg_cursor() returns, in the executor's own memory. */
static ReturnSetInfo
list_cursors(EState *estate)
{
	LOCAL_FCINFO(fcinfo, 0);
	FmgrInfo function;
	ReturnSetInfo result;

	memset(&result, 0, sizeof(result));
	result.type = T_ReturnSetInfo;
	result.econtext = CreateExprContext(estate);
	result.allowedModes = SFRM_Materialize;
	result.returnMode = SFRM_ValuePerCall;
	fmgr_info(F_PG_CURSOR, &function);
	InitFunctionCallInfoData(*fcinfo, &function, 0, InvalidOid, NULL, (Node *) &result);
	(void) FunctionCallInvoke(fcinfo);
	if (result.returnMode != SFRM_Materialize || result.setResult == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR), errmsg("pg_cursor() returned no list of cursors")));
	return result;
}

static bool
any_takes_more_rows(const ReturnSetInfo *cursors)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(cursors->setDesc, &TTSOpsMinimalTuple);
	bool found = false;

	while (!found && tuplestore_gettupleslot(cursors->setResult, true, false, slot))
	{
		bool null;
		Datum name = slot_getattr(slot, 1, &null);

		found = null || takes_more_rows(TextDatumGetCString(name));
	}
	ExecDropSingleTupleTableSlot(slot);
	return found;
}

/* The usual answer, that nothing is open, costs one walk over few portals. */
bool
cursor_takes_more_rows(void)
{
	EState *estate;
	ReturnSetInfo cursors;
	bool found;

	if (ThereAreNoReadyPortals())
		return false;
	estate = CreateExecutorState();
	cursors = list_cursors(estate);
	found = any_takes_more_rows(&cursors);
	tuplestore_end(cursors.setResult);
	FreeExecutorState(estate);
	return found;
}
