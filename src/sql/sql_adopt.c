/*
 * sql_adopt.c
 *		Sessions that an application keeps in a table of its own, carried over.
 *
 * Invariants: values are read from the application's rows with the output
 * functions of their types and no casts, as anybody who owns a type can define
 * a cast, and this code acts with the extension's rights.  A row that cannot be
 * carried over is logged and skipped: the application's own login goes on.  A
 * session that has ended here stays ended, whatever its row says later.
 *
 * The session_id of an adopted session is a uuid of version 8 that begins with
 * the OID of its source, so that the primary key finds all of one source.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "port/pg_bswap.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "base/clock.h"
#include "base/compat.h"
#include "base/errors.h"
#include "base/json_build.h"
#include "pure/crypto.h"
#include "pure/token.h"
#include "sql/arguments.h"
#include "verify/session.h"

/* What create_session asks of a token and of a user_id. */
#define MIN_TOKEN_BITS 122
#define MAX_USER_ID    1024

/* An application's "never", and "infinity", is a time that can be reckoned with. */
#define LAST_EXPIRY ((TimestampTz) (date2j(9999, 12, 31) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY)

/* What a row of the source says of its session. */
typedef struct AdoptedRow
{
	bool there; /* it has a token, a user and an expiry */
	bool fits;  /* and they can be carried over; false: nothing below is set */
	unsigned char token_hash[TOKEN_HASH_LEN];
	char *user_id;
	TimestampTz expires_at;
} AdoptedRow;

/* ---------------------------------------------------------------- reading a row */

/* The columns of one source are there until somebody renames or alters them. */
static void
refuse_column(const char *column, const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" of an adopted table %s", column, problem),
			 errhint("Repeat session_auth.adopt_sessions() or adopt_roles() with the columns "
					 "that the table has now, or session_auth.abandon() it.")));
}

static int
require_column(TupleDesc desc, const char *column)
{
	int attnum = SPI_fnumber(desc, column);

	if (attnum <= 0)
		refuse_column(column, "is missing");
	return attnum;
}

static char *
value_text(Datum value, Oid type)
{
	Oid output;
	bool is_varlena;
	char *text;

	getTypeOutputInfo(type, &output, &is_varlena);
	text = OidOutputFunctionCall(output, value);
	if (getBaseType(type) == BPCHAROID)
		for (size_t len = strlen(text); len > 0 && text[len - 1] == ' '; len--)
			text[len - 1] = '\0';
	return text;
}

/* NULL when it is null. */
static char *
column_text(HeapTuple tuple, TupleDesc desc, const char *column)
{
	int attnum = require_column(desc, column);
	bool isnull;
	Datum value = heap_getattr(tuple, attnum, desc, &isnull);

	return isnull ? NULL : value_text(value, TupleDescAttr(desc, attnum - 1)->atttypid);
}

/* A timestamp without time zone is one in UTC, whatever TimeZone says. */
static bool
column_time(HeapTuple tuple, TupleDesc desc, const char *column, TimestampTz *time)
{
	int attnum = require_column(desc, column);
	Oid type = getBaseType(TupleDescAttr(desc, attnum - 1)->atttypid);
	bool isnull;
	Datum value = heap_getattr(tuple, attnum, desc, &isnull);

	if (type != TIMESTAMPTZOID && type != TIMESTAMPOID)
		refuse_column(column, "is no timestamp");
	if (isnull)
		return false;
	*time = Min(DatumGetTimestampTz(value), LAST_EXPIRY);
	return true;
}

static bool
is_user_id(const char *value)
{
	size_t len = strlen(value);

	if (len == 0 || len > MAX_USER_ID)
		return false;
	for (const char *p = value; *p; p++)
		if ((unsigned char) *p < 0x20 || *p == 0x7f)
			return false;
	return true;
}

/* columns: those of the token, the user and the expiry. */
static void
read_row(HeapTuple tuple, TupleDesc desc, char *const *columns, AdoptedRow *row)
{
	char *token = column_text(tuple, desc, columns[0]);

	row->user_id = column_text(tuple, desc, columns[1]);
	row->there = column_time(tuple, desc, columns[2], &row->expires_at) && token && row->user_id;
	row->fits = row->there && token_entropy_bits(token, strlen(token)) >= MIN_TOKEN_BITS &&
				is_user_id(row->user_id);
	if (row->fits && !crypto_sha256(token, strlen(token), row->token_hash))
		result_raise(RESULT_CRYPTO_FAILED);
}

