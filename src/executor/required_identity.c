/*
 * required_identity.c
 *		With session_auth.require_identity, a query of protected tables without an
 *		identity fails.
 *
 * Without it the policies show such a query nothing, in silence: right, but where a
 * pooler sends authenticate to one server and the query to another, nobody notices why.
 *
 * Invariant: whether a query fails depends on the tables that it names and on its caller,
 * never on rows.  What counts is a table that protect_table has protected, and whose
 * policies hold for whom it is read: not one that a view or a function reads for an owner
 * who bypasses them, as a sign-in does, nor what checks a foreign key.
 *
 * The library has to be there by then, which session_preload_libraries sees to.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "executor/executor.h"
#include "nodes/plannodes.h"
#include "utils/rls.h"

#include "base/compat.h"
#include "base/settings.h"
#include "base/start_query.h"
#include "catalog/tables.h"
#include "executor/required_identity.h"
#include "identity/identity_row.h"

static ExecutorStart_hook_type next_hook = NULL;

static bool
shows_rows_by_identity(const CompatTableUse *use)
{
	return use->requiredPerms != 0 && OidIsValid(use->relid) &&
		   check_enable_rls(use->relid, use->checkAsUser, true) == RLS_ENABLED &&
		   catalog_is_protected(use->relid);
}

static bool
needs_identity(const PlannedStmt *plan)
{
	ListCell *cell;

	foreach (cell, compat_table_uses(plan))
		if (shows_rows_by_identity(lfirst(cell)))
			return true;
	return false;
}

static void
start_executor(QueryDesc *query, int eflags)
{
	start_query(next_hook, query, eflags);
	if (!setting_require_identity || (eflags & EXEC_FLAG_EXPLAIN_ONLY) || IsParallelWorker())
		return;
	if (identity_current() == NULL && needs_identity(query->plannedstmt))
		raise_not_authenticated();
}

void
required_identity_init(void)
{
	next_hook = ExecutorStart_hook;
	ExecutorStart_hook = start_executor;
}
