/*
 * tables.c
 *		The one way to the extension's tables: found, scanned, written.
 *
 * Together with the table_*.c files, one for each family of tables, this is
 * the only reader and writer of them in C.  Reads are direct index scans with
 * the newest snapshot: they see the newest committed rows and the transaction's
 * own, in every isolation level, in parallel workers and on standbys.  An older
 * snapshot would let a revoked session or permission live on in a REPEATABLE READ
 * transaction.
 *
 * Writes go through the executor's functions for single rows, as logical
 * replication's do, so that constraints, triggers and every index are served.
 * A row is changed only after its newest version has been locked.
 *
 * Relations are found by name in the extension's schema when they are first asked
 * for, then by OID: a connection, or a parallel worker, that asks one question does
 * not look for all of them.
 *
 * Between the installation of new files and ALTER EXTENSION UPDATE, a library
 * works on tables of an older version or, in connections that were open, of a
 * newer one.  Versions only add columns, at the end: those that a library does
 * not know keep their values or get their defaults, and those that it misses
 * are an error.
 */
#include "postgres.h"

#include "access/relscan.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "parser/parse_relation.h"
#include "rewrite/rewriteHandler.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "catalog/changes.h"
#include "catalog/table_access.h"
#include "catalog/tables.h"

static const char *const relation_names[CATALOG_RELATIONS] = {
	[SESSIONS] = "sessions",
	[SESSIONS_BY_ID] = "sessions_pkey",
	[SESSIONS_BY_TOKEN] = "sessions_token_key_key",
	[SESSIONS_BY_USER] = "sessions_user_id_idx",
	[SESSIONS_BY_EXPIRY] = "sessions_expires_at_idx",
	[ROTATED_TOKENS] = "rotated_tokens",
	[ROTATED_TOKENS_BY_TOKEN] = "rotated_tokens_pkey",
	[SESSION_EVENTS] = "session_events",
	[ROLES] = "roles",
	[ROLES_BY_NAME] = "roles_pkey",
	[ROLE_PARENTS] = "role_parents",
	[ROLE_PARENTS_BY_ROLE] = "role_parents_pkey",
	[PERMISSIONS] = "permissions",
	[PERMISSIONS_BY_ROLE] = "permissions_pkey",
	[PERMISSION_CHANGES] = "permission_changes",
	[PERMISSION_CHANGES_BY_XID] = "permission_changes_xid_idx",
	[USER_ROLES] = "user_roles",
	[USER_ROLES_BY_USER] = "user_roles_user_id_role_tenant_key",
	[USER_ROLES_BY_HASH] = "user_roles_user_id_hash",
	[SIGNING_KEYS] = "keys",
	[SIGNING_KEYS_BY_ID] = "keys_pkey",
	[KEY_SECRETS] = "key_secrets",
	[KEY_SECRETS_BY_KEY] = "key_secrets_pkey",
	[AUTHJS_SECRETS] = "authjs_secrets",
	[AUTHJS_SECRETS_BY_ID] = "authjs_secrets_pkey",
	[COOKIE_SECRETS] = "cookie_secrets",
	[COOKIE_SECRETS_BY_ID] = "cookie_secrets_pkey",
	[REVOKED_TOKENS] = "revoked_tokens",
	[REVOKED_TOKENS_BY_JTI] = "revoked_tokens_jti_idx",
	[USER_REVOCATIONS] = "user_revocations",
	[USER_REVOCATIONS_BY_USER] = "user_revocations_user_id_idx",
	[ADOPTED_ROLES] = "adopted_roles",
	[BANS] = "bans",
	[BANS_BY_USER] = "bans_pkey",
	[PROTECTIONS] = "protections",
	[PROTECTIONS_BY_TARGET] = "protections_pkey",
	[TOKEN_SECRETS] = "token_secrets",
	[TOKEN_SECRETS_BY_ID] = "token_secrets_pkey",
	[ALLOWED_AUDIENCES] = "allowed_audiences",
	[ALLOWED_AUDIENCES_BY_NAME] = "allowed_audiences_pkey",
	[CONNECTED_NODES] = "connected_nodes",
	[CONNECTED_NODES_BY_CARRIER] = "connected_nodes_pkey",
};

