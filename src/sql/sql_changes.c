/*
 * sql_changes.c
 *		The triggers that tell of changes of the extension's tables.
 *
 * They fire for each statement; where logical replication applies row by row they fire
 * for each row.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/rel.h"
#include "utils/xid8.h"

#include "base/compat.h"
#include "catalog/changes.h"
#include "catalog/permission_changes.h"

static const TriggerData *
trigger_of(FunctionCallInfo fcinfo, const char *name)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("%s() must be called as a trigger", name)));
	return (const TriggerData *) fcinfo->context;
}

static Datum
tell_of_change(FunctionCallInfo fcinfo, const char *name, ChangeKind kind)
{
	const TriggerData *trigger = trigger_of(fcinfo, name);

	/* first, so that what is recorded is not seen before it is told of */
	changes_tell(kind);
	if (kind == CHANGED_PERMISSIONS)
		record_permission_changes(trigger);
	return PointerGetDatum(NULL);
}

#define CHANGE_TRIGGER(name, kind)                                                                 \
	SQL_FUNCTION(session_auth_##name);                                                             \
	Datum session_auth_##name(PG_FUNCTION_ARGS)                                                    \
	{                                                                                              \
		return tell_of_change(fcinfo, #name, kind);                                                \
	}

CHANGE_TRIGGER(permissions_changed, CHANGED_PERMISSIONS)
CHANGE_TRIGGER(grants_changed, CHANGED_GRANTS)
CHANGE_TRIGGER(keys_changed, CHANGED_KEYS)
CHANGE_TRIGGER(revocations_changed, CHANGED_REVOCATIONS)
CHANGE_TRIGGER(nodes_changed, CHANGED_NODES)

SQL_FUNCTION(session_auth_change_replicated);

/* The trigger, for each row before it is inserted: what another server recorded is not stored. */
Datum
session_auth_change_replicated(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = trigger_of(fcinfo, "change_replicated");
	bool isnull;
	Datum xid =
		heap_getattr(trigger->tg_trigtuple, 1, RelationGetDescr(trigger->tg_relation), &isnull);

	if (!isnull &&
		FullTransactionIdEquals(DatumGetFullTransactionId(xid), GetTopFullTransactionIdIfAny()))
		return PointerGetDatum(trigger->tg_trigtuple);
	return PointerGetDatum(NULL);
}
