/*
 * carrier.c
 *		Writes a seal to another server, in the connection that postgres_fdw has there.
 *
 * The only way into that connection is a foreign table.  An UPDATE that postgres_fdw sends as a
 * whole is one round trip, with the seal as a parameter: in no statement's text, and so not in
 * pg_stat_activity.  It fires the trigger of session_auth_nodes.carried_identity there, whose
 * answer RETURNING brings back.
 *
 * Invariant: who queries needs no privilege on the foreign table, and so SQL of a request cannot
 * write to it.  The plan is made and checked as its owner, and run as whoever the query's own
 * foreign tables are read for, as that decides on the connection.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/plannodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "remote/carrier.h"

static bool is_writing = false;

/* What takes the one row that comes back. */
typedef struct AnswerReceiver
{
	DestReceiver pub;
	CarrierAnswer *answer;
	int rows;
} AnswerReceiver;

static bool
receive_answer(TupleTableSlot *slot, DestReceiver *self)
{
	AnswerReceiver *receiver = (AnswerReceiver *) self;
	CarrierAnswer *answer = receiver->answer;
	bool isnull;
	Datum challenge;

	answer->accepted = DatumGetBool(slot_getattr(slot, 1, &isnull)) && !isnull;
	challenge = slot_getattr(slot, 2, &isnull);
	if (!isnull)
		strlcpy(answer->challenge, TextDatumGetCString(challenge), sizeof(answer->challenge));
	receiver->rows++;
	return true;
}

static void
start_receiving(DestReceiver *self, int operation, TupleDesc desc)
{
}

static void
do_nothing(DestReceiver *self)
{
}

static SPIPlanPtr
make_plan(Oid carrier)
{
	Oid text = TEXTOID;
	char *statement =
		psprintf("UPDATE %s SET seal = $1 RETURNING accepted, challenge",
				 quote_qualified_identifier(get_namespace_name(get_rel_namespace(carrier)),
											get_rel_name(carrier)));
	/* one that is made for any seal, or the seal would be in what is sent as a constant */
	SPIPlanPtr plan = SPI_prepare_cursor(statement, 1, &text, CURSOR_OPT_GENERIC_PLAN);

	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not plan to carry an identity over");
	return plan;
}

/* Only what is sent as a whole runs as the role that it is to run as. */
static bool
is_sent_as_a_whole(const PlannedStmt *plan)
{
	const Plan *scan = plan->planTree ? outerPlan(plan->planTree) : NULL;

	return scan && IsA(scan, ForeignScan) && ((const ForeignScan *) scan)->operation == CMD_UPDATE;
}

/*
 * It is planned as the owner, as the carrier may be anything that its owner makes of it.  Nobody
 * else runs this plan, so that what it is checked for can be changed where it is kept.
 */
static CachedPlan *
plan_of(RemoteNode *node, Oid owner)
{
	CachedPlan *cached;
	PlannedStmt *plan;
	ListCell *cell;

	if (node->plan == NULL)
		node->plan = make_plan(node->carrier);
	cached = SPI_plan_get_cached_plan(node->plan);
	if (cached == NULL)
		elog(ERROR, "could not plan to carry an identity over");
	plan = linitial_node(PlannedStmt, cached->stmt_list);
	if (!is_sent_as_a_whole(plan))
		ereport(ERROR, (errcode(ERRCODE_FDW_ERROR),
						errmsg("foreign table %s cannot carry an identity over",
							   get_rel_name(node->carrier)),
						errhint("Call session_auth.connect_node() again.")));
	foreach (cell, compat_table_uses(plan))
		compat_check_as_owner((CompatTableUse *) lfirst(cell), owner);
	return cached;
}

static void
run(PlannedStmt *plan, const char *seal, DestReceiver *receiver)
{
	ParamListInfo params = makeParamList(1);
	QueryDesc *query;

	params->params[0] = (ParamExternData){ .value = seal ? CStringGetTextDatum(seal) : (Datum) 0,
										   .isnull = seal == NULL,
										   .ptype = TEXTOID };
	PushActiveSnapshot(GetTransactionSnapshot());
	query =
		CreateQueryDesc(plan, "", GetActiveSnapshot(), InvalidSnapshot, receiver, params, NULL, 0);
	ExecutorStart(query, 0);
	compat_run_to_end(query);
	ExecutorFinish(query);
	ExecutorEnd(query);
	FreeQueryDesc(query);
	PopActiveSnapshot();
}

static Oid
owner_of(Oid relation)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
						errmsg("what carries identities to another server is gone"),
						errhint("Call session_auth.connect_node() again.")));
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* Whether the query that is run now is the carrier's own. */
bool
carrier_is_writing(void)
{
	return is_writing;
}

static void
run_as(Oid user, RemoteNode *node, const char *seal, DestReceiver *receiver)
{
	Oid owner = owner_of(node->carrier);
	CachedPlan *plan;
	Oid caller;
	int context;

	/* an error ends the subtransaction at least, which gives the caller back */
	GetUserIdAndSecContext(&caller, &context);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	/* who queries has no privilege on it */
	SetUserIdAndSecContext(owner, context | SECURITY_RESTRICTED_OPERATION);
	plan = plan_of(node, owner);
	SetUserIdAndSecContext(user, context | SECURITY_LOCAL_USERID_CHANGE);
	run(linitial_node(PlannedStmt, plan->stmt_list), seal, receiver);
	ReleaseCachedPlan(plan, CurrentResourceOwner);
	SPI_finish();
	SetUserIdAndSecContext(caller, context);
}

/*
 * Writes a seal, NULL for nobody, in the connection that the user's mapping has.  Raises what the
 * other server raises.
 */
void
carrier_write(RemoteNode *node, Oid user, const char *seal, CarrierAnswer *answer)
{
	AnswerReceiver receiver = { .pub = { .receiveSlot = receive_answer,
										 .rStartup = start_receiving,
										 .rShutdown = do_nothing,
										 .rDestroy = do_nothing,
										 .mydest = DestNone },
								.answer = answer };

	memset(answer, 0, sizeof(*answer));
	is_writing = true;
	PG_TRY();
	{
		run_as(user, node, seal, &receiver.pub);
	}
	PG_CATCH();
	{
		is_writing = false;
		PG_RE_THROW();
	}
	PG_END_TRY();
	is_writing = false;
	if (receiver.rows != 1)
		ereport(ERROR, (errcode(ERRCODE_FDW_ERROR),
						errmsg("another server did not answer to the identity that was carried "
							   "over")));
}
