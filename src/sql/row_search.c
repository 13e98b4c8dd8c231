/*
 * row_search.c
 *		Finds a row of a table of the application's by the values of columns.
 *
 * Row-level security may hide the row from who asks why it does.  Invariant: nothing of
 * the table's owner's runs with more rights than the caller's.  There is no query, whose
 * planning could call functions in constraints; rows are compared by the equality of
 * types that a superuser has made, enums, or domains over these.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tupconvert.h"
#include "catalog/pg_am.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "base/compat.h"
#include "sql/arguments.h"
#include "sql/row_search.h"

#define MAX_KEY_COLUMNS INDEX_MAX_KEYS

/* A value that a column has to have. */
typedef struct KeyColumn
{
	const char *name;
	Oid equals; /* function of the column's type */
	Datum value;
} KeyColumn;

pg_noreturn static void
refuse_key(const char *detail)
{
	argument_refuse("row_key", detail);
}

static KeyColumn
column_of_key(Relation rel, const char *name, const char *value)
{
	AttrNumber number = get_attnum(RelationGetRelid(rel), name);
	Oid type;
	Oid input;
	Oid parameter;

	if (number <= 0)
		refuse_key(psprintf("Table %s has no column \"%s\".", RelationGetRelationName(rel), name));
	type = getBaseType(TupleDescAttr(rel->rd_att, number - 1)->atttypid);
	if ((get_typtype(type) != TYPTYPE_BASE && get_typtype(type) != TYPTYPE_ENUM) ||
		OidIsValid(get_element_type(type)) ||
		!OidIsValid(lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr))
		refuse_key(psprintf("Rows are not found by column \"%s\" of type %s.", name,
							format_type_be(type)));
	getTypeInputInfo(type, &input, &parameter);
	return (KeyColumn){ name, get_opcode(lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr),
						OidInputFunctionCall(input, unconstify(char *, value), parameter, -1) };
}

static char *
scalar_text(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return DatumGetCString(
				DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
		case jbvBool:
			return value->val.boolean ? "true" : "false";
		default:
			refuse_key("Each value must be a string, a number, true or false.");
	}
}

static int
read_key(Relation rel, Jsonb *key, KeyColumn *columns)
{
	JsonbIterator *iterator = JsonbIteratorInit(&key->root);
	JsonbIteratorToken token;
	JsonbValue value;
	int n = 0;
	char *name;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token != WJB_KEY)
			continue;
		if (n == MAX_KEY_COLUMNS)
			refuse_key("It has too many columns.");
		name = scalar_text(&value);
		(void) JsonbIteratorNext(&iterator, &value, true);
		columns[n++] = column_of_key(rel, name, scalar_text(&value));
	}
	return n;
}

static void
scan_key(ScanKey key, Relation rel, const KeyColumn *column)
{
	AttrNumber number = get_attnum(RelationGetRelid(rel), column->name);

	ScanKeyEntryInitialize(key, 0, number, BTEqualStrategyNumber, InvalidOid,
						   TupleDescAttr(rel->rd_att, number - 1)->attcollation, column->equals,
						   column->value);
}

static int
place_in_key(Relation rel, const KeyColumn *columns, int n, AttrNumber number)
{
	for (int i = 0; i < n; i++)
		if (get_attnum(RelationGetRelid(rel), columns[i].name) == number)
			return i;
	return -1;
}

/* Whether an index is on these columns; then puts the keys into its order. */
static bool
index_serves(Relation index, Relation rel, const KeyColumn *columns, int n, ScanKey keys)
{
	const FormData_pg_index *form = index->rd_index;

	if (index->rd_rel->relam != BTREE_AM_OID || !form->indisvalid || form->indnkeyatts != n ||
		!heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL))
		return false;
	for (int i = 0; i < n; i++)
	{
		int place = place_in_key(rel, columns, n, form->indkey.values[i]);

		if (place < 0)
			return false;
		scan_key(&keys[i], rel, &columns[place]);
	}
	return true;
}

static Oid
index_for(Relation rel, const KeyColumn *columns, int n, ScanKey keys)
{
	Oid found = InvalidOid;
	ListCell *cell;

	foreach (cell, RelationGetIndexList(rel))
	{
		Relation index = index_open(lfirst_oid(cell), AccessShareLock);

		if (index_serves(index, rel, columns, n, keys))
			found = lfirst_oid(cell);
		index_close(index, AccessShareLock);
		if (OidIsValid(found))
			return found;
	}
	for (int i = 0; i < n; i++)
		scan_key(&keys[i], rel, &columns[i]);
	return InvalidOid;
}

/* As the table's own type has it, whichever partition it is from. */
static Datum
row_as(Relation rel, Relation part, HeapTuple tuple)
{
	TupleConversionMap *map = convert_tuples_by_name(part->rd_att, rel->rd_att);

	if (map)
		tuple = execute_attr_map_tuple(tuple, map);
	return heap_copy_tuple_as_datum(tuple, rel->rd_att);
}

static int
search_part(Relation rel, Relation part, const KeyColumn *columns, int n, Datum *row)
{
	ScanKeyData keys[MAX_KEY_COLUMNS];
	Oid index = index_for(part, columns, n, keys);
	SysScanDesc scan =
		systable_beginscan(part, index, OidIsValid(index), GetActiveSnapshot(), n, keys);
	HeapTuple tuple;
	int found = 0;

	while (found < 2 && HeapTupleIsValid(tuple = systable_getnext(scan)))
		if (found++ == 0)
			*row = row_as(rel, part, tuple);
	systable_endscan(scan);
	return found;
}

/* How many rows there are, 2 for several; the first one's value. */
int
row_search(Relation rel, Jsonb *key, Datum *row)
{
	KeyColumn columns[MAX_KEY_COLUMNS];
	int n;
	int found = 0;
	ListCell *cell;

	if (!JB_ROOT_IS_OBJECT(key))
		refuse_key("It must be a JSON object of columns and values.");
	n = read_key(rel, key, columns);
	if (n == 0)
		refuse_key("It must name a column.");
	foreach (cell, find_all_inheritors(RelationGetRelid(rel), AccessShareLock, NULL))
	{
		Relation part = table_open(lfirst_oid(cell), NoLock);

		if (part->rd_rel->relkind == RELKIND_RELATION && found < 2)
			found += search_part(rel, part, columns, n, row);
		table_close(part, NoLock);
	}
	return Min(found, 2);
}
