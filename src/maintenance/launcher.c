/*
 * launcher.c
 *		Sees to it that every database that has the extension is purged, and what it denied
 *		recorded.
 *
 * One process for all databases, which is connected to none: every purge_interval it
 * has one of them after the other looked at by a worker (worker.c), which is in its
 * database for two seconds at the most.  What is left then waits for the worker's next
 * turn, so that DROP DATABASE and the like, which wait five seconds for others to go,
 * find a moment in which nobody is there; while they wait they hold a lock that lets
 * no new worker in.
 *
 * Where something was denied (monitor/denials.c) it has the worker write that, five seconds
 * after the last time at the earliest.
 *
 * On a standby the server starts it when it is promoted.  When it fails, or somebody
 * ends it, the server starts it again.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/settings.h"
#include "maintenance/launcher.h"
#include "maintenance/worker.h"
#include "monitor/denials.h"

#define RESTART_SECONDS 10
#define BREATHER_MS     200
#define RECORDING_MS    5000
#define GATHERING_MS    1000
#define LAUNCHER_NAME   "session_auth purge launcher"

PGDLLEXPORT void session_auth_purge_launcher(Datum argument);

/* ------------------------------------------------------------------- waiting */

static void
follow_signals(void)
{
	CHECK_FOR_INTERRUPTS();
	/* not 0, which would say that it is needed no more */
	if (ShutdownRequestPending)
		proc_exit(1);
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
}

/* Waits for the time, or for a signal: -1 waits for a signal alone. */
static void
wait_for(long milliseconds)
{
	int timeout = milliseconds >= 0 ? WL_TIMEOUT : 0;

	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | timeout, milliseconds,
					 PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
}

static TimestampTz
next_round(TimestampTz last_round)
{
	if (setting_purge_interval == 0)
		return DT_NOEND;
	return TimestampTzPlusMilliseconds(last_round, setting_purge_interval * INT64CONST(1000));
}

/* The first denial after a while is written soon, and those that follow together. */
static TimestampTz
next_recording(TimestampTz last_recording)
{
	TimestampTz since;

	if (!denials_waiting(&since))
		return DT_NOEND;
	return Max(TimestampTzPlusMilliseconds(last_recording, RECORDING_MS),
			   TimestampTzPlusMilliseconds(since, GATHERING_MS));
}

/* Until one of both is due, which a reload of the settings and a denial can change. */
static void
wait_for_work(TimestampTz last_round, TimestampTz last_recording)
{
	for (;;)
	{
		TimestampTz due;

		follow_signals();
		due = Min(next_round(last_round), next_recording(last_recording));
		if (due <= GetCurrentTimestamp())
			return;
		wait_for(due == DT_NOEND ? -1
								 : TimestampDifferenceMilliseconds(GetCurrentTimestamp(), due));
	}
}

/* --------------------------------------------------------------------- rounds */

/*
 * Nobody works in templates and in what cannot be connected to; below -1 it was left by a
 * failed DROP DATABASE.
 */
static bool
is_worked_in(Form_pg_database database)
{
	return database->datallowconn && !database->datistemplate && database->datconnlimit >= -1;
}

/* The OIDs of the databases, in a context that outlives the transaction that reads them. */
static List *
list_databases(void)
{
	MemoryContext context = CurrentMemoryContext;
	Relation table;
	TableScanDesc scan;
	HeapTuple tuple;
	List *databases = NIL;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	table = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(table, 0, NULL);
	while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection)))
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);
		MemoryContext old = MemoryContextSwitchTo(context);

		if (is_worked_in(database))
			databases = lappend_oid(databases, database->oid);
		MemoryContextSwitchTo(old);
	}
	table_endscan(scan);
	table_close(table, AccessShareLock);
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
	return databases;
}

