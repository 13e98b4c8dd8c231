/*
 * table_protections.c
 *		The table of what protect_table has protected.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "utils/fmgroids.h"

#include "catalog/table_access.h"
#include "catalog/tables.h"

/* Its first column, as in sql/parts/policies.sql. */
#define Anum_protections_target 1

/* False also where the extension is not in this database, or is older than that table. */
bool
catalog_is_protected(Oid relid)
{
	ScanKeyData key;

	if (!relation_exists(PROTECTIONS))
		return false;
	ScanKeyInit(&key, Anum_protections_target, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	return scan_finds(NULL, PROTECTIONS, PROTECTIONS_BY_TARGET, 1, &key);
}
