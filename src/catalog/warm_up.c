/*
 * warm_up.c
 *		What a connection's first request needs of the tables, read at its login.
 *
 * PostgreSQL keeps the descriptions of tables and indexes that it has opened once.  Where
 * the library is loaded at the login (session_preload_libraries) nobody waits for a row
 * yet, so they are opened then.
 *
 * Nobody's login may fail or wait for it: what is not there, or locked, is left to the
 * first request, which says why it cannot be had.
 */
#include "postgres.h"

#include "access/relation.h"
#include "storage/lmgr.h"

#include "catalog/table_access.h"

/*
 * What authenticate reads of a session's token and its user, what the session's touch at commit writes,
 * and what a permission's first question reads.
 */
static const CatalogRelation needed[] = {
	SESSIONS,
	SESSIONS_BY_TOKEN,
	SESSIONS_BY_ID,
	SESSIONS_BY_USER,
	SESSIONS_BY_EXPIRY,
	USER_ROLES,
	USER_ROLES_BY_HASH,
	ROLES,
	ROLES_BY_NAME,
	ROLE_PARENTS,
	ROLE_PARENTS_BY_ROLE,
	PERMISSIONS,
	PERMISSIONS_BY_ROLE,
	PERMISSION_CHANGES,
	PERMISSION_CHANGES_BY_XID,
	BANS,
};

static void
describe(CatalogRelation relation)
{
	Oid oid;
	Relation opened;

	if (!relation_exists(relation))
		return;
	oid = relation_oid(relation);
	if (!ConditionalLockRelationOid(oid, AccessShareLock))
		return;
	opened = try_relation_open(oid, NoLock);
	if (opened)
		relation_close(opened, NoLock);
	UnlockRelationOid(oid, AccessShareLock);
}

void
catalog_warm_up(void)
{
	for (int i = 0; i < (int) lengthof(needed); i++)
		describe(needed[i]);
}
