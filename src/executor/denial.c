/*
 * denial.c
 *		Notes that policies have left a query nothing of a table, or raises an error.
 *
 * Invariant: a query is noted once for each table, whose partitions count as the table;
 * by the leader, where workers scan.  The statement is kept out of the log, as one string
 * of several statements may begin with a token.
 *
 * What is seen is that a condition which is the same for every row was false, of a table
 * whose policies apply to the current database role.  A query may have such a condition of
 * its own, which cannot be told from a policy's.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "catalog/partition.h"
#include "nodes/plannodes.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"

#include "base/compat.h"
#include "base/settings.h"
#include "executor/denial.h"
#include "identity/denied.h"
#include "identity/identity_row.h"
#include "identity/identity_words.h"
#include "monitor/counters.h"

static const char *
action_of(const PlanState *scan)
{
	const PlannedStmt *plan = scan->state->es_plannedstmt;
	int table = (int) ((const Scan *) scan->plan)->scanrelid;

	if (!compat_is_written(plan, table))
		return "view";
	return plan->commandType == CMD_DELETE ? "delete" : "edit";
}

static Oid
whole_table(Relation table)
{
	Oid relid = RelationGetRelid(table);

	return table->rd_rel->relispartition ? llast_oid(get_partition_ancestors(relid)) : relid;
}

static const char *
qualified_name(Oid table)
{
	char *name = get_rel_name(table);
	char *schema = get_namespace_name(get_rel_namespace(table));

	return psprintf("%s.%s", schema ? schema : "?", name ? name : "?");
}

static void
log_denial(const PlanState *scan, Oid table)
{
	ereport(LOG_SERVER_ONLY, (errmsg("policies leave a query nothing of table \"%s\" (%s)",
									 in_one_line(qualified_name(table)), action_of(scan)),
							  errdetail_log("%s", identity_in_words(identity_current())),
							  errhidestmt(true), errhidecontext(true)));
}

/*
 * Of partitions PostgreSQL itself tests such conditions once, in a node above the scan.  This
 * stands in the place of that test, and says what it says.
 */
typedef struct WatchedTest
{
	ExprState state;
	ExprState *test;
	const PlanState *scan;
	Denials *denials;
} WatchedTest;

static Datum
evaluate_watched(ExprState *state, ExprContext *context, bool *isnull)
{
	const WatchedTest *watched = (const WatchedTest *) state;
	Datum passed = watched->test->evalfunc(watched->test, context, isnull);

	if (*isnull || !DatumGetBool(passed))
		denial_note(watched->scan, watched->denials);
	return passed;
}

void
denial_watch(ResultState *result, const PlanState *scan, Denials *denials)
{
	WatchedTest *watched = palloc0(sizeof(WatchedTest));

	watched->test = result->resconstantqual;
	watched->scan = scan;
	watched->denials = denials;
	watched->state.type = T_ExprState;
	watched->state.flags = watched->test->flags;
	watched->state.evalfunc = evaluate_watched;
	result->resconstantqual = &watched->state;
}

/* For policies that are to be loud; it says no more than that (require_permission names what is lacking). */
void
denial_raise(const PlanState *scan)
{
	Relation table = ((const ScanState *) scan)->ss_currentRelation;
	const Identity *identity = identity_current();

	if (identity == NULL)
		raise_not_authenticated();
	counter_add(COUNT_DENIED);
	denied_table(identity, action_of(scan), qualified_name(whole_table(table)));
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg("permission denied for table %s", RelationGetRelationName(table)),
					errdetail_log("%s", identity_in_words(identity)), errhidestmt(true)));
}

void
denial_note(const PlanState *scan, Denials *denials)
{
	Relation relation = ((const ScanState *) scan)->ss_currentRelation;
	MemoryContext old;
	Oid table;

	if (IsParallelWorker() || relation == NULL || !relation->rd_rel->relrowsecurity ||
		check_enable_rls(RelationGetRelid(relation), InvalidOid, true) != RLS_ENABLED)
		return;
	table = whole_table(relation);
	if (list_member_oid(denials->tables, table))
		return;
	old = MemoryContextSwitchTo(denials->context);
	denials->tables = lappend_oid(denials->tables, table);
	MemoryContextSwitchTo(old);
	counter_add(COUNT_DENIED);
	if (setting_log_denials)
		log_denial(scan, table);
}
