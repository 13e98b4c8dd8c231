/*
 * adopted_column.h
 *		Values of the columns of an application's own table.
 */
#ifndef SESSION_AUTH_ADOPTED_COLUMN_H
#define SESSION_AUTH_ADOPTED_COLUMN_H

#include "access/htup.h"
#include "access/tupdesc.h"
#include "datatype/timestamp.h"

#include "base/compat.h"
#include "pure/slice.h"
#include "sql/adopt_arguments.h"

/* A row of the application's. */
typedef struct SourceRow
{
	HeapTuple tuple;
	TupleDesc desc;
} SourceRow;

/* Whom a row is about; NULL: nobody has logged in, or nobody acts as the user. */
typedef struct AdoptedUser
{
	char *name;
	char *actor;
} AdoptedUser;

typedef enum Expiry
{
	EXPIRY_READ,
	EXPIRY_NULL,
	EXPIRY_UNREADABLE
} Expiry;

pg_noreturn extern void adopted_refuse_column(const char *column, const char *problem);
extern int adopted_column(TupleDesc desc, const char *column);
extern Datum adopted_value(SourceRow source, const char *column, Oid *type, bool *isnull);
extern char *adopted_value_text(Datum value, Oid type);
extern char *adopted_text(SourceRow source, const char *column);
extern Slice adopted_bytes(SourceRow source, const char *column);
extern bool adopted_timestamp(Datum value, Oid type, const char *column, const char *time_zone,
							  TimestampTz *time);
extern Expiry adopted_expiry(SourceRow source, const Adoption *adoption, TimestampTz *expires_at);
extern AdoptedUser adopted_user(SourceRow source, const Adoption *adoption);

#endif /* SESSION_AUTH_ADOPTED_COLUMN_H */
