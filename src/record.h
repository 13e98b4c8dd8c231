/*
 * record.h
 *		The rows that SQL functions return, described once per backend.
 */
#ifndef SESSION_AUTH_RECORD_H
#define SESSION_AUTH_RECORD_H

#include "access/tupdesc.h"

typedef struct RecordColumn
{
	const char *name;
	Oid type;
} RecordColumn;

typedef struct RecordType
{
	int ncolumns;
	const RecordColumn *columns;
	TupleDesc desc; /* NULL until it is first used */
} RecordType;

extern Datum record_form(RecordType *type, Datum *values, bool *nulls);

#endif /* SESSION_AUTH_RECORD_H */
