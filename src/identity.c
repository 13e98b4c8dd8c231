/*
 * identity.c
 *		Who the current caller is: the guarded setting session_auth.identity.
 *
 * Invariant: the setting is the only truth.  Its text carries the identity to
 * parallel workers; its extra data is the struct that readers use; PostgreSQL's
 * own machinery for settings ends it with the transaction, restores it with a
 * rolled back savepoint and clears it with DISCARD ALL.
 *
 * The check hook is the guard: it takes a value only from identity_set, or
 * while a parallel worker is given its leader's settings.  Whatever SQL says
 * (SET, set_config, ALTER ROLE ... SET, PGOPTIONS, a placeholder from before
 * the library was loaded) passes through the same hook and is refused.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/portal.h"

#include "clock.h"
#include "compat.h"
#include "identity.h"

#define SETTING_NAME "session_auth.identity"

const Identity *identity_in_force = NULL; /* the setting's extra data */
uint64 identity_generation = 1;

static char *setting_value;
static bool setting_ourselves = false;
static uint64 transaction_number = 1;
static IdentityCheck check_again = NULL;

/* ------------------------------------------------------- to and from the text */

/*
 * Numbers are hexadecimal of fixed width; a string is its length and its bytes.
 * This is written and read once for each authenticate, so it is kept simple
 * enough to be fast.
 */
#define NULL_STRING UINT64CONST(0xffffffff)

static void
append_hex(StringInfo out, uint64 value, int digits)
{
	static const char alphabet[] = "0123456789abcdef";

	enlargeStringInfo(out, digits);
	for (int i = digits - 1; i >= 0; i--)
	{
		out->data[out->len + i] = alphabet[value & 15];
		value >>= 4;
	}
	out->len += digits;
	out->data[out->len] = '\0';
}

static void
append_string(StringInfo out, const char *value)
{
	size_t len = value ? strlen(value) : 0;

	append_hex(out, value ? len : NULL_STRING, 8);
	if (value)
		appendBinaryStringInfo(out, value, (int) len);
}

static char *
identity_to_text(const Identity *identity)
{
	StringInfoData out;

	initStringInfo(&out);
	append_hex(&out, (uint64) identity->expires_at, 16);
	append_hex(&out, (uint64) identity->issued_at, 16);
	append_hex(&out, (uint64) identity->checked_in, 16);
	append_hex(&out, identity->checked_number, 16);
	append_hex(&out, identity->scope, 1);
	append_hex(&out, identity->has_session, 1);
	for (int i = 0; i < UUID_LEN; i++)
		append_hex(&out, identity->session_id.data[i], 2);
	append_hex(&out, (uint64) identity->nroles, 8);
	append_string(&out, identity->kind);
	append_string(&out, identity->user_id);
	append_string(&out, identity->tenant);
	append_string(&out, identity->actor);
	append_string(&out, identity->claims);
	append_string(&out, identity->origin);
	for (int i = 0; i < identity->nroles; i++)
		append_string(&out, identity->roles[i]);
	return out.data;
}

/* A cursor over the text, and the place where strings are copied to. */
typedef struct Reader
{
	const char *at;
	char *copy;
	bool failed;
} Reader;

static uint64
read_hex(Reader *reader, int digits)
{
	uint64 value = 0;

	for (int i = 0; i < digits && !reader->failed; i++)
	{
		char c = *reader->at;

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64) (c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64) (c - 'a' + 10);
		else
			reader->failed = true;
		reader->at++;
	}
	return value;
}

static const char *
read_string(Reader *reader)
{
	char *start = reader->copy;
	uint64 len = read_hex(reader, 8);

	if (reader->failed || len == NULL_STRING)
		return NULL;
	if (strnlen(reader->at, len) < len)
	{
		reader->failed = true;
		return NULL;
	}
	memcpy(start, reader->at, len);
	start[len] = '\0';
	reader->copy += len + 1;
	reader->at += len;
	return start;
}

static void
read_header(Reader *reader, Identity *identity)
{
	identity->expires_at = (TimestampTz) read_hex(reader, 16);
	identity->issued_at = (TimestampTz) read_hex(reader, 16);
	identity->checked_in = (TimestampTz) read_hex(reader, 16);
	identity->checked_number = read_hex(reader, 16);
	identity->scope = (IdentityScope) read_hex(reader, 1);
	identity->has_session = read_hex(reader, 1) != 0;
	for (int i = 0; i < UUID_LEN; i++)
		identity->session_id.data[i] = (unsigned char) read_hex(reader, 2);
	identity->nroles = (int) read_hex(reader, 8);
}