static Oid relation_oids[CATALOG_RELATIONS]; /* of those that were asked for */
static uint64 settled_changes = 0;           /* the count of changes that they have followed */

/* ---------------------------------------------------------------- relations */

/* Whether this is the relation, or could be: it has not been looked for yet. */
bool
relation_may_be(Oid relid, CatalogRelation relation)
{
	return relation_oids[relation] == InvalidOid || relation_oids[relation] == relid;
}

bool
relation_is_known(Oid relid)
{
	for (int i = 0; i < CATALOG_RELATIONS; i++)
		if (relation_oids[i] == relid)
			return true;
	return false;
}

static Oid
find_relation(CatalogRelation relation)
{
	Oid schema = get_namespace_oid(SCHEMA_NAME, true);

	return OidIsValid(schema) ? get_relname_relid(relation_names[relation], schema) : InvalidOid;
}

/*
 * What was asked for once is looked for again, although nobody may ask any more: for a
 * relation that is not known, every invalidation of some relation would count as its own.
 */
static void
look_again(void)
{
	uint64 heard = changes_of[CHANGED_RELATIONS];

	for (int i = 0; i < CATALOG_RELATIONS; i++)
		if (OidIsValid(relation_oids[i]))
			relation_oids[i] = find_relation(i);
	/* not after an error, nor for an invalidation that has arrived in between */
	settled_changes = heard;
}

/* The relation's OID, or InvalidOid when there is none. */
static Oid
find_relation_oid(CatalogRelation relation)
{
	if (unlikely(settled_changes != changes_of[CHANGED_RELATIONS]))
		look_again();
	if (unlikely(!OidIsValid(relation_oids[relation])))
		relation_oids[relation] = find_relation(relation);
	return relation_oids[relation];
}

bool
relation_exists(CatalogRelation relation)
{
	return OidIsValid(find_relation_oid(relation));
}

/* A schema of that name that somebody else has made has other tables. */
bool
catalog_is_installed(void)
{
	return OidIsValid(get_extension_oid(SCHEMA_NAME, true)) && relation_exists(USER_ROLES);
}

static void
refuse_missing(CatalogRelation relation)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_TABLE),
			 errmsg("extension session_auth is not complete in this database"),
			 errdetail("Relation %s.%s does not exist.", SCHEMA_NAME, relation_names[relation]),
			 errhint("After an installation of new files, run ALTER EXTENSION "
					 "session_auth UPDATE.")));
}

/* The library is newer than the table. */
static void
refuse_table(Relation table, int natts)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("extension session_auth is older in this database than its library"),
			 errdetail("Table %s.%s has %d columns, of which the library needs %d.", SCHEMA_NAME,
					   RelationGetRelationName(table), RelationGetNumberOfAttributes(table), natts),
			 errhint("Run ALTER EXTENSION session_auth UPDATE.")));
}

/* Whoever reads or writes a table by the position of its columns asks first. */
void
require_columns(Relation table, int natts)
{
	if (unlikely(RelationGetNumberOfAttributes(table) < natts))
		refuse_table(table, natts);
}

Oid
relation_oid(CatalogRelation relation)
{
	Oid oid = find_relation_oid(relation);

	if (unlikely(!OidIsValid(oid)))
		refuse_missing(relation);
	return oid;
}

/* The extension may have been dropped and made anew while we waited for the lock. */
Relation
open_relation(CatalogRelation relation, LOCKMODE lockmode)
{
	Relation opened = try_table_open(relation_oid(relation), lockmode);

	if (opened == NULL)
	{
		changes_of[CHANGED_RELATIONS]++;
		opened = table_open(relation_oid(relation), lockmode);
	}
	return opened;
}

/*
 * Lock sessions for writing if that is possible at once: false when it would
 * have to wait, or when the extension has just been dropped.
 */
bool
catalog_lock_sessions_now(void)
{
	Oid oid = find_relation_oid(SESSIONS);

	return OidIsValid(oid) && ConditionalLockRelationOid(oid, RowExclusiveLock);
}

/*
 * Whether the transaction's snapshot is older than a table's file.  What was there
 * before is gone from a table that was emptied and filled again, or written anew by
 * REPACK (CONCURRENTLY); what is there now is too new for the snapshot.
 */
