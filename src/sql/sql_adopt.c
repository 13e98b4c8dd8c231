/*
 * sql_adopt.c
 *		Sessions that an application keeps in a table of its own, carried over.
 *
 * Invariants: a row that cannot be carried over is logged and skipped: the
 * application's own login goes on.  A session that has ended here stays ended,
 * whatever its row says later.
 *
 * The session_id of an adopted session is a uuid of version 8 that begins with
 * the OID of its source, so that the primary key finds all of one source.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "funcapi.h"
#include "port/pg_bswap.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "base/clock.h"
#include "base/compat.h"
#include "base/errors.h"
#include "base/json_build.h"
#include "base/text_array.h"
#include "base/uuid.h"
#include "catalog/token_hash.h"
#include "identity/recorded_actor.h"
#include "pure/crypto.h"
#include "sql/adopted_row.h"
#include "sql/arguments.h"
#include "verify/revocation.h"
#include "verify/session.h"

static void
make_adopted_id(Oid source, pg_uuid_t *uuid)
{
	uint32 prefix = pg_hton32(source);

	if (!crypto_random(uuid->data, UUID_LEN))
		result_raise(RESULT_CRYPTO_FAILED);
	memcpy(uuid->data, &prefix, sizeof(prefix));
	uuid_stamp(uuid, ADOPTED_SESSION_VERSION);
}

/* ------------------------------------------------------------ taking a table over */

/* What a row argument says, which it points into. */
static void
read_row_argument(FunctionCallInfo fcinfo, int n, const Adoption *adoption, AdoptedRow *row)
{
	HeapTupleHeader header = PG_GETARG_HEAPTUPLEHEADER(n);
	HeapTupleData tuple = { .t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header };
	TupleDesc desc =
		lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));

	ItemPointerSetInvalid(&tuple.t_self);
	adopted_row_read((SourceRow){ &tuple, desc }, adoption, row);
	ReleaseTupleDesc(desc);
}

/* What all rows of one statement have in common. */
typedef struct TakeOver
{
	TupleDesc result;  /* of adopted_row() */
	TupleDesc session; /* of its session */
	Adoption adoption;
} TakeOver;

static void
read_arguments(ArrayType *array, Adoption *adoption)
{
	int n;
	char **arguments = text_array_read(array, &n);
	bool good = true;

	for (int i = 0; i < n; i++)
		good = good && arguments[i];
	if (!good || !adoption_read(arguments, n, adoption))
		argument_refuse("arguments",
						"They must be those of a trigger that adopt_sessions() attaches.");
}

/* Read once for a statement, where each row gets the same arguments, of which these are the n-th. */
static TakeOver *
take_over_state(FunctionCallInfo fcinfo, int n)
{
	TakeOver *state = fcinfo->flinfo->fn_extra;
	MemoryContext old;

	if (state && get_fn_expr_arg_stable(fcinfo->flinfo, n))
		return state;
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	state = palloc0(sizeof(TakeOver));
	read_arguments(PG_GETARG_ARRAYTYPE_P(n), &state->adoption);
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = state;
	return state;
}

static void
find_result(FunctionCallInfo fcinfo, TakeOver *state)
{
	MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

	if (get_call_result_type(fcinfo, NULL, &state->result) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	state->result = BlessTupleDesc(state->result);
	state->session = lookup_rowtype_tupdesc_copy(TupleDescAttr(state->result, 0)->atttypid, -1);
	MemoryContextSwitchTo(old);
}

static void
set_lifetime(SessionRow *session, TimestampTz now)
{
	TimestampTz lifetime = session->expires_at - now;

	if (lifetime <= 0)
		return;
	session->lifetime.month = 0;
	session->lifetime.day = (int32) (lifetime / USECS_PER_DAY);
	session->lifetime.time = lifetime % USECS_PER_DAY;
}

/* What a row says of its session, when it comes and when it changes. */
static void
take_from_row(const AdoptedRow *row, TimestampTz now, SessionRow *session)
{
	session->user_id = row->user_id;
	session->expires_at = row->expires_at;
	session->tenant = row->tenant;
	session->proof = row->proof;
	session->actor = row->actor;
	set_lifetime(session, now);
}

/* The session of a row that is taken in now. */
static void
new_session(Oid source, const AdoptedRow *row, TimestampTz now, SessionRow *session)
{
	memset(session, 0, sizeof(*session));
	make_adopted_id(source, &session->session_id);
	memcpy(session->token_hash, row->token_hash, TOKEN_HASH_LEN);
	session->created_at = session->last_seen_at = now;
	session->metadata = json_object_empty();
	take_from_row(row, now, session);
}

SQL_FUNCTION(session_auth_adopted_row);

/* adopted_row(source oid, source_row record, taken_at, arguments text[]): its session, or why not */
Datum
session_auth_adopted_row(PG_FUNCTION_ARGS)
{
	TakeOver *state = take_over_state(fcinfo, 3);
	AdoptedRow row;
	const char *reason;
	Datum values[2] = { 0 };
	bool nulls[2];

	if (state->result == NULL)
		find_result(fcinfo, state);
	read_row_argument(fcinfo, 1, &state->adoption, &row);
	nulls[0] = row.fitness != ROW_FITS;
	if (row.fitness == ROW_FITS)
	{
		SessionRow session;

		new_session(PG_GETARG_OID(0), &row, PG_GETARG_TIMESTAMPTZ(2), &session);
		values[0] = catalog_new_session(&session, state->session);
	}
	reason = adopted_row_reason(row.fitness);
	nulls[1] = reason == NULL;
	if (reason)
		values[1] = CStringGetTextDatum(reason);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(state->result, values, nulls)));
}

