/*
 * catalog.c
 *		The only reader and writer of the extension's tables in C.
 *
 * Reads are direct index scans with a NULL snapshot: they see the newest
 * committed rows and the transaction's own, in every isolation level, in
 * parallel workers and on standbys.  An older snapshot would let a revoked
 * session or permission live on in a REPEATABLE READ transaction.
 *
 * Writes go through the executor's functions for single rows, as logical
 * replication's do, so that constraints, triggers and every index are served.
 * A row is changed only after its newest version has been locked.
 *
 * Tables are found by name in the extension's schema once, then by OID.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/skey.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "parser/parse_relation.h"
#include "port/pg_bswap.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "catalog.h"
#include "compat.h"

#define SCHEMA_NAME "session_auth"

typedef enum CatalogRelation
{
	SESSIONS,
	SESSIONS_BY_ID,
	SESSIONS_BY_TOKEN,
	SESSIONS_BY_USER,
	ROTATED_TOKENS,
	ROTATED_TOKENS_BY_TOKEN,
	SESSION_EVENTS,
	ROLES,
	ROLES_BY_NAME,
	ROLE_PARENTS,
	ROLE_PARENTS_BY_ROLE,
	PERMISSIONS,
	PERMISSIONS_BY_ROLE,
	USER_ROLES,
	USER_ROLES_BY_USER,
	CATALOG_RELATIONS
} CatalogRelation;

static const char *const relation_names[CATALOG_RELATIONS] = {
	[SESSIONS] = "sessions",
	[SESSIONS_BY_ID] = "sessions_pkey",
	[SESSIONS_BY_TOKEN] = "sessions_token_key_key",
	[SESSIONS_BY_USER] = "sessions_user_id_idx",
	[ROTATED_TOKENS] = "rotated_tokens",
	[ROTATED_TOKENS_BY_TOKEN] = "rotated_tokens_pkey",
	[SESSION_EVENTS] = "session_events",
	[ROLES] = "roles",
	[ROLES_BY_NAME] = "roles_pkey",
	[ROLE_PARENTS] = "role_parents",
	[ROLE_PARENTS_BY_ROLE] = "role_parents_pkey",
	[PERMISSIONS] = "permissions",
	[PERMISSIONS_BY_ROLE] = "permissions_pkey",
	[USER_ROLES] = "user_roles",
	[USER_ROLES_BY_USER] = "user_roles_user_id_role_tenant_key",
};

/* Columns, in the order of sql/parts/schema.sql. */
enum
{
	Anum_sessions_session_id = 1,
	Anum_sessions_token_key,
	Anum_sessions_created_at,
	Anum_sessions_expires_at,
	Anum_sessions_last_seen_at,
	Anum_sessions_lifetime,
	Anum_sessions_token_hash,
	Anum_sessions_user_id,
	Anum_sessions_ended_at,
	Anum_sessions_ended_by,
	Anum_sessions_metadata,
	Natts_sessions = Anum_sessions_metadata
};

enum
{
	Anum_rotated_tokens_token_hash = 1,
	Anum_rotated_tokens_session_id,
	Anum_rotated_tokens_rotated_at,
	Natts_rotated_tokens = Anum_rotated_tokens_rotated_at
};

enum
{
	Anum_session_events_at = 1,
	Anum_session_events_event,
	Anum_session_events_user_id,
	Anum_session_events_session_id,
	Anum_session_events_actor,
	Anum_session_events_detail,
	Natts_session_events = Anum_session_events_detail
};

enum
{
	Anum_roles_role = 1,
	Natts_roles = 1
};

enum
{
	Anum_role_parents_role = 1,
	Anum_role_parents_parent,
	Natts_role_parents = Anum_role_parents_parent
};

enum
{
	Anum_permissions_role = 1,
	Anum_permissions_action,
	Anum_permissions_resource,
	Anum_permissions_denied,
	Natts_permissions = Anum_permissions_denied
};

enum
{
	Anum_user_roles_grant_id = 1,
	Anum_user_roles_user_id,
	Anum_user_roles_role,
	Anum_user_roles_tenant,
	Anum_user_roles_granted_at,
	Natts_user_roles = Anum_user_roles_granted_at
};

static Oid relation_oids[CATALOG_RELATIONS];
static bool resolved = false;
static void (*permission_callback)(void) = NULL;

/* ---------------------------------------------------------------- relations */

