/*
 * worker_identity.c
 *		A query's parallel workers are told who the caller is.
 *
 * They are given the settings of their leader when they are started, so the identity's text
 * has to be there by then.  Writing it at each authenticate would cost all transactions what
 * those few need that have workers; a query that has any is known when it starts.
 *
 * What else starts workers, as building an index does, has none of it: there, whatever asks
 * for the identity fails.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/plannodes.h"

#include "base/start_query.h"
#include "executor/worker_identity.h"
#include "identity/identity.h"

static ExecutorStart_hook_type next_hook = NULL;

/* After everything else that happens at the start, which may look the identity up. */
static void
start_executor(QueryDesc *query, int eflags)
{
	start_query(next_hook, query, eflags);
	if (query->plannedstmt->parallelModeNeeded)
		identity_tell_workers();
}

void
worker_identity_init(void)
{
	next_hook = ExecutorStart_hook;
	ExecutorStart_hook = start_executor;
}
