/*
 * identity.c
 *		Who the current caller is: the guarded setting session_auth.identity.
 *
 * Invariant: the setting is the only truth.  Its text carries the identity to
 * parallel workers, once identity_tell_workers has written it; its extra data is
 * the struct that readers use; PostgreSQL's own machinery for settings ends it with
 * the transaction, restores it with a rolled back savepoint and clears it with
 * DISCARD ALL.
 *
 * The check hook is the guard: it takes a value only from identity_set, or
 * while a parallel worker is given its leader's settings.  Whatever SQL says
 * (SET, set_config, ALTER ROLE ... SET, PGOPTIONS, a placeholder from before
 * the library was loaded) passes through the same hook and is refused.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "utils/portal.h"

#include "base/clock.h"
#include "base/compat.h"
#include "base/narrowing_text.h"
#include "identity/cursor.h"
#include "identity/identity.h"
#include "identity/identity_chunk.h"
#include "identity/identity_text.h"
#include "monitor/active.h"

#define SETTING_NAME "session_auth.identity"

const Identity *identity_in_force = NULL; /* the setting's extra data */
uint64 identity_generation = 1;

static char *setting_value;
static bool setting_ourselves = false;
static Identity *setting_chunk = NULL; /* what the value that is being set says */
static uint64 transaction_number = 1;
static bool transaction_is_narrowed = false;
static const Identity *withheld =
	NULL; /* what the setting says and a narrowed transaction must not have */
static IdentityCheck check_connection = NULL;

static const char covers_nothing[] = { NARROWING_END, '\0' };

/* ------------------------------------------------------------ a worker's identity */

/*
 * What stands for a leader's identity in a worker that does not know it, which
 * says so when it is asked: an error of the setting's would show the text.
 */
static Identity *
unknown_identity(IdentityScope why)
{
	Identity *identity = guc_malloc(LOG, sizeof(Identity));

	if (identity)
	{
		memset(identity, 0, sizeof(Identity));
		identity->scope = why;
		identity->expires_at = DT_NOEND;
	}
	return identity;
}

static bool
is_unknown(const Identity *identity)
{
	return identity->scope == SCOPE_UNREADABLE || identity->scope == SCOPE_UNTOLD;
}

static Identity *
identity_of_leader(const char *text)
{
	Identity *identity;

	if (*text == IDENTITY_BLANK)
		return unknown_identity(SCOPE_UNTOLD);
	identity = identity_from_text(text);
	return identity ? identity : unknown_identity(SCOPE_UNREADABLE);
}

pg_noreturn static void refuse_unknown(const Identity *identity);

static void
refuse_unknown(const Identity *identity)
{
	if (identity->scope == SCOPE_UNREADABLE)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("session_auth was updated while this connection was open"),
						errhint("Connect again.")));
	ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("a parallel operation that is no query does not know the identity"),
					errhint("What an index holds must not depend on who is calling.")));
}

/* ---------------------------------------------------------------- the setting */

static bool
identity_check_hook(char **newval, void **extra, GucSource source)
{
	*extra = NULL;
	if (*newval == NULL || **newval == '\0')
		return true;
	if (!setting_ourselves && !(InitializingParallelWorker && source == PGC_S_SESSION))
	{
		GUC_check_errcode(ERRCODE_INSUFFICIENT_PRIVILEGE);
		GUC_check_errmsg("\"%s\" cannot be set", SETTING_NAME);
		GUC_check_errhint("Use session_auth.authenticate().");
		return false;
	}
	*extra = setting_ourselves ? setting_chunk : identity_of_leader(*newval);
	setting_chunk = NULL;
	return *extra != NULL;
}

/* A parallel worker has its leader's identity, which is shown for the leader. */
static void
show_to_others(const Identity *identity)
{
	Publication publication;

	if (identity == NULL || is_unknown(identity) || IsParallelWorker() ||
		identity->expires_at == DT_NOBEGIN)
	{
		active_retract();
		return;
	}
	publication = (Publication){
		.user_id = identity->user_id,
		.tenant = identity->tenant,
		.roles = identity_role_names(identity),
		.roles_len = identity->roles_len,
		.of_connection = identity->scope == SCOPE_CONNECTION,
		.since = GetCurrentStatementStartTimestamp(),
		.expires_at = identity->expires_at,
	};
	active_publish(&publication);
}

/*
 * Whatever brings back an identity from before narrow() within the transaction, nobody is in
 * force then: the end of a function that has settings of its own takes back what was set in it.
 */
static bool
undoes_narrowing(const Identity *identity)
{
	return transaction_is_narrowed && identity && !identity->narrowed;
}

static void
identity_assign_hook(const char *newval, void *extra)
{
	withheld = undoes_narrowing(extra) ? extra : NULL;
	identity_in_force = withheld ? NULL : extra;
	identity_generation++;
	show_to_others(identity_in_force);
}

/* What SHOW and SET ... FROM CURRENT see: that there is one, never its content. */
static const char *
identity_show_hook(void)
{
	return identity_in_force ? "(hidden)" : "";
}

