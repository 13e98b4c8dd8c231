/*
 * sql_policy.c
 *		Reads the expressions of policies, for check_policies().
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/compat.h"

typedef struct PolicyReading
{
	Oid schema;
	bool bare_call;     /* evaluated per row though it is the same for all */
	bool constant_role; /* has_permission('ADMIN', ...) */
} PolicyReading;

/* What can differ from one row, user or moment to another. */
static bool
find_variable(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var) || IsA(node, Param))
		return true;
	if (IsA(node, Query))
		return ((Query *) node)->rtable != NIL ||
			   query_tree_walker((Query *) node, find_variable, context, 0);
	return expression_tree_walker(node, find_variable, context);
}

/*
 * The same whenever it is evaluated, however it is written: 'AD' || 'MIN' too.
 * Nothing is evaluated here: who wrote the policy need not be trusted.
 */
static bool
is_constant(Node *node)
{
	return node && !find_variable(node, NULL) && !contain_mutable_functions(node);
}

/* Into a subquery we do not look: it is evaluated once unless it is correlated. */
static bool
read_expression(Node *node, void *context)
{
	PolicyReading *reading = context;

	if (node == NULL || IsA(node, Query))
		return false;
	if (IsA(node, FuncExpr) && get_func_namespace(((FuncExpr *) node)->funcid) == reading->schema &&
		!contain_var_clause(node))
		reading->bare_call = true;
	return expression_tree_walker(node, read_expression, context);
}

/* Wherever it stands, also in subqueries. */
static bool
find_constant_role(Node *node, void *context)
{
	PolicyReading *reading = context;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, find_constant_role, context, 0);
	if (IsA(node, FuncExpr))
	{
		FuncExpr *call = (FuncExpr *) node;

		if (get_func_namespace(call->funcid) == reading->schema && list_length(call->args) == 3 &&
			strcmp(get_func_name(call->funcid), "has_permission") == 0 &&
			is_constant(linitial(call->args)))
			reading->constant_role = true;
	}
	return expression_tree_walker(node, find_constant_role, context);
}

SQL_FUNCTION(session_auth_policy_problems);

/* policy_problems(pg_node_tree): which of 'bare call' and 'constant role' it has */
Datum
session_auth_policy_problems(PG_FUNCTION_ARGS)
{
	PolicyReading reading = { get_namespace_oid("session_auth", false), false, false };
	Node *expression = stringToNode(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	Datum problems[2];
	int n = 0;

	(void) read_expression(expression, &reading);
	(void) find_constant_role(expression, &reading);
	if (reading.bare_call)
		problems[n++] = CStringGetTextDatum("bare call");
	if (reading.constant_role)
		problems[n++] = CStringGetTextDatum("constant role");
	PG_RETURN_ARRAYTYPE_P(construct_array(problems, n, TEXTOID, -1, false, TYPALIGN_INT));
}
