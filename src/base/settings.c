/*
 * settings.c
 *		Every setting of session_auth but its guarded one (see identity.c).
 *
 * All are PGC_SUSET or stricter: what bounds an identity's life is the DBA's to
 * say, never the request's.
 */
#include "postgres.h"

#include <limits.h>

#include "miscadmin.h"
#include "utils/guc.h"

#include "base/settings.h"
#include "pure/limits.h"

int setting_session_lifetime;
int setting_absolute_lifetime;
int setting_idle_timeout;
int setting_rotation_grace;
int setting_touch_interval;
int setting_clock_skew;
int setting_event_retention;
int setting_purge_interval;
int setting_record_denials;
int setting_purge_delay;
int setting_statistics_databases;
int setting_max_sessions_per_user;
int setting_max_token_length;
int setting_replica_wait;
int setting_role_cache_size;
int setting_session_cache_size;
char *setting_node_name;
bool setting_log_denials;
bool setting_warn_literal_tokens;
bool setting_gate_policies;
bool setting_fold_filters;
bool setting_connection_scope;
bool setting_guard_protection;
bool setting_require_identity;
int setting_pre_request_refused;
int setting_denied_policies;

static bool library_is_preloaded;

static const struct config_enum_entry pre_request_answers[] = {
	{ "error", PRE_REQUEST_ERROR, false },
	{ "nobody", PRE_REQUEST_NOBODY, false },
	{ NULL, 0, false }
};

static const struct config_enum_entry denied_answers[] = { { "empty", DENIED_EMPTY, false },
														   { "error", DENIED_ERROR, false },
														   { NULL, 0, false } };

#define DAY 86400