/* What adopted_session() of 0.1.0 returns. */
enum
{
	ADOPTED_SESSION_ID,
	ADOPTED_TOKEN_KEY,
	ADOPTED_TOKEN_HASH,
	ADOPTED_USER_ID,
	ADOPTED_EXPIRES_AT,
	ADOPTED_COLUMNS
};

static void
put_row(Oid source, const AdoptedRow *row, Datum *values)
{
	pg_uuid_t *session_id = palloc(sizeof(pg_uuid_t));
	uint64 token_key;

	make_adopted_id(source, session_id);
	memcpy(&token_key, row->token_hash, sizeof(token_key));
	values[ADOPTED_SESSION_ID] = UUIDPGetDatum(session_id);
	values[ADOPTED_TOKEN_KEY] = Int64GetDatum((int64) pg_ntoh64(token_key));
	values[ADOPTED_TOKEN_HASH] = token_hash_datum(row->token_hash);
	values[ADOPTED_USER_ID] = CStringGetTextDatum(row->user_id);
	values[ADOPTED_EXPIRES_AT] = TimestampTzGetDatum(row->expires_at);
}

SQL_FUNCTION(session_auth_adopted_session);

/*
 * adopted_session(source oid, source_row record, token, user, expires): 0.1.0's, which
 * a database that was not updated yet goes on calling
 */
Datum
session_auth_adopted_session(PG_FUNCTION_ARGS)
{
	char *columns[] = { NameStr(*PG_GETARG_NAME(2)), NameStr(*PG_GETARG_NAME(3)),
						NameStr(*PG_GETARG_NAME(4)) };
	TupleDesc result;
	Adoption adoption;
	AdoptedRow row;
	Datum values[ADOPTED_COLUMNS] = { 0 };
	bool nulls[ADOPTED_COLUMNS];

	if (get_call_result_type(fcinfo, NULL, &result) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	(void) adoption_read(columns, lengthof(columns), &adoption);
	read_row_argument(fcinfo, 1, &adoption, &row);
	memset(nulls, row.fitness != ROW_FITS, sizeof(nulls));
	if (row.fitness == ROW_FITS)
		put_row(PG_GETARG_OID(0), &row, values);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(result), values, nulls)));
}

/* ------------------------------------------------------------------- row by row */

/* By the token of now, or by one that it had before a rotation. */
static bool
find_session(const AdoptedRow *row, SessionRow *session)
{
	pg_uuid_t session_id;
	TimestampTz rotated_at;

	return catalog_find_session(row->token_hash, session) ||
		   (catalog_find_rotated_token(row->token_hash, &session_id, &rotated_at) &&
			catalog_find_session_by_id(&session_id, session));
}

/*
 * Only what came from a source follows it: a row that names the token, or the id,
 * of another table's session, or of one created by hand, has no hold on that.
 */
static bool
is_of(Oid source, const SessionRow *session)
{
	uint32 prefix = pg_hton32(source);

	return session_is_adopted(session) &&
		   memcmp(session->session_id.data, &prefix, sizeof(prefix)) == 0;
}

static bool
find_own_session(Oid source, const AdoptedRow *row, SessionRow *session)
{
	return find_session(row, session) && is_of(source, session);
}

