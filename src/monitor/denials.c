/*
 * denials.c
 *		Denials that are to become rows of session_events, in shared memory.
 *
 * The error that a denial raises rolls its transaction back, and with it any row that the
 * transaction wrote.  So the backend leaves a note here, which no ROLLBACK takes back, and
 * a worker (maintenance/worker.c) writes the row.  What a crash or a shutdown finds here is
 * lost; the error's line in the server's log is not.
 *
 * Invariants: nobody reads or writes a file, waits or raises an error while the lock is
 * held.  The memory is of one size: the same denial again is counted, not added, and
 * what finds no room is counted as the rest.  In a minute a database gets no more new
 * denials than session_auth.record_denials says, and a user no more than a quarter of it,
 * so that one who floods does not hide the others.
 *
 * Where more databases than there are shares deny within a minute, what the others deny
 * is in the log alone.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "base/shared_memory.h"
#include "monitor/denials.h"

#define DENIALS     256
#define SHARES      64
#define USERS       64 /* in which users are told apart, by a hash */
#define USERS_PART  4
#define NOT_STARTED (-1)

/* What a database has had of its minute; it is anybody's when that is over. */
typedef struct Share
{
	Oid database;
	TimestampTz minute; /* its start */
	int rows;
	int rows_of_users[USERS];
	Denial rest; /* the count is 0 where there is none */
} Share;

typedef struct Board
{
	int launcher; /* its place among the processes */
	bool waiting; /* something was noted since the launcher last looked */
	TimestampTz waiting_since;
	Share shares[SHARES];
	Denial denials[DENIALS]; /* the count of a free one is 0 */
} Board;

static Board *board = NULL;
static LWLock *board_lock = NULL;

static Size
board_size(void)
{
	return sizeof(Board);
}

static void
board_init(void *memory)
{
	((Board *) memory)->launcher = NOT_STARTED;
}

void
denials_init(void)
{
	static SharedPiece piece = { "session_auth denials", board_size,  board_init,
								 (void **) &board,       &board_lock, NULL };

	shared_memory_ask(&piece);
}

/* --------------------------------------------------------- noting, under the lock */

static Denial *
find_denial(const DeniedRequest *request)
{
	for (int i = 0; i < DENIALS; i++)
		if (board->denials[i].count > 0 &&
			memcmp(&board->denials[i].request, request, sizeof(DeniedRequest)) == 0)
			return &board->denials[i];
	return NULL;
}

static Denial *
find_room(void)
{
	for (int i = 0; i < DENIALS; i++)
		if (board->denials[i].count == 0)
			return &board->denials[i];
	return NULL;
}

static bool
is_over(const Share *share, TimestampTz now)
{
	return now - share->minute >= USECS_PER_MINUTE || now < share->minute;
}

/* The database's share, or one that can become it, or NULL. */
static Share *
find_share(Oid database, TimestampTz now)
{
	Share *free_share = NULL;

	for (int i = 0; i < SHARES; i++)
	{
		Share *share = &board->shares[i];

		if (share->database == database)
			return share;
		if (share->rest.count == 0 && is_over(share, now))
			free_share = share;
	}
	return free_share;
}

static Share *
have_share(Oid database, TimestampTz now)
{
	Share *share = find_share(database, now);

	if (share != NULL && (share->database != database || is_over(share, now)))
	{
		share->database = database;
		share->minute = now;
		share->rows = 0;
		memset(share->rows_of_users, 0, sizeof(share->rows_of_users));
	}
	return share;
}

static int *
rows_of_user(Share *share, const DeniedRequest *request)
{
	uint32 hash =
		hash_bytes((const unsigned char *) request->user_id, (int) strlen(request->user_id));

	return &share->rows_of_users[hash % USERS];
}

static bool
allows_row(Share *share, const DeniedRequest *request)
{
	return share->rows < setting_record_denials &&
		   *rows_of_user(share, request) < Max(1, setting_record_denials / USERS_PART);
}

static void
count(Denial *denial, TimestampTz now)
{
	if (denial->count == 0)
		denial->since = now;
	denial->count++;
	denial->at = now;
}