static void
define_seconds(const char *name, const char *description, const char *detail, int *variable,
			   int fallback, int minimum)
{
	DefineCustomIntVariable(name, description, detail, variable, fallback, minimum, INT_MAX,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
}

/* Who turns it on where it does nothing is told so; a file may name it before a restart. */
static bool
check_record_denials(int *newval, void **extra, GucSource source)
{
	if (*newval > 0 && source >= PGC_S_INTERACTIVE && !library_is_preloaded)
		ereport(WARNING, (errmsg("session_auth.record_denials records nothing"),
						  errdetail("It needs shared_preload_libraries = 'session_auth'.")));
	return true;
}

/* The server takes such a one at its start alone, which is when it has a meaning. */
static void
define_size_of_shared_memory(void)
{
	if (process_shared_preload_libraries_in_progress)
		DefineCustomIntVariable(
			"session_auth.statistics_databases", "For how many databases counters are kept.",
			"It takes effect with shared_preload_libraries alone.", &setting_statistics_databases,
			128, 1, 10000, PGC_POSTMASTER, 0, NULL, NULL, NULL);
}

/* How long things last. */
static void
define_times(void)
{
	define_seconds("session_auth.session_lifetime",
				   "How long a session lasts when create_session is not told.",
				   "refresh_session slides a session's expiry by its own lifetime.",
				   &setting_session_lifetime, 30 * DAY, 1);
	define_seconds("session_auth.absolute_lifetime",
				   "How long a session can last at the most, however often it is refreshed.",
				   "Counted from its creation. Zero turns the limit off.",
				   &setting_absolute_lifetime, 0, 0);
	define_seconds("session_auth.idle_timeout", "How long a session may go unused before it ends.",
				   "Zero turns the limit off.", &setting_idle_timeout, 0, 0);
	define_seconds("session_auth.rotation_grace",
				   "How long a rotated token still verifies, for requests in flight.",
				   "Presented later, it ends the session as stolen.", &setting_rotation_grace, 10,
				   0);
	define_seconds("session_auth.touch_interval",
				   "How stale a session's last_seen_at may be before it is written again.", NULL,
				   &setting_touch_interval, 60, 0);
	define_seconds("session_auth.clock_skew",
				   "How far an issuer's clock may differ, for signed and encrypted tokens.", NULL,
				   &setting_clock_skew, 15, 0);
	define_seconds("session_auth.event_retention",
				   "How long purge_sessions keeps rows of session_events.", NULL,
				   &setting_event_retention, 90 * DAY, 0);
}

/* How much there may be of them, and what is done beside requests. */
static void
define_limits(void)
{
	DefineCustomIntVariable("session_auth.purge_interval",
							"How often a worker purges every database that has the extension.",
							"It needs shared_preload_libraries. Zero turns it off.",
							&setting_purge_interval, 600, 0, INT_MAX / 1000, PGC_SIGHUP, GUC_UNIT_S,
							NULL, NULL, NULL);
	DefineCustomIntVariable(
		"session_auth.purge_delay", "How long purge() and the worker sleep between batches.", NULL,
		&setting_purge_delay, 10, 0, 60 * 1000, PGC_SUSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("session_auth.max_sessions_per_user",
							"How many sessions a user may have at once; the oldest goes.",
							"Zero turns the limit off.", &setting_max_sessions_per_user, 0, 0,
							INT_MAX, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("session_auth.max_token_length", "The longest token that is looked at.",
							NULL, &setting_max_token_length, 16 * 1024, 64, TOKEN_MAX, PGC_SUSET,
							GUC_UNIT_BYTE, NULL, NULL, NULL);
	DefineCustomIntVariable("session_auth.replica_wait",
							"How long a standby waits for a session that was just created.",
							"On the primary, has tokens tell when they were issued. Zero is off.",
							&setting_replica_wait, 0, 0, 60 * 1000, PGC_SUSET, GUC_UNIT_MS, NULL,
							NULL, NULL);
	DefineCustomIntVariable("session_auth.role_cache_size",
							"How much memory a backend may use to remember who has which role.",
							"A user takes some 30 bytes and an id.", &setting_role_cache_size, 1024,
							64, 1024 * 1024, PGC_SUSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable(
		"session_auth.session_cache_size",
		"How much memory a backend may use to remember where it found sessions.",
		"A session takes some 40 bytes.", &setting_session_cache_size, 1024, 64, 1024 * 1024,
		PGC_SUSET, GUC_UNIT_KB, NULL, NULL, NULL);
	define_size_of_shared_memory();
}

/* How policies are evaluated, and what is said of it. */
static void
define_policies(void)
{
	DefineCustomBoolVariable("session_auth.log_denials",
							 "Logs why a token was refused, where no error says so.",
							 "The token itself is never logged.", &setting_log_denials, false,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable(
		"session_auth.record_denials", "How many denials a minute become rows of session_events.",
		"Those that raise an error. It needs shared_preload_libraries. Zero is off.",
		&setting_record_denials, 0, 0, 10000, PGC_SUSET, 0, check_record_denials, NULL, NULL);
	DefineCustomBoolVariable(
		"session_auth.warn_literal_tokens",
		"Warns, once a connection, of tokens and secrets in a statement's text.",
		"They are masked there in any case.", &setting_warn_literal_tokens, true, PGC_SUSET, 0,
		NULL, NULL, NULL);
	DefineCustomBoolVariable("session_auth.gate_policies",
							 "Tests what a policy asks once before the scan, not for each row.",
							 "A query that is denied then reads nothing.", &setting_gate_policies,
							 true, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable(
		"session_auth.fold_filters",
		"Computes once what a filter asks for each row and is the same for all.",
		"Only calls of this extension's functions are treated so.", &setting_fold_filters, true,
		PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable(
		"session_auth.denied_policies", "What a query gets that policies deny whatever the row.",
		"With error it fails, instead of finding no row. This needs session_auth.gate_policies.",
		&setting_denied_policies, DENIED_EMPTY, denied_answers, PGC_SUSET, 0, NULL, NULL, NULL);
}

/* What is refused. */
static void
define_guards(void)
{
	DefineCustomBoolVariable("session_auth.connection_scope",
							 "Allows identities that last as long as their connection.",
							 "Turn it off where a pooler hands connections from client to client.",
							 &setting_connection_scope, true, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("session_auth.guard_protection",
							 "Refuses to take protection away by anything but unprotect_table.",
							 "Also refuses to change the extension's own tables and functions.",
							 &setting_guard_protection, true, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("session_auth.require_identity",
							 "Refuses queries of protected tables without an identity.",
							 "Otherwise they find no rows.", &setting_require_identity, false,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable(
		"session_auth.pre_request_refused", "What pre_request does with a token that is refused.",
		"With nobody the request runs without an identity, as one without a token.",
		&setting_pre_request_refused, PRE_REQUEST_ERROR, pre_request_answers, PGC_SUSET, 0, NULL,
		NULL, NULL);
}

/* Which server this is to others. */
static void
define_node(void)
{
	DefineCustomStringVariable("session_auth.node_name",
							   "The audience of identities that other servers seal for this one.",
							   "While it is empty none is taken.", &setting_node_name, "",
							   PGC_SUSET, 0, NULL, NULL, NULL);
}

void
settings_init(void)
{
	library_is_preloaded = process_shared_preload_libraries_in_progress;
	define_times();
	define_limits();
	define_policies();
	define_guards();
	define_node();
}
