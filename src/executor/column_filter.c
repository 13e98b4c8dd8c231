/*
 * column_filter.c
 *		A filter that asks for a column's resource, without the interpreter of expressions.
 *
 * has_permission(..., column) is most of what a policy by row says.  The executor
 * interprets a filter step by step: fetch the column, put it where the function
 * looks for arguments, call the function, look at its answer.  Here the rules for the
 * role and the action are resolved when the filter is made, and a row costs its
 * column and one look-up.  Conditions before and after it in the filter are evaluated
 * in their place.
 *
 * Whoever uses such a filter sees to it that it is made anew for each moment
 * (moment.h).  Invariant: the rules are only looked at while what they were resolved
 * for stays; whatever else is the case is asked of the function itself.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "pgstat.h"
#include "utils/builtins.h"

#include "base/text_in_place.h"
#include "executor/column_filter.h"
#include "executor/constancy.h"
#include "executor/row_questions.h"
#include "identity/identity.h"
#include "permission/narrowing.h"
#include "permission/permission.h"

/*
 * A filter is conditions that are joined by AND, and one of them is the question whether a
 * permission is held.  The parts that a filter does not have are NULL.
 */
typedef struct ColumnFilter
{
	ExprState state;
	ExprState *before;   /* the conditions that stand before the question */
	ExprState *after;    /* the conditions that stand behind it */
	ExprState *in_full;  /* the question and what stands behind it, as the plan has them */
	AttrNumber resource; /* of the scan's row */
	ActionRules rules;
	uint64 valid_for; /* count of changes of permissions */
	uint64 identity;  /* generation of the identity */
} ColumnFilter;

/* --------------------------------------------------------------------- the question */

/* The column that an argument is, or 0. */
static AttrNumber
column_of(const Node *argument)
{
	AttrNumber column;

	while (IsA(argument, RelabelType))
		argument = (const Node *) ((const RelabelType *) argument)->arg;
	column = IsA(argument, Var) ? ((const Var *) argument)->varattno : 0;
	return Max(column, 0);
}

static bool
looks_like_question(const Node *node)
{
	const FuncExpr *call = (const FuncExpr *) node;

	return is_own_call(node) && call->funcresulttype == BOOLOID && list_length(call->args) >= 2 &&
		   column_of(llast(call->args)) != 0;
}

/* Whether a filter seems to ask for a column's resource: cheap, and not the last word. */
bool
may_ask_for_column(const List *qual)
{
	ListCell *cell;

	foreach (cell, qual)
		if (looks_like_question(lfirst(cell)))
			return true;
	return false;
}

/* The columns of a row that have to be read to answer a filter that is such a question; 0: it is none. */
int
columns_of_question(const List *qual)
{
	const Node *node = linitial(qual);

	if (list_length(qual) > 1 || !looks_like_question(node))
		return 0;
	return column_of(llast(((const FuncExpr *) node)->args));
}

/* The function itself: not one that somebody has made of it, nor one whose calls are counted. */
static PGFunction
called_function(Oid function)
{
	FmgrInfo info;

	fmgr_info(function, &info);
	return pgstat_track_functions > info.fn_stats ? NULL : info.fn_addr;
}

static bool
is_text(const Node *argument)
{
	return IsA(argument, Const) && !((const Const *) argument)->constisnull;
}

/* has_permission(role, action, column), or has_permission(action, column) */
static bool
is_question(const Node *node)
{
	const FuncExpr *call = (const FuncExpr *) node;
	int n;

	if (!looks_like_question(node))
		return false;
	n = list_length(call->args);
	for (int i = 0; i < n - 1; i++)
		if (!is_text(list_nth(call->args, i)))
			return false;
	return (n == 3 && called_function(call->funcid) == session_auth_has_permission) ||
		   (n == 2 && called_function(call->funcid) == session_auth_current_has_permission);
}

/* ------------------------------------------------------------------------- its rules */

