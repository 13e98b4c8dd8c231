/*
 * gate.c
 *		Denied queries do not read the table, and permitted ones ask once.
 *
 * A policy such as (SELECT session_auth.has_permission('view', 'accounts')) is
 * the same for every row, yet PostgreSQL tests it for each, in the filter of the
 * scan.  This hook looks, when a query starts, for scans whose
 * filter has such conditions, and has them asked before the first
 * row: when they are false the scan ends without having read anything; when they
 * are true and the filter has no others, it is not evaluated any more.
 *
 * Why this is safe: the plan stays as PostgreSQL made it.  The conditions remain
 * in the filter, where whatever executes the plan in another way, a recheck of a
 * row that was changed meanwhile for one, finds them.  A condition is left to be
 * tested for each row where it could depend on one or change while the scan
 * runs: with a column, a volatile function, or a parameter that is not an
 * InitPlan's or that depends on others.  What is taken for constant is on a list
 * of what is known to be; anything else is not.
 *
 * A Result node with a one-time filter over the scan would do the same, but it
 * passes on every row that is permitted (docs/performance.md).
 */
#include "postgres.h"

#include "access/parallel.h"
#include "executor/executor.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "optimizer/optimizer.h"

#include "gate.h"
#include "settings.h"

static ExecutorStart_hook_type next_hook = NULL;

/* Stands in the place of a scan's filter, until it is passed or for good. */
typedef struct Gate
{
	ExprState state;       /* what the scan evaluates for a row */
	ExprState *filter;     /* what it would evaluate without a gate */
	ExprState *condition;  /* of the filter, what is the same for every row */
	bool is_all;           /* that is the whole filter */
	ExecProcNodeMtd fetch; /* the scan itself */
} Gate;

/* ------------------------------------------------------------------ what is constant */

typedef struct Search
{
	EState *estate;
	Bitmapset *varying; /* parameters that nodes of a parallel worker's plan set */
} Search;

static bool
collect_varying(PlanState *node, void *arg)
{
	Bitmapset **varying = arg;
	ListCell *cell;

	if (IsA(node, NestLoopState))
		foreach (cell, ((NestLoop *) node->plan)->nestParams)
			*varying = bms_add_member(*varying, ((NestLoopParam *) lfirst(cell))->paramno);
	foreach (cell, node->subPlan)
	{
		const SubPlan *subplan = ((SubPlanState *) lfirst(cell))->subplan;
		ListCell *param;

		foreach (param, subplan->parParam)
			*varying = bms_add_member(*varying, lfirst_int(param));
		foreach (param, subplan->setParam)
			*varying = bms_add_member(*varying, lfirst_int(param));
	}
	return planstate_tree_walker(node, collect_varying, arg);
}

/*
 * Whether a parameter has one value for as long as the query runs: one from
 * outside, or that of an InitPlan that depends on nothing.  To a parallel worker
 * its leader hands the values of InitPlans, and no others.
 */
static bool
is_constant_param(const Param *param, const Search *search)
{
	const SubPlanState *initplan;

	if (param->paramkind == PARAM_EXTERN)
		return true;
	if (param->paramkind != PARAM_EXEC)
		return false;
	initplan = search->estate->es_param_exec_vals[param->paramid].execPlan;
	if (initplan)
		return initplan->subplan->parParam == NIL &&
			   bms_is_empty(initplan->planstate->plan->extParam);
	return IsParallelWorker() && !bms_is_member(param->paramid, search->varying);
}

/* Walks an expression; true means that it may vary from row to row. */
static bool
may_vary(Node *node, void *search)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Param:
			return !is_constant_param((Param *) node, search);
		case T_List:
		case T_Const:
		case T_FuncExpr:
		case T_OpExpr:
		case T_ScalarArrayOpExpr:
		case T_BoolExpr:
		case T_NullTest:
		case T_BooleanTest:
		case T_CoalesceExpr:
		case T_ArrayExpr:
		case T_RelabelType:
		case T_CoerceViaIO:
			return expression_tree_walker(node, may_vary, search);
		default:
			return true;
	}
}

static bool
is_constant(Node *condition, Search *search)
{
	return !may_vary(condition, search) && !contain_volatile_functions(condition);
}

/* --------------------------------------------------------------------------- the gate */

/* Of a filter that nobody has passed yet: not by way of the scan, so as if there were no gate. */
static Datum
evaluate_filter(ExprState *state, ExprContext *context, bool *isnull)
{
	ExprState *filter = ((Gate *) state)->filter;

	return filter->evalfunc(filter, context, isnull);
}

static Datum
evaluate_nothing(ExprState *state, ExprContext *context, bool *isnull)
{
	*isnull = false;
	return BoolGetDatum(true);
}

/* Fetches the first row, if the condition lets it. */
static TupleTableSlot *
pass_gate(PlanState *scan)
{
	Gate *gate = (Gate *) scan->qual;

	if (!ExecQual(gate->condition, scan->ps_ExprContext))
		return NULL;
	if (gate->is_all)
		gate->state.evalfunc = evaluate_nothing;
	else
		scan->qual = gate->filter;
	ExecSetExecProcNode(scan, gate->fetch);
	return gate->fetch(scan);
}

static void
add_gate(PlanState *scan, List *conditions)
{
	Gate *gate = palloc0(sizeof(Gate));

	gate->filter = scan->qual;
	gate->is_all = list_length(conditions) == list_length(scan->plan->qual);
	gate->condition = gate->is_all ? gate->filter : ExecInitQual(conditions, scan);
	gate->state.type = T_ExprState;
	gate->state.flags = gate->filter->flags;
	gate->state.evalfunc = evaluate_filter;
	gate->fetch = scan->ExecProcNodeReal;
	scan->qual = &gate->state;
	ExecSetExecProcNode(scan, pass_gate);
}

/* ----------------------------------------------------------------------- where it goes */

static bool
reads_table(const PlanState *node)
{
	switch (nodeTag(node))
	{
		case T_SeqScanState:
		case T_SampleScanState:
		case T_IndexScanState:
		case T_IndexOnlyScanState:
		case T_BitmapHeapScanState:
		case T_TidScanState:
		case T_TidRangeScanState:
			return true;
		default:
			return false;
	}
}

static bool
add_gates(PlanState *node, void *arg)
{
	List *conditions = NIL;
	ListCell *cell;

	if (node->qual && reads_table(node))
		foreach (cell, node->plan->qual)
			if (is_constant(lfirst(cell), arg))
				conditions = lappend(conditions, lfirst(cell));
	if (conditions != NIL)
		add_gate(node, conditions);
	return planstate_tree_walker(node, add_gates, arg);
}

static void
start_executor(QueryDesc *query, int eflags)
{
	Search search = { NULL, NULL };
	MemoryContext old;

	if (next_hook)
		next_hook(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
	if (!setting_gate_policies || (eflags & EXEC_FLAG_EXPLAIN_ONLY))
		return;
	search.estate = query->estate;
	old = MemoryContextSwitchTo(query->estate->es_query_cxt);
	if (IsParallelWorker())
		(void) collect_varying(query->planstate, &search.varying);
	(void) add_gates(query->planstate, &search);
	MemoryContextSwitchTo(old);
}

void
gate_init(void)
{
	next_hook = ExecutorStart_hook;
	ExecutorStart_hook = start_executor;
}
