/*
 * hidden_secret.c
 *		Keeps a secret that SQL was given out of what others see of the statement.
 *
 * A client that binds parameters sends SELECT session_auth.authenticate($1).  Many put
 * the value into the text instead, where pg_stat_activity shows it to every session of
 * the same database role, and logs keep it.  Whatever is given a token or a secret calls
 * hide_secret before it does anything else.  From there on:
 *
 * - The statement's text is masked where it stands, byte for byte.  PostgreSQL logs it
 *   from that place when the statement has taken long or failed, and so do
 *   pg_stat_statements, auto_explain, and the workers of what follows in the same string;
 *   the places in it that others have remembered stay right.
 * - pg_stat_activity is told the masked text, which stays there when the session is idle.
 * - What is logged up to the end of the transaction is masked: a plan's constants, the
 *   parameters that were bound, texts of statements within functions.
 * - The client is told once.
 *
 * What cannot be helped is what happens before the function is called: the text is in
 * pg_stat_activity while it is parsed and planned, and log_statement has logged it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/prepare.h"
#include "miscadmin.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/settings.h"
#include "pure/crypto.h"
#include "pure/secret_in_text.h"
#include "sql/hidden_secret.h"

/* Of the class of warnings (01), as the standard leaves them to implementations. */
#define ERRCODE_SECRET_IN_TEXT MAKE_SQLSTATE('0', '1', 'S', 'A', '1')

/* ------------------------------------------------------- what is logged from now on */

/* So many at a time, the latest ones; what is longer is remembered as far as that. */
#define REMEMBERED     4
#define REMEMBERED_MAX (64 * 1024)

typedef struct Remembered
{
	char *bytes; /* of TopMemoryContext */
	size_t len;
	size_t room;
} Remembered;

static Remembered remembered[REMEMBERED];
static int latest = 0;
static TimestampTz remembered_in = 0; /* the statement; 0 when there is none */

static emit_log_hook_type next_hook = NULL;

/* Without memory for it, it is not remembered: no reason to refuse what was asked. */
static bool
make_room(Remembered *place, size_t len)
{
	char *bytes;

	if (place->room >= len)
		return true;
	bytes = MemoryContextAllocExtended(TopMemoryContext, len, MCXT_ALLOC_NO_OOM);
	if (bytes == NULL)
		return false;
	if (place->bytes)
		pfree(place->bytes);
	*place = (Remembered){ bytes, 0, len };
	return true;
}

static void
forget(Remembered *place)
{
	if (place->len > 0)
		crypto_cleanse(place->bytes, place->len);
	place->len = 0;
}

static void
remember(Slice secret)
{
	Slice known = { remembered[latest].bytes, remembered[latest].len };
	Remembered *place;

	remembered_in = GetCurrentStatementStartTimestamp();
	secret.len = Min(secret.len, REMEMBERED_MAX);
	if (slice_equals(known, secret))
		return;
	latest = (latest + 1) % REMEMBERED;
	place = &remembered[latest];
	forget(place);
	if (!make_room(place, secret.len))
		return;
	memcpy(place->bytes, secret.data, secret.len);
	place->len = secret.len;
}

static void
mask_remembered(char *text)
{
	for (int i = 0; text && i < REMEMBERED; i++)
		secret_mask(text, strlen(text), slice_make(remembered[i].bytes, remembered[i].len));
}

/* The fields are this error's own; they keep their length. */
static void
mask_message(ErrorData *error)
{
	if (remembered_in != 0)
	{
		mask_remembered(error->message);
		mask_remembered(error->detail);
		mask_remembered(error->detail_log);
		mask_remembered(error->hint);
		mask_remembered(error->context);
		mask_remembered(error->internalquery);
	}
	if (next_hook)
		next_hook(error);
}

/*
 * A statement that is a transaction of its own logs how long it took when that has ended:
 * its secrets are forgotten with the next one.
 */
static void
forget_at_end(XactEvent event, void *arg)
{
	if (remembered_in == 0 || remembered_in == GetCurrentStatementStartTimestamp() ||
		(event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE))
		return;
	for (int i = 0; i < REMEMBERED; i++)
		forget(&remembered[i]);
	remembered_in = 0;
}