static void identity_xact_callback(XactEvent event, void *arg);

void
identity_init(void)
{
	RegisterXactCallback(identity_xact_callback, NULL);
	DefineCustomStringVariable(SETTING_NAME, "The current identity; set by authenticate() alone.",
							   NULL, &setting_value, "", PGC_SUSET,
							   GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							   identity_check_hook, identity_assign_hook, identity_show_hook);
}

void
identity_on_check(IdentityCheck check)
{
	check_connection = check;
}

/*
 * The check hook takes the chunk over.  Where an error was raised before PostgreSQL called it,
 * the chunk is still ours, and is freed here.  (This is called in both ways out of write_setting,
 * as PG_FINALLY makes gcc 15 warn.)
 */
static void
finish_setting(void)
{
	setting_ourselves = false;
	if (setting_chunk)
		guc_free(setting_chunk);
	setting_chunk = NULL;
}

static void
write_setting(const char *value, Identity *chunk, GucAction action)
{
	setting_ourselves = true;
	setting_chunk = chunk;
	PG_TRY();
	{
		(void) set_config_option(SETTING_NAME, value, PGC_SUSET, PGC_S_SESSION, action, true, ERROR,
								 false);
	}
	PG_CATCH();
	{
		finish_setting();
		PG_RE_THROW();
	}
	PG_END_TRY();
	finish_setting();
}

/* One that is looked up again in the middle of a query has its text at once, for that query's workers. */
static void
write_identity(Identity *identity, GucAction action)
{
	size_t strings_size = identity_strings_size(identity);
	char *text = identity_blank_text(identity->nroles, strings_size);

	if (action == GUC_ACTION_SAVE)
		identity_write_text(identity, text);
	write_setting(text, identity_to_chunk(identity, strings_size), action);
}

/* ------------------------------------------------------------------ the reader */

/*
 * Transactions of one message share their start; a parallel worker shares that
 * with its leader and counts transactions of its own.
 */
static void
mark_checked(Identity *identity)
{
	identity->checked_in = GetCurrentTransactionStartTimestamp();
	identity->checked_number = transaction_number;
}

static bool
is_checked(const Identity *identity)
{
	return identity->checked_in == GetCurrentTransactionStartTimestamp() &&
		   (identity->checked_number == transaction_number || IsParallelWorker());
}

/* Before settings are restored, which frees what they were in the transaction. */
static void
end_narrowing(void)
{
	transaction_is_narrowed = false;
	if (withheld)
		identity_assign_hook(NULL, (void *) withheld);
}

static void
identity_xact_callback(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
	{
		transaction_number++;
		end_narrowing();
	}
}

/*
 * GUC_ACTION_SAVE lasts no longer than the transaction, and is the one action that PostgreSQL
 * allows during a parallel operation.  A worker, which ends with its query, has been given its
 * settings in the same transaction: there is nothing in it to save them for.
 */
static void
replace_for_transaction(Identity *identity)
{
	if (IsParallelWorker())
		identity_assign_hook(
			NULL, identity ? identity_to_chunk(identity, identity_strings_size(identity)) : NULL);
	else if (identity)
		write_identity(identity, GUC_ACTION_SAVE);
	else
		write_setting("", NULL, GUC_ACTION_SAVE);
}

/* An identity of scope connection is looked up again at its first use in a transaction. */
static void
check_connection_identity(void)
{
	Identity fresh = *identity_in_force;

	if (check_connection && check_connection(identity_in_force, &fresh))
	{
		fresh.scope = SCOPE_CONNECTION;
		mark_checked(&fresh);
		replace_for_transaction(&fresh);
	}
	else
		replace_for_transaction(NULL);
}

/* One of scope connection, which has not expired: looked up again if that is due. */
const Identity *
identity_current_checked(void)
{
	if (is_unknown(identity_in_force))
		refuse_unknown(identity_in_force);
	if (!is_checked(identity_in_force))
	{
		check_connection_identity();
		if (identity_in_force == NULL || identity_in_force->expires_at <= clock_statement())
			return NULL;
	}
	return identity_in_force;
}

/*
 * What the identity is narrowed to, or NULL; one that has expired has its narrowing still.
 * Where a reset has taken a narrowed identity away, nothing may be done to the
 * transaction's end.
 */
const char *
identity_narrowing(void)
{
	if (identity_in_force == NULL)
		return transaction_is_narrowed ? covers_nothing : NULL;
	if (is_unknown(identity_in_force))
		refuse_unknown(identity_in_force);
	return identity_in_force->narrowing;
}

/* ------------------------------------------------------------------ the writers */

/*
 * An open cursor has taken some of its rows for one identity and would take
 * the rest for another.  One whose rows are stored takes none.
 */
static void
require_no_cursor(void)
{
	if (cursor_takes_more_rows())
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("cannot change the identity while a cursor is open"),
						errhint("Close every cursor first, for example with CLOSE ALL."),
						errhidestmt(true)));
}

