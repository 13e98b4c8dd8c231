/*
 * theft.c
 *		A rotated token that comes back after its grace window.
 *
 * Whoever presents it, the thief or the owner, the session has to end; but the
 * function that sees it raises an error, which rolls its own writes back, or
 * runs in a READ ONLY transaction.  So a background worker ends the session in
 * a transaction of its own.  This backend refuses the session from then on even
 * when no worker could be had or the session is not committed yet, and ends it
 * itself as soon as it can write.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#include "verify/known_thefts.h"
#include "verify/session.h"
#include "verify/theft.h"

static bool unsettled = false; /* a theft that is known here has to be written yet */

PGDLLEXPORT void session_auth_theft_main(Datum database);

/*
 * Ends the session that bgw_extra names.  Runs as a process of its own, which
 * may be started by an older version of the library: keep the name and bgw_extra.
 */
void
session_auth_theft_main(Datum database)
{
	pg_uuid_t session_id;

	memcpy(&session_id, MyBgworkerEntry->bgw_extra, sizeof(session_id));
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(database), InvalidOid, 0);
	StartTransactionCommand();
	(void) set_config_option("lock_timeout", "2s", PGC_SUSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true,
							 ERROR, false);
	PushActiveSnapshot(GetTransactionSnapshot());
	pgstat_report_activity(STATE_RUNNING, "ending a stolen session");
	session_end(&session_id, END_THEFT, NULL);
	PopActiveSnapshot();
	CommitTransactionCommand();
}

static bool
end_in_worker(const pg_uuid_t *session_id)
{
	BackgroundWorker worker;
	BackgroundWorkerHandle *handle;

	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_notify_pid = MyProcPid;
	worker.bgw_main_arg = ObjectIdGetDatum(MyDatabaseId);
	strlcpy(worker.bgw_library_name, "session_auth", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "session_auth_theft_main", BGW_MAXLEN);
	strlcpy(worker.bgw_name, "session_auth: end a stolen session", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "session_auth", BGW_MAXLEN);
	memcpy(worker.bgw_extra, session_id, sizeof(pg_uuid_t));
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
	{
		ereport(LOG, (errmsg("could not start a background worker to end a stolen session"),
					  errhint("Consider increasing max_worker_processes.")));
		return false;
	}
	return WaitForBackgroundWorkerShutdown(handle) == BGWH_STOPPED;
}

/* What we end ourselves lasts only if this transaction does. */
static void
end_here(KnownTheft *theft)
{
	if (session_can_write() && session_end(&theft->session_id, END_THEFT, NULL))
		theft->ended_in = GetTopTransactionIdIfAny();
}

static bool
ended_elsewhere(const KnownTheft *theft)
{
	SessionRow row;

	return catalog_find_session_by_id(&theft->session_id, &row)
			   ? row.ended && (theft->ended_in == InvalidTransactionId ||
							   theft->ended_in != GetTopTransactionIdIfAny())
			   : false;
}

/*
 * A session's rotated token came back.  Whatever becomes of this transaction,
 * only another process can make the end last; where it cannot, because the
 * session is not committed yet or there is no worker, we do what we can.
 */
void
theft_report(const pg_uuid_t *session_id, bool about_to_raise)
{
	KnownTheft *theft = theft_remember(session_id);

	if (theft->settled)
		return;
	if (!RecoveryInProgress() && end_in_worker(session_id))
		theft->settled = ended_elsewhere(theft);
	if (theft->settled)
		return;
	unsettled = true;
	if (!about_to_raise)
		end_here(theft);
}

/* End what could not be ended for good when it was seen. */
void
theft_settle(void)
{
	if (likely(!unsettled) || !session_can_write())
		return;
	unsettled = false;
	for (KnownTheft *theft = theft_next(NULL); theft; theft = theft_next(theft))
	{
		if (!theft->settled)
			theft->settled = ended_elsewhere(theft);
		if (theft->settled)
			continue;
		unsettled = true;
		end_here(theft);
	}
}
