/*
 * record_denials.c
 *		Writes the denials that were noted of a database into session_events.
 *
 * Invariant: as with a purge the caller has connected to SPI, is the extension's owner, and
 * ends the transaction; the table is called by its full name.  The table's trigger leaves out
 * what session_auth.record_events does not name.
 *
 * Like all that runs SQL it raises errors.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "maintenance/record_denials.h"
#include "monitor/denials.h"

/* What is null is left out of the detail. */
static const char statement[] =
	"INSERT INTO session_auth.session_events (at, event, user_id, session_id, actor, detail)"
	" VALUES ($1, $2, $3, $4, $5, pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object("
	"'action', $6, 'resource', $7, 'table', $8, 'tenant', $9, 'count', $10, 'since', $11)))";

#define ARGUMENTS 11

typedef struct Row
{
	int n;
	Oid types[ARGUMENTS];
	Datum values[ARGUMENTS];
	char nulls[ARGUMENTS];
} Row;

static void
put(Row *row, Oid type, bool is_there, Datum value)
{
	row->types[row->n] = type;
	row->values[row->n] = value;
	row->nulls[row->n++] = is_there ? ' ' : 'n';
}

static void
put_text(Row *row, bool is_there, const char *text)
{
	put(row, TEXTOID, is_there, CStringGetTextDatum(text));
}

/* As with any event the actor is who impersonates, or else the user. */
static void
record_denial(const Denial *denial)
{
	const DeniedRequest *request = &denial->request;
	bool known = !denial->is_rest;
	Row row = { 0 };

	put(&row, TIMESTAMPTZOID, true, TimestampTzGetDatum(denial->at));
	put_text(&row, true, known ? "denied" : "denied_others");
	put_text(&row, known, request->user_id);
	put(&row, UUIDOID, request->has_session, UUIDPGetDatum(&request->session_id));
	put_text(&row, known, request->has_actor ? request->actor : request->user_id);
	put_text(&row, known, request->action);
	put_text(&row, known && !request->of_table, request->object);
	put_text(&row, request->of_table, request->object);
	put_text(&row, request->has_tenant, request->tenant);
	put(&row, INT8OID, true, Int64GetDatum(denial->count));
	put(&row, TIMESTAMPTZOID, denial->count > 1, TimestampTzGetDatum(denial->since));
	if (SPI_execute_with_args(statement, row.n, row.types, row.values, row.nulls, false, 0) !=
		SPI_OK_INSERT)
		elog(ERROR, "recording a denial wrote no row");
}

void
record_denials(const List *denials)
{
	ListCell *cell;

	foreach (cell, denials)
		record_denial(lfirst(cell));
}
