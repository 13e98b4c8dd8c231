/*
 * session.c
 *		Sessions: found by a token, created, rotated, refreshed, ended.
 *
 * Invariants: only the SHA-256 of a token is ever compared or stored.  A
 * session that has ended never lives again, and its expires_at is not later
 * than its ended_at, so that one index finds what can be purged.
 *
 * last_seen_at is written when the transaction commits, not when the token is
 * verified: the row's lock is then held for an instant, and a request that
 * stays open cannot keep an administrator from ending its session.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "access/parallel.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "base/clock.h"
#include "base/json_build.h"
#include "base/own_lock.h"
#include "base/settings.h"
#include "base/uuid.h"
#include "monitor/counters.h"
#include "pure/crypto.h"
#include "verify/keys.h"
#include "verify/known_thefts.h"
#include "verify/replica_wait.h"
#include "verify/session.h"

#define MAX_TOUCHES 8

/* What this transaction shall write to last_seen_at when it commits. */
static PendingTouch touches[MAX_TOUCHES];
static int ntouches = 0;

static bool
same_session(const pg_uuid_t *a, const pg_uuid_t *b)
{
	return memcmp(a, b, sizeof(pg_uuid_t)) == 0;
}

bool
session_can_write(void)
{
	return !XactReadOnly && !IsInParallelMode() && !RecoveryInProgress();
}

/* ------------------------------------------------------------------ validity */

static TimestampTz
absolute_limit(const SessionRow *row)
{
	return setting_absolute_lifetime == 0 ? DT_NOEND
										  : clock_after(row->created_at, setting_absolute_lifetime);
}

static TimestampTz
idle_limit(const SessionRow *row)
{
	return setting_idle_timeout == 0 ? DT_NOEND
									 : clock_after(row->last_seen_at, setting_idle_timeout);
}

/* When the session ends however often it is used, unless it is refreshed. */
TimestampTz
session_latest_end(const SessionRow *row)
{
	return Min(row->expires_at, absolute_limit(row));
}

/* When its lifetime ends, counted from then. */
TimestampTz
session_lifetime_from(const SessionRow *row, TimestampTz start)
{
	return DatumGetTimestampTz(DirectFunctionCall2(
		timestamptz_pl_interval, TimestampTzGetDatum(start), IntervalPGetDatum(&row->lifetime)));
}

/* When the session ends if it is not used again, by every limit in force. */
TimestampTz
session_expiry(const SessionRow *row)
{
	return Min(session_latest_end(row), idle_limit(row));
}

bool
session_is_adopted(const SessionRow *row)
{
	return uuid_version(&row->session_id) == ADOPTED_SESSION_VERSION;
}

/*
 * Whether the session is opened by a cookie whose proof was verified alone.  Where
 * the application's table holds what its framework signs, whoever reads the table
 * has no cookie.
 */
bool
session_needs_proof(const SessionRow *row)
{
	if (row->proof != PROOF_BY_SETUP)
		return row->proof == PROOF_NEEDED;
	if (!session_is_adopted(row))
		return false;
	keys_accept_changes();
	return keys_prove_sessions();
}

ResultCode
session_check(const SessionRow *row, TimestampTz now)
{
	if (row->ended)
		return RESULT_ENDED;
	if (theft_is_known(&row->session_id))
		return RESULT_STOLEN;
	if (row->expires_at <= now || absolute_limit(row) <= now)
		return RESULT_EXPIRED;
	if (idle_limit(row) <= now)
		return RESULT_IDLE;
	return RESULT_OK;
}

/* This transaction may have seen the session without having written it yet. */
static void
apply_pending_touch(SessionRow *row)
{
	for (int i = 0; i < ntouches; i++)
		if (same_session(&touches[i].session_id, &row->session_id))
			row->last_seen_at = Max(row->last_seen_at, touches[i].seen_at);
}