/*
 * A callback may neither read catalogs nor free what is in use: it only flips
 * flags.  A relid of zero means that everything may have changed.
 */
static void
relation_invalidated(Datum arg, Oid relid)
{
	if (resolved && relid != InvalidOid)
	{
		int i = 0;

		while (i < CATALOG_RELATIONS && relation_oids[i] != relid)
			i++;
		if (i == CATALOG_RELATIONS)
			return;
		if (relid != relation_oids[PERMISSIONS] && relid != relation_oids[ROLES] &&
			relid != relation_oids[ROLE_PARENTS])
		{
			resolved = false;
			return;
		}
	}
	resolved = false;
	if (permission_callback)
		permission_callback();
}

static void
schema_invalidated(Datum arg, int cacheid, uint32 hashvalue)
{
	resolved = false;
	if (permission_callback)
		permission_callback();
}

static void
resolve_relations(void)
{
	Oid schema = get_namespace_oid(SCHEMA_NAME, true);

	resolved = true; /* an invalidation that arrives in between undoes it */
	for (int i = 0; i < CATALOG_RELATIONS; i++)
	{
		relation_oids[i] =
			OidIsValid(schema) ? get_relname_relid(relation_names[i], schema) : InvalidOid;
		if (!OidIsValid(relation_oids[i]))
		{
			resolved = false;
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_TABLE),
					 errmsg("extension session_auth is not complete in this database"),
					 errdetail("Relation %s.%s does not exist.", SCHEMA_NAME, relation_names[i])));
		}
	}
}

static Oid
relation_oid(CatalogRelation relation)
{
	if (unlikely(!resolved))
		resolve_relations();
	return relation_oids[relation];
}

void
catalog_init(void)
{
	CacheRegisterRelcacheCallback(relation_invalidated, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, schema_invalidated, (Datum) 0);
}

/* Have `callback` called when roles or permissions may have changed. */
void
catalog_on_permission_change(void (*callback)(void))
{
	permission_callback = callback;
}

/*
 * Tell every backend, at commit, that roles or permissions changed; this one
 * at its next command.  The tables' triggers call this.
 */
void
catalog_permissions_changed(void)
{
	CacheInvalidateRelcacheByRelid(relation_oid(PERMISSIONS));
}

/* -------------------------------------------------------------------- scans */

typedef struct TableScan
{
	Relation table;
	SysScanDesc scan;
} TableScan;

static void
scan_begin(TableScan *scan, CatalogRelation table, CatalogRelation index, int nkeys, ScanKey keys)
{
	scan->table = table_open(relation_oid(table), AccessShareLock);
	scan->scan = systable_beginscan(scan->table, relation_oid(index), true, NULL, nkeys, keys);
}

static inline HeapTuple
scan_next(TableScan *scan)
{
	return systable_getnext(scan->scan);
}

/* The lock is kept to the end of the transaction, as every query's is. */
static void
scan_end(TableScan *scan)
{
	systable_endscan(scan->scan);
	table_close(scan->table, NoLock);
}

static inline Datum
column(HeapTuple tuple, const TableScan *scan, int attnum, bool *isnull)
{
	return heap_getattr(tuple, attnum, RelationGetDescr(scan->table), isnull);
}

static inline Datum
column_not_null(HeapTuple tuple, const TableScan *scan, int attnum)
{
	bool isnull;
	Datum value = column(tuple, scan, attnum, &isnull);

	if (unlikely(isnull))
		elog(ERROR, "unexpected null in column %d of \"%s\"", attnum,
			 RelationGetRelationName(scan->table));
	return value;
}

static void
text_key(ScanKey key, int attnum, const char *value)
{
	ScanKeyInit(key, attnum, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(value));
}

/* ------------------------------------------------------------------- writes */

/* One row written the way that the executor does it. */
typedef struct Writer
{
	Relation table;
	EState *estate;
	ResultRelInfo *target;
	bool own_snapshot;
} Writer;

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

