/*
 * session_auth.c
 *		The module: what happens when the library is loaded.
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/compat.h"
#include "base/settings.h"
#include "base/string_table.h"
#include "catalog/tables.h"
#include "executor/gate.h"
#include "identity/identity.h"
#include "permission/permission.h"
#include "verify/keys.h"
#include "verify/revocation.h"
#include "verify/role_cache.h"
#include "verify/session.h"
#include "verify/verify.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	string_seeds_init();
	settings_init();
	identity_init();
	MarkGUCPrefixReserved("session_auth");
	catalog_init();
	session_init();
	permission_init();
	role_cache_init();
	keys_init();
	revocation_init();
	verify_init();
	gate_init();
}