static ResultCode
find_rotated(const unsigned char *hash, FoundSession *found)
{
	pg_uuid_t session_id;
	TimestampTz rotated_at;
	ResultCode result;

	if (!catalog_find_rotated_token(hash, &session_id, &rotated_at) ||
		!catalog_find_session_by_id(&session_id, &found->row))
		return RESULT_NO_SESSION;
	found->rotated_away = true;
	apply_pending_touch(&found->row);
	result = session_check(&found->row, clock_now());
	if (result == RESULT_OK && clock_after(rotated_at, setting_rotation_grace) <= clock_now())
		return RESULT_STOLEN;
	return result;
}

/*
 * The session that a token with any of these hashes opens.  `found` is filled in with
 * RESULT_OK and with RESULT_STOLEN; theft is for the caller to report (theft.h),
 * as only it knows whether it is going to raise an error.
 *
 * Tokens that have a successor are rare, and a look of their own: they come last.
 */
ResultCode
session_find_any(const unsigned char (*hashes)[TOKEN_HASH_LEN], int n, FoundSession *found)
{
	ResultCode result = RESULT_NO_SESSION;

	found->rotated_away = false;
	for (int i = 0; i < n; i++)
		if (catalog_find_session(hashes[i], &found->row))
		{
			apply_pending_touch(&found->row);
			return session_check(&found->row, clock_now());
		}
	for (int i = 0; i < n && result == RESULT_NO_SESSION; i++)
		result = find_rotated(hashes[i], found);
	return result;
}

ResultCode
session_find_hash(const unsigned char *hash, FoundSession *found)
{
	return session_find_any((const unsigned char(*)[TOKEN_HASH_LEN]) hash, 1, found);
}

/* On a standby the row may be on its way: looked for again whenever more has arrived. */
static ResultCode
find_when_replayed(const unsigned char *hash, ReplicaWait *wait, FoundSession *found)
{
	ResultCode result = session_find_hash(hash, found);
	bool goes_on = true;

	while (result == RESULT_NO_SESSION && goes_on)
	{
		goes_on = replica_wait_for_more(wait);
		result = session_find_hash(hash, found);
	}
	return result;
}

ResultCode
session_find(const char *token, size_t len, FoundSession *found)
{
	unsigned char hash[TOKEN_HASH_LEN];
	ResultCode result;
	ReplicaWait wait;

	if (!crypto_sha256(token, len, hash))
		return RESULT_CRYPTO_FAILED;
	result = session_find_hash(hash, found);
	if (result == RESULT_NO_SESSION && replica_wait_begin(&wait, token, len))
		result = find_when_replayed(hash, &wait, found);
	return result;
}

/* --------------------------------------------------------------- last_seen_at */

/* A timeout that is shorter than the interval would end sessions that are used. */
static int64
touch_interval_us(void)
{
	int64 interval = (int64) setting_touch_interval * USECS_PER_SEC;

	if (setting_idle_timeout > 0)
		interval = Min(interval, (int64) setting_idle_timeout * USECS_PER_SEC / 4);
	return interval;
}

/* Note that the session was seen now, to be written at commit when that is due. */
void
session_touch(SessionRow *row, TimestampTz now)
{
	if (now - row->last_seen_at < touch_interval_us() || !session_can_write())
		return;
	row->last_seen_at = now;
	for (int i = 0; i < ntouches; i++)
		if (same_session(&touches[i].session_id, &row->session_id))
		{
			touches[i].seen_at = now;
			return;
		}
	if (ntouches < MAX_TOUCHES)
		touches[ntouches++] = (PendingTouch){ row->place, row->session_id, now };
}

static bool
edit_last_seen(SessionRow *row, void *arg)
{
	const PendingTouch *touch = arg;

	if (row->ended || row->last_seen_at >= touch->seen_at)
		return false;
	row->last_seen_at = touch->seen_at;
	return true;
}

/*
 * The end of a transaction neither waits nor fails for this.  A row that is
 * locked elsewhere is left alone: somebody else is seeing it.
 */
static void
write_touches(void)
{
	int n = ntouches;

	ntouches = 0;
	if (!session_can_write() || !catalog_lock_sessions_now())
		return;
	for (int i = 0; i < n; i++)
		if (!catalog_touch_session(&touches[i], edit_last_seen))
			catalog_edit_session(&touches[i].session_id, false, edit_last_seen, &touches[i]);
}

