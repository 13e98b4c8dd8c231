/*
 * session_auth.c
 *		The module: what happens when the library is loaded.
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/tcopprot.h"

#include "base/compat.h"
#include "base/oauth_settings.h"
#include "base/recorded_events.h"
#include "base/settings.h"
#include "base/settings_batch.h"
#include "base/shared_memory.h"
#include "base/string_table.h"
#include "catalog/changes.h"
#include "catalog/tables.h"
#include "executor/demands.h"
#include "executor/gate.h"
#include "executor/required_identity.h"
#include "executor/worker_identity.h"
#include "identity/identity.h"
#include "maintenance/launcher.h"
#include "maintenance/worker.h"
#include "monitor/backends.h"
#include "monitor/denials.h"
#include "pure/crypto.h"
#include "remote/arrival.h"
#include "remote/arrival_call.h"
#include "remote/arrival_view.h"
#include "remote/touched.h"
#include "sql/hidden_secret.h"
#include "verify/session.h"
#include "verify/verify.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

/*
 * PostgreSQL preloads a session's libraries in a transaction, before there is a statement.  Who
 * judges an OAuth token is loaded earlier, before there is a database.
 */
static bool
is_login(void)
{
	return MyBackendType == B_BACKEND && OidIsValid(MyDatabaseId) && debug_query_string == NULL &&
		   IsTransactionState();
}

/*
 * What the first token needs is got while nobody waits for an answer: by the postmaster for
 * all its backends, or at the login.  OpenSSL looks its SHA-256 up once for each process.  Where
 * a statement loads the library, it is got when it is needed.
 */
static void
warm_up(void)
{
	unsigned char hash[CRYPTO_SHA256_LEN];

	if (process_shared_preload_libraries_in_progress || is_login())
		(void) crypto_sha256("", 0, hash);
	if (is_login())
		catalog_warm_up();
}

static void
define_settings(void)
{
	settings_init();
	recorded_events_init();
	oauth_settings_init();
	identity_init();
}

void
_PG_init(void)
{
	string_seeds_init();
	define_settings_at_once(define_settings);
	MarkGUCPrefixReserved("session_auth");
	changes_init();
	session_init();
	verify_init();
	arrival_view_init();
	arrival_call_init();
	arrival_init();
	gate_init();
	required_identity_init();
	demands_init();
	hidden_secret_init();
	touched_init();
	backends_init();
	denials_init();
	worker_init();
	launcher_init();
	worker_identity_init();
	shared_memory_init();
	warm_up();
}
