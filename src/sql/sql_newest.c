/*
 * sql_newest.c
 *		The tables as they are now, for administration.
 *
 * Functions in SQL read with their transaction's snapshot, which in REPEATABLE READ
 * is that of its first statement, while verification and permission checks always
 * read what is committed now.  So that both say the same, what administration shows
 * is read here; and where its functions in SQL would find tables empty that are not,
 * they are told to refuse, as PostgreSQL refuses to change a row that is too new.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "base/compat.h"
#include "base/json_build.h"
#include "base/text_array.h"
#include "catalog/tables.h"
#include "permission/permission.h"

SQL_FUNCTION(session_auth_check_snapshot);

/* check_snapshot(): 40001 when the transaction's snapshot is older than a table */
Datum
session_auth_check_snapshot(PG_FUNCTION_ARGS)
{
	const char *table = catalog_changed_table();

	if (table)
		ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
						errmsg("could not serialize access due to concurrent change of table %s.%s",
							   SCHEMA_NAME, table),
						errhint("The transaction might succeed if retried.")));
	PG_RETURN_VOID();
}

SQL_FUNCTION(session_auth_role_includes);

/* role_includes(role, other): STRICT; whether the role exists and is the other or inherits it */
Datum
session_auth_role_includes(PG_FUNCTION_ARGS)
{
	char *role = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char *other = text_to_cstring(PG_GETARG_TEXT_PP(1));
	uint64 valid_for;

	permission_accept_changes();
	PG_RETURN_BOOL(
		permission_set_has_role(permission_set_of_role(role, &valid_for), other, strlen(other)));
}

/* ----------------------------------------------------------------- permissions */

typedef struct Export
{
	RoleReading *reading;
	JsonObject *object;
} Export;

static void
add_permission(const text *action, const text *resource, PermissionEffect effect, void *arg)
{
	Export *export = arg;

	json_object_add_element(export->object,
							psprintf("%s%s:%s", effect == EFFECT_DENY ? "!" : "",
									 text_to_cstring(action), text_to_cstring(resource)));
}

static void
export_role(const char *role, void *arg)
{
	Export *export = arg;

	json_object_begin_array(export->object, pstrdup(role));
	catalog_visit_permissions(export->reading, role, add_permission, export);
	json_object_end_array(export->object);
}

SQL_FUNCTION(session_auth_export_permissions);

/* export_permissions(): of each role, in the order of its index */
Datum
session_auth_export_permissions(PG_FUNCTION_ARGS)
{
	Export export = { catalog_begin_reading(), json_object_begin() };

	catalog_visit_roles(export.reading, export_role, &export);
	catalog_end_reading(export.reading);
	PG_RETURN_JSONB_P(json_object_end(export.object));
}

/* ------------------------------------------------------------------------ keys */

#define KEY_COLUMNS 10

/* Nothing comes before something. */
static int
compare_names(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int
compare_keys(const ListCell *a, const ListCell *b)
{
	const KeyRow *left = lfirst(a);
	const KeyRow *right = lfirst(b);
	int by_issuer = compare_names(left->issuer, right->issuer);
	int by_kid = compare_names(left->kid, right->kid);

	if (by_issuer != 0 || by_kid != 0)
		return by_issuer != 0 ? by_issuer : by_kid;
	/* several may have no kid: the oldest first */
	return (left->key_id > right->key_id) - (left->key_id < right->key_id);
}

static void
put_key_row(ReturnSetInfo *rsinfo, const KeyRow *key)
{
	const char *const texts[KEY_COLUMNS] = {
		key->kid,          key->algorithm, key->issuer, NULL, key->role_claim,
		key->tenant_claim, key->state,     NULL,        NULL, key->fingerprint
	};
	Datum values[KEY_COLUMNS] = { 0 };
	bool nulls[KEY_COLUMNS];

	for (int i = 0; i < KEY_COLUMNS; i++)
	{
		nulls[i] = texts[i] == NULL;
		if (texts[i])
			values[i] = CStringGetTextDatum(texts[i]);
	}
	values[3] = PointerGetDatum(text_array_of_list(key->audiences));
	nulls[3] = false;
	values[7] = TimestampTzGetDatum(key->valid_from);
	nulls[7] = TIMESTAMP_IS_NOBEGIN(key->valid_from);
	values[8] = TimestampTzGetDatum(key->valid_until);
	nulls[8] = TIMESTAMP_IS_NOEND(key->valid_until);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

SQL_FUNCTION(session_auth_list_keys);

/* list_keys(): by issuer and kid, without secrets */
Datum
session_auth_list_keys(PG_FUNCTION_ARGS)
{
	List *keys = catalog_keys(false);
	ListCell *cell;

	InitMaterializedSRF(fcinfo, 0);
	list_sort(keys, compare_keys);
	foreach (cell, keys)
		put_key_row((ReturnSetInfo *) fcinfo->resultinfo, lfirst(cell));
	return (Datum) 0;
}