static bool
is_too_new(CatalogRelation relation, Snapshot snapshot)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation_oid(relation)));
	TransactionId changed_by;

	if (!HeapTupleIsValid(tuple))
		refuse_missing(relation);
	changed_by = HeapTupleHeaderGetXmin(tuple->t_data);
	ReleaseSysCache(tuple);
	return !TransactionIdIsCurrentTransactionId(changed_by) &&
		   XidInMVCCSnapshot(changed_by, snapshot);
}

/*
 * A table that SQL finds empty, or other than it is, since it reads with the
 * snapshot of a REPEATABLE READ or SERIALIZABLE transaction; NULL when there is none.
 */
const char *
catalog_changed_table(void)
{
	Snapshot snapshot;

	if (!IsolationUsesXactSnapshot())
		return NULL;
	snapshot = GetTransactionSnapshot();
	for (int i = 0; i < CATALOG_RELATIONS; i++)
		if (is_too_new(i, snapshot))
			return relation_names[i];
	return NULL;
}

/* -------------------------------------------------------------------- scans */

/* Without a snapshot the scan takes the newest. */
void
scan_begin_as_of(TableScan *scan, Snapshot snapshot, CatalogRelation table, CatalogRelation index,
				 int nkeys, ScanKey keys)
{
	scan->table = open_relation(table, AccessShareLock);
	scan->scan = systable_beginscan(scan->table, relation_oid(index), true, snapshot, nkeys, keys);
}

void
scan_begin(TableScan *scan, CatalogRelation table, CatalogRelation index, int nkeys, ScanKey keys)
{
	scan_begin_as_of(scan, NULL, table, index, nkeys, keys);
}

/* The first columns of a row: heap_deform_tuple would write all that the table has. */
void
read_columns(HeapTuple tuple, Relation table, int natts, Datum *values, bool *nulls)
{
	TupleDesc desc = RelationGetDescr(table);

	if (likely(desc->natts == natts))
	{
		heap_deform_tuple(tuple, desc, values, nulls);
		return;
	}
	require_columns(table, natts);
	for (int i = 0; i < natts; i++)
		values[i] = heap_getattr(tuple, i + 1, desc, &nulls[i]);
}

/* The same scan with as many other keys, which are those of the index's first columns. */
void
scan_again(TableScan *scan, int nkeys, ScanKey keys)
{
	if (likely(scan->scan->irel != NULL))
		index_rescan(scan->scan->iscan, keys, nkeys, NULL, 0);
	else
		/* with ignore_system_indexes all rows are looked at */
		table_rescan(scan->scan->scan, keys);
}

HeapTuple
scan_next(TableScan *scan)
{
	return systable_getnext(scan->scan);
}

/*
 * The lock goes with the scan: each scan finds its table anew and sees what is
 * committed then, and a request that stays open must not keep an administrator
 * from a TRUNCATE.
 */
void
scan_end(TableScan *scan)
{
	systable_endscan(scan->scan);
	table_close(scan->table, AccessShareLock);
}

/* As a table is that has never had a row. */
static bool
has_no_page(CatalogRelation table)
{
	Relation opened = open_relation(table, AccessShareLock);
	bool none = RelationGetNumberOfBlocks(opened) == 0;

	table_close(opened, AccessShareLock);
	return none;
}

/* Whether there is a row: as of the snapshot, or now when it is NULL. */
bool
scan_finds(Snapshot snapshot, CatalogRelation table, CatalogRelation index, int nkeys, ScanKey keys)
{
	TableScan scan;
	bool found;

	/* then its index needs not be opened, which would be most of a first request's question */
	if (nkeys == 0 && has_no_page(table))
		return false;
	scan_begin_as_of(&scan, snapshot, table, index, nkeys, keys);
	found = HeapTupleIsValid(scan_next(&scan));
	scan_end(&scan);
	return found;
}

Datum
scan_column(HeapTuple tuple, const TableScan *scan, int attnum, bool *isnull)
{
	require_columns(scan->table, attnum);
	return heap_getattr(tuple, attnum, RelationGetDescr(scan->table), isnull);
}

Datum
scan_column_not_null(HeapTuple tuple, const TableScan *scan, int attnum)
{
	bool isnull;
	Datum value = scan_column(tuple, scan, attnum, &isnull);

	if (unlikely(isnull))
		elog(ERROR, "unexpected null in column %d of \"%s\"", attnum,
			 RelationGetRelationName(scan->table));
	return value;
}

