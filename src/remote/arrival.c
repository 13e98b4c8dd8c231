/*
 * arrival.c
 *		An identity is carried here in a READ ONLY transaction too, and to a hot standby.
 *
 * It comes as an UPDATE of session_auth_nodes.carried_identity, as postgres_fdw has no other way to
 * send it.  Nothing is written by that: the view has no table, and its trigger writes to none.  Yet
 * PostgreSQL refuses any UPDATE in such a transaction, which since 19 postgres_fdw begins on the other
 * server for each one that is READ ONLY here.
 *
 * Invariant: what may not write does not write.  The exemption is from PostgreSQL's look at the
 * relations of one plan alone, which names no relation but this view: a query, a WITH or a
 * FOR UPDATE of anything else is refused as ever, and no foreign table is opened meanwhile.  The
 * transaction is READ ONLY again before the first row: whatever function or trigger is called
 * then is refused when it writes.
 *
 * The library has to be there by then; the view's condition sees to it (sql/parts/nodes.sql).
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/executor.h"
#include "nodes/plannodes.h"

#include "base/compat.h"
#include "base/start_query.h"
#include "remote/arrival.h"
#include "remote/arrival_view.h"

static ExecutorStart_hook_type next_hook = NULL;

/* InvalidOid where there are none, or more than one. */
static Oid
only_relation(const PlannedStmt *plan)
{
	Oid only = InvalidOid;
	ListCell *cell;

	foreach (cell, compat_table_uses(plan))
	{
		Oid relation = ((const CompatTableUse *) lfirst(cell))->relid;

		if (OidIsValid(only) && OidIsValid(relation) && relation != only)
			return InvalidOid;
		if (OidIsValid(relation))
			only = relation;
	}
	return only;
}

static bool
carries_identity(const PlannedStmt *plan)
{
	Oid relation = plan->commandType == CMD_UPDATE ? only_relation(plan) : InvalidOid;

	return OidIsValid(relation) && arrival_view(relation) != NULL;
}

static void
start_executor(QueryDesc *query, int eflags)
{
	if (likely(!XactReadOnly) || IsInParallelMode() || !carries_identity(query->plannedstmt))
	{
		start_query(next_hook, query, eflags);
		return;
	}
	XactReadOnly = false;
	PG_TRY();
	{
		start_query(next_hook, query, eflags);
	}
	PG_FINALLY();
	{
		XactReadOnly = true;
	}
	PG_END_TRY();
}

/* Before the library's other hooks, so that none of them runs meanwhile. */
void
arrival_init(void)
{
	next_hook = ExecutorStart_hook;
	ExecutorStart_hook = start_executor;
}
