/*
 * row_type.c
 *		The rows that SQL functions return, described once per backend.
 *
 * Asking the catalog what a function returns costs microseconds at each call;
 * the columns are those of the function's declaration and change only with it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/row_type.h"

static void
describe(RowType *type)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
	TupleDesc desc = CreateTemplateTupleDesc(type->ncolumns);

	for (int i = 0; i < type->ncolumns; i++)
		TupleDescInitEntry(desc, (AttrNumber) (i + 1), type->columns[i].name, type->columns[i].type,
						   -1, 0);
	type->desc = BlessTupleDesc(desc);
	MemoryContextSwitchTo(old);
}

Datum
row_form(RowType *type, Datum *values, bool *nulls)
{
	if (type->desc == NULL)
		describe(type);
	return HeapTupleGetDatum(heap_form_tuple(type->desc, values, nulls));
}

void
row_set_text(Datum *value, bool *isnull, const char *text)
{
	*isnull = text == NULL;
	*value = text ? CStringGetTextDatum(text) : (Datum) 0;
}
