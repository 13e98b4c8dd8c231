/*
 * table_permissions.c
 *		The tables of roles, their inheritance, permissions, and who has which role.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "access/table.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"

#include "catalog/changes.h"
#include "catalog/index_probe.h"
#include "catalog/table_access.h"
#include "catalog/tables.h"

/* Columns, in the order of sql/parts/schema.sql. */
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

static bool
text_is(const text *value, const char *string)
{
	size_t len = VARSIZE_ANY_EXHDR(value);

	return len == strlen(string) && memcmp(VARDATA_ANY(value), string, len) == 0;
}

static List *
lappend_if(List *list, void *item)
{
	return item ? lappend(list, item) : list;
}

static int
compare_grants(const ListCell *a, const ListCell *b)
{
	int64 left = ((const UserRole *) lfirst(a))->grant_id;
	int64 right = ((const UserRole *) lfirst(b))->grant_id;

	return (left > right) - (left < right);
}

static int
compare_roles(const ListCell *a, const ListCell *b)
{
	int order = strcmp(((const UserRole *) lfirst(a))->role, ((const UserRole *) lfirst(b))->role);

	return order != 0 ? order : compare_grants(a, b);
}

/* What is granted by this row to the user in this tenant, or NULL. */
static UserRole *
granted_by(HeapTuple tuple, Relation table, const char *user_id, const char *tenant)
{
	Datum values[Natts_user_roles];
	bool nulls[Natts_user_roles];
	UserRole *granted;

	read_columns(tuple, table, Natts_user_roles, values, nulls);
#define VALUE(column) values[Anum_user_roles_##column - 1]
	/* an index by hash has others' rows for the same hash too */
	if (!text_is(DatumGetTextPP(VALUE(user_id)), user_id) ||
		(!nulls[Anum_user_roles_tenant - 1] &&
		 (tenant == NULL || !text_is(DatumGetTextPP(VALUE(tenant)), tenant))))
		return NULL;
	granted = palloc(sizeof(UserRole));
	granted->grant_id = DatumGetInt64(VALUE(grant_id));
	granted->role = TextDatumGetCString(VALUE(role));
#undef VALUE
	return granted;
}

static List *
grants_by_scan(Relation table, const char *user_id, const char *tenant)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;
	List *grants = NIL;

	scan_key_text(&key, Anum_user_roles_user_id, user_id);
	scan = systable_beginscan(table, relation_oid(USER_ROLES_BY_USER), true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		grants = lappend_if(grants, granted_by(tuple, table, user_id, tenant));
	systable_endscan(scan);
	return grants;
}

static List *
grants_by_hash(Relation table, const char *user_id, const char *tenant)
{
	ScanKeyData key;
	IndexProbe probe;
	HeapTuple tuple;
	List *grants = NIL;

	ScanKeyInit(&key, 1, HTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(user_id));
	probe_begin(&probe, table, USER_ROLES_BY_HASH, &key);
	while (HeapTupleIsValid(tuple = probe_next(&probe)))
		grants = lappend_if(grants, granted_by(tuple, table, user_id, tenant));
	probe_end(&probe);
	return grants;
}

/* Each role once, with its first grant, the role granted first at the head. */
static List *
in_order(List *grants)
{
	UserRole *previous = NULL;
	ListCell *cell;

	list_sort(grants, compare_roles);
	foreach (cell, grants)
	{
		UserRole *grant = lfirst(cell);

		if (previous && strcmp(previous->role, grant->role) == 0)
			grants = foreach_delete_current(grants, cell);
		else
			previous = grant;
	}
	list_sort(grants, compare_grants);
	return grants;
}

/*
 * What was granted to a user everywhere, and in this tenant unless it is NULL:
 * a list of UserRole, the role granted first at its head, each role once.
 */
List *
catalog_user_roles(const char *user_id, const char *tenant)
{
	Relation table = open_relation(USER_ROLES, AccessShareLock);
	/* tables of 0.1.0 have no index by hash */
	List *grants = likely(relation_exists(USER_ROLES_BY_HASH) && probe_is_possible(table))
					   ? grants_by_hash(table, user_id, tenant)
					   : grants_by_scan(table, user_id, tenant);

	table_close(table, AccessShareLock);
	return list_length(grants) > 1 ? in_order(grants) : grants;
}

struct RoleReading
{
	Relation tables[3];
	Snapshot snapshot;
	uint64 changes;  /* that had been heard of before */
	TableScan probe; /* for one permission after the other */
	bool probing;    /* it has begun */
};

/*
 * The locks come first: what is truncated or rewritten is so before the snapshot
 * or after the reading.  They go with the reading, or with an error.
 */
