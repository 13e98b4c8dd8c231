/*
 * worker_identity.c
 *		Parallel workers are told who the caller is.
 *
 * They are given the settings of their leader when they are started, so the identity's text
 * has to be there by then.  Writing it at each authenticate would cost all transactions what
 * those few need that have workers.  A query that has any starts them while it runs; between
 * its start and that, a client that has bound it may have sent another statement.
 *
 * What else starts workers, as building an index does, has none of it: there, whatever asks
 * for the identity fails.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/plannodes.h"
#include "tcop/utility.h"

#include "base/compat.h"
#include "executor/worker_identity.h"
#include "identity/identity.h"

static ExecutorRun_hook_type next_run = NULL;
static ProcessUtility_hook_type next_utility = NULL;

static void
run_executor(QueryDesc *query, ScanDirection direction, uint64 count COMPAT_ONCE)
{
	if (query->plannedstmt->parallelModeNeeded)
		identity_tell_workers();
	if (next_run)
		next_run(query, direction, count COMPAT_ONCE_ARGUMENT);
	else
		standard_ExecutorRun(query, direction, count COMPAT_ONCE_ARGUMENT);
}

static void
run_utility(PlannedStmt *plan, const char *text, bool is_read_only, ProcessUtilityContext context,
			ParamListInfo params, QueryEnvironment *environment, DestReceiver *receiver,
			QueryCompletion *completion)
{
	identity_withhold_from_workers();
	if (next_utility)
		next_utility(plan, text, is_read_only, context, params, environment, receiver, completion);
	else
		standard_ProcessUtility(plan, text, is_read_only, context, params, environment, receiver,
								completion);
}

void
worker_identity_init(void)
{
	next_run = ExecutorRun_hook;
	ExecutorRun_hook = run_executor;
	next_utility = ProcessUtility_hook;
	ProcessUtility_hook = run_utility;
}
