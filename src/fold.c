/*
 * fold.c
 *		What is the same for every row is computed once, within a filter.
 *
 * A policy may ask for each row what is the same for all, and ask it in the midst
 * of what is not: has_permission(session_auth.role(), 'view', project), or
 * owner = session_auth.user_id().  When a scan has tested some rows, its filter is
 * made anew with the values of such calls, and of the parameters beside them, in
 * their place, so that it costs what the same policy with (SELECT ...) around
 * them would.
 *
 * Only this extension's functions are treated so: they are stable, raise nothing
 * (those that do return nothing, or are volatile), and what they answer changes
 * within a statement only by what the statement itself does to its identity, as
 * it is with an InitPlan.  The plan stays as it is.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"

#include "catalog.h"
#include "constancy.h"
#include "fold.h"

/* Making a filter anew costs what some twenty rows do. */
#define ROWS_BEFORE 32

/* Stands in the place of a filter and counts the rows that it is evaluated for. */
typedef struct Fold
{
	ExprState state;
	ExprState *filter;
	PlanState *scan;
	Bitmapset *params; /* that are constant */
	int rows;
} Fold;

/* ------------------------------------------------------------------- what is folded */

static bool
is_own_function(const FuncExpr *call)
{
	return call->funcid >= FirstNormalObjectId && !call->funcretset &&
		   call->funcresulttype != VOIDOID && func_volatile(call->funcid) == PROVOLATILE_STABLE &&
		   get_func_namespace(call->funcid) == get_namespace_oid(SCHEMA_NAME, true);
}

/* Walks a filter; true means that something in it is to be folded. */
static bool
is_foldable(Node *node, void *params)
{
	ListCell *cell;

	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr) && is_own_function((FuncExpr *) node))
	{
		if (is_constant(node, params))
			return true;
		foreach (cell, ((FuncExpr *) node)->args)
			if (!IsA(lfirst(cell), Const) && is_constant(lfirst(cell), params))
				return true;
	}
	return expression_tree_walker(node, is_foldable, params);
}

static Node *
evaluate(Node *node, const Fold *fold, ExprContext *context)
{
	ExprState *state = ExecInitExpr((Expr *) node, fold->scan);
	Oid type = exprType(node);
	int16 len;
	bool byval;
	bool isnull;
	Datum value;

	get_typlenbyval(type, &len, &byval);
	value = ExecEvalExprSwitchContext(state, context, &isnull);
	if (!isnull)
		value = datumCopy(value, byval, len);
	return (Node *) makeConst(type, exprTypmod(node), exprCollation(node), len, value, isnull,
							  byval);
}

typedef struct Folding
{
	const Fold *fold;
	ExprContext *context;
} Folding;

/* An InitPlan that no row has asked for is not asked for here: it could raise an error. */
static bool
asks_anew(Node *node, void *estate)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
		return ((EState *) estate)->es_param_exec_vals[((Param *) node)->paramid].execPlan != NULL;
	return expression_tree_walker(node, asks_anew, estate);
}

static bool
is_to_be_folded(Node *node, const Fold *fold)
{
	return (IsA(node, Param) || (IsA(node, FuncExpr) && is_own_function((FuncExpr *) node))) &&
		   is_constant(node, fold->params) && !asks_anew(node, fold->scan->state);
}

static Node *
fold_node(Node *node, void *arg)
{
	const Folding *folding = arg;

	if (node == NULL)
		return NULL;
	if (is_to_be_folded(node, folding->fold))
		return evaluate(node, folding->fold, folding->context);
	return expression_tree_mutator(node, fold_node, arg);
}

/* ------------------------------------------------------------------------ the filter */

static void
fold(Fold *fold, ExprContext *context)
{
	Folding folding = { fold, context };
	PlanState *scan = fold->scan;
	MemoryContext old = MemoryContextSwitchTo(scan->state->es_query_cxt);
	List *folded = (List *) fold_node((Node *) scan->plan->qual, &folding);

	fold->filter = ExecInitQual(folded, scan);
	/* the scan that asks now goes on with what it has; its next call finds the filter */
	if (scan->qual == &fold->state)
		scan->qual = fold->filter;
	MemoryContextSwitchTo(old);
}

static Datum
evaluate_counted(ExprState *state, ExprContext *context, bool *isnull)
{
	Fold *counted = (Fold *) state;

	if (counted->rows < ROWS_BEFORE && ++counted->rows == ROWS_BEFORE)
		fold(counted, context);
	return counted->filter->evalfunc(counted->filter, context, isnull);
}

/* A subplan would be made a second time with its filter: such a filter is left alone. */
void
fold_filter_of(PlanState *scan, Bitmapset *params)
{
	Fold *fold;

	if (scan->subPlan != NIL || !is_foldable((Node *) scan->plan->qual, params))
		return;
	fold = palloc0(sizeof(Fold));
	fold->filter = scan->qual;
	fold->scan = scan;
	fold->params = params;
	fold->state.type = T_ExprState;
	fold->state.flags = fold->filter->flags;
	fold->state.evalfunc = evaluate_counted;
	scan->qual = &fold->state;
}