/* Has a worker work in the database, and waits for it. */
static bool
work_in_database(Oid database, bool purge)
{
	BackgroundWorker worker;
	BackgroundWorkerHandle *handle;

	worker_describe(&worker, database, purge);
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
	{
		ereport(LOG, (errmsg("session_auth found no background worker to purge with"),
					  errhint("Raise max_worker_processes.")));
		return false;
	}
	if (WaitForBackgroundWorkerShutdown(handle) == BGWH_POSTMASTER_DIED)
		proc_exit(1);
	pfree(handle);
	return true;
}

/* Whether something is left to be purged. */
static bool
purge_database(Oid database)
{
	return work_in_database(database, true) && worker_left_something();
}

/* Of a database that nobody works in, or that is gone, nobody will ever write them. */
static void
record_denials_of_all(void)
{
	List *worked_in = list_databases();
	List *denying = denials_databases();
	ListCell *cell;

	foreach (cell, denying)
	{
		Oid database = lfirst_oid(cell);

		follow_signals();
		if (list_member_oid(worked_in, database))
			(void) work_in_database(database, false);
		else
			denials_take_off(denials_copy(database));
	}
}

/* Whatever else there is to do, now that it is due. */
static void
record_denials_if_due(TimestampTz *last_recording)
{
	if (next_recording(*last_recording) > GetCurrentTimestamp())
		return;
	record_denials_of_all();
	*last_recording = GetCurrentTimestamp();
}

/*
 * The databases that have something left after their turn.  The longest pause that one of
 * them asks for comes before the next.
 */
static List *
take_turns(List *databases, long *pause_ms)
{
	List *unfinished = NIL;
	ListCell *cell;

	*pause_ms = BREATHER_MS;
	foreach (cell, databases)
	{
		follow_signals();
		if (setting_purge_interval > 0 && purge_database(lfirst_oid(cell)))
		{
			unfinished = lappend_oid(unfinished, lfirst_oid(cell));
			*pause_ms = Max(*pause_ms, worker_pause_ms());
		}
	}
	return unfinished;
}

/* Those that are still there. */
static List *
without_dropped(List *databases)
{
	List *dropped = list_difference_oid(databases, list_databases());

	return list_difference_oid(databases, dropped);
}

static void
run_round(TimestampTz *last_recording)
{
	long pause_ms;
	List *unfinished = take_turns(list_databases(), &pause_ms);

	while (unfinished != NIL)
	{
		wait_for(pause_ms);
		follow_signals();
		record_denials_if_due(last_recording);
		unfinished = take_turns(without_dropped(unfinished), &pause_ms);
	}
}

void
session_auth_purge_launcher(Datum argument)
{
	MemoryContext context;
	TimestampTz last_round, last_recording = 0;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	denials_listen();
	context = AllocSetContextCreate(TopMemoryContext, LAUNCHER_NAME, ALLOCSET_SMALL_SIZES);
	last_round = GetCurrentTimestamp();
	for (;;)
	{
		wait_for_work(last_round, last_recording);
		MemoryContextSwitchTo(context);
		record_denials_if_due(&last_recording);
		if (next_round(last_round) <= GetCurrentTimestamp())
		{
			run_round(&last_recording);
			last_round = GetCurrentTimestamp();
		}
		MemoryContextReset(context);
	}
}

/* Nothing may connect while pg_upgrade is at work. */
void
launcher_init(void)
{
	BackgroundWorker launcher = { 0 };

	if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
		return;
	launcher.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	launcher.bgw_start_time = BgWorkerStart_RecoveryFinished;
	launcher.bgw_restart_time = RESTART_SECONDS;
	strlcpy(launcher.bgw_name, LAUNCHER_NAME, BGW_MAXLEN);
	strlcpy(launcher.bgw_type, LAUNCHER_NAME, BGW_MAXLEN);
	strlcpy(launcher.bgw_library_name, LIBRARY_NAME, sizeof(launcher.bgw_library_name));
	strlcpy(launcher.bgw_function_name, "session_auth_purge_launcher",
			sizeof(launcher.bgw_function_name));
	RegisterBackgroundWorker(&launcher);
}
