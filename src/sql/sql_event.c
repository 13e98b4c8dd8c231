/*
 * sql_event.c
 *		What SQL asks when it records an event: who did it, and whether it is recorded at all.
 *
 * Whatever writes an event, in C, in SQL or by logical replication, passes the trigger here.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "base/compat.h"
#include "base/recorded_events.h"
#include "identity/recorded_actor.h"

#define EVENT_COLUMN 2

SQL_FUNCTION(session_auth_acting_user);

/* acting_user() */
Datum
session_auth_acting_user(PG_FUNCTION_ARGS)
{
	const char *actor = recorded_actor();

	if (actor == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(actor));
}

SQL_FUNCTION(session_auth_event_recorded);

/* BEFORE INSERT, for each row */
Datum
session_auth_event_recorded(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	bool isnull;
	Datum event;
	text *name;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
		!TRIGGER_FIRED_BY_INSERT(trigger->tg_event) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("event_recorded() must be called as a trigger")));
	event = heap_getattr(trigger->tg_trigtuple, EVENT_COLUMN,
						 RelationGetDescr(trigger->tg_relation), &isnull);
	if (isnull)
		return PointerGetDatum(trigger->tg_trigtuple);
	name = DatumGetTextPP(event);
	return event_is_recorded(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name))
			   ? PointerGetDatum(trigger->tg_trigtuple)
			   : PointerGetDatum(NULL);
}
