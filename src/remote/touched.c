/*
 * touched.c
 *		Before a query reaches another server, the identity is there.
 *
 * Invariant: when a query starts, each connection that its foreign tables use has the identity
 * that is in force here, or nobody where nobody is.  The plan is looked at after it was started:
 * partitions that were pruned by then are not in it.  Where a query's rows are
 * routed to is not known yet, so all foreign partitions count for what inserts into their parent.
 *
 * A query whose identity changes while it runs fails: its rows would be of two.  So does one in a
 * parallel operation that would have to carry the identity over first, as PostgreSQL lets
 * nothing be written then.
 *
 * COPY, TRUNCATE and ANALYZE reach foreign tables without the executor; before them the same is done.
 * What is sent while a query is planned (use_remote_estimate) is an EXPLAIN.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "executor/executor.h"
#include "foreign/fdwapi.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/plannodes.h"
#include "parser/parsetree.h"
#include "tcop/utility.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/compat.h"
#include "base/start_query.h"
#include "executor/plan_nodes.h"
#include "identity/identity.h"
#include "remote/carried.h"
#include "remote/carrier.h"
#include "remote/touched.h"

static ExecutorStart_hook_type next_start = NULL;
static ProcessUtility_hook_type next_utility = NULL;

/* ------------------------------------------------------------ as long as a query runs */

/* A running query that uses another server. */
typedef struct Guard
{
	dlist_node node;
	const PlanState *top;
	ExecProcNodeMtd fetch; /* of its top, as it was */
	uint64 identity;       /* its generation, and */
	const char *contents;  /* what was carried over of it */
	MemoryContextCallback ended;
} Guard;

static dlist_head guards = DLIST_STATIC_INIT(guards);

static void
remove_guard(void *guard)
{
	dlist_delete(&((Guard *) guard)->node);
}

static Guard *
guard_of(const PlanState *top)
{
	dlist_iter iter;

	dlist_foreach(iter, &guards)
	{
		Guard *guard = dlist_container(Guard, node, iter.cur);

		if (guard->top == top)
			return guard;
	}
	elog(ERROR, "a query that uses another server is not known");
}

static void
require_same_identity(const char *contents)
{
	if (!carried_equals(contents, carried_contents()))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the identity changed while a foreign table was read or written"),
				 errhint("Call session_auth.authenticate() in a statement of its own, and close "
						 "cursors on foreign tables before.")));
}

static void
check_guard(Guard *guard)
{
	if (likely(guard->identity == identity_generation))
		return;
	require_same_identity(guard->contents);
	guard->identity = identity_generation;
}

static TupleTableSlot *
fetch_guarded(PlanState *top)
{
	Guard *guard = guard_of(top);
	TupleTableSlot *slot;

	check_guard(guard);
	slot = guard->fetch(top);
	check_guard(guard);
	return slot;
}

static void
guard_query(const QueryDesc *query)
{
	PlanState *top = query->planstate;
	Guard *guard = MemoryContextAllocZero(query->estate->es_query_cxt, sizeof(Guard));
	const char *contents = carried_contents();

	guard->top = top;
	guard->contents = contents ? MemoryContextStrdup(query->estate->es_query_cxt, contents) : NULL;
	guard->identity = identity_generation;
	guard->fetch = top->ExecProcNodeReal;
	if (top->ExecProcNode == top->ExecProcNodeReal)
		top->ExecProcNode = fetch_guarded;
	top->ExecProcNodeReal = fetch_guarded;
	guard->ended.func = remove_guard;
	guard->ended.arg = guard;
	dlist_push_head(&guards, &guard->node);
	MemoryContextRegisterResetCallback(query->estate->es_query_cxt, &guard->ended);
}

/* ------------------------------------------------------------------- what it touches */

static bool
carry_to_server(Oid server, Oid user)
{
	RemoteNode *node = node_of_server(server);

	if (node == NULL)
		return false;
	carry_to(node, OidIsValid(user) ? user : GetUserId());
	return true;
}

/* The partitions that rows of a table may be routed to. */
static bool
carry_to_partitions(Oid parent, Oid user)
{
	bool some = false;
	ListCell *cell;

	foreach (cell, find_all_inheritors(parent, NoLock, NULL))
		if (get_rel_relkind(lfirst_oid(cell)) == RELKIND_FOREIGN_TABLE)
			some |= carry_to_server(GetForeignServerIdByRelId(lfirst_oid(cell)), user);
	return some;
}