static void
session_xact_callback(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			if (ntouches > 0)
				write_touches();
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			ntouches = 0;
			break;
		default:
			break;
	}
}

void
session_init(void)
{
	RegisterXactCallback(session_xact_callback, NULL);
}

/* -------------------------------------------------------------------- changes */

static const char *
end_name(SessionEndReason why)
{
	switch (why)
	{
		case END_SIGN_OUT:
			return "sign-out";
		case END_ADMINISTRATOR:
			return "administrator";
		case END_LIMIT:
			return "limit";
		case END_THEFT:
			return "theft";
	}
	return "unknown";
}

static Jsonb *
detail_by(const char *by)
{
	JsonObject *detail = json_object_begin();

	json_object_text(detail, "by", by);
	return json_object_end(detail);
}

typedef struct EndArgs
{
	SessionEndReason why;
	const char *owner; /* the one user whose session it may be; NULL: anybody's */
	char *user_id;
} EndArgs;

static bool
may_end(const SessionRow *row, const char *owner)
{
	return !row->ended && row->expires_at > clock_now() &&
		   (owner == NULL || strcmp(row->user_id, owner) == 0);
}

static bool
edit_end(SessionRow *row, void *arg)
{
	EndArgs *args = arg;

	if (!may_end(row, args->owner))
		return false;
	args->user_id = row->user_id;
	row->ended = true;
	row->ended_at = clock_now();
	row->ended_by = end_name(args->why);
	row->expires_at = Min(row->expires_at, row->ended_at);
	return true;
}

static bool
end_session(const pg_uuid_t *session_id, const char *owner, SessionEndReason why, const char *actor)
{
	EndArgs args = { why, owner, NULL };

	if (!catalog_edit_session(session_id, true, edit_end, &args))
		return false;
	catalog_insert_event("session_ended", args.user_id, session_id, actor,
						 detail_by(end_name(why)));
	return true;
}

/* End a session now.  False when there is none, or when it has ended before. */
bool
session_end(const pg_uuid_t *session_id, SessionEndReason why, const char *actor)
{
	return end_session(session_id, NULL, why, actor);
}

/* Likewise by its user, who cannot so much as lock a session of somebody else's. */
bool
session_end_own(const pg_uuid_t *session_id, const char *user_id, const char *actor)
{
	SessionRow row;

	return catalog_find_session_by_id(session_id, &row) && may_end(&row, user_id) &&
		   end_session(session_id, user_id, END_SIGN_OUT, actor);
}

static int
by_session_id(const ListCell *a, const ListCell *b)
{
	const SessionRow *left = lfirst(a);
	const SessionRow *right = lfirst(b);

	return memcmp(&left->session_id, &right->session_id, sizeof(pg_uuid_t));
}

/* Ends them in one order, whoever does it: two at once must not deadlock. */
static int64
end_in_order(List *rows, SessionEndReason why, const char *actor)
{
	int64 ended = 0;
	ListCell *cell;

	list_sort(rows, by_session_id);
	foreach (cell, rows)
	{
		CHECK_FOR_INTERRUPTS();
		if (session_end(&((SessionRow *) lfirst(cell))->session_id, why, actor))
			ended++;
	}
	return ended;
}

int64
session_end_user(const char *user_id, const pg_uuid_t *except, SessionEndReason why,
				 const char *actor)
{
	List *live = NIL;
	ListCell *cell;

	foreach (cell, catalog_sessions_of_user(user_id))
	{
		SessionRow *row = lfirst(cell);

		if (!row->ended && !(except && same_session(&row->session_id, except)))
			live = lappend(live, row);
	}
	return end_in_order(live, why, actor);
}

static int
oldest_first(const ListCell *a, const ListCell *b)
{
	const SessionRow *left = lfirst(a);
	const SessionRow *right = lfirst(b);

	return (left->created_at > right->created_at) - (left->created_at < right->created_at);
}

/*
 * Sessions of one user are created one after the other while there is a limit,
 * or two at once could both find room.
 */
