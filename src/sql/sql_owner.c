/*
 * sql_owner.c
 *		Nobody but their owner writes to the extension's tables.
 *
 * Invariant: whatever privileges a database role has, by GRANT or as a member of
 * pg_write_all_data, its INSERT, UPDATE, DELETE, MERGE, COPY and TRUNCATE end in an
 * error before a row changes.  The extension's functions, and foreign keys, write as
 * the owner.  It is a BEFORE trigger: after the rows are there, a function that the
 * same statement calls could already act upon them.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/rel.h"

#include "base/compat.h"

SQL_FUNCTION(session_auth_written_by_owner);

/* For statements, and for the rows that logical replication applies without any. */
Datum
session_auth_written_by_owner(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("written_by_owner() must be called as a trigger")));
	if (!has_privs_of_role(GetUserId(), trigger->tg_relation->rd_rel->relowner))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("permission denied for table %s",
							   RelationGetRelationName(trigger->tg_relation)),
						errdetail("Tables of session_auth are written to by its functions alone."),
						errhidestmt(true)));
	if (TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event))
		return PointerGetDatum(NULL);
	return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple
																	  : trigger->tg_trigtuple);
}
