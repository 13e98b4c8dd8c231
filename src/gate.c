/*
 * gate.c
 *		Denied queries do not read the table.
 *
 * A policy such as (SELECT session_auth.has_permission('view', 'accounts')) is
 * the same for every row, yet PostgreSQL tests it for each: conditions of
 * policies are bound to their scan, where a condition of WHERE without columns
 * would become a one-time filter above it.  This planner hook marks such
 * conditions as what they are, pseudoconstant, and PostgreSQL itself then puts
 * the one-time filter over the scan: a query that is denied reads nothing.
 *
 * Why this is safe: the condition stays a conjunct of the same scan and is only
 * tested before it instead of inside it, so fewer of the caller's own functions
 * see rows, never more.  It is left alone where it could depend on a row or
 * change while the scan runs: with a column, a parameter of an outer query, or
 * a volatile function.  The plan holds the condition, not its verdict, so that
 * a cached plan follows the identity.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"

#include "gate.h"
#include "settings.h"

static set_rel_pathlist_hook_type next_hook = NULL;

/* The value of an uncorrelated subquery is the one parameter that stays the same. */
static bool
is_initplan_value(PlannerInfo *root, const Param *param)
{
	ListCell *cell;

	foreach (cell, root->init_plans)
	{
		const SubPlan *plan = lfirst(cell);

		if (param->paramkind == PARAM_EXEC && list_member_int(plan->setParam, param->paramid))
			return true;
	}
	return false;
}

/* Walks an expression; true means that it may vary from row to row. */
static bool
may_vary(Node *node, void *root)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var) || IsA(node, SubPlan) || IsA(node, AlternativeSubPlan) ||
		IsA(node, PlaceHolderVar))
		return true;
	if (IsA(node, Param))
		return !is_initplan_value(root, (Param *) node);
	return expression_tree_walker(node, may_vary, root);
}

static bool
is_gate(PlannerInfo *root, const RestrictInfo *rinfo)
{
	return !rinfo->pseudoconstant && bms_is_empty(rinfo->clause_relids) &&
		   !may_vary((Node *) rinfo->clause, root) &&
		   !contain_volatile_functions((Node *) rinfo->clause);
}

static void
mark_gates(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	ListCell *cell;

	if (next_hook)
		next_hook(root, rel, rti, rte);
	if (!setting_gate_policies || rte->rtekind != RTE_RELATION)
		return;
	foreach (cell, rel->baserestrictinfo)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);

		if (!is_gate(root, rinfo))
			continue;
		rinfo->pseudoconstant = true;
		root->hasPseudoConstantQuals = true;
	}
}

void
gate_init(void)
{
	next_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = mark_gates;
}