static void
vanish(Oid source, const AdoptedRow *row)
{
	SessionRow session;

	if (find_own_session(source, row, &session))
		(void) session_end(&session.session_id, END_SIGN_OUT, recorded_actor());
}

static bool
edit_expire(SessionRow *session, void *arg)
{
	if (session->ended || session->expires_at <= clock_now())
		return false;
	session->expires_at = clock_now();
	return true;
}

/* A row that goes to another partition is deleted here before it appears there. */
static void
leave_partition(Oid source, const AdoptedRow *row)
{
	SessionRow session;

	if (find_own_session(source, row, &session))
		(void) catalog_edit_session(&session.session_id, true, edit_expire, NULL);
}

/* The application's own statement goes on, so that the log is where this can be said. */
static void
log_left_out(Oid source, const char *why)
{
	ereport(LOG, (errmsg("a session of table \"%s\" was not adopted", get_rel_name(source)),
				  errdetail_log("%s", why), errhidestmt(true), errhidecontext(true)));
}

static void
begin_session(Oid source, const AdoptedRow *row)
{
	SessionRow session;

	new_session(source, row, clock_now(), &session);
	if (session.expires_at <= session.created_at)
	{
		log_left_out(
			source,
			"It is a row that has expired already, if its times are read as they are meant.");
		return;
	}
	/*
	 * It is taken in nevertheless, and refused for good as it is older than the ban's end: when
	 * the ban is over, nothing can make its row pass for that of a new sign-in.
	 */
	if (revocation_check_session(&session) == RESULT_BANNED)
		log_left_out(source, "It is a row of a banned user.");
	session_create(&session, row->actor ? row->actor : recorded_actor());
}

typedef struct Move
{
	const AdoptedRow *row;
	bool new_token;
} Move;

static bool
edit_move(SessionRow *session, void *arg)
{
	const Move *move = arg;

	if (session->ended)
		return false;
	if (move->new_token)
		memcpy(session->token_hash, move->row->token_hash, TOKEN_HASH_LEN);
	take_from_row(move->row, clock_now(), session);
	return true;
}

/* False when the session has ended, or is gone. */
static bool
move_session(const SessionRow *session, const AdoptedRow *row, bool new_token)
{
	Move move = { row, new_token };

	return catalog_edit_session(&session->session_id, true, edit_move, &move);
}

/* A row that is new, or that could not be carried over before. */
static void
appear(Oid source, const AdoptedRow *row)
{
	SessionRow session;

	if (!find_session(row, &session))
		begin_session(source, row);
	else if (is_of(source, &session))
		(void) move_session(&session, row, false);
	else
		log_left_out(source, "Its token is another session's.");
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Of one session: rows of one source differ neither in how they are proved. */
static bool
says_the_same(const AdoptedRow *old, const AdoptedRow *new)
{
	return old->expires_at == new->expires_at &&strcmp(old->user_id, new->user_id) == 0 &&
		   (old->tenant == NULL || strcmp(old->tenant, new->tenant) == 0) &&
		   same_text(old->actor, new->actor);
}

/*
 * The session follows its row.  Where it has ended, or was purged since, the
 * same token opens nothing again; another token is another sign-in.
 */
static void
follow_row(Oid source, const AdoptedRow *old, const AdoptedRow *new)
{
	bool new_token = memcmp(old->token_hash, new->token_hash, TOKEN_HASH_LEN) != 0;
	SessionRow session;
	SessionRow other;
	bool found;

	if (!new_token && says_the_same(old, new))
		return;
	found = find_own_session(source, old, &session);
	if (!new_token)
	{
		if (found)
			(void) move_session(&session, new, false);
	}
	else if (find_session(new, &other)) /* another row's, or created by hand */
	{
		if (found)
			(void) session_end(&session.session_id, END_SIGN_OUT, recorded_actor());
	}
	else if (!found || !move_session(&session, new, true))
		begin_session(source, new);
}

/* ------------------------------------------------------------- taking it over once more */

static bool
is_as_row_says(const SessionRow *session, const AdoptedRow *row)
{
	return session->expires_at == row->expires_at && session->proof == row->proof &&
		   strcmp(session->user_id, row->user_id) == 0 && same_text(session->tenant, row->tenant) &&
		   same_text(session->actor, row->actor);
}

SQL_FUNCTION(session_auth_follow_adopted_row);

/* follow_adopted_row(source oid, source_row record, arguments text[]): whether its session changed */
Datum
session_auth_follow_adopted_row(PG_FUNCTION_ARGS)
{
	TakeOver *state = take_over_state(fcinfo, 2);
	AdoptedRow row;
	SessionRow session;

	read_row_argument(fcinfo, 1, &state->adoption, &row);
	PG_RETURN_BOOL(row.fitness == ROW_FITS && catalog_find_session(row.token_hash, &session) &&
				   is_of(PG_GETARG_OID(0), &session) && !session.ended &&
				   !is_as_row_says(&session, &row) && move_session(&session, &row, false));
}

/* --------------------------------------------------------------------- the row's trigger */

static void
log_skipped(Relation source, const AdoptedRow *row)
{
	ereport(LOG,
			(errmsg("a session of table \"%s\" was not adopted", RelationGetRelationName(source)),
			 errdetail_log("It is a row %s.", adopted_row_reason(row->fitness)), errhidestmt(true),
			 errhidecontext(true)));
}

/* The table whose owner adopted it: a partition's trigger comes from one above. */
static Oid
adopted_table(const TriggerData *trigger)
{
	Oid oid = trigger->tg_trigger->tgoid;
	Oid source = RelationGetRelid(trigger->tg_relation);
	Relation triggers;

	if (!trigger->tg_relation->rd_rel->relispartition)
		return source;
	triggers = table_open(TriggerRelationId, AccessShareLock);
	while (OidIsValid(oid))
	{
		ScanKeyData key;
		SysScanDesc scan;
		HeapTuple tuple;

		ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(oid));
		scan = systable_beginscan(triggers, TriggerOidIndexId, true, NULL, 1, &key);
		oid = InvalidOid;
		if (HeapTupleIsValid(tuple = systable_getnext(scan)))
		{
			source = ((Form_pg_trigger) GETSTRUCT(tuple))->tgrelid;
			oid = ((Form_pg_trigger) GETSTRUCT(tuple))->tgparentid;
		}
		systable_endscan(scan);
	}
	table_close(triggers, AccessShareLock);
	return source;
}