static void
read_strings(Reader *reader, Identity *identity, const char **roles)
{
	identity->kind = read_string(reader);
	identity->user_id = read_string(reader);
	identity->tenant = read_string(reader);
	identity->actor = read_string(reader);
	identity->claims = read_string(reader);
	identity->origin = read_string(reader);
	for (int i = 0; i < identity->nroles; i++)
		roles[i] = read_string(reader);
	identity->roles = roles;
	identity->roles_len = identity->nroles == 0 ? 0 : (size_t) (reader->copy - roles[0]);
}

/*
 * One chunk that holds the identity, its array of roles and its strings, from
 * the allocator that settings use; NULL when the text is not an identity or
 * memory ran out.
 */
static Identity *
identity_from_text(const char *text)
{
	Identity header;
	Identity *identity;
	size_t roles_size;
	Reader reader = { text, NULL, false };

	memset(&header, 0, sizeof(header));
	read_header(&reader, &header);
	if (reader.failed || header.nroles < 0 || (size_t) header.nroles > strlen(reader.at))
		return NULL;
	roles_size = header.nroles * sizeof(char *);
	identity = guc_malloc(LOG, sizeof(Identity) + roles_size + strlen(reader.at) + 1);
	if (identity == NULL)
		return NULL;
	*identity = header;
	reader.copy = (char *) (identity + 1) + roles_size;
	read_strings(&reader, identity, (const char **) (identity + 1));
	if (reader.failed || *reader.at != '\0' || identity->user_id == NULL || identity->kind == NULL)
	{
		guc_free(identity);
		return NULL;
	}
	return identity;
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
	*extra = identity_from_text(*newval);
	return *extra != NULL;
}

static void
identity_assign_hook(const char *newval, void *extra)
{
	identity_in_force = extra;
	identity_generation++;
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
	check_again = check;
}

static void
write_setting(const char *value, GucAction action)
{
	setting_ourselves = true;
	PG_TRY();
	{
		(void) set_config_option(SETTING_NAME, value, PGC_SUSET, PGC_S_SESSION, action, true, ERROR,
								 false);
	}
	PG_FINALLY();
	{
		setting_ourselves = false;
	}
	PG_END_TRY();
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

static void
identity_xact_callback(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		transaction_number++;
}

/*
 * An identity of scope connection is looked up again at its first use in a
 * transaction.  GUC_ACTION_SAVE lasts no longer than the transaction, and is
 * the one action that PostgreSQL allows during a parallel operation.
 */
static void
check_connection_identity(void)
{
	Identity fresh = *identity_in_force;
	char *value = "";

	if (check_again && check_again(identity_in_force, &fresh))
	{
		fresh.scope = SCOPE_CONNECTION;
		mark_checked(&fresh);
		value = identity_to_text(&fresh);
	}
	write_setting(value, GUC_ACTION_SAVE);
}

/* One of scope connection, which has not expired: looked up again if that is due. */
const Identity *
identity_current_checked(void)
{
	if (!is_checked(identity_in_force))
	{
		check_connection_identity();
		if (identity_in_force == NULL || identity_in_force->expires_at <= clock_statement())
			return NULL;
	}
	return identity_in_force;
}

/*
 * Who is to be recorded as having done something: the one who impersonates, or
 * the current user, or NULL when nobody is authenticated.
 */
const char *
identity_acting_user(void)
{
	const Identity *identity = identity_current();

	if (identity == NULL)
		return NULL;
	return identity->actor ? identity->actor : identity->user_id;
}

/* ------------------------------------------------------------------ the writers */

/*
 * An open cursor has taken some of its rows for one identity and would take
 * the rest for another.
 */
void
identity_require_no_cursor(void)
{
	if (!ThereAreNoReadyPortals())
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("cannot change the identity while a cursor is open"),
						errhint("Close every cursor first, for example with CLOSE ALL."),
						errhidestmt(true)));
}

void
identity_set(Identity *identity)
{
	identity_require_no_cursor();
	mark_checked(identity);
	write_setting(identity_to_text(identity),
				  identity->scope == SCOPE_CONNECTION ? GUC_ACTION_SET : GUC_ACTION_LOCAL);
}

/* Also drops what lies below an identity of scope transaction. */
void
identity_drop(void)
{
	write_setting("", GUC_ACTION_SET);
}
