/*
 * text_array.c
 *		Strings as text[], and text[] as strings; see text_array.h.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "base/text_array.h"

/* What construct_array would make of a text each, written without the texts. */
ArrayType *
text_array_make(const char *const *strings, int n)
{
	Size size = ARR_OVERHEAD_NONULLS(1);
	ArrayType *array;
	char *at;

	if (n == 0)
		return construct_empty_array(TEXTOID);
	for (int i = 0; i < n; i++)
		size += INTALIGN(VARHDRSZ + strlen(strings[i]));
	array = palloc0(size);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = TEXTOID;
	ARR_DIMS(array)[0] = n;
	ARR_LBOUND(array)[0] = 1;
	at = (char *) array + ARR_OVERHEAD_NONULLS(1);
	for (int i = 0; i < n; i++)
	{
		size_t len = strlen(strings[i]);

		SET_VARSIZE(at, VARHDRSZ + len);
		memcpy(VARDATA(at), strings[i], len);
		at += INTALIGN(VARHDRSZ + len);
	}
	return array;
}

ArrayType *
text_array_of_list(const List *strings)
{
	const char **each = palloc((list_length(strings) + 1) * sizeof(char *));
	int n = 0;
	const ListCell *cell;

	foreach (cell, strings)
		each[n++] = lfirst(cell);
	return text_array_make(each, n);
}

char **
text_array_read(ArrayType *array, int *n)
{
	Datum *elements;
	bool *nulls;
	char **strings;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, n);
	strings = palloc((*n + 1) * sizeof(char *));
	for (int i = 0; i < *n; i++)
		strings[i] = nulls[i] ? NULL : TextDatumGetCString(elements[i]);
	return strings;
}

List *
text_array_list(ArrayType *array)
{
	Datum *elements;
	int n;
	List *list = NIL;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, &n);
	for (int i = 0; i < n; i++)
		list = lappend(list, TextDatumGetCString(elements[i]));
	return list;
}
