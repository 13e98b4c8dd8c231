/*
 * fold.c
 *		What is the same for every row is computed once, within a filter.
 *
 * A policy may ask for each row what is the same for all, and ask it in the midst
 * of what is not: has_permission(session_auth.role(), 'view', project), or
 * owner = session_auth.user_id().  When a scan has tested some rows, its filter is
 * made anew with the values of such calls, and of the parameters beside them, in
 * their place, so that it costs what the same policy with (SELECT ...) around
 * them would.  Those values are used for as long as they are right (moment.h),
 * from one FETCH of a cursor to the next for one; then rows are tested as the
 * policy says until some have passed again.
 *
 * Only this extension's functions are treated so, those that read the identity and
 * what it may do: they are stable, and raise nothing.  A filter with something that is
 * volatile could change what they answer in the midst of a row, and stays as it is.  So
 * does the plan.  column_filter.c knows how a filter with values in it is evaluated fastest.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "optimizer/optimizer.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"

#include "executor/column_filter.h"
#include "executor/constancy.h"
#include "executor/fold.h"
#include "executor/interpreted.h"
#include "executor/moment.h"

/*
 * Making a filter anew takes microseconds, and saves nanoseconds a row.  After so many rows it
 * is a few hundredths of what they took, however few come after them: a partition may be small.
 */
#define ROWS_BEFORE 1000

/* What was made stays until the query ends, so it is not made without end. */
#define MAX_TIMES 8

/* Compiled code reads a row's columns faster: by what a question answered directly saves in so many. */
#define COLUMNS_WORTH_A_QUESTION 6

/* Stands in the place of a filter and counts the rows that it is evaluated for. */
typedef struct FoldableFilter
{
	ExprState state;
	ExprState *original; /* the plan's filter */
	ExprState *filter;   /* what is evaluated now: the original, or a copy with values in it */
	Moment moment;       /* when the values in the copy were computed, and so were right */
	PlanState *scan;
	Bitmapset *params; /* the parameters that do not change while the query runs */
	Oid user;          /* who has started the query */
	int rows;          /* how many rows the original was evaluated for */
	int times;         /* how many copies were made */
} FoldableFilter;

/* ------------------------------------------------------------------- what is folded */

/* Walks an expression; true means that it could raise an error, or is not the same for every row. */
static bool
has_to_be_computed(Node *node, void *params)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Param:
			return !is_constant_param((Param *) node, params);
		case T_FuncExpr:
			if (!is_own_call(node))
				return true;
			break;
		case T_List:
		case T_Const:
		case T_RelabelType:
			break;
		default:
			return true;
	}
	return expression_tree_walker(node, has_to_be_computed, params);
}

/*
 * A call of this extension's, or a parameter, with nothing that has to be computed
 * for it: that could raise an error for a row that does not ask.
 */
static bool
stands_alone(Node *node, Bitmapset *params)
{
	return !has_to_be_computed(node, params);
}

/* Walks a filter; true means that something in it is to be folded. */
static bool
is_foldable(Node *node, void *params)
{
	ListCell *cell;

	if (node == NULL)
		return false;
	if (is_own_call(node))
	{
		if (stands_alone(node, params))
			return true;
		foreach (cell, ((FuncExpr *) node)->args)
			if (!IsA(lfirst(cell), Const) && stands_alone(lfirst(cell), params))
				return true;
	}
	return expression_tree_walker(node, is_foldable, params);
}

static Node *
evaluate_node(Node *node, const FoldableFilter *fold, ExprContext *context)
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
	FoldableFilter *fold;
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
is_to_be_folded(Node *node, const FoldableFilter *fold)
{
	return (IsA(node, Param) || is_own_call(node)) && stands_alone(node, fold->params) &&
		   !asks_anew(node, fold->scan->state);
}

static Node *
fold_node(Node *node, void *arg)
{
	const Folding *folding = arg;

	if (node == NULL)
		return NULL;
	if (is_to_be_folded(node, folding->fold))
		return evaluate_node(node, folding->fold, folding->context);
	return expression_tree_mutator(node, fold_node, arg);
}

/* ------------------------------------------------------------------------ the filter */

static void
make_filter(void *arg)
{
	const Folding *folding = arg;
	PlanState *scan = folding->fold->scan;
	List *folded = (List *) fold_node((Node *) scan->plan->qual, arg);
	ExprState *filter = column_filter_make(folded, scan);

	folding->fold->filter = filter ? filter : ExecInitQual(folded, scan);
}

static void
make_filter_anew(FoldableFilter *fold, ExprContext *context)
{
	Folding folding = { fold, context };
	EState *estate = fold->scan->state;
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);

	/* what changes while it is made is noticed at the next row */
	fold->moment = moment_now();
	without_jit(estate, make_filter, &folding);
	fold->times++;
	MemoryContextSwitchTo(old);
}

/* Looked at only when so many rows have been tested: most scans have fewer. */
static bool
can_be_folded(const FoldableFilter *fold)
{
	List *qual = fold->scan->plan->qual;

	return (is_foldable((Node *) qual, fold->params) || may_ask_for_column(qual)) &&
		   !contain_volatile_functions((Node *) qual);
}

/* Whoever goes on with somebody else's cursor may not be allowed to call what the filter calls. */
static bool
is_due(FoldableFilter *fold)
{
	return fold->rows < ROWS_BEFORE && ++fold->rows == ROWS_BEFORE && fold->times < MAX_TIMES &&
		   GetUserId() == fold->user && can_be_folded(fold);
}

static Datum
evaluate_folded(ExprState *state, ExprContext *context, bool *isnull)
{
	FoldableFilter *counted = (FoldableFilter *) state;

	if (likely(counted->filter != counted->original))
	{
		if (unlikely(!moment_lasts(&counted->moment)))
		{
			counted->filter = counted->original;
			counted->rows = 0;
		}
	}
	else if (is_due(counted))
		make_filter_anew(counted, context);
	return counted->filter->evalfunc(counted->filter, context, isnull);
}

/*
 * Where the plan's expressions are compiled, the filter that would be replaced is, and what
 * is in its place is not.  That is no loss where all that is left is a question that needs
 * no interpreter, as long as what was compiled is neither inlined nor optimized.
 */
static bool
is_faster(const PlanState *scan)
{
	int columns;

	if (!is_compiled(scan->state))
		return true;
	if (is_optimized(scan->state))
		return false;
	columns = columns_of_question(scan->plan->qual);
	return columns > 0 && columns <= COLUMNS_WORTH_A_QUESTION;
}

/* A subplan would be made a second time with its filter: such a filter is left alone. */
void
fold_filter_of(PlanState *scan, Bitmapset *params)
{
	FoldableFilter *fold;

	if (scan->subPlan != NIL || !is_faster(scan) || !has_own_call((Node *) scan->plan->qual, NULL))
		return;
	fold = palloc0(sizeof(FoldableFilter));
	fold->filter = fold->original = scan->qual;
	fold->scan = scan;
	fold->params = params;
	fold->user = GetUserId();
	fold->state.type = T_ExprState;
	fold->state.flags = fold->filter->flags;
	fold->state.evalfunc = evaluate_folded;
	scan->qual = &fold->state;
}
