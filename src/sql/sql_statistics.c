/*
 * sql_statistics.c
 *		What SQL calls to read what backends have counted and whose identity they have.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "base/clock.h"
#include "base/compat.h"
#include "base/errors.h"
#include "base/row_type.h"
#include "base/text_array.h"
#include "monitor/active.h"
#include "monitor/counters.h"

/* ------------------------------------------------------------------------- counters */

/* A missing token is not one that was refused. */
static bool
is_refusal(int result)
{
	return result != RESULT_OK && result != RESULT_NO_TOKEN;
}

static int64
refused(const uint64 *sums)
{
	uint64 all = 0;

	for (int i = 0; i < RESULTS_COUNTED; i++)
		all += is_refusal(i) ? sums[COUNT_REFUSED + i] : 0;
	return (int64) all;
}

/* Names of reasons are letters and underlines. */
static Datum
refused_by_reason(const uint64 *sums)
{
	StringInfoData json;

	initStringInfo(&json);
	for (int i = 0; i < RESULTS_COUNTED; i++)
		if (is_refusal(i) && sums[COUNT_REFUSED + i] > 0)
			appendStringInfo(&json, "%c\"%s\": " UINT64_FORMAT, json.len == 0 ? '{' : ',',
							 result_name(i), sums[COUNT_REFUSED + i]);
	if (json.len == 0)
		appendStringInfoChar(&json, '{');
	appendStringInfoChar(&json, '}');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

SQL_FUNCTION(session_auth_counters);

/* counters(): in the order of sql/parts/monitor.sql */
Datum
session_auth_counters(PG_FUNCTION_ARGS)
{
	static const RowColumn columns[] = {
		{ "created", INT8OID },     { "verified", INT8OID },
		{ "refused", INT8OID },     { "refused_by_reason", JSONBOID },
		{ "denied", INT8OID },      { "cache_fills", INT8OID },
		{ "cache_bytes", INT8OID }, { "last_purge", TIMESTAMPTZOID }
	};
	static RowType type = { lengthof(columns), columns, NULL };
	Datum values[lengthof(columns)] = { 0 };
	bool nulls[lengthof(columns)];
	uint64 sums[COUNTERS];
	TimestampTz last_purge;

	memset(nulls, true, sizeof(nulls));
	if (counters_read(sums, &last_purge))
	{
		memset(nulls, false, sizeof(nulls));
		values[0] = Int64GetDatum((int64) sums[COUNT_CREATED]);
		values[1] = Int64GetDatum((int64) sums[COUNT_VERIFIED]);
		values[2] = Int64GetDatum(refused(sums));
		values[3] = refused_by_reason(sums);
		values[4] = Int64GetDatum((int64) sums[COUNT_DENIED]);
		values[5] = Int64GetDatum((int64) sums[COUNT_CACHE_FILLS]);
		values[6] = Int64GetDatum((int64) sums[COUNT_CACHE_BYTES]);
		values[7] = TimestampTzGetDatum(last_purge);
		nulls[7] = last_purge == 0;
	}
	return row_form(&type, values, nulls);
}

SQL_FUNCTION(session_auth_note_purge);

Datum
session_auth_note_purge(PG_FUNCTION_ARGS)
{
	counters_note_purge(clock_now());
	PG_RETURN_VOID();
}

/* ----------------------------------------------------------------------- identities */

#define ACTIVE_COLUMNS 7

/* What was cut off in the midst of a character ends before it. */
static Datum
whole_characters(const char *text, int len)
{
	return PointerGetDatum(cstring_to_text_with_len(text, pg_mbcliplen(text, len, len)));
}

/* The last one says that there are more. */
static Datum
roles_of(const ActiveIdentity *identity)
{
	const char *names[ACTIVE_ROLES_MAX + 1];
	int n = 0;

	for (int at = 0; at < identity->roles_len; at += (int) strlen(&identity->roles[at]) + 1)
		names[n++] = &identity->roles[at];
	if (identity->more_roles)
		names[n++] = "...";
	return PointerGetDatum(text_array_make(names, n));
}

static void
put_identity(int pid, const ActiveIdentity *identity, void *arg)
{
	ReturnSetInfo *rsinfo = arg;
	Datum values[ACTIVE_COLUMNS];
	bool nulls[ACTIVE_COLUMNS] = { false };

	if (identity->expires_at <= clock_now())
		return;
	values[0] = Int32GetDatum(pid);
	values[1] = whole_characters(identity->user_id, identity->user_len);
	values[2] = roles_of(identity);
	nulls[3] = !identity->has_tenant;
	values[3] = whole_characters(identity->tenant, identity->tenant_len);
	values[4] = CStringGetTextDatum(identity->of_connection ? "connection" : "transaction");
	values[5] = TimestampTzGetDatum(identity->since);
	values[6] = TimestampTzGetDatum(identity->expires_at);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

SQL_FUNCTION(session_auth_read_identities);

Datum
session_auth_read_identities(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	(void) active_visit(put_identity, fcinfo->resultinfo);
	return (Datum) 0;
}
