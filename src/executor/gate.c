/*
 * gate.c
 *		Denied queries do not read the table, and permitted ones ask once.
 *
 * A policy such as (SELECT session_auth.has_permission('view', 'accounts')) is
 * the same for every row, yet PostgreSQL tests it for each, in the filter of the
 * scan.  This hook looks, when a query starts, for scans whose filter has such
 * conditions, and has them asked before the first row: when they are false the
 * scan ends without having read anything; when they are true and the filter has
 * no others, it is not evaluated any more.  An InitPlan's value is asked for once,
 * as PostgreSQL does; a call that the policy does not wrap is asked again as soon
 * as it could answer something else (moment.h).
 *
 * Why this is safe: the plan stays as PostgreSQL made it.  The conditions remain
 * in the filter, where whatever executes the plan in another way, a recheck of a
 * row that was changed meanwhile for one, finds them.  A condition is left to be
 * tested for each row where it could depend on one or change while the scan
 * runs (constancy.c): with a column, a function that is neither immutable nor this
 * extension's, or a parameter that is not an InitPlan's or that depends on others.
 * What of such a condition is the same for every row is fold.c's.  An InitPlan that
 * raises an error does so before the first row, and when there is none.
 *
 * A Result node with a one-time filter over the scan would do the same, but it
 * passes on every row that is permitted (docs/performance.md).
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "utils/rel.h"

#include "base/compat.h"
#include "base/settings.h"
#include "base/start_query.h"
#include "executor/constancy.h"
#include "executor/denial.h"
#include "executor/fold.h"
#include "executor/gate.h"
#include "executor/interpreted.h"
#include "executor/moment.h"
#include "executor/plan_nodes.h"
#include "executor/shown_columns.h"

static ExecutorStart_hook_type next_hook = NULL;

/* Stands in the place of a scan's filter, until it is passed or for good. */
typedef struct Gate
{
	ExprState state;      /* what the scan evaluates for a row */
	ExprState *filter;    /* what it evaluates when it has passed */
	ExprState *condition; /* of the filter, what is the same for every row */
	bool is_all;          /* that is the whole filter */
	bool is_for_good;     /* its answer holds as long as the query runs */
	bool is_policy;       /* it asks this extension, for a table with row-level security */
	bool passed;
	bool is_noted;         /* that it was not, in this query */
	Denials *denials;      /* the query's */
	Moment moment;         /* in which it was */
	ExecProcNodeMtd fetch; /* the scan itself */
} Gate;

/* --------------------------------------------------------------------------- the gate */

/*
 * The gate has not been passed, and yet somebody evaluates the filter without fetching a row
 * by pass_gate.  He gets the answer of the whole filter, as if there were no gate.
 */
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

static bool
is_gate(const ExprState *filter)
{
	return filter->evalfunc == evaluate_filter || filter->evalfunc == evaluate_nothing;
}

static TupleTableSlot *pass_gate(PlanState *scan);

/*
 * From now on the scan runs as if it had never had a gate.  Where somebody else has put a
 * function of his in the place of pass_gate, which he may call, the gate stays.  With
 * instrumentation ExecProcNode is PostgreSQL's function that calls ExecProcNodeReal.
 */
static void
remove_gate(PlanState *scan, const Gate *gate)
{
	if (scan->ExecProcNodeReal != pass_gate ||
		(scan->instrument == NULL && scan->ExecProcNode != pass_gate))
		return;
	if (!gate->is_all)
		scan->qual = gate->filter;
	scan->ExecProcNodeReal = gate->fetch;
	if (scan->ExecProcNode == pass_gate)
		scan->ExecProcNode = gate->fetch;
}

static bool
ask(PlanState *scan, Gate *gate)
{
	/* what changes while it is asked is noticed at the next row */
	gate->moment = moment_now();
	gate->passed = ExecQual(gate->condition, scan->ps_ExprContext);
	if (!gate->passed && gate->is_policy && setting_denied_policies == DENIED_ERROR)
		denial_raise(scan);
	if (gate->is_all)
		gate->state.evalfunc = gate->passed ? evaluate_nothing : evaluate_filter;
	if (gate->passed && gate->is_for_good)
		remove_gate(scan, gate);
	if (!gate->passed && gate->is_policy && !gate->is_noted)
	{
		gate->is_noted = true;
		denial_note(scan, gate->denials);
	}
	return gate->passed;
}

/* Who has taken the gate away has taken away what the scan itself was. */
pg_noreturn static void
refuse_scan(void)
{
	ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
					errmsg("another extension has replaced the filter of a scan while it ran"),
					errhint("Turn session_auth.gate_policies off, or do without that extension.")));
}

/* Fetches a row, if the condition lets it. */
static TupleTableSlot *
pass_gate(PlanState *scan)
{
	Gate *gate = (Gate *) scan->qual;

	CHECK_FOR_INTERRUPTS();
	if (unlikely(gate == NULL || !is_gate(scan->qual)))
		refuse_scan();
	if (likely(gate->passed && moment_lasts(&gate->moment)) || ask(scan, gate))
		return gate->fetch(scan);
	return NULL;
}

