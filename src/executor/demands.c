/*
 * demands.c
 *		A query that lacks what a policy demands fails before it reads anything.
 *
 * Invariant: whether a query fails with (SELECT session_auth.demand_permission(...)) in a
 * policy depends on the query and its caller alone, never on rows.  PostgreSQL asks an
 * InitPlan for its value when a row is tested: an error would then tell that there is
 * one, in an index for one.  Here it is asked when the query starts, as PostgreSQL
 * checks what GRANT has given, be the table needed in the end or not, and whatever
 * session_auth.gate_policies says.
 *
 * The library has to be there by then.  Who has called none of its functions yet has
 * not loaded it; but the call in the policy is planned before the query starts, and its
 * support function (session_auth.planned_with) is in this library.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "executor/nodeSubplan.h"
#include "nodes/execnodes.h"
#include "nodes/plannodes.h"

#include "base/start_query.h"
#include "executor/constancy.h"
#include "executor/demands.h"

static ExecutorStart_hook_type next_hook = NULL;

/* (SELECT session_auth.demand_permission(...)), as it is planned */
static bool
is_demanded(const SubPlanState *initplan)
{
	const Plan *plan = initplan->planstate->plan;

	return IsA(plan, Result) && list_length(plan->targetlist) == 1 &&
		   is_demand((Node *) linitial_node(TargetEntry, plan->targetlist)->expr);
}

/* A parallel worker has the values from its leader. */
static void
ask_what_is_demanded(EState *estate)
{
	int n = list_length(estate->es_plannedstmt->paramExecTypes);

	for (int i = 0; i < n; i++)
	{
		SubPlanState *initplan = estate->es_param_exec_vals[i].execPlan;

		if (initplan && is_demanded(initplan))
			ExecSetParamPlan(initplan, GetPerTupleExprContext(estate));
	}
}

static void
start_executor(QueryDesc *query, int eflags)
{
	MemoryContext old;

	start_query(next_hook, query, eflags);
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	old = MemoryContextSwitchTo(query->estate->es_query_cxt);
	ask_what_is_demanded(query->estate);
	MemoryContextSwitchTo(old);
}

void
demands_init(void)
{
	next_hook = ExecutorStart_hook;
	ExecutorStart_hook = start_executor;
}