static bool
carry_to_written(const ModifyTableState *writer)
{
	EState *estate = writer->ps.state;
	const ResultRelInfo *root = writer->rootResultRelInfo;
	bool some = false;

	for (int i = 0; i < writer->mt_nrels; i++)
	{
		ResultRelInfo *target = &writer->resultRelInfo[i];

		if (target->ri_FdwRoutine)
			some |= carry_to_server(
				GetForeignServerIdByRelId(RelationGetRelid(target->ri_RelationDesc)),
				compat_written_for(target, estate));
	}
	if (RelationGetForm(root->ri_RelationDesc)->relkind != RELKIND_PARTITIONED_TABLE)
		return some;
	if (writer->operation == CMD_INSERT || writer->operation == CMD_MERGE)
		return carry_to_partitions(RelationGetRelid(root->ri_RelationDesc),
								   compat_written_for(writer->rootResultRelInfo, estate)) ||
			   some;
	/* a row may move to a partition that is not in the plan, which has nobody at worst */
	carry_to_used();
	return some;
}

static void
carry_for_node(PlanState *node, void *arg)
{
	bool *some = arg;

	if (IsA(node, ForeignScanState))
	{
		const ForeignScan *scan = (const ForeignScan *) node->plan;

		*some |= carry_to_server(scan->fs_server, compat_foreign_scan_user(scan, node->state));
	}
	else if (IsA(node, ModifyTableState))
		*some |= carry_to_written((const ModifyTableState *) node);
}

/* Most queries have none, and are not looked at further. */
static bool
may_touch_server(const PlannedStmt *plan)
{
	bool writes = plan->commandType != CMD_SELECT || plan->hasModifyingCTE;
	ListCell *cell;

	foreach (cell, plan->rtable)
	{
		const RangeTblEntry *rte = lfirst(cell);

		if (rte->relkind == RELKIND_FOREIGN_TABLE ||
			(writes && rte->relkind == RELKIND_PARTITIONED_TABLE))
			return true;
	}
	return false;
}

static void
carry_for_query(const QueryDesc *query)
{
	bool some = false;

	if (nodes_are_connected())
		visit_plan_nodes(query, carry_for_node, &some);
	if (some)
		guard_query(query);
}

static void
start_executor(QueryDesc *query, int eflags)
{
	start_query(next_start, query, eflags);
	if (carrier_is_writing() || (eflags & EXEC_FLAG_EXPLAIN_ONLY) || IsParallelWorker())
		return;
	if (may_touch_server(query->plannedstmt))
		carry_for_query(query);
}

/* ------------------------------------------------------- without the executor's start */

static bool
is_copy_in(const PlannedStmt *plan)
{
	const CopyStmt *copy = (const CopyStmt *) plan->utilityStmt;

	return IsA(copy, CopyStmt) && copy->is_from && copy->relation;
}

/* What it copies into is looked for by its name, as COPY will: should it find another, that has nobody at worst. */
static void
carry_for_copy(const CopyStmt *copy)
{
	Oid target = RangeVarGetRelid(copy->relation, NoLock, true);
	char kind = OidIsValid(target) ? get_rel_relkind(target) : '\0';

	if (kind == RELKIND_FOREIGN_TABLE)
		(void) carry_to_server(GetForeignServerIdByRelId(target), InvalidOid);
	else if (kind == RELKIND_PARTITIONED_TABLE)
		(void) carry_to_partitions(target, InvalidOid);
}

static bool
may_reach_server(const PlannedStmt *plan)
{
	switch (nodeTag(plan->utilityStmt))
	{
		case T_CopyStmt:
		case T_TruncateStmt:
		case T_VacuumStmt:
		case T_ImportForeignSchemaStmt:
			return IsTransactionState() && !IsParallelWorker() && !carrier_is_writing();
		default:
			return false;
	}
}

static void
run_utility(PlannedStmt *plan, const char *text, bool is_read_only, ProcessUtilityContext context,
			ParamListInfo params, QueryEnvironment *environment, DestReceiver *receiver,
			QueryCompletion *completion)
{
	const char *contents = NULL;
	bool guarded = may_reach_server(plan) && nodes_are_connected();

	if (guarded)
	{
		carry_to_used();
		if (is_copy_in(plan))
			carry_for_copy((const CopyStmt *) plan->utilityStmt);
		contents = carried_contents();
		contents = contents ? pstrdup(contents) : NULL;
	}
	if (next_utility)
		next_utility(plan, text, is_read_only, context, params, environment, receiver, completion);
	else
		standard_ProcessUtility(plan, text, is_read_only, context, params, environment, receiver,
								completion);
	if (guarded && is_copy_in(plan))
		require_same_identity(contents);
}

void
touched_init(void)
{
	carried_init();
	next_start = ExecutorStart_hook;
	ExecutorStart_hook = start_executor;
	next_utility = ProcessUtility_hook;
	ProcessUtility_hook = run_utility;
}
