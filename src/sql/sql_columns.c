/*
 * sql_columns.c
 *		The trigger that guards columns which protect_columns() hides.
 *
 * Invariant: whether it raises an error depends on which columns a statement names, on
 * what it puts there and on the row's owner, never on what was hidden before: that could
 * be told from an error by whoever may not see it.  It binds whom policies bind.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/acl.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"

#include "base/compat.h"
#include "identity/identity.h"
#include "sql/require.h"

/* As row-level security has it: superusers, BYPASSRLS, owners without FORCE, foreign keys. */
static bool
is_bound(Relation rel)
{
	return !has_bypassrls_privilege(GetUserId()) && !InNoForceRLSOperation() &&
		   check_enable_rls(RelationGetRelid(rel), InvalidOid, true) != RLS_NONE_ENV;
}

/*
 * Whether a column's default is this value.  A default that differs from time to time
 * is no such value: then it cannot be told whether it is the one.
 */
static bool
is_default(Relation rel, AttrNumber number, Datum value)
{
	const FormData_pg_attribute *column = TupleDescAttr(rel->rd_att, number - 1);
	Node *expression = build_column_default(rel, number);
	EState *estate;
	Datum fallback;
	bool isnull;
	bool same;

	if (expression == NULL || contain_volatile_functions(expression))
		return false;
	estate = CreateExecutorState();
	fallback = ExecEvalExpr(ExecPrepareExpr((Expr *) expression, estate),
							GetPerTupleExprContext(estate), &isnull);
	same = !isnull && datum_image_eq(value, fallback, column->attbyval, column->attlen);
	FreeExecutorState(estate);
	return same;
}

/* An INSERT does not say which columns it names: what is neither NULL nor the default was given. */
static bool
is_written(const TriggerData *trigger, AttrNumber number)
{
	Relation rel = trigger->tg_relation;
	Datum value;
	bool isnull;

	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		return bms_is_member(number - FirstLowInvalidHeapAttributeNumber, trigger->tg_updatedcols);
	value = heap_getattr(trigger->tg_trigtuple, number, rel->rd_att, &isnull);
	return !isnull && !is_default(rel, number, value);
}

static AttrNumber
column_number(const TriggerData *trigger, const char *column)
{
	int number = SPI_fnumber(trigger->tg_relation->rd_att, column);

	if (number <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table %s has no column \"%s\", which protect_columns() was told of",
						RelationGetRelationName(trigger->tg_relation), column),
				 errhint("Call session_auth.protect_columns() again with the columns' names.")));
	return (AttrNumber) number;
}

static void
guard_column(const TriggerData *trigger, const char *resource, const char *column)
{
	if (is_written(trigger, column_number(trigger, column)))
		permission_require("edit", psprintf("%s.%s", resource, column));
}

static bool
is_callers(const FormData_pg_attribute *column, Datum owner)
{
	const Identity *identity = identity_current();
	Oid output;
	bool varlena;

	if (identity == NULL || identity->user_id == NULL)
		return false;
	getTypeOutputInfo(column->atttypid, &output, &varlena);
	return strcmp(OidOutputFunctionCall(output, owner), identity->user_id) == 0;
}

/*
 * Whether a row that is not the caller's own gets another owner.  The owner's column is
 * never hidden, so an error may depend on what was there before.
 */
static bool
gives_away(const TriggerData *trigger, const char *owner_column)
{
	TupleDesc columns = trigger->tg_relation->rd_att;
	const FormData_pg_attribute *column;
	AttrNumber number;
	Datum was;
	Datum is;
	bool was_null;
	bool is_null;

	if (owner_column[0] == '\0' || !TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		return false;
	number = column_number(trigger, owner_column);
	column = TupleDescAttr(columns, number - 1);
	was = heap_getattr(trigger->tg_trigtuple, number, columns, &was_null);
	is = heap_getattr(trigger->tg_newtuple, number, columns, &is_null);
	if (was_null || is_null)
		return !is_null;
	return !datum_image_eq(was, is, column->attbyval, column->attlen) && !is_callers(column, was);
}

/* Whoever becomes a row's owner sees what is hidden in it: that takes who may view it. */
static void
guard_columns(const TriggerData *trigger, const char *resource, const char *owner_column,
			  char *const *columns, int n_columns)
{
	bool shows = gives_away(trigger, owner_column);

	for (int i = 0; i < n_columns; i++)
	{
		guard_column(trigger, resource, columns[i]);
		if (shows)
			permission_require("view", psprintf("%s.%s", resource, columns[i]));
	}
}

SQL_FUNCTION(session_auth_guard_columns);

/*
 * guard_columns(resource, owner_column, column...): a trigger before each row of an
 * INSERT or UPDATE.  Without an owner's column its name is empty.
 */
Datum
session_auth_guard_columns(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event) || TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("guard_columns must be called before each row of an INSERT or UPDATE")));
	if (trigger->tg_trigger->tgnargs > 2 && is_bound(trigger->tg_relation))
		guard_columns(trigger, trigger->tg_trigger->tgargs[0], trigger->tg_trigger->tgargs[1],
					  trigger->tg_trigger->tgargs + 2, trigger->tg_trigger->tgnargs - 2);
	return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple
																	  : trigger->tg_trigtuple);
}