static void
make_adopted_id(Oid source, pg_uuid_t *uuid)
{
	uint32 prefix = pg_hton32(source);

	if (!crypto_random(uuid->data, UUID_LEN))
		result_raise(RESULT_CRYPTO_FAILED);
	memcpy(uuid->data, &prefix, sizeof(prefix));
	uuid->data[6] = (uuid->data[6] & 0x0f) | 0x80;
	uuid->data[8] = (uuid->data[8] & 0x3f) | 0x80;
}

/* ------------------------------------------------------------ taking a table over */

/* A row argument; the tuple points into it. */
static TupleDesc
argument_row(FunctionCallInfo fcinfo, int n, HeapTuple tuple)
{
	HeapTupleHeader header = PG_GETARG_HEAPTUPLEHEADER(n);

	tuple->t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple->t_self);
	tuple->t_tableOid = InvalidOid;
	tuple->t_data = header;
	return lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header),
								  HeapTupleHeaderGetTypMod(header));
}

#define ADOPTED_COLUMNS 5

SQL_FUNCTION(session_auth_adopted_session);

/* adopted_session(source oid, source_row record, token, user, expires): its session, or nulls */
Datum
session_auth_adopted_session(PG_FUNCTION_ARGS)
{
	char *columns[] = { NameStr(*PG_GETARG_NAME(2)), NameStr(*PG_GETARG_NAME(3)),
						NameStr(*PG_GETARG_NAME(4)) };
	HeapTupleData tuple;
	TupleDesc desc = argument_row(fcinfo, 1, &tuple);
	TupleDesc result;
	AdoptedRow row;
	pg_uuid_t session_id;
	uint64 token_key;
	bytea *hash = palloc(VARHDRSZ + TOKEN_HASH_LEN);
	Datum values[ADOPTED_COLUMNS];
	bool nulls[ADOPTED_COLUMNS];

	if (get_call_result_type(fcinfo, NULL, &result) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	read_row(&tuple, desc, columns, &row);
	ReleaseTupleDesc(desc);
	memset(nulls, !row.fits, sizeof(nulls));
	if (row.fits)
	{
		make_adopted_id(PG_GETARG_OID(0), &session_id);
		memcpy(&token_key, row.token_hash, sizeof(token_key));
		SET_VARSIZE(hash, VARHDRSZ + TOKEN_HASH_LEN);
		memcpy(VARDATA(hash), row.token_hash, TOKEN_HASH_LEN);
		values[0] = UUIDPGetDatum(&session_id);
		values[1] = Int64GetDatum((int64) pg_ntoh64(token_key));
		values[2] = PointerGetDatum(hash);
		values[3] = CStringGetTextDatum(row.user_id);
		values[4] = TimestampTzGetDatum(row.expires_at);
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(result), values, nulls)));
}

static ArrayType *
text_array(Datum value, Oid type)
{
	Oid element = get_element_type(getBaseType(type));
	Datum *elements = &value;
	bool *nulls = NULL;
	int n = 1;
	int kept = 0;
	Datum *texts;

	if (OidIsValid(element))
	{
		int16 len;
		bool byval;
		char align;

		get_typlenbyvalalign(element, &len, &byval, &align);
		deconstruct_array(DatumGetArrayTypeP(value), element, len, byval, align, &elements, &nulls,
						  &n);
		type = element;
	}
	texts = palloc(n * sizeof(Datum));
	for (int i = 0; i < n; i++)
		if (nulls == NULL || !nulls[i])
			texts[kept++] = CStringGetTextDatum(value_text(elements[i], type));
	return construct_array(texts, kept, TEXTOID, -1, false, TYPALIGN_INT);
}

SQL_FUNCTION(session_auth_adopted_values);