/* Who narrows hands over to SQL that must not become somebody else, whatever token it has. */
static void
require_not_narrowed(void)
{
	if (transaction_is_narrowed)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("cannot change the identity in a transaction that was narrowed"),
						errhint("End the transaction first."), errhidestmt(true)));
}

void
identity_require_changeable(void)
{
	require_not_narrowed();
	require_no_cursor();
}

/*
 * Likewise of one that another server carries over: that one has seen to it that nothing widens
 * what it has narrowed, and narrows further in the same transaction.
 */
void
identity_require_carriable(bool narrowed)
{
	if (!narrowed)
		require_not_narrowed();
	require_no_cursor();
}

/*
 * One that was narrowed elsewhere is as narrow here, to the transaction's end: it may come within
 * a savepoint, and what would be in force after that has been rolled back is withheld.
 */
void
identity_set_carried(Identity *identity)
{
	mark_checked(identity);
	if (identity->narrowed)
		transaction_is_narrowed = true;
	write_identity(identity,
				   identity->scope == SCOPE_CONNECTION ? GUC_ACTION_SET : GUC_ACTION_LOCAL);
}

/* After identity_require_changeable, which comes before a token is looked at. */
void
identity_set(Identity *identity)
{
	require_not_narrowed();
	identity_set_carried(identity);
}

/* A subtransaction can be rolled back by SQL that comes later, and what was set in it with it. */
static void
require_no_savepoint(void)
{
	if (GetCurrentTransactionNestLevel() > 1)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("cannot narrow while a savepoint is open"),
						errdetail("A block with EXCEPTION in PL/pgSQL is one too."),
						errhint("Narrow before the savepoint, or release it.")));
}

/* Not even one whose rows are stored: they were taken for more than is left now. */
static void
require_no_rows_of_before(void)
{
	if (!ThereAreNoReadyPortals())
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("cannot narrow while a cursor is open"),
						errhint("Close every cursor first, for example with CLOSE ALL.")));
}

static void
require_room(const char *narrowing)
{
	if (strlen(narrowing) > NARROWING_MAX)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("the identity is narrowed to too many permissions")));
}

/*
 * From now on the current identity, which the caller has looked up, may do no more than these permissions, one layer
 * of narrowing_text.h, cover.  The first time cannot be undone within the transaction.
 */
void
identity_narrow(const Identity *identity, const char *permissions)
{
	Identity narrowed = *identity;

	if (!transaction_is_narrowed)
		require_no_savepoint();
	require_no_rows_of_before();
	narrowed.narrowing = narrowing_text_join(narrowed.narrowing, permissions);
	narrowed.narrowed = true;
	require_room(narrowed.narrowing);
	transaction_is_narrowed = true;
	write_identity(&narrowed, GUC_ACTION_LOCAL);
}

/*
 * In its narrowed transaction an identity that is dropped leaves its narrowing behind, for
 * workers too: it has ended, and nobody is in force.
 */
static void
leave_narrowing(void)
{
	Identity ended = *identity_in_force;
	size_t strings_size = identity_strings_size(&ended);
	char *text = identity_blank_text(ended.nroles, strings_size);
	Identity *chunk;

	ended.expires_at = DT_NOBEGIN;
	ended.scope = SCOPE_TRANSACTION;
	chunk = identity_to_chunk(&ended, strings_size);
	write_setting("", NULL, GUC_ACTION_SET);
	write_setting(text, chunk, GUC_ACTION_LOCAL);
}

/* Also drops what lies below an identity of scope transaction. */
void
identity_drop(void)
{
	if (transaction_is_narrowed && identity_in_force && identity_in_force->narrowed)
		leave_narrowing();
	else
		write_setting("", NULL, GUC_ACTION_SET);
}

/* ------------------------------------------------------------- what workers are told */

/*
 * Where an identity is withheld, or was reset, in a narrowed transaction, workers would have it,
 * or nobody who is not narrowed: they are given one that has ended and may do nothing.
 */
static void
put_nobody_in_force(void)
{
	Identity nobody = { .expires_at = DT_NOBEGIN,
						.scope = SCOPE_TRANSACTION,
						.narrowed = true,
						.kind = "",
						.user_id = "",
						.narrowing = covers_nothing };

	write_identity(&nobody, GUC_ACTION_LOCAL);
}

static bool
nobody_is_narrowed(void)
{
	return transaction_is_narrowed && identity_in_force == NULL;
}

/* To be called before a statement that is no query, which may have workers too. */
void
identity_withhold_from_workers(void)
{
	if (nobody_is_narrowed() && IsTransactionState() && !IsInParallelMode())
		put_nobody_in_force();
}

/*
 * To be called before a query with parallel workers runs.  The text is written where it stands,
 * in the setting's own memory: to PostgreSQL nothing has changed, so nothing has to be restored.
 */
void
identity_tell_workers(void)
{
	Identity identity;

	if (nobody_is_narrowed())
		put_nobody_in_force();
	if (identity_in_force == NULL || is_unknown(identity_in_force) ||
		*setting_value != IDENTITY_BLANK)
		return;
	identity = *identity_in_force;
	identity_write_text(&identity, setting_value);
}
