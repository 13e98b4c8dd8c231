/*
 * sql_policy.c
 *		Reads the expressions of policies: what is wrong with them, whether they are
 *		still what protect_table() writes, and what it was told when it wrote them.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "parser/parse_expr.h"
#include "rewrite/rewriteHandler.h"
#include "rewrite/rewriteManip.h"
#include "parser/parse_clause.h"
#include "parser/parse_collate.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/compat.h"
#include "base/settings.h"
#include "base/text_array.h"
#include "sql/policy_reading.h"

typedef struct PolicyReading
{
	Oid schema;
	bool bare_call;     /* evaluated per row though it is the same for all */
	bool constant_role; /* has_permission('ADMIN', ...) */
	bool asks;          /* for a permission or a role, which narrowing leaves less of */
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
is_written_constant(Node *node)
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
			is_written_constant(linitial(call->args)))
			reading->constant_role = true;
	}
	return expression_tree_walker(node, find_constant_role, context);
}

static bool
is_question(Oid function)
{
	static const char *const questions[] = { "has_permission", "has_role", "demand_permission",
											 "require_permission", "permitted_resources" };
	const char *name = get_func_name(function);

	for (size_t i = 0; i < lengthof(questions); i++)
		if (name && strcmp(name, questions[i]) == 0)
			return true;
	return false;
}

/* Likewise; what functions of others ask is not known. */
static bool
find_question(Node *node, void *context)
{
	PolicyReading *reading = context;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, find_question, context, 0);
	if (IsA(node, FuncExpr) && get_func_namespace(((FuncExpr *) node)->funcid) == reading->schema &&
		is_question(((FuncExpr *) node)->funcid))
		reading->asks = true;
	return expression_tree_walker(node, find_question, context);
}

SQL_FUNCTION(session_auth_policy_problems);

/* policy_problems(pg_node_tree): which of 'bare call', 'constant role' and 'no question' it has */
Datum
session_auth_policy_problems(PG_FUNCTION_ARGS)
{
	PolicyReading reading = { get_namespace_oid("session_auth", false), false, false, false };
	Node *expression = stringToNode(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	const char *problems[3];
	int n = 0;

	(void) read_expression(expression, &reading);
	(void) find_constant_role(expression, &reading);
	(void) find_question(expression, &reading);
	if (reading.bare_call)
		problems[n++] = "bare call";
	if (reading.constant_role)
		problems[n++] = "constant role";
	if (!reading.asks)
		problems[n++] = "no question";
	PG_RETURN_ARRAYTYPE_P(text_array_make(problems, n));
}

/* -------------------------------------------------- what protect_table() has written */

/*
 * The parser reads it as what SELECT has before it, and so takes a list of columns, none
 * and a star as well.
 */
static Node *
parse_expression(const char *written)
{
	List *statements = raw_parser(written, RAW_PARSE_PLPGSQL_EXPR);
	List *targets = castNode(SelectStmt, linitial_node(RawStmt, statements)->stmt)->targetList;
	Node *raw = list_length(targets) == 1 ? linitial_node(ResTarget, targets)->val : NULL;

	if (raw == NULL || (IsA(raw, ColumnRef) && IsA(linitial(((ColumnRef *) raw)->fields), A_Star)))
		ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("\"%s\" is no expression", written)));
	return raw;
}

/* As CREATE POLICY, or the target list of a view, makes it of the text. */
static Node *
expression_of(const char *written, Relation rel, ParseExprKind kind)
{
	Node *raw = parse_expression(written);
	ParseState *state = make_parsestate(NULL);
	Node *expression;

	addNSItemToQuery(state,
					 addRangeTableEntryForRelation(state, rel, AccessShareLock, NULL, false, false),
					 false, true, true);
	if (kind == EXPR_KIND_POLICY)
		expression = transformWhereClause(state, raw, kind, "POLICY");
	else
		expression = transformExpr(state, raw, kind);
	assign_expr_collations(state, expression);
	free_parsestate(state);
	return expression;
}

SQL_FUNCTION(session_auth_same_expression);

