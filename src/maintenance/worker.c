/*
 * worker.c
 *		Records what one database denied, and purges it, for two seconds at the most.
 *
 * Invariants: it runs what belongs to the extension alone, and as its owner: a function
 * of the right name that somebody made in a database without the extension is not
 * called.  Each batch is a transaction; between two of them it holds no lock and no
 * snapshot.  While it is at work DROP EXTENSION waits, for a batch, and it waits for
 * nobody longer than a second.
 *
 * An error ends it with a line in the log; the launcher's next round tries again.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/shared_memory.h"
#include "base/settings.h"
#include "maintenance/purge.h"
#include "maintenance/record_denials.h"
#include "maintenance/worker.h"
#include "monitor/denials.h"

#define TURN_MS     2000
#define WORKER_NAME "session_auth purge worker"

PGDLLEXPORT void session_auth_purge_worker(Datum database);

/* ------------------------------------------------- what the launcher is told */

/* There is one worker at a time, and the launcher reads it when that has gone. */
typedef struct Turn
{
	bool purge; /* what the launcher wants */
	bool left_something;
	int pause_ms; /* that a batch of another turn has to wait for at the least */
} Turn;

static Turn *turn = NULL;

static Size
turn_size(void)
{
	return sizeof(Turn);
}

static void
turn_init(void *memory)
{
}

void
worker_init(void)
{
	static SharedPiece piece = { "session_auth purge", turn_size, turn_init,
								 (void **) &turn,      NULL,      NULL };

	shared_memory_ask(&piece);
}

bool
worker_left_something(void)
{
	return turn->left_something;
}

int
worker_pause_ms(void)
{
	return turn->pause_ms;
}

void
worker_describe(BackgroundWorker *worker, Oid database, bool purge)
{
	turn->purge = purge;
	turn->left_something = false;
	turn->pause_ms = 0;
	memset(worker, 0, sizeof(BackgroundWorker));
	worker->bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker->bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker->bgw_restart_time = BGW_NEVER_RESTART;
	worker->bgw_main_arg = ObjectIdGetDatum(database);
	worker->bgw_notify_pid = MyProcPid;
	strlcpy(worker->bgw_name, WORKER_NAME, BGW_MAXLEN);
	strlcpy(worker->bgw_type, WORKER_NAME, BGW_MAXLEN);
	strlcpy(worker->bgw_library_name, LIBRARY_NAME, sizeof(worker->bgw_library_name));
	strlcpy(worker->bgw_function_name, "session_auth_purge_worker",
			sizeof(worker->bgw_function_name));
}

/* -------------------------------------------------------------------- a batch */

static Oid
owner_of_function(Oid function)
{
	HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid owner = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
		ReleaseSysCache(tuple);
	}
	return owner;
}

/*
 * Whose the extension's functions are that purge: InvalidOid where there is no extension,
 * or one that is older.  Until the transaction ends nobody drops it.
 */
static Oid
find_owner(void)
{
	List *name = list_make2(makeString("session_auth"), makeString("purge_ended"));
	Oid types[] = { INT4OID, TIMESTAMPTZOID, TIDOID };
	Oid extension = get_extension_oid("session_auth", true);
	Oid function;

	if (!OidIsValid(extension))
		return InvalidOid;
	LockDatabaseObject(ExtensionRelationId, extension, 0, AccessShareLock);
	if (get_extension_oid("session_auth", true) != extension)
		return InvalidOid;
	function = LookupFuncName(name, lengthof(types), types, true);
	if (!OidIsValid(function) || getExtensionOfObject(ProcedureRelationId, function) != extension)
		return InvalidOid;
	return owner_of_function(function);
}

typedef void (*Work)(void *arg);

static void
work_as(Oid owner, Work work, void *arg)
{
	Oid user;
	int context;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(owner,
						   context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	SPI_connect();
	work(arg);
	SPI_finish();
	SetUserIdAndSecContext(user, context);
}

/* Works in a transaction; false where there is nothing to work in. */
static bool
run_batch(Work work, void *arg)
{
	Oid owner;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	pgstat_report_activity(STATE_RUNNING, "session_auth purge");
	owner = XactReadOnly ? InvalidOid : find_owner();
	if (OidIsValid(owner))
		work_as(owner, work, arg);
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(true);
	pgstat_report_activity(STATE_IDLE, NULL);
	return OidIsValid(owner);
}

static void
purge_work(void *arg)
{
	purge_batch(arg, PURGE_BATCH_SIZE);
}

static void
run_purge_batch(Purge *purge)
{
	if (!run_batch(purge_work, purge))
		purge->step = PURGE_DONE;
}

static void
record_work(void *arg)
{
	record_denials(arg);
}

/*
 * What could not be written stays for another turn; where nothing can be written, it is
 * forgotten.
 */
static void
run_recording(void)
{
	List *denials = denials_copy(MyDatabaseId);

	if (denials == NIL)
		return;
	(void) run_batch(record_work, denials);
	denials_take_off(denials);
}

/* --------------------------------------------------------------------- a turn */

static void
purge_for_a_turn(void)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), TURN_MS);
	Purge purge;

	purge_begin(&purge);
	run_purge_batch(&purge);
	/* a pause that goes beyond the turn is spent outside of the database */
	while (!purge_is_done(&purge) &&
		   TimestampTzPlusMilliseconds(GetCurrentTimestamp(), setting_purge_delay) < end)
	{
		purge_pause();
		run_purge_batch(&purge);
	}
	turn->left_something = !purge_is_done(&purge);
	turn->pause_ms = setting_purge_delay;
}

static void
take_turn(void)
{
	run_recording();
	if (turn->purge)
		purge_for_a_turn();
}

/* Who is asked to go, or waits too long for a lock, has nothing to report. */
static void
report_error(void)
{
	int code = geterrcode();

	if (!ShutdownRequestPending && code != ERRCODE_LOCK_NOT_AVAILABLE)
		EmitErrorReport();
	FlushErrorState();
}

/* A batch that is under way ends at once. */
static void
stop(SIGNAL_ARGS)
{
	ShutdownRequestPending = true;
	compat_cancel_statement();
}

/*
 * What the database says for everybody shall neither make it wait for long nor see other
 * names.
 */
static void
set_up(void)
{
	SetConfigOption("search_path", "", PGC_SUSET, PGC_S_OVERRIDE);
	SetConfigOption("lock_timeout", "1s", PGC_SUSET, PGC_S_OVERRIDE);
	SetConfigOption("default_transaction_isolation", "read committed", PGC_SUSET, PGC_S_OVERRIDE);
}

void
session_auth_purge_worker(Datum database)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, stop);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(database), InvalidOid, 0);
	set_up();
	PG_TRY();
	{
		take_turn();
	}
	PG_CATCH();
	{
		HOLD_INTERRUPTS();
		report_error();
		AbortCurrentTransaction();
	}
	PG_END_TRY();
	proc_exit(0);
}