static void
lock_user(const char *user_id)
{
	uint64 key = hash_bytes_extended((const unsigned char *) user_id, strlen(user_id), 0);

	own_lock_take(OWN_LOCK_USER, (uint32) (key >> 32), (uint32) key);
}

static void
make_room(const char *user_id, const char *actor)
{
	List *live = NIL;
	ListCell *cell;
	int surplus;

	lock_user(user_id);
	foreach (cell, catalog_sessions_of_user(user_id))
	{
		if (session_check(lfirst(cell), clock_now()) == RESULT_OK)
			live = lappend(live, lfirst(cell));
	}
	surplus = list_length(live) + 1 - setting_max_sessions_per_user;
	if (surplus <= 0)
		return;
	list_sort(live, oldest_first);
	(void) end_in_order(list_truncate(live, Min(surplus, list_length(live))), END_LIMIT, actor);
}

/* Raises unique_violation when the token is in use. */
void
session_create(SessionRow *row, const char *actor)
{
	if (setting_max_sessions_per_user > 0)
		make_room(row->user_id, actor);
	catalog_insert_session(row);
	counter_add(COUNT_CREATED);
	catalog_insert_event("session_created", row->user_id, &row->session_id, actor, NULL);
}

typedef struct RefreshArgs
{
	ResultCode result;
	TimestampTz expires_at;
} RefreshArgs;

/* Slides the expiry by the session's own lifetime, within the absolute limit. */
static bool
edit_refresh(SessionRow *row, void *arg)
{
	RefreshArgs *args = arg;
	TimestampTz now = clock_now();

	apply_pending_touch(row);
	args->result = session_check(row, now);
	if (args->result != RESULT_OK)
		return false;
	row->expires_at =
		Min(Max(session_lifetime_from(row, now), row->expires_at), absolute_limit(row));
	row->last_seen_at = Max(row->last_seen_at, now);
	args->expires_at = session_latest_end(row);
	return true;
}

ResultCode
session_refresh(const pg_uuid_t *session_id, TimestampTz *expires_at)
{
	RefreshArgs args = { RESULT_NO_SESSION, 0 };

	catalog_edit_session(session_id, true, edit_refresh, &args);
	*expires_at = args.expires_at;
	return args.result;
}

typedef struct RotateArgs
{
	const unsigned char *old_hash;
	const unsigned char *new_hash;
	ResultCode result;
	char *user_id;
	TimestampTz expires_at;
} RotateArgs;

/*
 * Of two rotations at once the second finds another token in the row.  That the old
 * token has a successor is written first, so that a server to which rows are
 * replicated one by one knows it before the successor arrives (merge_tokens()).  A token is
 * newer than the one before it, whatever another server's clock has said: of two servers'
 * tokens the newer one stays.
 */
static bool
edit_rotate(SessionRow *row, void *arg)
{
	RotateArgs *args = arg;

	apply_pending_touch(row);
	args->result = session_check(row, clock_now());
	if (args->result == RESULT_OK && !crypto_equal(row->token_hash, args->old_hash, TOKEN_HASH_LEN))
		args->result = RESULT_NO_SESSION;
	if (args->result != RESULT_OK)
		return false;
	catalog_insert_rotated_token(args->old_hash, &row->session_id, clock_now());
	memcpy(row->token_hash, args->new_hash, TOKEN_HASH_LEN);
	row->rotated_at = Max(clock_now(), Max(row->created_at, row->rotated_at) + 1);
	row->last_seen_at = Max(row->last_seen_at, clock_now());
	args->user_id = row->user_id;
	args->expires_at = session_latest_end(row);
	return true;
}

/* A new token for the same session; the old one is remembered to see theft. */
ResultCode
session_rotate(const pg_uuid_t *session_id, const unsigned char *old_hash,
			   const unsigned char *new_hash, const char *actor, TimestampTz *expires_at)
{
	RotateArgs args = { old_hash, new_hash, RESULT_NO_SESSION, NULL, 0 };

	if (catalog_edit_session(session_id, true, edit_rotate, &args))
		catalog_insert_event("session_rotated", args.user_id, session_id, actor, NULL);
	*expires_at = args.expires_at;
	return args.result;
}
