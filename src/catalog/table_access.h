/*
 * table_access.h
 *		How the table_*.c files reach the extension's tables; for them alone.
 */
#ifndef SESSION_AUTH_TABLE_ACCESS_H
#define SESSION_AUTH_TABLE_ACCESS_H

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/skey.h"
#include "executor/executor.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

#include "catalog/tables.h"

typedef enum CatalogRelation
{
	SESSIONS,
	SESSIONS_BY_ID,
	SESSIONS_BY_TOKEN,
	SESSIONS_BY_USER,
	SESSIONS_BY_EXPIRY,
	ROTATED_TOKENS,
	ROTATED_TOKENS_BY_TOKEN,
	SESSION_EVENTS,
	ROLES,
	ROLES_BY_NAME,
	ROLE_PARENTS,
	ROLE_PARENTS_BY_ROLE,
	PERMISSIONS,
	PERMISSIONS_BY_ROLE,
	PERMISSION_CHANGES,
	PERMISSION_CHANGES_BY_XID,
	USER_ROLES,
	USER_ROLES_BY_USER,
	USER_ROLES_BY_HASH,
	SIGNING_KEYS,
	SIGNING_KEYS_BY_ID,
	KEY_SECRETS,
	KEY_SECRETS_BY_KEY,
	AUTHJS_SECRETS,
	AUTHJS_SECRETS_BY_ID,
	COOKIE_SECRETS,
	COOKIE_SECRETS_BY_ID,
	REVOKED_TOKENS,
	REVOKED_TOKENS_BY_JTI,
	USER_REVOCATIONS,
	USER_REVOCATIONS_BY_USER,
	ADOPTED_ROLES, /* which SQL alone reads */
	BANS,
	BANS_BY_USER,
	PROTECTIONS,
	PROTECTIONS_BY_TARGET,
	TOKEN_SECRETS,
	TOKEN_SECRETS_BY_ID,
	ALLOWED_AUDIENCES,
	ALLOWED_AUDIENCES_BY_NAME,
	CONNECTED_NODES,
	CONNECTED_NODES_BY_CARRIER,
	CATALOG_RELATIONS
} CatalogRelation;

/* Columns of sessions, in the order of sql/parts/schema.sql. */
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
	Anum_sessions_tenant,
	Anum_sessions_signed_only,
	Anum_sessions_permissions,
	Anum_sessions_actor,
	Anum_sessions_rotated_at,
	Natts_sessions = Anum_sessions_rotated_at
};

typedef struct TableScan
{
	Relation table;
	SysScanDesc scan;
} TableScan;

extern bool relation_may_be(Oid relid, CatalogRelation relation);
extern bool relation_is_known(Oid relid);
extern bool relation_exists(CatalogRelation relation);
extern Relation open_relation(CatalogRelation relation, LOCKMODE lockmode);
extern void scan_begin(TableScan *scan, CatalogRelation table, CatalogRelation index, int nkeys,
					   ScanKey keys);
extern Oid relation_oid(CatalogRelation relation);
extern void scan_begin_as_of(TableScan *scan, Snapshot snapshot, CatalogRelation table,
							 CatalogRelation index, int nkeys, ScanKey keys);
extern void require_columns(Relation table, int natts);
extern void read_columns(HeapTuple tuple, Relation table, int natts, Datum *values, bool *nulls);
extern void scan_again(TableScan *scan, int nkeys, ScanKey keys);
extern HeapTuple scan_next(TableScan *scan);
extern void scan_end(TableScan *scan);
extern bool scan_finds(Snapshot snapshot, CatalogRelation table, CatalogRelation index, int nkeys,
					   ScanKey keys);
extern Datum scan_column(HeapTuple tuple, const TableScan *scan, int attnum, bool *isnull);
extern Datum scan_column_not_null(HeapTuple tuple, const TableScan *scan, int attnum);
extern char *scan_text(HeapTuple tuple, const TableScan *scan, int attnum);
extern void scan_key_text(ScanKey key, int attnum, const char *value);

/* The snapshot of a reading of roles. */
extern Snapshot reading_snapshot(const RoleReading *reading);

/* One row written the way that the executor does it. */
typedef struct Writer
{
	Relation table;
	EState *estate;
	ResultRelInfo *target;
	bool own_snapshot;
} Writer;

extern void writer_begin(Writer *writer, CatalogRelation table);
extern void writer_end(Writer *writer);
extern TupleTableSlot *writer_slot(Writer *writer, int natts);
extern bool trigger_is_enabled(const Trigger *trigger);
extern void insert_row(CatalogRelation table, int natts, const Datum *values, const bool *nulls);

#endif /* SESSION_AUTH_TABLE_ACCESS_H */
