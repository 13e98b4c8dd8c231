/*
 * session_auth.c
 *		The module: what happens when the library is loaded.
 */
#include "postgres.h"

#include "fmgr.h"

#include "catalog.h"
#include "compat.h"
#include "gate.h"
#include "identity.h"
#include "keys.h"
#include "permission.h"
#include "revocation.h"
#include "role_cache.h"
#include "session.h"
#include "settings.h"
#include "string_table.h"
#include "verify.h"

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
