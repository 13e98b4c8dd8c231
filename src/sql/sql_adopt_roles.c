/*
 * sql_adopt_roles.c
 *		What the rows of an application's own table say of roles and bans.
 *
 * Invariant: a row says each role once, however often it names it, so that what
 * it gave and what it takes are the same.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "base/compat.h"
#include "base/string_list.h"
#include "base/text_array.h"
#include "sql/adopted_column.h"

/* The texts of a value: itself, or the elements of an array that are not null. */
static List *
texts_of_value(Datum value, Oid type)
{
	Oid element = get_element_type(getBaseType(type));
	Datum *elements = &value;
	bool *nulls = NULL;
	int n = 1;
	List *texts = NIL;

	if (OidIsValid(element))
	{
		int16 len;
		bool byval;
		char align;

		get_typlenbyvalalign(element, &len, &byval, &align);
		deconstruct_array(DatumGetArrayTypeP(value), element, len, byval, align, &elements, &nulls,
						  &n);
		type = element;
	}
	for (int i = 0; i < n; i++)
		if (nulls == NULL || !nulls[i])
			texts = lappend(texts, adopted_value_text(elements[i], type));
	return texts;
}

/* A column of the row that is the first argument, named by another one. */
static Datum
argument_column(FunctionCallInfo fcinfo, int n, Oid *type, bool *isnull)
{
	HeapTupleHeader header = PG_GETARG_HEAPTUPLEHEADER(0);
	HeapTupleData tuple = { .t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header };
	TupleDesc desc =
		lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	Datum value =
		adopted_value((SourceRow){ &tuple, desc }, NameStr(*PG_GETARG_NAME(n)), type, isnull);

	ReleaseTupleDesc(desc);
	return value;
}

/* NIL when it is null. */
static List *
argument_texts(FunctionCallInfo fcinfo)
{
	Oid type;
	bool isnull;
	Datum value = argument_column(fcinfo, 1, &type, &isnull);

	return isnull ? NIL : texts_of_value(value, type);
}

SQL_FUNCTION(session_auth_adopted_values);

/* adopted_values(source_row record, column_name name): none, one, or an array's */
Datum
session_auth_adopted_values(PG_FUNCTION_ARGS)
{
	PG_RETURN_ARRAYTYPE_P(text_array_of_list(argument_texts(fcinfo)));
}

static List *
add_once(List *texts, char *text)
{
	return string_list_has(texts, text) ? texts : lappend(texts, text);
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Without the spaces around it. */
static char *
trimmed(const char *text, size_t len)
{
	while (len > 0 && is_space(text[len - 1]))
		len--;
	while (len > 0 && is_space(*text))
		text++, len--;
	return pnstrdup(text, len);
}

/* The parts of a text that are not empty. */
static List *
add_parts(List *texts, const char *text, const char *separator)
{
	for (;;)
	{
		const char *end = strstr(text, separator);
		char *part = trimmed(text, end ? (size_t) (end - text) : strlen(text));

		if (*part)
			texts = add_once(texts, part);
		if (end == NULL)
			return texts;
		text = end + strlen(separator);
	}
}

SQL_FUNCTION(session_auth_adopted_names);

/* adopted_names(source_row record, column_name name, separator text): each once */
Datum
session_auth_adopted_names(PG_FUNCTION_ARGS)
{
	char *separator = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	List *names = NIL;
	List *texts;
	ListCell *cell;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || (separator && *separator == '\0'))
		PG_RETURN_NULL();
	texts = argument_texts(fcinfo);
	foreach (cell, texts)
		names =
			separator ? add_parts(names, lfirst(cell), separator) : add_once(names, lfirst(cell));
	PG_RETURN_ARRAYTYPE_P(text_array_of_list(names));
}

/* One without an end, or whose end cannot be read, is for good. */
static TimestampTz
ban_end(FunctionCallInfo fcinfo)
{
	const char *zone = PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3));
	Oid type;
	bool isnull;
	Datum value;
	TimestampTz end;

	if (PG_ARGISNULL(2))
		return DT_NOEND;
	value = argument_column(fcinfo, 2, &type, &isnull);
	if (isnull || DatumGetTimestampTz(value) == DT_NOEND ||
		!adopted_timestamp(value, getBaseType(type), NameStr(*PG_GETARG_NAME(2)), zone, &end))
		return DT_NOEND;
	return end;
}

SQL_FUNCTION(session_auth_adopted_ban);

/* adopted_ban(source_row record, banned_column name, ban_expires_column name, time_zone text) */
Datum
session_auth_adopted_ban(PG_FUNCTION_ARGS)
{
	Oid type;
	bool isnull;
	Datum banned;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	banned = argument_column(fcinfo, 1, &type, &isnull);
	if (getBaseType(type) != BOOLOID)
		adopted_refuse_column(NameStr(*PG_GETARG_NAME(1)), "is no boolean");
	if (isnull || !DatumGetBool(banned))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(ban_end(fcinfo));
}
