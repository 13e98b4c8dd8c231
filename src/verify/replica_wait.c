/*
 * replica_wait.c
 *		Waiting, on a standby, for the row of a token that has just been issued.
 *
 * Invariants: only a token that proves to have been issued less than
 * session_auth.replica_wait ago waits, and no longer than that; one that is made up, of
 * another form or older is refused at once.  A wait can be cancelled like any query.
 *
 * What is waited for is the replay of the primary's changes.  Since PostgreSQL 16 the
 * process that replays tells whoever waits at the condition variable of the standby's own
 * walsenders, as long as there may be any; otherwise nobody is told, and it is asked in
 * steps that grow from one to STEP_MAX milliseconds.
 *
 * Whoever waits has a snapshot, with which replay may be in conflict: then they wait for
 * each other until the time is over (docs/reliability.md: hot_standby_feedback).
 */
#include "postgres.h"

#include "access/xlog.h"
#include "access/xlogrecovery.h"
#include "miscadmin.h"
#include "replication/walsender.h"
#include "replication/walsender_private.h"
#include "storage/condition_variable.h"
#include "storage/latch.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/clock.h"
#include "base/compat.h"
#include "base/settings.h"
#include "catalog/tables.h"
#include "pure/crypto.h"
#include "pure/timed_token.h"
#include "verify/replica_wait.h"

#define STEP_MAX 10 /* ms */

/* Between two looks at the table, however much is replayed meanwhile. */
#define PAUSE 1000 /* us */

static TimestampTz
limit_after(TimestampTz start)
{
	return TimestampTzPlusMilliseconds(start, setting_replica_wait);
}

/* Whether the token is one to wait for; the caller then looks for its row once more. */
bool
replica_wait_begin(ReplicaWait *wait, const char *token, size_t len)
{
	unsigned char secret[TIMED_TOKEN_SECRET];
	int64 issued_at;
	ResultCode result;

	if (setting_replica_wait == 0 || len != TOKEN_TIMED_LEN || !RecoveryInProgress() ||
		!catalog_token_secret(secret))
		return false;
	wait->looked_at = clock_now();
	wait->until = limit_after(wait->looked_at);
	wait->replayed = GetXLogReplayRecPtr(NULL);
	result = timed_token_read(token, len, secret, &issued_at);
	crypto_cleanse(secret, sizeof(secret));
	return result == RESULT_OK && limit_after(issued_at) > wait->looked_at;
}

static bool
nothing_new(const ReplicaWait *wait)
{
	return GetXLogReplayRecPtr(NULL) == wait->replayed && RecoveryInProgress();
}

static void
be_told(ConditionVariable *replayed, const ReplicaWait *wait)
{
	long left;

	ConditionVariablePrepareToSleep(replayed);
	while (nothing_new(wait) &&
		   (left = TimestampDifferenceMilliseconds(clock_now(), wait->until)) > 0)
		(void) ConditionVariableTimedSleep(replayed, left, PG_WAIT_EXTENSION);
	(void) ConditionVariableCancelSleep();
}

static void
sleep_for(long milliseconds)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds,
					 PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

static void
ask_again(const ReplicaWait *wait)
{
	long step = 1;
	long left;

	while (nothing_new(wait) &&
		   (left = TimestampDifferenceMilliseconds(clock_now(), wait->until)) > 0)
	{
		sleep_for(Min(step, left));
		step = Min(step * 2, STEP_MAX);
	}
}

/* What is replayed all the time would have the table looked at all the time. */
static void
pause_after_look(const ReplicaWait *wait)
{
	int64 since = clock_now() - wait->looked_at;

	if (since >= 0 && since < PAUSE)
		pg_usleep(PAUSE - since);
}

/* Whether more is there than when the row was last looked for, so that it may be there too. */
bool
replica_wait_for_more(ReplicaWait *wait)
{
	ConditionVariable *replayed = compat_replay_signal();

	CHECK_FOR_INTERRUPTS();
	pause_after_look(wait);
	if (replayed)
		be_told(replayed, wait);
	else
		ask_again(wait);
	wait->looked_at = clock_now();
	wait->replayed = GetXLogReplayRecPtr(NULL);
	return wait->looked_at < wait->until && RecoveryInProgress();
}