/* same_expression(target oid, expression pg_node_tree, written text): both may be NULL */
Datum
session_auth_same_expression(PG_FUNCTION_ARGS)
{
	Relation rel;
	bool same;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_BOOL(PG_ARGISNULL(1) && PG_ARGISNULL(2));
	rel = PG_ARGISNULL(0) ? NULL : try_table_open(PG_GETARG_OID(0), AccessShareLock);
	if (rel == NULL)
		PG_RETURN_BOOL(false);
	same = equal(stringToNode(text_to_cstring(PG_GETARG_TEXT_PP(1))),
				 expression_of(text_to_cstring(PG_GETARG_TEXT_PP(2)), rel, EXPR_KIND_POLICY));
	table_close(rel, AccessShareLock);
	PG_RETURN_BOOL(same);
}

/* The table's place in a query that reads it and nothing else, as it is; or 0. */
static int
place_of_table(const Query *query, Oid table)
{
	List *from = query->jointree->fromlist;
	int place;

	if (query->jointree->quals || query->groupClause || query->groupingSets || query->havingQual ||
		query->distinctClause || query->limitCount || query->limitOffset || query->setOperations ||
		query->cteList || query->hasTargetSRFs || query->hasWindowFuncs || query->hasAggs ||
		list_length(from) != 1 || !IsA(linitial(from), RangeTblRef))
		return 0;
	place = linitial_node(RangeTblRef, from)->rtindex;
	if (rt_fetch(place, query->rtable)->rtekind != RTE_RELATION ||
		rt_fetch(place, query->rtable)->relid != table ||
		rt_fetch(place, query->rtable)->tablesample || !rt_fetch(place, query->rtable)->inh)
		return 0;
	return place;
}

static bool
shows_only(const Query *query, Relation table, const List *expressions)
{
	int place = place_of_table(query, RelationGetRelid(table));
	const ListCell *cell;
	const ListCell *expression;

	if (place == 0 || list_length(query->targetList) != list_length(expressions))
		return false;
	forboth(cell, query->targetList, expression, expressions)
	{
		Node *wanted = expression_of(lfirst(expression), table, EXPR_KIND_SELECT_TARGET);

		ChangeVarNodes(wanted, 1, place, 0);
		if (!equal(lfirst_node(TargetEntry, cell)->expr, wanted))
			return false;
	}
	return true;
}

SQL_FUNCTION(session_auth_shows_only);

/* shows_only(view, target, expressions): STRICT; the expressions in the order of the view's columns */
Datum
session_auth_shows_only(PG_FUNCTION_ARGS)
{
	Relation view = try_relation_open(PG_GETARG_OID(0), AccessShareLock);
	Relation table = try_relation_open(PG_GETARG_OID(1), AccessShareLock);
	List *expressions = text_array_list(PG_GETARG_ARRAYTYPE_P(2));
	bool same = false;

	if (view && table && view->rd_rel->relkind == RELKIND_VIEW)
		same = shows_only(get_view_query(view), table, expressions);
	if (table)
		relation_close(table, AccessShareLock);
	if (view)
		relation_close(view, AccessShareLock);
	PG_RETURN_BOOL(same);
}

typedef struct PolicyParts
{
	Oid schema;
	char *action;
	char *resource;
	bool demanded; /* so that a query without the permission fails */
	bool in_subquery;
	AttrNumber owner;
	AttrNumber tenant;
} PolicyParts;

/* What is written as a text in the policy itself, or NULL. */
static char *
constant_text(Node *node)
{
	if (!IsA(node, Const) || ((Const *) node)->constisnull ||
		((Const *) node)->consttype != TEXTOID)
		return NULL;
	return TextDatumGetCString(((Const *) node)->constvalue);
}

static bool
call_demands(const FuncExpr *call)
{
	return strcmp(get_func_name(call->funcid), "demand_permission") == 0;
}

static bool
find_resource(Node *node, void *context)
{
	PolicyParts *parts = context;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		parts->in_subquery |= parts->resource == NULL;
		return query_tree_walker((Query *) node, find_resource, context, 0);
	}
	if (IsA(node, FuncExpr))
	{
		FuncExpr *call = (FuncExpr *) node;

		if (get_func_namespace(call->funcid) == parts->schema && list_length(call->args) == 2 &&
			(call_demands(call) || strcmp(get_func_name(call->funcid), "has_permission") == 0) &&
			constant_text(lsecond(call->args)))
		{
			parts->action = constant_text(linitial(call->args));
			parts->resource = constant_text(lsecond(call->args));
			parts->demanded = call_demands(call);
		}
	}
	return expression_tree_walker(node, find_resource, context);
}

