/*
 * table_nodes.c
 *		The tables of other servers: for which identities may be sealed, and to which they are
 *		carried.
 */
#include "postgres.h"

#include "catalog/table_access.h"
#include "catalog/tables.h"

/* Columns, in the order of sql/parts/nodes.sql. */
enum
{
	Anum_allowed_audiences_audience = 1
};

enum
{
	Anum_connected_nodes_carrier = 1,
	Anum_connected_nodes_audience
};

bool
catalog_audience_is_allowed(const char *audience)
{
	ScanKeyData key;

	scan_key_text(&key, Anum_allowed_audiences_audience, audience);
	return scan_finds(NULL, ALLOWED_AUDIENCES, ALLOWED_AUDIENCES_BY_NAME, 1, &key);
}

/* Of NodeRow; none also where the extension is not in this database, or is older than the table. */
List *
catalog_nodes(void)
{
	TableScan scan;
	HeapTuple tuple;
	List *rows = NIL;

	if (!relation_exists(CONNECTED_NODES))
		return NIL;
	scan_begin(&scan, CONNECTED_NODES, CONNECTED_NODES_BY_CARRIER, 0, NULL);
	while (HeapTupleIsValid(tuple = scan_next(&scan)))
	{
		NodeRow *row = palloc(sizeof(NodeRow));

		row->carrier =
			DatumGetObjectId(scan_column_not_null(tuple, &scan, Anum_connected_nodes_carrier));
		row->audience = scan_text(tuple, &scan, Anum_connected_nodes_audience);
		rows = lappend(rows, row);
	}
	scan_end(&scan);
	return rows;
}
