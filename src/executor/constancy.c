/*
 * constancy.c
 *		What is the same for every row of a query.
 *
 * Invariant: what is taken for constant is on a list of what is known to be;
 * anything else may differ from row to row.  Of the functions that are not
 * immutable only this extension's own are on it, and what they answer is good for
 * a moment (moment.h): it is for the user of this file to ask them again.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "utils/lsyscache.h"

#include "catalog/tables.h"
#include "executor/constancy.h"
#include "executor/plan_nodes.h"

static void
collect_set_params(PlanState *node, void *arg)
{
	Bitmapset **set = arg;
	ListCell *cell;

	if (IsA(node, NestLoopState))
		foreach (cell, ((NestLoop *) node->plan)->nestParams)
			*set = bms_add_member(*set, ((NestLoopParam *) lfirst(cell))->paramno);
	foreach (cell, node->subPlan)
	{
		const SubPlan *subplan = ((SubPlanState *) lfirst(cell))->subplan;
		ListCell *param;

		foreach (param, subplan->parParam)
			*set = bms_add_member(*set, lfirst_int(param));
		foreach (param, subplan->setParam)
			*set = bms_add_member(*set, lfirst_int(param));
	}
}

/* An InitPlan that depends on nothing is evaluated once, whoever asks first. */
static bool
is_independent(const SubPlanState *initplan)
{
	return initplan->subplan->parParam == NIL && bms_is_empty(initplan->planstate->plan->extParam);
}

/*
 * The internal parameters that keep one value while the query runs.  To be asked
 * when the executor has just started: an InitPlan's is not told by its value.  A
 * parallel worker has from its leader the values of InitPlans and no others, so
 * there it is what no node of the worker's own plan sets.
 */
Bitmapset *
constant_params(const QueryDesc *query)
{
	const ParamExecData *params = query->estate->es_param_exec_vals;
	int n = list_length(query->plannedstmt->paramExecTypes);
	Bitmapset *constant = NULL;
	Bitmapset *set = NULL;

	if (n > 0 && IsParallelWorker())
		visit_plan_nodes(query, collect_set_params, &set);
	for (int i = 0; i < n; i++)
	{
		const SubPlanState *initplan = params[i].execPlan;

		if (initplan ? is_independent(initplan) : IsParallelWorker() && !bms_is_member(i, set))
			constant = bms_add_member(constant, i);
	}
	return constant;
}

bool
is_constant_param(const Param *param, const Bitmapset *params)
{
	return param->paramkind == PARAM_EXTERN ||
		   (param->paramkind == PARAM_EXEC && bms_is_member(param->paramid, params));
}

/* Those that raise an error return nothing, are volatile, or are what policies demand with. */
static bool
is_own(Oid function)
{
	return function >= FirstNormalObjectId &&
		   get_func_namespace(function) == get_namespace_oid(SCHEMA_NAME, true);
}

static bool
changes_by_itself(Oid function, void *arg)
{
	char volatility = func_volatile(function);

	return volatility != PROVOLATILE_IMMUTABLE &&
		   !(volatility == PROVOLATILE_STABLE && is_own(function));
}

static bool
function_demands(Oid function)
{
	return strcmp(get_func_name(function), "demand_permission") == 0;
}

/* Whether this is a call of demand_permission, which raises an error or is true. */
bool
is_demand(const Node *node)
{
	return node != NULL && IsA(node, FuncExpr) && is_own(((const FuncExpr *) node)->funcid) &&
		   function_demands(((const FuncExpr *) node)->funcid);
}

/* Whether this is a call of one of this extension's functions that read the identity and raise nothing. */
bool
is_own_call(const Node *node)
{
	const FuncExpr *call = (const FuncExpr *) node;

	return IsA(node, FuncExpr) && !call->funcretset && call->funcresulttype != VOIDOID &&
		   is_own(call->funcid) && func_volatile(call->funcid) == PROVOLATILE_STABLE &&
		   !function_demands(call->funcid);
}

/* Walks an expression; true means that there is such a call in it. */
bool
has_own_call(Node *node, void *arg)
{
	return node != NULL && (is_own_call(node) || expression_tree_walker(node, has_own_call, arg));
}

static bool may_vary(Node *node, void *params);

/* Its arguments first: most have a column, and that needs no look at the catalog. */
static bool
arguments_or_functions_vary(Node *node, void *params)
{
	return expression_tree_walker(node, may_vary, params) ||
		   check_functions_in_node(node, changes_by_itself, NULL);
}

/* Walks an expression; true means that it may vary from row to row. */
static bool
may_vary(Node *node, void *params)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Param:
			return !is_constant_param((Param *) node, params);
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
			return arguments_or_functions_vary(node, params);
		default:
			return true;
	}
}

/* Whether it has one value for every row of a query whose constant parameters these are. */
bool
is_constant(Node *expression, const Bitmapset *params)
{
	return !may_vary(expression, (void *) params);
}