/* Nobody may do nothing, which is left to the function to say. */
static const PermissionSet *
set_of_identity(uint64 *valid_for)
{
	const Identity *identity = identity_current();

	return identity ? permission_set_of_roles(identity_role_names(identity), identity->roles_len,
											  valid_for)
					: NULL;
}

static const PermissionSet *
set_of_role(const Const *role, uint64 *valid_for)
{
	return permission_set_of_role(TextDatumGetCString(role->constvalue), valid_for);
}

static bool
resolve(ColumnFilter *filter, const List *args)
{
	const Const *action = list_nth(args, list_length(args) - 2);
	const char *name = TextDatumGetCString(action->constvalue);
	const PermissionSet *set;

	permission_accept_changes();
	filter->identity = identity_generation;
	set = list_length(args) == 3 ? set_of_role(linitial(args), &filter->valid_for)
								 : set_of_identity(&filter->valid_for);
	if (set == NULL || *name == '\0')
		return false;
	filter->rules = permission_rules(set, name, strlen(name));
	filter->rules = narrowing_rules(identity_narrowing(), filter->rules, name, strlen(name));
	return true;
}

/* ------------------------------------------------------------------------ the filter */

static pg_attribute_always_inline Datum
evaluate(ExprState *filter, ExprContext *context, bool *isnull)
{
	return filter->evalfunc(filter, context, isnull);
}

/* A condition before it, or fetching a value, can have changed what may be done. */
static pg_attribute_always_inline bool
is_valid(const ColumnFilter *filter)
{
	return filter->valid_for == changes_of[CHANGED_PERMISSIONS] &&
		   filter->identity == identity_generation;
}

static Datum
evaluate_column_filter(ExprState *state, ExprContext *context, bool *isnull)
{
	const ColumnFilter *filter = (const ColumnFilter *) state;
	TupleTableSlot *slot = context->ecxt_scantuple;
	Slice resource;

	*isnull = false;
	if (filter->before && !DatumGetBool(evaluate(filter->before, context, isnull)))
		return BoolGetDatum(false);
	slot_getsomeattrs(slot, filter->resource);
	if (unlikely(slot->tts_isnull[filter->resource - 1]))
		return BoolGetDatum(false);
	if (unlikely(!text_in_place(slot->tts_values[filter->resource - 1], &resource) ||
				 !is_valid(filter)))
		return evaluate(filter->in_full, context, isnull);
	if (!permission_allows(&filter->rules, resource.data, resource.len))
		return BoolGetDatum(false);
	return filter->after ? evaluate(filter->after, context, isnull) : BoolGetDatum(true);
}

static int
position_of_question(const List *qual)
{
	ListCell *cell;

	foreach (cell, qual)
		if (is_question(lfirst(cell)))
			return foreach_current_index(cell);
	return -1;
}

static ColumnFilter *
new_column_filter(List *qual, int position, PlanState *scan)
{
	ColumnFilter *filter = palloc0(sizeof(ColumnFilter));
	const FuncExpr *question = list_nth(qual, position);

	filter->before = ExecInitQual(list_truncate(list_copy(qual), position), scan);
	filter->in_full = ExecInitQual(list_copy_tail(scan->plan->qual, position), scan);
	filter->after = ExecInitQual(list_copy_tail(qual, position + 1), scan);
	filter->resource = column_of(llast(question->args));
	filter->state.type = T_ExprState;
	filter->state.flags = filter->in_full->flags;
	filter->state.evalfunc = evaluate_column_filter;
	return filter;
}

/*
 * A scan's filter for this moment, with values in it; NULL when it asks nothing that is
 * known here.  Its conditions are those of the plan, in their order.
 */
ExprState *
column_filter_make(List *qual, PlanState *scan)
{
	int position = position_of_question(qual);
	ColumnFilter *filter;

	if (position < 0)
		return NULL;
	filter = new_column_filter(qual, position, scan);
	return resolve(filter, ((const FuncExpr *) list_nth(qual, position))->args) ? &filter->state
																				: NULL;
}
