/*
 * changes.c
 *		How often what caches are filled from has changed, as far as this backend has heard.
 *
 * Each kind of change is told as an invalidation of one table's relation cache entry.
 * PostgreSQL carries it: to the own transaction's next command, to every backend at
 * commit, to standbys through WAL, and to nobody when the transaction is rolled back.
 *
 * Invariant: whatever may have changed is counted; an invalidation of everything, or of
 * a table that cannot be told apart, counts for all that it may be.
 */
#include "postgres.h"

#include "utils/inval.h"
#include "utils/syscache.h"

#include "catalog/changes.h"
#include "catalog/table_access.h"

uint64 changes_of[CHANGE_KINDS] = { 1, 1, 1, 1, 1, 1 };

/* The table whose invalidation tells of a kind of change. */
static const CatalogRelation told_by[CHANGED_RELATIONS] = {
	[CHANGED_PERMISSIONS] = PERMISSIONS, [CHANGED_GRANTS] = USER_ROLES,
	[CHANGED_KEYS] = SIGNING_KEYS,       [CHANGED_REVOCATIONS] = REVOKED_TOKENS,
	[CHANGED_NODES] = CONNECTED_NODES,
};

/*
 * A callback may neither read catalogs nor free what is in use, so all that it does is count.
 * A relid of zero means that everything may have changed.
 */
static void
relation_invalidated(Datum arg, Oid relid)
{
	for (int kind = 0; kind < CHANGED_RELATIONS; kind++)
		if (relid == InvalidOid || relation_may_be(relid, told_by[kind]))
			changes_of[kind]++;
	if (relid == InvalidOid || relation_is_known(relid))
		changes_of[CHANGED_RELATIONS]++;
}

static void
schema_invalidated(Datum arg, int cacheid, uint32 hashvalue)
{
	for (int kind = 0; kind < CHANGE_KINDS; kind++)
		changes_of[kind]++;
}

void
changes_init(void)
{
	CacheRegisterRelcacheCallback(relation_invalidated, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, schema_invalidated, (Datum) 0);
}

/*
 * Tells every backend, at commit, that there was a change of this kind; this one at its
 * next command.
 */
void
changes_tell(ChangeKind kind)
{
	CacheInvalidateRelcacheByRelid(relation_oid(told_by[kind]));
}
