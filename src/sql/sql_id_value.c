/*
 * sql_id_value.c
 *		The user's id and the tenant as values of a column's type.
 *
 * Invariant: a value is returned only where its type prints it exactly as the id
 * is written; any other id owns nothing (NULL), and raises nothing.  Types whose
 * input raises errors are read here only after their text was looked at, as up to
 * PostgreSQL 15 an input function has no other way to say no.
 */
#include "postgres.h"

#include <errno.h>

#include "access/htup_details.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/uuid.h"
#include "identity/identity.h"

/* far within what numeric can hold; a user's id is shorter by the rules of arguments.c */
#define MAX_NUMERIC_LEN 1024

/* What the type prints is what is written: 007, -0 and +7 print another way. */
static bool
integer_of(const char *id, int64 min, int64 max, int64 *value)
{
	char printed[MAXINT8LEN + 1];
	char *end;

	errno = 0;
	*value = strtoll(id, &end, 10);
	if (errno != 0 || *end != '\0' || *value < min || *value > max)
		return false;
	pg_lltoa(*value, printed);
	return strcmp(printed, id) == 0;
}

static const char *
skip_digits(const char *text)
{
	while (*text >= '0' && *text <= '9')
		text++;
	return text;
}

/* Digits, at most with a minus before and a point among them: nothing that numeric refuses. */
static bool
looks_numeric(const char *id)
{
	const char *whole = id + (*id == '-');
	const char *end = skip_digits(whole);

	if (end == whole || strlen(id) > MAX_NUMERIC_LEN)
		return false;
	if (*end == '.')
	{
		const char *fraction = end + 1;

		end = skip_digits(fraction);
		if (end == fraction)
			return false;
	}
	return *end == '\0';
}

static bool
numeric_of(const char *id, Datum *value)
{
	if (!looks_numeric(id))
		return false;
	*value = DirectFunctionCall3(numeric_in, CStringGetDatum(id), ObjectIdGetDatum(InvalidOid),
								 Int32GetDatum(-1));
	return strcmp(DatumGetCString(DirectFunctionCall1(numeric_out, *value)), id) == 0;
}

static bool
enum_of(const char *id, Oid type, Datum *value)
{
	HeapTuple tuple;

	/* a longer one would be cut to the label that it begins with */
	if (strlen(id) >= NAMEDATALEN)
		return false;
	tuple = SearchSysCache2(ENUMTYPOIDNAME, ObjectIdGetDatum(type), CStringGetDatum(id));
	if (!HeapTupleIsValid(tuple))
		return false;
	*value = ObjectIdGetDatum(((Form_pg_enum) GETSTRUCT(tuple))->oid);
	ReleaseSysCache(tuple);
	return true;
}

static bool
is_binary_cast(Oid from, Oid to)
{
	HeapTuple tuple =
		SearchSysCache2(CASTSOURCETARGET, ObjectIdGetDatum(from), ObjectIdGetDatum(to));
	bool binary;

	if (!HeapTupleIsValid(tuple))
		return false;
	binary = ((Form_pg_cast) GETSTRUCT(tuple))->castmethod == COERCION_METHOD_BINARY;
	ReleaseSysCache(tuple);
	return binary;
}

/* Types that are text inside, as a superuser has said of them: varchar, citext. */
static bool
is_like_text(Oid type)
{
	return type == TEXTOID || (is_binary_cast(TEXTOID, type) && is_binary_cast(type, TEXTOID));
}

/* Blanks at the end mean nothing to bpchar, so an id that has some is another id. */
static bool
ends_in_blank(const char *id)
{
	size_t len = strlen(id);

	return len > 0 && id[len - 1] == ' ';
}

pg_noreturn static void
refuse_type(Oid type)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("an id cannot be compared with type %s", format_type_be(type)),
			 errdetail("It must be text or a type that is text inside, an integer, numeric, uuid "
					   "or an enum.")));
}

static bool
uuid_of(const char *id, Datum *value)
{
	const pg_uuid_t *uuid = uuid_of_text(id);

	if (uuid == NULL)
		return false;
	*value = UUIDPGetDatum(uuid);
	return strcmp(uuid_text(uuid), id) == 0;
}

static bool
value_of_id(const char *id, Oid type, Datum *value)
{
	int64 integer = 0;
	bool found;

	switch (type)
	{
		case INT2OID:
			found = integer_of(id, PG_INT16_MIN, PG_INT16_MAX, &integer);
			*value = Int16GetDatum((int16) integer);
			return found;
		case INT4OID:
			found = integer_of(id, PG_INT32_MIN, PG_INT32_MAX, &integer);
			*value = Int32GetDatum((int32) integer);
			return found;
		case INT8OID:
			found = integer_of(id, PG_INT64_MIN, PG_INT64_MAX, &integer);
			*value = Int64GetDatum(integer);
			return found;
		case NUMERICOID:
			return numeric_of(id, value);
		case UUIDOID:
			return uuid_of(id, value);
	}
	if (type_is_enum(type))
		return enum_of(id, type, value);
	if (type != BPCHAROID && !is_like_text(type))
		refuse_type(type);
	*value = CStringGetTextDatum(id);
	return type != BPCHAROID || !ends_in_blank(id);
}

/* The type is that of the argument, which is a NULL of it; none is known where no query calls. */
static Datum
id_as(FunctionCallInfo fcinfo, const char *id)
{
	Oid type = get_fn_expr_rettype(fcinfo->flinfo);
	Datum value;

	if (id == NULL || !value_of_id(id, type, &value))
		PG_RETURN_NULL();
	return value;
}

SQL_FUNCTION(session_auth_user_id_as);

/* user_id_as(sample anyelement) */
Datum
session_auth_user_id_as(PG_FUNCTION_ARGS)
{
	const Identity *identity = identity_current();

	return id_as(fcinfo, identity ? identity->user_id : NULL);
}

SQL_FUNCTION(session_auth_tenant_as);

/* tenant_as(sample anyelement) */
Datum
session_auth_tenant_as(PG_FUNCTION_ARGS)
{
	const Identity *identity = identity_current();

	return id_as(fcinfo, identity ? identity->tenant : NULL);
}

SQL_FUNCTION(session_auth_user_uuid);

/* user_uuid(): NULL as well when the user's id is not what a uuid prints */
Datum
session_auth_user_uuid(PG_FUNCTION_ARGS)
{
	const Identity *identity = identity_current();
	Datum value;

	if (identity == NULL || !uuid_of(identity->user_id, &value))
		PG_RETURN_NULL();
	return value;
}