/* ---------------------------------------------------------------- the statement's text */

/*
 * PostgreSQL declares these texts as constant, but they are memory of its own: the
 * message that was received, or copies that the portal and the prepared statement made.
 */
static bool
mask_in_place(const char *text, Slice secret)
{
	size_t len = strlen(text);

	return secret_fits(secret, len) && secret_mask(unconstify(char *, text), len, secret);
}

/* A background process may point to anything: a masked copy is put in its place, till the next one. */
static bool
mask_copy(Slice secret)
{
	static char *copy = NULL;
	size_t len = strlen(debug_query_string);
	char *text;

	if (debug_query_string == copy)
		return secret_mask(copy, len, secret);
	text =
		MemoryContextAllocExtended(TopMemoryContext, len + 1, MCXT_ALLOC_NO_OOM | MCXT_ALLOC_HUGE);
	if (text == NULL)
		return false;
	memcpy(text, debug_query_string, len + 1);
	if (!secret_mask(text, len, secret))
	{
		pfree(text);
		return false;
	}
	if (copy)
		pfree(copy);
	debug_query_string = copy = text;
	return true;
}

/* A new text would take the statement's id with it. */
static void
show_masked_text(void)
{
	int64 query_id = pgstat_get_my_query_id();

	compat_report_activity(debug_query_string);
	pgstat_report_query_id(query_id, true);
}

/* What the client has sent, and what pg_stat_activity shows. */
static bool
mask_client_text(Slice secret)
{
	bool found;

	if (debug_query_string == NULL)
		return false;
	found = MyProcPort ? mask_in_place(debug_query_string, secret) : mask_copy(secret);
	if (found)
		show_masked_text();
	return found;
}

/* The statement that runs may be another: what a cursor or a prepared statement was made of. */
static bool
mask_portal_text(Slice secret)
{
	const char *text = ActivePortal ? ActivePortal->sourceText : NULL;

	return text && text != debug_query_string && mask_in_place(text, secret);
}

/* Each time that it is run, it is shown anew. */
static void
mask_prepared_text(Slice secret)
{
	const char *name = ActivePortal ? ActivePortal->prepStmtName : NULL;
	PreparedStatement *prepared = name ? FetchPreparedStatement(name, false) : NULL;

	if (prepared)
		mask_in_place(prepared->plansource->query_string, secret);
}

/* ----------------------------------------------------------------------- the remedy */

static void
warn_once(void)
{
	static bool warned = false;

	if (warned || !setting_warn_literal_tokens)
		return;
	warned = true;
	ereport(WARNING,
			(errcode(ERRCODE_SECRET_IN_TEXT),
			 errmsg("a token or secret is a part of the statement's text"),
			 errdetail("Until it has been read, other sessions of the same database role see it in "
					   "pg_stat_activity, and log_statement logs it."),
			 errhint("Send it as a bind parameter: docs/drivers.md of session_auth has the call "
					 "that does, for each client."),
			 errhidestmt(true), errhidecontext(true)));
}

/* Whether the text held it. */
bool
hide_secret(Slice secret)
{
	bool found;

	if (secret.len == 0)
		return false;
	remember(secret);
	found = mask_client_text(secret);
	found = mask_portal_text(secret) || found;
	if (found)
	{
		mask_prepared_text(secret);
		warn_once();
	}
	return found;
}

SQL_FUNCTION(session_auth_hide_secret);

/* hide_secret(secret): for functions in SQL */
Datum
session_auth_hide_secret(PG_FUNCTION_ARGS)
{
	text *secret;

	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	secret = PG_GETARG_TEXT_PP(0);
	PG_RETURN_BOOL(hide_secret(slice_make(VARDATA_ANY(secret), VARSIZE_ANY_EXHDR(secret))));
}

void
hidden_secret_init(void)
{
	next_hook = emit_log_hook;
	emit_log_hook = mask_message;
	RegisterXactCallback(forget_at_end, NULL);
}
