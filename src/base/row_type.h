/*
 * row_type.h
 *		The rows that SQL functions return, described once per backend.
 */
#ifndef SESSION_AUTH_ROW_TYPE_H
#define SESSION_AUTH_ROW_TYPE_H

#include "access/tupdesc.h"

typedef struct RowColumn
{
	const char *name;
	Oid type;
} RowColumn;

typedef struct RowType
{
	int ncolumns;
	const RowColumn *columns;
	TupleDesc desc; /* NULL until it is first used */
} RowType;

extern Datum row_form(RowType *type, Datum *values, bool *nulls);

/* A column of a row, NULL where there is no text. */
extern void row_set_text(Datum *value, bool *isnull, const char *text);

#endif /* SESSION_AUTH_ROW_TYPE_H */
