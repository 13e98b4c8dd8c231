/*
 * adoption.c
 *		Whether a table of the application's says who has which role.
 *
 * An adopted table is one that carries our trigger; PostgreSQL's own catalog knows
 * which tables these are, as each trigger depends on its function.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/syscache.h"

#include "catalog/tables.h"

#define FOLLOWS_ROLES "adopted_user_changed"

/* A trigger function of ours: it has no arguments.  InvalidOid when there is none. */
static Oid
trigger_function(const char *name)
{
	oidvector *none = buildoidvector(NULL, 0);

	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name),
						   PointerGetDatum(none),
						   ObjectIdGetDatum(get_namespace_oid(SCHEMA_NAME, true)));
}

static bool
some_trigger_calls(Oid function)
{
	Relation depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple tuple;
	bool found = false;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(ProcedureRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(function));
	scan = systable_beginscan(depend, DependReferenceIndexId, true, NULL, 2, keys);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
		found = ((Form_pg_depend) GETSTRUCT(tuple))->classid == TriggerRelationId;
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return found;
}

bool
catalog_roles_are_adopted(void)
{
	Oid function = trigger_function(FOLLOWS_ROLES);

	return OidIsValid(function) && some_trigger_calls(function);
}