RoleReading *
catalog_begin_reading(void)
{
	static const CatalogRelation tables[] = { ROLES, ROLE_PARENTS, PERMISSIONS };
	RoleReading *reading = palloc0(sizeof(RoleReading));

	for (int i = 0; i < (int) lengthof(tables); i++)
		reading->tables[i] = open_relation(tables[i], AccessShareLock);
	reading->changes = changes_of[CHANGED_PERMISSIONS];
	/* for a table that is not a system catalog, always a new one */
	reading->snapshot = RegisterSnapshot(GetCatalogSnapshot(RelationGetRelid(reading->tables[0])));
	return reading;
}

Snapshot
reading_snapshot(const RoleReading *reading)
{
	return reading->snapshot;
}

/* The count of changes that the reading is as new as, at least. */
uint64
catalog_reading_changes(const RoleReading *reading)
{
	return reading->changes;
}

void
catalog_end_reading(RoleReading *reading)
{
	if (reading->probing)
		scan_end(&reading->probe);
	UnregisterSnapshot(reading->snapshot);
	for (int i = 0; i < (int) lengthof(reading->tables); i++)
		table_close(reading->tables[i], AccessShareLock);
	pfree(reading);
}

bool
catalog_role_exists(RoleReading *reading, const char *role)
{
	ScanKeyData key;

	scan_key_text(&key, Anum_roles_role, role);
	return scan_finds(reading->snapshot, ROLES, ROLES_BY_NAME, 1, &key);
}

void
catalog_visit_roles(RoleReading *reading, RoleVisitor visit, void *arg)
{
	TableScan scan;
	HeapTuple tuple;

	scan_begin_as_of(&scan, reading->snapshot, ROLES, ROLES_BY_NAME, 0, NULL);
	while (HeapTupleIsValid(tuple = scan_next(&scan)))
		visit(TextDatumGetCString(scan_column_not_null(tuple, &scan, Anum_roles_role)), arg);
	scan_end(&scan);
}

void
catalog_visit_parents(RoleReading *reading, const char *role, RoleVisitor visit, void *arg)
{
	TableScan scan;
	ScanKeyData key;
	HeapTuple tuple;

	scan_key_text(&key, Anum_role_parents_role, role);
	scan_begin_as_of(&scan, reading->snapshot, ROLE_PARENTS, ROLE_PARENTS_BY_ROLE, 1, &key);
	while (HeapTupleIsValid(tuple = scan_next(&scan)))
		visit(TextDatumGetCString(scan_column_not_null(tuple, &scan, Anum_role_parents_parent)),
			  arg);
	scan_end(&scan);
}

/* Visits what a scan finds; false when that is more than `limit`, of which no more are visited. */
static bool
visit_found(TableScan *scan, int64 limit, PermissionVisitor visit, void *arg)
{
	HeapTuple tuple;

	while (HeapTupleIsValid(tuple = scan_next(scan)) && limit-- > 0)
	{
		text *action = DatumGetTextPP(scan_column_not_null(tuple, scan, Anum_permissions_action));
		text *resource =
			DatumGetTextPP(scan_column_not_null(tuple, scan, Anum_permissions_resource));
		bool denied = DatumGetBool(scan_column_not_null(tuple, scan, Anum_permissions_denied));

		visit(action, resource, denied ? EFFECT_DENY : EFFECT_ALLOW, arg);
	}
	return !HeapTupleIsValid(tuple);
}

void
catalog_visit_permissions(RoleReading *reading, const char *role, PermissionVisitor visit,
						  void *arg)
{
	(void) catalog_visit_some_permissions(reading, role, NULL, PG_INT64_MAX, visit, arg);
}

/*
 * Those of a role, or of one of its actions, unless there are more than `limit`: then it
 * visits that many and says false.
 */
bool
catalog_visit_some_permissions(RoleReading *reading, const char *role, const char *action,
							   int64 limit, PermissionVisitor visit, void *arg)
{
	ScanKeyData keys[2];
	TableScan scan;
	bool complete;

	scan_key_text(&keys[0], Anum_permissions_role, role);
	if (action)
		scan_key_text(&keys[1], Anum_permissions_action, action);
	scan_begin_as_of(&scan, reading->snapshot, PERMISSIONS, PERMISSIONS_BY_ROLE, action ? 2 : 1,
					 keys);
	complete = visit_found(&scan, limit, visit, arg);
	scan_end(&scan);
	return complete;
}

/* The grant and the denial that are stored under exactly these names. */
void
catalog_visit_permission(RoleReading *reading, const char *role, const char *action,
						 const char *resource, PermissionVisitor visit, void *arg)
{
	ScanKeyData keys[3];

	scan_key_text(&keys[0], Anum_permissions_role, role);
	scan_key_text(&keys[1], Anum_permissions_action, action);
	scan_key_text(&keys[2], Anum_permissions_resource, resource);
	if (reading->probing)
		scan_again(&reading->probe, 3, keys);
	else
		scan_begin_as_of(&reading->probe, reading->snapshot, PERMISSIONS, PERMISSIONS_BY_ROLE, 3,
						 keys);
	reading->probing = true;
	(void) visit_found(&reading->probe, PG_INT64_MAX, visit, arg);
}
