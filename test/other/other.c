/*
 * other.c
 *		Another extension, which takes the place of what the executor calls, for
 *		test/attacks/other_extensions.t.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/portal.h"

PG_MODULE_MAGIC;

/* what the one scan was at whose rows are counted, and the calls for one since then */
static ExecProcNodeMtd replaced;
static int calls;

static TupleTableSlot *
count_call(PlanState *scan)
{
	calls++;
	return replaced(scan);
}

static void
replace_in_scan(PlanState *scan, const char *what)
{
	if (strcmp(what, "function") == 0)
	{
		replaced = scan->ExecProcNode;
		scan->ExecProcNode = count_call;
	}
	else if (strcmp(what, "real function") == 0)
	{
		replaced = scan->ExecProcNodeReal;
		ExecSetExecProcNode(scan, count_call);
	}
	else if (strcmp(what, "filter") == 0)
		scan->qual = ExecInitQual(scan->plan->qual, scan);
	else
		scan->qual = NULL;
}

static bool
replace_in(PlanState *node, void *what)
{
	if (IsA(node, SeqScanState) && node->qual)
		replace_in_scan(node, what);
	return planstate_tree_walker(node, replace_in, what);
}

PGDLLEXPORT Datum other_replace(PG_FUNCTION_ARGS);
PG_FUNCTION_INFO_V1(other_replace);

/* other_replace(cursor, what) */
Datum
other_replace(PG_FUNCTION_ARGS)
{
	Portal portal = GetPortalByName(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	QueryDesc *query = portal->queryDesc;
	MemoryContext old = MemoryContextSwitchTo(query->estate->es_query_cxt);

	calls = 0;
	(void) replace_in(query->planstate, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	MemoryContextSwitchTo(old);
	PG_RETURN_VOID();
}

PGDLLEXPORT Datum other_calls(PG_FUNCTION_ARGS);
PG_FUNCTION_INFO_V1(other_calls);

Datum
other_calls(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(calls);
}