/* adopted_values(source_row record, column_name name): none, one, or an array's */
Datum
session_auth_adopted_values(PG_FUNCTION_ARGS)
{
	HeapTupleData tuple;
	TupleDesc desc = argument_row(fcinfo, 0, &tuple);
	int attnum = require_column(desc, NameStr(*PG_GETARG_NAME(1)));
	Oid type = TupleDescAttr(desc, attnum - 1)->atttypid;
	bool isnull;
	Datum value = heap_getattr(&tuple, attnum, desc, &isnull);

	ReleaseTupleDesc(desc);
	PG_RETURN_ARRAYTYPE_P(isnull ? construct_empty_array(TEXTOID) : text_array(value, type));
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

static void
vanish(const AdoptedRow *row)
{
	SessionRow session;

	if (find_session(row, &session))
		(void) session_end(&session.session_id, END_SIGN_OUT, acting_user());
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

static void
begin_session(Oid source, const AdoptedRow *row)
{
	SessionRow session;

	memset(&session, 0, sizeof(session));
	session.created_at = session.last_seen_at = clock_now();
	if (row->expires_at <= session.created_at)
		return;
	make_adopted_id(source, &session.session_id);
	memcpy(session.token_hash, row->token_hash, TOKEN_HASH_LEN);
	session.user_id = row->user_id;
	session.expires_at = row->expires_at;
	set_lifetime(&session, session.created_at);
	session.metadata = json_object_empty();
	session_create(&session, acting_user());
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
	session->user_id = move->row->user_id;
	session->expires_at = move->row->expires_at;
	set_lifetime(session, clock_now());
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

	if (find_session(row, &session))
		(void) move_session(&session, row, false);
	else
		begin_session(source, row);
}

/*
 * The session follows its row.  Where it has ended, or was purged since, the
 * same token opens nothing again; another token is another sign-in.
 */
static void
follow(Oid source, const AdoptedRow *old, const AdoptedRow *new)
{
	bool new_token = memcmp(old->token_hash, new->token_hash, TOKEN_HASH_LEN) != 0;
	SessionRow session;
	SessionRow other;
	bool found;

	if (!new_token && old->expires_at == new->expires_at &&strcmp(old->user_id, new->user_id) == 0)
		return;
	found = find_session(old, &session);
	if (!new_token)
	{
		if (found)
			(void) move_session(&session, new, false);
	}
	else if (find_session(new, &other)) /* another row's, or created by hand */
	{
		if (found)
			(void) session_end(&session.session_id, END_SIGN_OUT, acting_user());
	}
	else if (!found || !move_session(&session, new, true))
		begin_session(source, new);
}

static void
log_skipped(Relation source)
{
	ereport(LOG,
			(errmsg("a session of table \"%s\" was not adopted", RelationGetRelationName(source)),
			 errdetail_log("session_auth.create_session() would not take its token or its user."),
			 errhidestmt(true), errhidecontext(true)));
}

SQL_FUNCTION(session_auth_adopted_session_changed);

/* The row trigger of a table that adopt_sessions took over; its arguments are three columns. */
Datum
session_auth_adopted_session_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Oid source;
	TupleDesc desc;
	AdoptedRow old = { 0 };
	AdoptedRow new = { 0 };
	bool deleted;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		!TRIGGER_FIRED_AFTER(trigger->tg_event) || trigger->tg_trigger->tgnargs != 3)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("adopted_session_changed() is for session_auth.adopt_sessions() alone")));
	source = RelationGetRelid(trigger->tg_relation);
	desc = RelationGetDescr(trigger->tg_relation);
	deleted = TRIGGER_FIRED_BY_DELETE(trigger->tg_event);
	if (deleted || TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		read_row(trigger->tg_trigtuple, desc, trigger->tg_trigger->tgargs, &old);
	if (!deleted)
	{
		read_row(TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple
															: trigger->tg_trigtuple,
				 desc, trigger->tg_trigger->tgargs, &new);
		if (new.there && !new.fits)
			log_skipped(trigger->tg_relation);
	}
	if (old.fits && new.fits)
		follow(source, &old, &new);
	else if (old.fits)
		vanish(&old);
	else if (new.fits)
		appear(source, &new);
	return PointerGetDatum(NULL);
}