/* The first function of the extension's own that is called: user_id, tenant, or one of their kind. */
static bool
find_reader(Node *node, void *context)
{
	Oid *function = context;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, find_reader, context, 0);
	if (IsA(node, FuncExpr) &&
		get_func_namespace(((FuncExpr *) node)->funcid) == get_namespace_oid("session_auth", false))
	{
		*function = ((FuncExpr *) node)->funcid;
		return true;
	}
	return expression_tree_walker(node, find_reader, context);
}

/* column = (SELECT reader), whatever is cast on the way */
static void
read_comparison(OpExpr *comparison, PolicyParts *parts)
{
	List *columns;
	Oid reader = InvalidOid;

	if (list_length(comparison->args) != 2)
		return;
	columns = pull_var_clause(linitial(comparison->args), 0);
	if (list_length(columns) != 1 || !find_reader(lsecond(comparison->args), &reader))
		return;
	if (strncmp(get_func_name(reader), "tenant", strlen("tenant")) == 0)
		parts->tenant = linitial_node(Var, columns)->varattno;
	else
		parts->owner = linitial_node(Var, columns)->varattno;
}

/* A call, or (SELECT call); anything around it could turn it about. */
static bool
is_plain_call(Node *condition)
{
	const Query *query;

	if (IsA(condition, FuncExpr))
		return true;
	if (!IsA(condition, SubLink) || ((SubLink *) condition)->subLinkType != EXPR_SUBLINK)
		return false;
	query = castNode(Query, ((SubLink *) condition)->subselect);
	return query->rtable == NIL && query->jointree->quals == NULL && query->limitCount == NULL &&
		   query->limitOffset == NULL && list_length(query->targetList) == 1 &&
		   IsA(linitial_node(TargetEntry, query->targetList)->expr, FuncExpr);
}

ConditionReading
read_condition(Node *condition)
{
	PolicyParts parts = {
		get_namespace_oid("session_auth", false), NULL, NULL, false, false, 0, 0
	};

	if (is_plain_call(condition))
		(void) find_resource(condition, &parts);
	else if (IsA(condition, OpExpr) && strcmp(get_opname(((OpExpr *) condition)->opno), "=") == 0)
		read_comparison((OpExpr *) condition, &parts);
	if (parts.action && parts.resource)
		return (ConditionReading){ "permission", parts.action, parts.resource, 0 };
	if (parts.owner || parts.tenant)
		return (ConditionReading){ parts.owner ? "owner" : "tenant", NULL, NULL,
								   parts.owner ? parts.owner : parts.tenant };
	return (ConditionReading){ "other", NULL, NULL, 0 };
}

SQL_FUNCTION(session_auth_policy_parts);

/* policy_parts(pg_node_tree): resource, the numbers of owner_column and tenant_column, denied, subqueries */
Datum
session_auth_policy_parts(PG_FUNCTION_ARGS)
{
	PolicyParts parts = {
		get_namespace_oid("session_auth", false), NULL, NULL, false, false, 0, 0
	};
	Node *expression = stringToNode(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	ListCell *cell;
	const char *texts[5];

	(void) find_resource(expression, &parts);
	if (parts.resource == NULL)
		PG_RETURN_NULL();
	foreach (cell, make_ands_implicit((Expr *) expression))
		if (IsA(lfirst(cell), OpExpr))
			read_comparison(lfirst(cell), &parts);
	texts[0] = parts.resource;
	texts[1] = psprintf("%d", parts.owner);
	texts[2] = psprintf("%d", parts.tenant);
	texts[3] = parts.demanded ? "error" : "empty";
	texts[4] = parts.in_subquery ? "true" : "false";
	PG_RETURN_ARRAYTYPE_P(text_array_make(texts, lengthof(texts)));
}

SQL_FUNCTION(session_auth_asks_once);

/* Whether src/executor asks once what a policy asks for each row, and is the same for all. */
Datum
session_auth_asks_once(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(COMPAT_EXECUTOR_IS_TESTED && setting_gate_policies && setting_fold_filters);
}
