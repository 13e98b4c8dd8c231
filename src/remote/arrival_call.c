/*
 * arrival_call.c
 *		What carries an identity here is a call.
 *
 * postgres_fdw can send nothing but UPDATE session_auth_nodes.carried_identity SET seal = $1 RETURNING
 * accepted, challenge, and sends it anew in each transaction.  To rewrite and plan that as the UPDATE of
 * a view costs more than all that the trigger does.  So once it is parsed it becomes
 *
 *		SELECT session_auth.take_seal($1), session_auth.asked_challenge()
 *
 * which does the same, in this order, for whoever may call these: the usage that lets a role
 * update the view.  An UPDATE of any other form remains one, and so does the first in a connection
 * that had not loaded the library by then, and one within a function: PL/pgSQL takes for granted
 * that an UPDATE is one when it is run.
 */
#include "postgres.h"

#include "access/attnum.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "parser/analyze.h"
#include "parser/parsetree.h"

#include "base/compat.h"
#include "remote/arrival_call.h"
#include "remote/arrival_view.h"

/* As sql/parts/nodes.sql has the columns. */
enum
{
	SEAL = 1,
	ACCEPTED,
	CHALLENGE
};

static post_parse_analyze_hook_type next_hook = NULL;

/* Names mean something else first in a function alone: its arguments and variables. */
static bool
is_in_function(const ParseState *state)
{
	return state->p_pre_columnref_hook != NULL || state->p_post_columnref_hook != NULL;
}

static const ArrivalView *
updated_view(const Query *query)
{
	const RangeTblEntry *target;

	if (query->commandType != CMD_UPDATE)
		return NULL;
	target = rt_fetch(query->resultRelation, query->rtable);
	return target->relkind == RELKIND_VIEW ? arrival_view(target->relid) : NULL;
}

/* NULL where anything but a parameter is written, or to anything but the view's one row. */
static Expr *
seal_of(const Query *query)
{
	const TargetEntry *set = linitial_node(TargetEntry, query->targetList);

	if (list_length(query->rtable) != 1 || query->jointree->quals || query->cteList ||
		list_length(query->targetList) != 1 || set->resno != SEAL || !IsA(set->expr, Param))
		return NULL;
	return set->expr;
}

static bool
is_column(const List *returned, int place, AttrNumber column)
{
	const TargetEntry *entry = list_nth_node(TargetEntry, returned, place);

	return IsA(entry->expr, Var) && ((const Var *) entry->expr)->varattno == column;
}

static bool
returns_answer(const List *returned)
{
	return list_length(returned) == 2 && is_column(returned, 0, ACCEPTED) &&
		   is_column(returned, 1, CHALLENGE);
}

static void
call(TargetEntry *column, Oid function, Oid type, List *arguments)
{
	column->expr = (Expr *) makeFuncExpr(function, type, arguments, InvalidOid,
										 type == TEXTOID ? DEFAULT_COLLATION_OID : InvalidOid,
										 COERCE_EXPLICIT_CALL);
	column->resorigtbl = InvalidOid;
	column->resorigcol = 0;
}

static void
make_call(Query *query, const ArrivalView *view, Expr *seal)
{
	List *answer = query->returningList;

	call(linitial_node(TargetEntry, answer), view->take_seal, BOOLOID, list_make1(seal));
	call(lsecond_node(TargetEntry, answer), view->asked_challenge, TEXTOID, NIL);
	query->commandType = CMD_SELECT;
	query->resultRelation = 0;
	compat_forget_tables(query);
	query->jointree = makeFromExpr(NIL, NULL);
	query->targetList = answer;
	query->returningList = NIL;
}

static void
analyze(ParseState *state, Query *query, CompatJumbleState *jumble)
{
	const ArrivalView *view;
	Expr *seal;

	if (next_hook)
		next_hook(state, query, jumble);
	view = is_in_function(state) ? NULL : updated_view(query);
	seal = view && returns_answer(query->returningList) ? seal_of(query) : NULL;
	if (seal && OidIsValid(view->take_seal) && OidIsValid(view->asked_challenge))
		make_call(query, view, seal);
}

void
arrival_call_init(void)
{
	next_hook = post_parse_analyze_hook;
	post_parse_analyze_hook = analyze;
}
