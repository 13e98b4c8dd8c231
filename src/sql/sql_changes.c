/*
 * sql_changes.c
 *		The triggers that tell of changes of the extension's tables.
 *
 * They fire for each statement; where logical replication applies row by row they fire
 * for each row.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "fmgr.h"

#include "base/compat.h"
#include "catalog/changes.h"

static Datum
tell(FunctionCallInfo fcinfo, const char *name, ChangeKind kind)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("%s() must be called as a trigger", name)));
	changes_tell(kind);
	return PointerGetDatum(NULL);
}

#define CHANGE_TRIGGER(name, kind)                                                                 \
	SQL_FUNCTION(session_auth_##name);                                                             \
	Datum session_auth_##name(PG_FUNCTION_ARGS)                                                    \
	{                                                                                              \
		return tell(fcinfo, #name, kind);                                                          \
	}

CHANGE_TRIGGER(permissions_changed, CHANGED_PERMISSIONS)
CHANGE_TRIGGER(grants_changed, CHANGED_GRANTS)
CHANGE_TRIGGER(keys_changed, CHANGED_KEYS)
CHANGE_TRIGGER(revocations_changed, CHANGED_REVOCATIONS)