typedef struct Condition
{
	PlanState *scan;
	List *conditions;
	ExprState *made;
} Condition;

static void
make_condition(void *arg)
{
	Condition *condition = arg;

	condition->made = ExecInitQual(condition->conditions, condition->scan);
}

/* Asked once, it is not worth to be compiled, nor to have the plan's expressions compiled for it. */
static ExprState *
condition_of(PlanState *scan, List *conditions, const Gate *gate)
{
	Condition condition = { scan, conditions, NULL };

	if (gate->is_all && !is_compiled(scan->state))
		return gate->filter;
	without_jit(scan->state, make_condition, &condition);
	return condition.made;
}

/* ExecProcNode may be somebody else's by now, and calls the real one in the end. */
static void
put_in_place(PlanState *scan, Gate *gate)
{
	gate->fetch = scan->ExecProcNodeReal;
	if (scan->ExecProcNode == scan->ExecProcNodeReal)
		scan->ExecProcNode = pass_gate;
	scan->ExecProcNodeReal = pass_gate;
	scan->qual = &gate->state;
}

/* Walks conditions; true means that one asks this extension.  A worker has its leader's answers alone. */
static bool
asks_extension(Node *node, void *estate)
{
	const SubPlanState *initplan;

	if (node == NULL)
		return false;
	if (is_own_call(node))
		return true;
	if (!IsA(node, Param) || ((Param *) node)->paramkind != PARAM_EXEC)
		return expression_tree_walker(node, asks_extension, estate);
	initplan = ((EState *) estate)->es_param_exec_vals[((Param *) node)->paramid].execPlan;
	return initplan == NULL || has_own_call((Node *) initplan->planstate->plan->targetlist, NULL);
}

static bool
asks_for_policy(const PlanState *scan, List *conditions)
{
	return RelationGetForm(((const ScanState *) scan)->ss_currentRelation)->relrowsecurity &&
		   asks_extension((Node *) conditions, scan->state);
}

static void
add_gate(PlanState *scan, List *conditions, Denials *denials)
{
	Gate *gate = palloc0(sizeof(Gate));

	gate->denials = denials;
	gate->filter = scan->qual;
	gate->is_all = list_length(conditions) == list_length(scan->plan->qual);
	gate->is_for_good = !has_own_call((Node *) conditions, NULL);
	gate->is_policy = asks_for_policy(scan, conditions);
	gate->condition = condition_of(scan, conditions, gate);
	gate->state.type = T_ExprState;
	gate->state.flags = gate->filter->flags;
	gate->state.evalfunc = evaluate_filter;
	put_in_place(scan, gate);
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

/* The conditions of a filter that are the same for every row. */
static List *
constant_conditions(const PlanState *scan, const Bitmapset *params)
{
	List *conditions = NIL;
	ListCell *cell;

	foreach (cell, scan->plan->qual)
		if (is_constant(lfirst(cell), params))
			conditions = lappend(conditions, lfirst(cell));
	return conditions;
}

/* What is known of a query whose nodes are visited. */
typedef struct Visit
{
	Bitmapset *params;
	Denials *denials; /* made for its first gate */
} Visit;

static Denials *
denials_of(Visit *visit)
{
	if (visit->denials == NULL)
	{
		visit->denials = palloc0(sizeof(Denials));
		visit->denials->context = CurrentMemoryContext;
	}
	return visit->denials;
}

static void
watch_test(ResultState *result, Visit *visit)
{
	const PlanState *scan = outerPlanState(result);

	if (result->resconstantqual && scan && reads_table(scan))
		denial_watch(result, scan, denials_of(visit));
}

static void
add_to_scan(PlanState *node, void *arg)
{
	Visit *visit = arg;
	List *conditions;

	if (IsA(node, ResultState))
		watch_test((ResultState *) node, visit);
	if (!reads_table(node))
		return;
	if (setting_fold_filters)
		decide_columns_of(node, visit->params);
	if (node->qual == NULL)
		return;
	conditions = constant_conditions(node, visit->params);
	if (setting_fold_filters && list_length(conditions) < list_length(node->plan->qual))
		fold_filter_of(node, visit->params);
	if (setting_gate_policies && conditions != NIL)
		add_gate(node, conditions, denials_of(visit));
}

static void
start_executor(QueryDesc *query, int eflags)
{
	MemoryContext old;
	Visit visit = { NULL, NULL };

	start_query(next_hook, query, eflags);
	if (!(setting_gate_policies || setting_fold_filters) || (eflags & EXEC_FLAG_EXPLAIN_ONLY))
		return;
	old = MemoryContextSwitchTo(query->estate->es_query_cxt);
	visit.params = constant_params(query);
	visit_plan_nodes(query, add_to_scan, &visit);
	MemoryContextSwitchTo(old);
}

/* What is done with a scan is safe as those versions run it, which tests have shown. */
void
gate_init(void)
{
	if (!COMPAT_EXECUTOR_IS_TESTED)
		return;
	next_hook = ExecutorStart_hook;
	ExecutorStart_hook = start_executor;
}