static void
add(const DeniedRequest *request, TimestampTz now)
{
	Share *share = have_share(request->database, now);
	Denial *denial = share && allows_row(share, request) ? find_room() : NULL;

	if (denial)
	{
		denial->request = *request;
		share->rows++;
		(*rows_of_user(share, request))++;
	}
	else if (share)
	{
		denial = &share->rest;
		denial->is_rest = true;
		denial->request.database = request->database;
	}
	if (denial)
		count(denial, now);
}

/* The launcher's place, when it is to be told; it is told once until it has looked. */
static int
note(const DeniedRequest *request, TimestampTz now)
{
	Denial *same = find_denial(request);

	if (same)
		count(same, now);
	else
		add(request, now);
	if (board->waiting)
		return NOT_STARTED;
	board->waiting = true;
	board->waiting_since = now;
	return board->launcher;
}

/* On a standby nobody can write a row. */
void
denials_note(DeniedRequest *request)
{
	int launcher;

	if (board == NULL || setting_record_denials == 0 || RecoveryInProgress())
		return;
	request->database = MyDatabaseId;
	LWLockAcquire(board_lock, LW_EXCLUSIVE);
	launcher = note(request, GetCurrentTimestamp());
	LWLockRelease(board_lock);
	/* if another process has its place by now, it wakes up once for nothing */
	if (launcher != NOT_STARTED)
		SetLatch(&ProcGlobal->allProcs[launcher].procLatch);
}

/* ------------------------------------------------------------------ the launcher's */

void
denials_listen(void)
{
	LWLockAcquire(board_lock, LW_EXCLUSIVE);
	board->launcher = (int) (MyProc - ProcGlobal->allProcs);
	LWLockRelease(board_lock);
}

bool
denials_waiting(TimestampTz *since)
{
	bool waiting;

	LWLockAcquire(board_lock, LW_SHARED);
	waiting = board->waiting;
	*since = board->waiting_since;
	LWLockRelease(board_lock);
	return waiting;
}

/* Calls `visit` for each that is not free, the rests too; the caller has the lock. */
static void
visit_denials(void (*visit)(Denial *denial, void *arg), void *arg)
{
	for (int i = 0; i < DENIALS; i++)
		if (board->denials[i].count > 0)
			visit(&board->denials[i], arg);
	for (int i = 0; i < SHARES; i++)
		if (board->shares[i].rest.count > 0)
			visit(&board->shares[i].rest, arg);
}

typedef struct Copies
{
	Oid database; /* InvalidOid: of all */
	int n;
	Denial *denials;
} Copies;

static void
copy(Denial *denial, void *arg)
{
	Copies *copies = arg;

	if (!OidIsValid(copies->database) || denial->request.database == copies->database)
		copies->denials[copies->n++] = *denial;
}

static Copies
make_copies(Oid database)
{
	Copies copies = { database, 0, palloc((DENIALS + SHARES) * sizeof(Denial)) };

	LWLockAcquire(board_lock, LW_EXCLUSIVE);
	if (!OidIsValid(database))
		board->waiting = false;
	visit_denials(copy, &copies);
	LWLockRelease(board_lock);
	return copies;
}

/* Those that have denials; from now on the launcher is told of new ones. */
List *
denials_databases(void)
{
	Copies copies = make_copies(InvalidOid);
	List *databases = NIL;

	for (int i = 0; i < copies.n; i++)
		databases = list_append_unique_oid(databases, copies.denials[i].request.database);
	pfree(copies.denials);
	return databases;
}

/* --------------------------------------------------------------------- the writer's */

List *
denials_copy(Oid database)
{
	Copies copies = make_copies(database);
	List *list = NIL;

	for (int i = 0; i < copies.n; i++)
		list = lappend(list, &copies.denials[i]);
	return list;
}

/* Of one that was counted again meanwhile, what came since stays. */
static void
take_off(Denial *denial, void *arg)
{
	const Denial *copied = arg;

	if (denial->is_rest != copied->is_rest ||
		memcmp(&denial->request, &copied->request, sizeof(DeniedRequest)) != 0)
		return;
	denial->count -= Min(denial->count, copied->count);
	denial->since = denial->at;
}

void
denials_take_off(const List *copies)
{
	ListCell *cell;

	LWLockAcquire(board_lock, LW_EXCLUSIVE);
	foreach (cell, copies)
		visit_denials(take_off, lfirst(cell));
	LWLockRelease(board_lock);
}
