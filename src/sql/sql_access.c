/*
 * sql_access.c
 *		Takes a policy apart, and says what each of its conditions is for a row.
 *
 * Invariant: a condition is one of a policy's, and runs with the caller's rights, as it
 * does when he reads the table; the row, which he may not be able to see, is found
 * without running anything (row_search.c), and none of it is returned.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "base/compat.h"
#include "base/row_type.h"
#include "sql/arguments.h"
#include "sql/policy_reading.h"
#include "sql/row_search.h"

typedef struct Policy
{
	Oid table;
	List *conditions; /* of its USING or WITH CHECK, which all have to hold */
} Policy;

static void
read_conditions(Policy *policy, HeapTuple tuple, Relation catalog, bool with_check)
{
	bool isnull;
	Datum expression =
		heap_getattr(tuple, with_check ? Anum_pg_policy_polwithcheck : Anum_pg_policy_polqual,
					 RelationGetDescr(catalog), &isnull);

	policy->table = ((Form_pg_policy) GETSTRUCT(tuple))->polrelid;
	if (!isnull)
		policy->conditions = make_ands_implicit(stringToNode(TextDatumGetCString(expression)));
}

/* A policy of a table of the application's, by its OID. */
static Policy
read_policy(Oid oid, bool with_check)
{
	Relation catalog = table_open(PolicyRelationId, AccessShareLock);
	Policy policy = { InvalidOid, NIL };
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;

	ScanKeyInit(&key, Anum_pg_policy_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(oid));
	scan = systable_beginscan(catalog, PolicyOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		read_conditions(&policy, tuple, catalog, with_check);
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	if (!OidIsValid(policy.table) ||
		get_rel_namespace(policy.table) == get_namespace_oid("session_auth", false))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid policy")));
	return policy;
}

/* Sets the caller's search_path, in which names are written and found again. */
static int
begin_path(const char *path)
{
	int level = NewGUCNestLevel();

	(void) set_config_option("search_path", path, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
							 0, false);
	return level;
}

static char *
text_of_condition(const Policy *policy, Node *condition)
{
	return deparse_expression(
		condition, deparse_context_for(get_rel_name(policy->table), policy->table), false, false);
}

/* ----------------------------------------------------------------- what they are */

#define PART_COLUMNS 6

static void
put_part(ReturnSetInfo *rsinfo, const Policy *policy, int n, Node *condition)
{
	ConditionReading reading = read_condition(condition);
	const char *column =
		reading.column > 0 ? get_attname(policy->table, reading.column, true) : NULL;
	Datum values[PART_COLUMNS];
	bool nulls[PART_COLUMNS] = { false };

	values[0] = Int32GetDatum(n);
	row_set_text(&values[1], &nulls[1], text_of_condition(policy, condition));
	row_set_text(&values[2], &nulls[2], reading.kind);
	row_set_text(&values[3], &nulls[3], reading.action);
	row_set_text(&values[4], &nulls[4], reading.resource);
	row_set_text(&values[5], &nulls[5], column);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

SQL_FUNCTION(session_auth_policy_conditions);

/* policy_conditions(policy, with_check, path): STRICT; part, condition, kind, action, resource, column_name */
Datum
session_auth_policy_conditions(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Policy policy = read_policy(PG_GETARG_OID(0), PG_GETARG_BOOL(1));
	int level = begin_path(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	ListCell *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach (cell, policy.conditions)
		put_part(rsinfo, &policy, foreach_current_index(cell), lfirst(cell));
	AtEOXact_GUC(true, level);
	return (Datum) 0;
}

/* ------------------------------------------------------------- whether they hold */

/* A boolean of one row and one column; NULL without a row. */
static bool
query_boolean(const char *query, int nargs, Oid *types, Datum *values, bool *isnull)
{
	bool result = false;
	Datum value;

	*isnull = true;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(query, nargs, types, values, NULL, true, 1) == SPI_OK_SELECT &&
		SPI_processed == 1)
	{
		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, isnull);
		result = !*isnull && DatumGetBool(value);
	}
	SPI_finish();
	return result;
}

static char *
quoted_table(Relation rel)
{
	return quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
									  RelationGetRelationName(rel));
}

/* Of the row that is there, or of one that is to be, under the table's name. */
static bool
holds_for_row(Relation rel, const char *condition, Jsonb *key, bool is_new, bool *isnull)
{
	const char *name = quote_identifier(RelationGetRelationName(rel));
	Oid type = is_new ? JSONBOID : rel->rd_rel->reltype;
	Datum row = JsonbPGetDatum(key);
	char *query;

	*isnull = true;
	if (!is_new && row_search(rel, key, &row) != 1)
		return false;
	if (is_new)
		query = psprintf("SELECT (%s)::boolean FROM "
						 "pg_catalog.jsonb_populate_record(NULL::%s, $1) AS %s",
						 condition, quoted_table(rel), name);
	else
		query = psprintf("SELECT (%s)::boolean FROM pg_catalog.unnest(ARRAY[$1]) AS %s", condition,
						 name);
	return query_boolean(query, 1, &type, &row, isnull);
}

static bool
condition_holds(const Policy *policy, int n, Jsonb *key, bool is_new, bool *isnull)
{
	Node *condition = list_nth(policy->conditions, n);
	char *text = text_of_condition(policy, condition);
	Relation rel;
	bool result = false;

	if (!contain_vars_of_level(condition, 0))
		return query_boolean(psprintf("SELECT (%s)::boolean", text), 0, NULL, NULL, isnull);
	*isnull = true;
	if (key == NULL)
		return false;
	rel = table_open(policy->table, AccessShareLock);
	result = holds_for_row(rel, text, key, is_new, isnull);
	table_close(rel, AccessShareLock);
	return result;
}

SQL_FUNCTION(session_auth_condition_holds);

/* condition_holds(policy, with_check, part, row_key, is_new, path): row_key alone may be NULL */
Datum
session_auth_condition_holds(PG_FUNCTION_ARGS)
{
	Policy policy;
	int level;
	bool isnull;
	bool holds;

	for (int i = 0; i < 6; i++)
		if (i != 3 && PG_ARGISNULL(i))
			PG_RETURN_NULL();
	policy = read_policy(PG_GETARG_OID(0), PG_GETARG_BOOL(1));
	if (PG_GETARG_INT32(2) < 0 || PG_GETARG_INT32(2) >= list_length(policy.conditions))
		PG_RETURN_NULL();
	level = begin_path(text_to_cstring(PG_GETARG_TEXT_PP(5)));
	holds =
		condition_holds(&policy, PG_GETARG_INT32(2), PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3),
						PG_GETARG_BOOL(4), &isnull);
	AtEOXact_GUC(true, level);
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(holds);
}

SQL_FUNCTION(session_auth_rows_found);

/* rows_found(target, row_key): STRICT; 2 for several */
Datum
session_auth_rows_found(PG_FUNCTION_ARGS)
{
	Relation rel = try_relation_open(PG_GETARG_OID(0), AccessShareLock);
	Datum row;
	int found;

	if (rel == NULL || !rel->rd_rel->relrowsecurity ||
		RelationGetNamespace(rel) == get_namespace_oid("session_auth", false))
		argument_refuse("target", "It must be a table of the application with row-level security.");
	found = row_search(rel, PG_GETARG_JSONB_P(1), &row);
	relation_close(rel, AccessShareLock);
	PG_RETURN_INT32(found);
}