static void
require_own_trigger(FunctionCallInfo fcinfo, Adoption *adoption)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		!TRIGGER_FIRED_AFTER(trigger->tg_event) ||
		!adoption_read(trigger->tg_trigger->tgargs, trigger->tg_trigger->tgnargs, adoption))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("adopted_session_changed() is for session_auth.adopt_sessions() alone")));
}

static bool
goes_to_another_partition(const TriggerData *trigger)
{
	return TRIGGER_FIRED_BY_DELETE(trigger->tg_event) &&
		   HeapTupleHeaderIndicatesMovedPartitions(trigger->tg_trigtuple->t_data);
}

/* What the row said before, and what it says now; ROW_IS_ANOTHERS where there is none. */
static void
read_change(const TriggerData *trigger, const Adoption *adoption, AdoptedRow *old, AdoptedRow *new)
{
	bool updated = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	SourceRow first = { trigger->tg_trigtuple, RelationGetDescr(trigger->tg_relation) };
	SourceRow second = { updated ? trigger->tg_newtuple : trigger->tg_trigtuple, first.desc };

	old->fitness = new->fitness = ROW_IS_ANOTHERS;
	if (updated || TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		adopted_row_read(first, adoption, old);
	if (!TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		adopted_row_read(second, adoption, new);
	/* a guest's row, and one that says no more than before, is no news */
	if (adopted_row_reason(new->fitness) &&
		new->fitness != ROW_NO_USER &&new->fitness != old->fitness)
		log_skipped(trigger->tg_relation, new);
}

SQL_FUNCTION(session_auth_adopted_session_changed);

/* The row trigger of a table that adopt_sessions took over; its arguments say how. */
Datum
session_auth_adopted_session_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Adoption adoption;
	Oid source;
	AdoptedRow old;
	AdoptedRow new;

	require_own_trigger(fcinfo, &adoption);
	source = adopted_table(trigger);
	read_change(trigger, &adoption, &old, &new);
	if (old.fitness == ROW_FITS && new.fitness == ROW_FITS)
		follow_row(source, &old, &new);
	else if (old.fitness == ROW_FITS && goes_to_another_partition(trigger))
		leave_partition(source, &old);
	else if (old.fitness == ROW_FITS)
		vanish(source, &old);
	else if (new.fitness == ROW_FITS)
		appear(source, &new);
	return PointerGetDatum(NULL);
}