static void
writer_begin(Writer *writer, CatalogRelation table)
{
	writer->own_snapshot = !ActiveSnapshotSet();
	if (writer->own_snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	writer->table = table_open(relation_oid(table), RowExclusiveLock);
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
static void
writer_end(Writer *writer)
{
	AfterTriggerEndQuery(writer->estate);
	ExecCloseIndices(writer->target);
	ExecResetTupleTable(writer->estate->es_tupleTable, false);
	FreeExecutorState(writer->estate);
	table_close(writer->table, NoLock);
	if (writer->own_snapshot)
		PopActiveSnapshot();
	CommandCounterIncrement();
}

static TupleTableSlot *
writer_slot(Writer *writer)
{
	TupleTableSlot *slot =
		ExecInitExtraTupleSlot(writer->estate, RelationGetDescr(writer->table), &TTSOpsVirtual);

	ExecClearTuple(slot);
	memset(slot->tts_isnull, false, slot->tts_tupleDescriptor->natts * sizeof(bool));
	return slot;
}

static void
insert_row(CatalogRelation table, int natts, const Datum *values, const bool *nulls)
{
	Writer writer;
	TupleTableSlot *slot;

	writer_begin(&writer, table);
	slot = writer_slot(&writer);
	memcpy(slot->tts_values, values, natts * sizeof(Datum));
	memcpy(slot->tts_isnull, nulls, natts * sizeof(bool));
	ExecStoreVirtualTuple(slot);
	ExecSimpleRelationInsert(writer.target, writer.estate, slot);
	writer_end(&writer);
}

/* ----------------------------------------------------------------- sessions */

/* The first eight bytes of a hash: a short key that an index compares by value. */
static int64
token_key(const unsigned char *token_hash)
{
	uint64 key;

	memcpy(&key, token_hash, sizeof(key));
	return (int64) pg_ntoh64(key);
}

static bytea *
hash_to_bytea(const unsigned char *hash)
{
	bytea *value = palloc(VARHDRSZ + TOKEN_HASH_LEN);

	SET_VARSIZE(value, VARHDRSZ + TOKEN_HASH_LEN);
	memcpy(VARDATA(value), hash, TOKEN_HASH_LEN);
	return value;
}

static void
bytea_to_hash(Datum value, unsigned char *hash)
{
	bytea *bytes = DatumGetByteaPP(value);

	if (VARSIZE_ANY_EXHDR(bytes) != TOKEN_HASH_LEN)
		elog(ERROR, "a token hash has %zu bytes", (size_t) VARSIZE_ANY_EXHDR(bytes));
	memcpy(hash, VARDATA_ANY(bytes), TOKEN_HASH_LEN);
}

static void
session_from_values(const Datum *values, const bool *nulls, SessionRow *row)
{
#define VALUE(column)   values[Anum_sessions_##column - 1]
#define IS_NULL(column) nulls[Anum_sessions_##column - 1]
	row->session_id = *DatumGetUUIDP(VALUE(session_id));
	bytea_to_hash(VALUE(token_hash), row->token_hash);
	row->user_id = TextDatumGetCString(VALUE(user_id));
	row->created_at = DatumGetTimestampTz(VALUE(created_at));
	row->expires_at = DatumGetTimestampTz(VALUE(expires_at));
	row->last_seen_at = DatumGetTimestampTz(VALUE(last_seen_at));
	row->lifetime = *DatumGetIntervalP(VALUE(lifetime));
	row->ended = !IS_NULL(ended_at);
	row->ended_at = row->ended ? DatumGetTimestampTz(VALUE(ended_at)) : 0;
	row->ended_by = IS_NULL(ended_by) ? NULL : TextDatumGetCString(VALUE(ended_by));
	row->metadata = NULL;
	if (VARSIZE_ANY(DatumGetPointer(VALUE(metadata))) > VARHDRSZ + sizeof(JsonbContainer) ||
		VARATT_IS_EXTERNAL(DatumGetPointer(VALUE(metadata))))
		row->metadata = DatumGetJsonbPCopy(VALUE(metadata));
}

static void
session_to_values(const SessionRow *row, Datum *values, bool *nulls)
{
	VALUE(session_id) = UUIDPGetDatum(&row->session_id);
	VALUE(token_key) = Int64GetDatum(token_key(row->token_hash));
	VALUE(created_at) = TimestampTzGetDatum(row->created_at);
	VALUE(expires_at) = TimestampTzGetDatum(row->expires_at);
	VALUE(last_seen_at) = TimestampTzGetDatum(row->last_seen_at);
	VALUE(lifetime) = IntervalPGetDatum(&row->lifetime);
	VALUE(token_hash) = PointerGetDatum(hash_to_bytea(row->token_hash));
	VALUE(user_id) = CStringGetTextDatum(row->user_id);
	IS_NULL(ended_at) = !row->ended;
	VALUE(ended_at) = TimestampTzGetDatum(row->ended_at);
	IS_NULL(ended_by) = row->ended_by == NULL;
	VALUE(ended_by) = row->ended_by ? CStringGetTextDatum(row->ended_by) : (Datum) 0;
#undef VALUE
#undef IS_NULL
}

static void
session_from_tuple(HeapTuple tuple, const TableScan *scan, SessionRow *row)
{
	Datum values[Natts_sessions];
	bool nulls[Natts_sessions];

	heap_deform_tuple(tuple, RelationGetDescr(scan->table), values, nulls);
	session_from_values(values, nulls, row);
}

/*
 * The session whose token has this hash.  The index finds it by eight bytes of
 * the hash, which nobody can choose; the whole hash is compared in the row.
 */
bool
catalog_find_session(const unsigned char *token_hash, SessionRow *row)
{
	TableScan scan;
	ScanKeyData key;
	HeapTuple tuple;
	bool found = false;

	ScanKeyInit(&key, Anum_sessions_token_key, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(token_key(token_hash)));
	scan_begin(&scan, SESSIONS, SESSIONS_BY_TOKEN, 1, &key);
	if (HeapTupleIsValid(tuple = scan_next(&scan)))
	{
		session_from_tuple(tuple, &scan, row);
		found = memcmp(row->token_hash, token_hash, TOKEN_HASH_LEN) == 0;
	}
	scan_end(&scan);
	return found;
}

static void
session_id_key(ScanKey key, const pg_uuid_t *session_id)
{
	ScanKeyInit(key, Anum_sessions_session_id, BTEqualStrategyNumber, F_UUID_EQ,
				UUIDPGetDatum(session_id));
}

bool
catalog_find_session_by_id(const pg_uuid_t *session_id, SessionRow *row)
{
	TableScan scan;
	ScanKeyData key;
	HeapTuple tuple;

	session_id_key(&key, session_id);
	scan_begin(&scan, SESSIONS, SESSIONS_BY_ID, 1, &key);
	tuple = scan_next(&scan);
	if (HeapTupleIsValid(tuple))
		session_from_tuple(tuple, &scan, row);
	scan_end(&scan);
	return HeapTupleIsValid(tuple);
}

/* Every session of a user that has a row, ended ones too: a list of SessionRow. */
List *
catalog_sessions_of_user(const char *user_id)
{
	TableScan scan;
	ScanKeyData key;
	HeapTuple tuple;
	List *rows = NIL;

	text_key(&key, Anum_sessions_user_id, user_id);
	scan_begin(&scan, SESSIONS, SESSIONS_BY_USER, 1, &key);
	while (HeapTupleIsValid(tuple = scan_next(&scan)))
	{
		SessionRow *row = palloc(sizeof(SessionRow));

		session_from_tuple(tuple, &scan, row);
		rows = lappend(rows, row);
	}
	scan_end(&scan);
	return rows;
}

/* Raises unique_violation when the token is taken. */
void
catalog_insert_session(const SessionRow *row)
{
	Datum values[Natts_sessions];
	bool nulls[Natts_sessions] = { false };

	session_to_values(row, values, nulls);
	values[Anum_sessions_metadata - 1] = JsonbPGetDatum(row->metadata);
	insert_row(SESSIONS, Natts_sessions, values, nulls);
}

/*
 * Lock the newest version of the row that `slot` shall hold.  False when the
 * row is gone, or when it is locked elsewhere and we are not to wait.
 */
static bool
lock_session(Writer *writer, const pg_uuid_t *session_id, bool wait, TupleTableSlot *slot)
{
	TableScan scan;
	ScanKeyData key;
	HeapTuple tuple;
	TM_FailureData failure;
	TM_Result result = TM_Deleted;

	session_id_key(&key, session_id);
	scan_begin(&scan, SESSIONS, SESSIONS_BY_ID, 1, &key);
	if (HeapTupleIsValid(tuple = scan_next(&scan)))
		result = table_tuple_lock(writer->table, &tuple->t_self, GetLatestSnapshot(), slot,
								  GetCurrentCommandId(false), LockTupleNoKeyExclusive,
								  wait ? LockWaitBlock : LockWaitSkip,
								  TUPLE_LOCK_FLAG_FIND_LAST_VERSION, &failure);
	scan_end(&scan);
	return result == TM_Ok;
}

static void
write_session(Writer *writer, const SessionRow *row, TupleTableSlot *locked)
{
	TupleTableSlot *slot = writer_slot(writer);
	EPQState epqstate;

	slot_getallattrs(locked);
	memcpy(slot->tts_values, locked->tts_values, Natts_sessions * sizeof(Datum));
	memcpy(slot->tts_isnull, locked->tts_isnull, Natts_sessions * sizeof(bool));
	session_to_values(row, slot->tts_values, slot->tts_isnull);
	ExecStoreVirtualTuple(slot);
	EvalPlanQualInit(&epqstate, writer->estate, NULL, NIL, -1);
	EvalPlanQualSetSlot(&epqstate, locked);
	ExecSimpleRelationUpdate(writer->target, writer->estate, &epqstate, locked, slot);
	EvalPlanQualEnd(&epqstate);
}

/*
 * Let `edit` change a session in its newest version, under a lock.  False when
 * there is no such row, when it is locked and `wait` is false, or when `edit`
 * says that there is nothing to do.
 */
bool
catalog_edit_session(const pg_uuid_t *session_id, bool wait, SessionEdit edit, void *arg)
{
	Writer writer;
	TupleTableSlot *locked;
	SessionRow row;
	bool changed = false;

	writer_begin(&writer, SESSIONS);
	locked = table_slot_create(writer.table, &writer.estate->es_tupleTable);
	if (lock_session(&writer, session_id, wait, locked))
	{
		slot_getallattrs(locked);
		session_from_values(locked->tts_values, locked->tts_isnull, &row);
		changed = edit(&row, arg);
		if (changed)
			write_session(&writer, &row, locked);
	}
	writer_end(&writer);
	return changed;
}

bool
catalog_find_rotated_token(const unsigned char *token_hash, pg_uuid_t *session_id,
						   TimestampTz *rotated_at)
{
	TableScan scan;
	ScanKeyData key;
	HeapTuple tuple;

	ScanKeyInit(&key, Anum_rotated_tokens_token_hash, BTEqualStrategyNumber, F_BYTEAEQ,
				PointerGetDatum(hash_to_bytea(token_hash)));
	scan_begin(&scan, ROTATED_TOKENS, ROTATED_TOKENS_BY_TOKEN, 1, &key);
	if (HeapTupleIsValid(tuple = scan_next(&scan)))
	{
		*session_id = *DatumGetUUIDP(column_not_null(tuple, &scan, Anum_rotated_tokens_session_id));
		*rotated_at =
			DatumGetTimestampTz(column_not_null(tuple, &scan, Anum_rotated_tokens_rotated_at));
	}
	scan_end(&scan);
	return HeapTupleIsValid(tuple);
}

void
catalog_insert_rotated_token(const unsigned char *token_hash, const pg_uuid_t *session_id,
							 TimestampTz rotated_at)
{
	Datum values[Natts_rotated_tokens];
	bool nulls[Natts_rotated_tokens] = { false };

	values[Anum_rotated_tokens_token_hash - 1] = PointerGetDatum(hash_to_bytea(token_hash));
	values[Anum_rotated_tokens_session_id - 1] = UUIDPGetDatum(session_id);
	values[Anum_rotated_tokens_rotated_at - 1] = TimestampTzGetDatum(rotated_at);
	insert_row(ROTATED_TOKENS, Natts_rotated_tokens, values, nulls);
}

/* Audit.  Everything but the event may be NULL. */
void
catalog_insert_event(const char *event, const char *user_id, const pg_uuid_t *session_id,
					 const char *actor, Jsonb *detail)
{
	Datum values[Natts_session_events] = { 0 };
	bool nulls[Natts_session_events] = { false };

#define SET_COLUMN(column, present, datum)                                                         \
	do                                                                                             \
	{                                                                                              \
		nulls[Anum_session_events_##column - 1] = !(present);                                      \
		if (present)                                                                               \
			values[Anum_session_events_##column - 1] = (datum);                                    \
	} while (0)
	SET_COLUMN(at, true, TimestampTzGetDatum(GetCurrentTimestamp()));
	SET_COLUMN(event, true, CStringGetTextDatum(event));
	SET_COLUMN(user_id, user_id != NULL, CStringGetTextDatum(user_id));
	SET_COLUMN(session_id, session_id != NULL, UUIDPGetDatum(session_id));
	SET_COLUMN(actor, actor != NULL, CStringGetTextDatum(actor));
	SET_COLUMN(detail, detail != NULL, JsonbPGetDatum(detail));
#undef SET_COLUMN
	insert_row(SESSION_EVENTS, Natts_session_events, values, nulls);
}

/* ---------------------------------------------------- roles and permissions */

static int
compare_grants(const ListCell *a, const ListCell *b)
{
	int64 left = ((const UserRole *) lfirst(a))->grant_id;
	int64 right = ((const UserRole *) lfirst(b))->grant_id;

	return (left > right) - (left < right);
}

/*
 * What was granted to a user everywhere, and in this tenant unless it is NULL:
 * a list of UserRole, the role granted first at its head, each role once.
 */
List *
catalog_user_roles(const char *user_id, const char *tenant)
{
	TableScan scan;
	ScanKeyData key;
	HeapTuple tuple;
	List *roles = NIL;
	UserRole *previous = NULL;

	text_key(&key, Anum_user_roles_user_id, user_id);
	scan_begin(&scan, USER_ROLES, USER_ROLES_BY_USER, 1, &key);
	while (HeapTupleIsValid(tuple = scan_next(&scan)))
	{
		bool everywhere;
		Datum where = column(tuple, &scan, Anum_user_roles_tenant, &everywhere);
		UserRole *granted;

		if (!everywhere && (tenant == NULL || strcmp(TextDatumGetCString(where), tenant) != 0))
			continue;
		granted = palloc(sizeof(UserRole));
		granted->grant_id = DatumGetInt64(column_not_null(tuple, &scan, Anum_user_roles_grant_id));
		granted->role = TextDatumGetCString(column_not_null(tuple, &scan, Anum_user_roles_role));
		/* the index is ordered by role: a role granted twice stands side by side */
		if (previous && strcmp(previous->role, granted->role) == 0)
			previous->grant_id = Min(previous->grant_id, granted->grant_id);
		else
			roles = lappend(roles, previous = granted);
	}
	scan_end(&scan);
	if (list_length(roles) > 1)
		list_sort(roles, compare_grants);
	return roles;
}

bool
catalog_role_exists(const char *role)
{
	TableScan scan;
	ScanKeyData key;
	bool found;

	text_key(&key, Anum_roles_role, role);
	scan_begin(&scan, ROLES, ROLES_BY_NAME, 1, &key);
	found = HeapTupleIsValid(scan_next(&scan));
	scan_end(&scan);
	return found;
}

void
catalog_visit_roles(RoleVisitor visit, void *arg)
{
	TableScan scan;
	HeapTuple tuple;

	scan_begin(&scan, ROLES, ROLES_BY_NAME, 0, NULL);
	while (HeapTupleIsValid(tuple = scan_next(&scan)))
		visit(TextDatumGetCString(column_not_null(tuple, &scan, Anum_roles_role)), arg);
	scan_end(&scan);
}

void
catalog_visit_parents(const char *role, RoleVisitor visit, void *arg)
{
	TableScan scan;
	ScanKeyData key;
	HeapTuple tuple;

	text_key(&key, Anum_role_parents_role, role);
	scan_begin(&scan, ROLE_PARENTS, ROLE_PARENTS_BY_ROLE, 1, &key);
	while (HeapTupleIsValid(tuple = scan_next(&scan)))
		visit(TextDatumGetCString(column_not_null(tuple, &scan, Anum_role_parents_parent)), arg);
	scan_end(&scan);
}

void
catalog_visit_permissions(const char *role, PermissionVisitor visit, void *arg)
{
	TableScan scan;
	ScanKeyData key;
	HeapTuple tuple;

	text_key(&key, Anum_permissions_role, role);
	scan_begin(&scan, PERMISSIONS, PERMISSIONS_BY_ROLE, 1, &key);
	while (HeapTupleIsValid(tuple = scan_next(&scan)))
	{
		text *action = DatumGetTextPP(column_not_null(tuple, &scan, Anum_permissions_action));
		text *resource = DatumGetTextPP(column_not_null(tuple, &scan, Anum_permissions_resource));
		bool denied = DatumGetBool(column_not_null(tuple, &scan, Anum_permissions_denied));

		visit(action, resource, denied ? EFFECT_DENY : EFFECT_ALLOW, arg);
	}
	scan_end(&scan);
}
