/*
 * plan_nodes.c
 *		Every node of a query that has been started, once.
 *
 * The filters of partitions name one and the same subplan, each for itself.
 * PostgreSQL's own walker enters it from each of them, and what is nested in it as
 * often again.  Invariant: here a subplan is entered from the first node that names it
 * and from no other, so that a walk takes as long as the plan is large.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"

#include "executor/plan_nodes.h"

typedef struct Subplan
{
	const PlanState *root;
	bool was_met;
} Subplan;

typedef struct Walk
{
	NodeVisitor visit;
	void *arg;
	Subplan *subplans; /* in the order of where they are in memory */
	int n;
} Walk;

static int
compare_subplans(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t) ((const Subplan *) a)->root;
	uintptr_t y = (uintptr_t) ((const Subplan *) b)->root;

	return x < y ? -1 : x > y;
}

/* A parallel worker has no state for a subplan that is not for it. */
static void
list_subplans(Walk *walk, const List *roots)
{
	ListCell *cell;

	walk->subplans = palloc(sizeof(Subplan) * list_length(roots));
	foreach (cell, roots)
		if (lfirst(cell))
			walk->subplans[walk->n++] = (Subplan){ lfirst(cell), false };
	qsort(walk->subplans, walk->n, sizeof(Subplan), compare_subplans);
}

/* Whether this is the root of a subplan that was entered before; notes that it is entered now. */
static bool
met_before(const Walk *walk, const PlanState *node)
{
	Subplan key = { node, false };
	Subplan *subplan;
	bool before;

	if (walk->n == 0)
		return false;
	subplan = bsearch(&key, walk->subplans, walk->n, sizeof(Subplan), compare_subplans);
	if (subplan == NULL)
		return false;
	before = subplan->was_met;
	subplan->was_met = true;
	return before;
}

static bool
walk_node(PlanState *node, void *arg)
{
	const Walk *walk = arg;

	if (met_before(walk, node))
		return false;
	walk->visit(node, walk->arg);
	return planstate_tree_walker(node, walk_node, arg);
}

void
visit_plan_nodes(const QueryDesc *query, NodeVisitor visit, void *arg)
{
	Walk walk = { visit, arg, NULL, 0 };

	if (query->estate->es_subplanstates != NIL)
		list_subplans(&walk, query->estate->es_subplanstates);
	(void) walk_node(query->planstate, &walk);
	if (walk.subplans)
		pfree(walk.subplans);
}