/* A copy of a text, or NULL. */
char *
scan_text(HeapTuple tuple, const TableScan *scan, int attnum)
{
	bool isnull;
	Datum value = scan_column(tuple, scan, attnum, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

void
scan_key_text(ScanKey key, int attnum, const char *value)
{
	ScanKeyInit(key, attnum, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(value));
}

/* ------------------------------------------------------------------- writes */

static void
init_range_table(Writer *writer)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	List *permissions = NIL;

	rte->rtekind = RTE_RELATION;
	rte->relid = RelationGetRelid(writer->table);
	rte->relkind = writer->table->rd_rel->relkind;
	rte->rellockmode = RowExclusiveLock;
	compat_init_range_table(writer->estate, rte, permissions);
}

/* Whether it fires for who writes now: one for replicas alone does not, as a rule. */
bool
trigger_is_enabled(const Trigger *trigger)
{
	char mine = SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA
					? TRIGGER_FIRES_ON_REPLICA
					: TRIGGER_FIRES_ON_ORIGIN;

	return trigger->tgenabled == TRIGGER_FIRES_ALWAYS || trigger->tgenabled == mine;
}

void
writer_begin(Writer *writer, CatalogRelation table)
{
	writer->own_snapshot = !ActiveSnapshotSet();
	if (writer->own_snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	writer->table = open_relation(table, RowExclusiveLock);
	writer->estate = CreateExecutorState();
	writer->estate->es_snapshot = GetActiveSnapshot();
	writer->estate->es_output_cid = GetCurrentCommandId(true);
	init_range_table(writer);
	writer->target = makeNode(ResultRelInfo);
	InitResultRelInfo(writer->target, writer->table, 1, NULL, 0);
	ExecOpenIndices(writer->target, false);
	AfterTriggerBeginQuery();
}

/* What was written is visible to the statement's next look-up. */
void
writer_end(Writer *writer)
{
	AfterTriggerEndQuery(writer->estate);
	/* which triggers have opened */
	ExecCloseResultRelations(writer->estate);
	ExecCloseIndices(writer->target);
	ExecResetTupleTable(writer->estate->es_tupleTable, false);
	FreeExecutorState(writer->estate);
	table_close(writer->table, NoLock);
	if (writer->own_snapshot)
		PopActiveSnapshot();
	CommandCounterIncrement();
}

/*
 * Columns of a newer version than the library's get what an INSERT that does
 * not name them would give them.
 */
static void
fill_defaults(const Writer *writer, TupleTableSlot *slot, int natts)
{
	ExprContext *context = GetPerTupleExprContext(writer->estate);

	for (int i = natts; i < slot->tts_tupleDescriptor->natts; i++)
	{
		Node *value = TupleDescAttr(slot->tts_tupleDescriptor, i)->attisdropped
						  ? NULL
						  : build_column_default(writer->table, i + 1);

		slot->tts_isnull[i] = value == NULL;
		if (value)
			slot->tts_values[i] = ExecEvalExpr(ExecPrepareExpr((Expr *) value, writer->estate),
											   context, &slot->tts_isnull[i]);
	}
}

/* An empty row, of which the caller sets the first `natts` columns. */
TupleTableSlot *
writer_slot(Writer *writer, int natts)
{
	TupleTableSlot *slot =
		ExecInitExtraTupleSlot(writer->estate, RelationGetDescr(writer->table), &TTSOpsVirtual);

	require_columns(writer->table, natts);
	ExecClearTuple(slot);
	memset(slot->tts_isnull, false, natts * sizeof(bool));
	return slot;
}

void
insert_row(CatalogRelation table, int natts, const Datum *values, const bool *nulls)
{
	Writer writer;
	TupleTableSlot *slot;

	writer_begin(&writer, table);
	slot = writer_slot(&writer, natts);
	memcpy(slot->tts_values, values, natts * sizeof(Datum));
	memcpy(slot->tts_isnull, nulls, natts * sizeof(bool));
	fill_defaults(&writer, slot, natts);
	ExecStoreVirtualTuple(slot);
	ExecSimpleRelationInsert(writer.target, writer.estate, slot);
	writer_end(&writer);
}
