/*
 * shown_columns.c
 *		Whether a column is shown is decided once for a scan.
 *
 * The view of protect_columns has CASE WHEN (SELECT session_auth.has_permission(...)) OR owner =
 * (SELECT ...) THEN a column END.  PostgreSQL looks at the InitPlan's value for each row.  When a
 * scan has returned some rows, what it makes of a row is made anew without the conditions
 * whose value is known: the column itself, or nothing, or what is left of the condition.
 *
 * Invariant: it answers what the plan would.  An InitPlan that depends on nothing keeps its
 * value while the query runs; one that nobody has asked yet is not asked here.  The plan
 * stays as it is, and whatever runs it in another way finds all of it.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"

#include "executor/constancy.h"
#include "executor/interpreted.h"
#include "executor/shown_columns.h"

/* As with filters (fold.c): making it anew takes as long as some hundreds of rows save. */
#define ROWS_BEFORE 1000

/* Stands in the place of a scan's projection. */
typedef struct ShownColumns
{
	ProjectionInfo projection; /* what the scan calls; then one of these: */
	ProjectionInfo *original;
	ProjectionInfo *decided; /* or NULL */
	PlanState *scan;
	Bitmapset *params; /* that are constant */
	Oid user;          /* who has started the query */
	int rows;          /* that were returned before */
} ShownColumns;

typedef enum Known
{
	UNKNOWN,
	KNOWN_TRUE,
	KNOWN_FALSE /* or null, which counts as false in a CASE */
} Known;

/* ---------------------------------------------------------------- what is known */

static Known
value_of_param(const Param *param, const ShownColumns *shown)
{
	const ParamExecData *value;

	if (param->paramkind != PARAM_EXEC || !is_constant_param(param, shown->params))
		return UNKNOWN;
	value = &shown->scan->state->es_param_exec_vals[param->paramid];
	if (value->execPlan != NULL)
		return UNKNOWN;
	return !value->isnull && DatumGetBool(value->value) ? KNOWN_TRUE : KNOWN_FALSE;
}

/* Without its alternatives that are false; NULL when there is none, or one is true. */
static Node *
what_is_left(Node *condition, const ShownColumns *shown, Known *known)
{
	List *left = NIL;
	List *alternatives = list_make1(condition);
	ListCell *cell;

	if (IsA(condition, BoolExpr) && ((BoolExpr *) condition)->boolop == OR_EXPR)
		alternatives = ((BoolExpr *) condition)->args;
	*known = KNOWN_TRUE;
	foreach (cell, alternatives)
	{
		Known one =
			IsA(lfirst(cell), Param) ? value_of_param(lfirst_node(Param, cell), shown) : UNKNOWN;

		if (one == KNOWN_TRUE)
			return NULL;
		if (one == UNKNOWN)
			left = lappend(left, lfirst(cell));
	}
	*known = left == NIL ? KNOWN_FALSE : UNKNOWN;
	if (left == NIL)
		return NULL;
	return list_length(left) == 1 ? linitial(left) : (Node *) makeBoolExpr(OR_EXPR, left, -1);
}

/* CASE WHEN condition THEN result ELSE other END, and nothing else. */
static bool
is_decidable(const Node *node)
{
	return IsA(node, CaseExpr) && ((const CaseExpr *) node)->arg == NULL &&
		   list_length(((const CaseExpr *) node)->args) == 1 &&
		   ((const CaseExpr *) node)->defresult != NULL;
}

/* What is left of a CASE whose condition is not known. */
static Node *
with_condition(const Node *node, Node *condition)
{
	CaseExpr *rest = (CaseExpr *) copyObjectImpl(node);

	linitial_node(CaseWhen, rest->args)->expr = (Expr *) condition;
	return (Node *) rest;
}

static Node *
decide(Node *node, void *arg)
{
	while (node && is_decidable(node))
	{
		CaseWhen *when = linitial_node(CaseWhen, ((CaseExpr *) node)->args);
		Known known;
		Node *condition = what_is_left((Node *) when->expr, arg, &known);

		if (known != KNOWN_TRUE && known != KNOWN_FALSE)
			return with_condition(node, condition);
		node = (Node *) (known == KNOWN_TRUE ? when->result : ((CaseExpr *) node)->defresult);
	}
	return node ? expression_tree_mutator(node, decide, arg) : NULL;
}

/* ---------------------------------------------------------------- the projection */

static void
make_projection(void *arg)
{
	ShownColumns *shown = arg;
	PlanState *scan = shown->scan;
	List *targets = (List *) decide((Node *) scan->plan->targetlist, shown);

	shown->decided =
		ExecBuildProjectionInfo(targets, scan->ps_ExprContext, scan->ps_ResultTupleSlot, scan,
								((const ScanState *) scan)->ss_ScanTupleSlot->tts_tupleDescriptor);
}

static void
decide_now(ShownColumns *shown)
{
	EState *estate = shown->scan->state;
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);

	without_jit(estate, make_projection, shown);
	MemoryContextSwitchTo(old);
}

static Datum
evaluate_shown(ExprState *state, ExprContext *context, bool *isnull)
{
	ShownColumns *shown =
		(ShownColumns *) ((char *) state - offsetof(ShownColumns, projection.pi_state));
	ExprState *evaluated = &shown->original->pi_state;

	if (likely(shown->decided != NULL))
		evaluated = &shown->decided->pi_state;
	else if (shown->rows < ROWS_BEFORE && ++shown->rows == ROWS_BEFORE &&
			 GetUserId() == shown->user)
		decide_now(shown);
	return evaluated->evalfunc(evaluated, context, isnull);
}

/* Walks a target list; true means that there is something to decide. */
static bool
has_decision(Node *node, void *arg)
{
	if (node == NULL)
		return false;
	if (is_decidable(node))
	{
		Node *condition = (Node *) linitial_node(CaseWhen, ((CaseExpr *) node)->args)->expr;
		ListCell *cell;

		if (IsA(condition, Param))
			return is_constant_param((Param *) condition, arg);
		if (IsA(condition, BoolExpr))
			foreach (cell, ((BoolExpr *) condition)->args)
				if (IsA(lfirst(cell), Param) && is_constant_param(lfirst(cell), arg))
					return true;
	}
	return expression_tree_walker(node, has_decision, arg);
}

/* A subplan would be made a second time; what PostgreSQL compiles is fast as it is. */
void
decide_columns_of(PlanState *scan, Bitmapset *params)
{
	ShownColumns *shown;

	if (scan->ps_ProjInfo == NULL || scan->subPlan != NIL || is_compiled(scan->state) ||
		!has_decision((Node *) scan->plan->targetlist, params))
		return;
	shown = palloc0(sizeof(ShownColumns));
	shown->projection = *scan->ps_ProjInfo;
	shown->projection.pi_state.evalfunc = evaluate_shown;
	shown->original = scan->ps_ProjInfo;
	shown->scan = scan;
	shown->params = params;
	shown->user = GetUserId();
	scan->ps_ProjInfo = &shown->projection;
}
