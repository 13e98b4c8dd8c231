/*
 * sql_session_list.c
 *		What SQL calls to list a user's sessions.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "base/clock.h"
#include "base/compat.h"
#include "base/json_build.h"
#include "identity/identity_row.h"
#include "sql/arguments.h"
#include "verify/session.h"

/* In 0.1.0 they were the first six: what is put is as many as the function says that it returns. */
#define DEVICE_COLUMNS 7

/* Sessions that still open something; no token and no hash among the columns. */
static void
put_sessions(FunctionCallInfo fcinfo, const char *user_id)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const Identity *identity = identity_current();
	ListCell *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach (cell, user_id ? catalog_sessions_of_user(user_id) : NIL)
	{
		SessionRow *row = lfirst(cell);
		Datum values[DEVICE_COLUMNS];
		bool nulls[DEVICE_COLUMNS] = { false };

		if (session_check(row, clock_now()) != RESULT_OK)
			continue;
		values[0] = UUIDPGetDatum(&row->session_id);
		values[1] = TimestampTzGetDatum(row->created_at);
		values[2] = TimestampTzGetDatum(row->last_seen_at);
		values[3] = TimestampTzGetDatum(session_latest_end(row));
		values[4] = BoolGetDatum(identity && identity->has_session &&
								 memcmp(&identity->session_id, &row->session_id, UUID_LEN) == 0);
		values[5] = JsonbPGetDatum(row->metadata ? row->metadata : json_object_empty());
		values[6] = PointerGetDatum(row->permissions);
		nulls[6] = row->permissions == NULL;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

SQL_FUNCTION(session_auth_list_sessions);

/* list_sessions(user_id), as it was in 0.1.0 */
Datum
session_auth_list_sessions(PG_FUNCTION_ARGS)
{
	put_sessions(fcinfo, argument_user_id(fcinfo, 0));
	return (Datum) 0;
}

SQL_FUNCTION(session_auth_list_sessions_narrowed);

/* list_sessions(user_id), with the permissions of each */
Datum
session_auth_list_sessions_narrowed(PG_FUNCTION_ARGS)
{
	put_sessions(fcinfo, argument_user_id(fcinfo, 0));
	return (Datum) 0;
}

static void
put_own_sessions(FunctionCallInfo fcinfo)
{
	const Identity *identity = identity_current();

	put_sessions(fcinfo, identity ? pstrdup(identity->user_id) : NULL);
}

SQL_FUNCTION(session_auth_my_sessions);

/* my_sessions(), as it was in 0.1.0 */
Datum
session_auth_my_sessions(PG_FUNCTION_ARGS)
{
	put_own_sessions(fcinfo);
	return (Datum) 0;
}

SQL_FUNCTION(session_auth_my_sessions_narrowed);

/* my_sessions(): of the current identity's user; none without one */
Datum
session_auth_my_sessions_narrowed(PG_FUNCTION_ARGS)
{
	put_own_sessions(fcinfo);
	return (Datum) 0;
}
