/*
 * table_sessions.c
 *		The tables of sessions, rotated tokens and events.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/relscan.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "funcapi.h"
#include "port/pg_bswap.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/recorded_events.h"
#include "catalog/index_probe.h"
#include "catalog/recent_rows.h"
#include "catalog/table_access.h"
#include "catalog/tables.h"
#include "catalog/token_hash.h"

/* Columns, in the order of sql/parts/schema.sql; those of sessions: table_access.h. */
enum
{
	Anum_rotated_tokens_token_hash = 1,
	Anum_rotated_tokens_session_id,
	Anum_rotated_tokens_rotated_at,
	Natts_rotated_tokens = Anum_rotated_tokens_rotated_at
};

enum
{
	Anum_session_events_at = 1,
	Anum_session_events_event,
	Anum_session_events_user_id,
	Anum_session_events_session_id,
	Anum_session_events_actor,
	Anum_session_events_detail,
	Natts_session_events = Anum_session_events_detail
};

/* The first eight bytes of a hash: a short key that an index compares by value. */
static int64
token_key(const unsigned char *token_hash)
{
	uint64 key;

	memcpy(&key, token_hash, sizeof(key));
	return (int64) pg_ntoh64(key);
}

static void
session_from_values(const Datum *values, const bool *nulls, SessionRow *row)
{
#define VALUE(column)   values[Anum_sessions_##column - 1]
#define IS_NULL(column) nulls[Anum_sessions_##column - 1]
	row->session_id = *DatumGetUUIDP(VALUE(session_id));
	if (!token_hash_read(VALUE(token_hash), row->token_hash))
		elog(ERROR, "a token hash has %zu bytes",
			 (size_t) VARSIZE_ANY_EXHDR(DatumGetByteaPP(VALUE(token_hash))));
	row->user_id = TextDatumGetCString(VALUE(user_id));
	row->created_at = DatumGetTimestampTz(VALUE(created_at));
	row->expires_at = DatumGetTimestampTz(VALUE(expires_at));
	row->last_seen_at = DatumGetTimestampTz(VALUE(last_seen_at));
	row->lifetime = *DatumGetIntervalP(VALUE(lifetime));
	row->ended = !IS_NULL(ended_at);
	row->ended_at = row->ended ? DatumGetTimestampTz(VALUE(ended_at)) : 0;
	row->ended_by = IS_NULL(ended_by) ? NULL : TextDatumGetCString(VALUE(ended_by));
	row->metadata = NULL;
	if (VARSIZE_ANY(DatumGetPointer(VALUE(metadata))) > VARHDRSZ + sizeof(JsonbContainer) ||
		VARATT_IS_EXTERNAL(DatumGetPointer(VALUE(metadata))))
		row->metadata = DatumGetJsonbPCopy(VALUE(metadata));
	row->tenant = IS_NULL(tenant) ? NULL : TextDatumGetCString(VALUE(tenant));
	row->proof = IS_NULL(signed_only)               ? PROOF_BY_SETUP
				 : DatumGetBool(VALUE(signed_only)) ? PROOF_NEEDED
													: PROOF_NOT_NEEDED;
	row->permissions = IS_NULL(permissions) ? NULL : DatumGetArrayTypePCopy(VALUE(permissions));
	row->actor = IS_NULL(actor) ? NULL : TextDatumGetCString(VALUE(actor));
	row->rotated_at = IS_NULL(rotated_at) ? 0 : DatumGetTimestampTz(VALUE(rotated_at));
}

static void
session_to_values(const SessionRow *row, Datum *values, bool *nulls)
{
	VALUE(session_id) = UUIDPGetDatum(&row->session_id);
	VALUE(token_key) = Int64GetDatum(token_key(row->token_hash));
	VALUE(created_at) = TimestampTzGetDatum(row->created_at);
	VALUE(expires_at) = TimestampTzGetDatum(row->expires_at);
	VALUE(last_seen_at) = TimestampTzGetDatum(row->last_seen_at);
	VALUE(lifetime) = IntervalPGetDatum(&row->lifetime);
	VALUE(token_hash) = token_hash_datum(row->token_hash);
	VALUE(user_id) = CStringGetTextDatum(row->user_id);
	IS_NULL(ended_at) = !row->ended;
	VALUE(ended_at) = TimestampTzGetDatum(row->ended_at);
	IS_NULL(ended_by) = row->ended_by == NULL;
	VALUE(ended_by) = row->ended_by ? CStringGetTextDatum(row->ended_by) : (Datum) 0;
	IS_NULL(tenant) = row->tenant == NULL;
	VALUE(tenant) = row->tenant ? CStringGetTextDatum(row->tenant) : (Datum) 0;
	IS_NULL(signed_only) = row->proof == PROOF_BY_SETUP;
	VALUE(signed_only) = BoolGetDatum(row->proof == PROOF_NEEDED);
	IS_NULL(actor) = row->actor == NULL;
	VALUE(actor) = row->actor ? CStringGetTextDatum(row->actor) : (Datum) 0;
	IS_NULL(rotated_at) = row->rotated_at == 0;
	VALUE(rotated_at) = TimestampTzGetDatum(row->rotated_at);
#undef VALUE
#undef IS_NULL
}

static void
session_from_tuple(HeapTuple tuple, Relation table, SessionRow *row)
{
	Datum values[Natts_sessions];
	bool nulls[Natts_sessions];

	read_columns(tuple, table, Natts_sessions, values, nulls);
	session_from_values(values, nulls, row);
	row->place = tuple->t_self;
}

static bool
find_at_recent_place(Relation table, int64 key, SessionRow *row)
{
	HeapTupleData tuple;
	Buffer buffer;

	if (!recent_row_find(table, key, &tuple, &buffer))
		return false;
	session_from_tuple(&tuple, table, row);
	ReleaseBuffer(buffer);
	return true;
}

/* For a table of another kind than PostgreSQL's own, and with ignore_system_indexes. */
static bool
find_by_scan(Relation table, ScanKey key, SessionRow *row)
{
	SysScanDesc scan =
		systable_beginscan(table, relation_oid(SESSIONS_BY_TOKEN), true, NULL, 1, key);
	HeapTuple tuple = systable_getnext(scan);

	if (HeapTupleIsValid(tuple))
		session_from_tuple(tuple, table, row);
	systable_endscan(scan);
	return HeapTupleIsValid(tuple);
}

static bool
find_by_index(Relation table, int64 key, SessionRow *row)
{
	ScanKeyData scan_key;
	IndexProbe probe;
	HeapTuple tuple;

	ScanKeyInit(&scan_key, Anum_sessions_token_key, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(key));
	if (unlikely(!probe_is_possible(table)))
		return find_by_scan(table, &scan_key, row);
	probe_begin(&probe, table, SESSIONS_BY_TOKEN, &scan_key);
	tuple = probe_next(&probe);
	if (HeapTupleIsValid(tuple))
	{
		session_from_tuple(tuple, table, row);
		recent_row_keep(key, &probe.place, probe.buffer);
	}
	probe_end(&probe);
	return HeapTupleIsValid(tuple);
}

/*
 * The session whose token has this hash.  The index finds it by eight bytes of
 * the hash, which nobody can choose; the whole hash is compared in the row.  How long that
 * takes may tell of the hash: it opens nothing, and no token can be found that has it.
 */
bool
catalog_find_session(const unsigned char *token_hash, SessionRow *row)
{
	int64 key = token_key(token_hash);
	Relation table = open_relation(SESSIONS, AccessShareLock);
	bool found = (find_at_recent_place(table, key, row) &&
				  memcmp(row->token_hash, token_hash, TOKEN_HASH_LEN) == 0) ||
				 (find_by_index(table, key, row) &&
				  memcmp(row->token_hash, token_hash, TOKEN_HASH_LEN) == 0);

	table_close(table, AccessShareLock);
	return found;
}

static void
session_id_key(ScanKey key, const pg_uuid_t *session_id)
{
	ScanKeyInit(key, Anum_sessions_session_id, BTEqualStrategyNumber, F_UUID_EQ,
				UUIDPGetDatum(session_id));
}

bool
catalog_find_session_by_id(const pg_uuid_t *session_id, SessionRow *row)
{
	TableScan scan;
	ScanKeyData key;
	HeapTuple tuple;

	session_id_key(&key, session_id);
	scan_begin(&scan, SESSIONS, SESSIONS_BY_ID, 1, &key);
	tuple = scan_next(&scan);
	if (HeapTupleIsValid(tuple))
		session_from_tuple(tuple, scan.table, row);
	scan_end(&scan);
	return HeapTupleIsValid(tuple);
}

/* Every session of a user that has a row, ended ones too: a list of SessionRow. */
List *
catalog_sessions_of_user(const char *user_id)
{
	TableScan scan;
	ScanKeyData key;
	HeapTuple tuple;
	List *rows = NIL;

	scan_key_text(&key, Anum_sessions_user_id, user_id);
	scan_begin(&scan, SESSIONS, SESSIONS_BY_USER, 1, &key);
	while (HeapTupleIsValid(tuple = scan_next(&scan)))
	{
		SessionRow *row = palloc(sizeof(SessionRow));

		session_from_tuple(tuple, scan.table, row);
		rows = lappend(rows, row);
	}
	scan_end(&scan);
	return rows;
}

/* Of a session that is new, with what is written then and never again. */
static void
new_session_to_values(const SessionRow *row, Datum *values, bool *nulls)
{
	session_to_values(row, values, nulls);
	values[Anum_sessions_metadata - 1] = JsonbPGetDatum(row->metadata);
	nulls[Anum_sessions_permissions - 1] = row->permissions == NULL;
	values[Anum_sessions_permissions - 1] = PointerGetDatum(row->permissions);
}

/* Raises unique_violation when the token is taken. */
void
catalog_insert_session(const SessionRow *row)
{
	Datum values[Natts_sessions];
	bool nulls[Natts_sessions] = { false };

	new_session_to_values(row, values, nulls);
	insert_row(SESSIONS, Natts_sessions, values, nulls);
}

/*
 * As a value of the table's row type, for a statement that inserts many.  The table of another
 * version may have fewer columns, or more.
 */
Datum
catalog_new_session(const SessionRow *row, TupleDesc type)
{
	int natts = Max(type->natts, Natts_sessions);
	Datum *values = palloc0(natts * sizeof(Datum));
	bool *nulls = palloc(natts * sizeof(bool));

	memset(nulls, true, natts * sizeof(bool));
	memset(nulls, false, Natts_sessions * sizeof(bool));
	new_session_to_values(row, values, nulls);
	return HeapTupleGetDatum(heap_form_tuple(type, values, nulls));
}

/*
 * Lock the newest version of the row that `slot` shall hold.  False when the
 * row is gone, or when it is locked elsewhere and we are not to wait.
 */
static bool
lock_session(Writer *writer, const pg_uuid_t *session_id, bool wait, TupleTableSlot *slot)
{
	TableScan scan;
	ScanKeyData key;
	HeapTuple tuple;
	TM_FailureData failure;
	TM_Result result = TM_Deleted;

	session_id_key(&key, session_id);
	scan_begin(&scan, SESSIONS, SESSIONS_BY_ID, 1, &key);
	if (HeapTupleIsValid(tuple = scan_next(&scan)))
		result = table_tuple_lock(writer->table, &tuple->t_self, GetLatestSnapshot(), slot,
								  GetCurrentCommandId(false), LockTupleNoKeyExclusive,
								  wait ? LockWaitBlock : LockWaitSkip,
								  TUPLE_LOCK_FLAG_FIND_LAST_VERSION, &failure);
	scan_end(&scan);
	return result == TM_Ok;
}

/* The row as it was edited, with what the library does not know as it is. */
static TupleTableSlot *
edited_row(Writer *writer, const SessionRow *row, TupleTableSlot *old)
{
	int natts = RelationGetNumberOfAttributes(writer->table);
	TupleTableSlot *slot = writer_slot(writer, natts);

	slot_getallattrs(old);
	memcpy(slot->tts_values, old->tts_values, natts * sizeof(Datum));
	memcpy(slot->tts_isnull, old->tts_isnull, natts * sizeof(bool));
	session_to_values(row, slot->tts_values, slot->tts_isnull);
	ExecStoreVirtualTuple(slot);
	return slot;
}

static void
write_session(Writer *writer, const SessionRow *row, TupleTableSlot *locked)
{
	TupleTableSlot *slot = edited_row(writer, row, locked);
	EPQState epqstate;

	compat_init_recheck(&epqstate, writer->estate);
	EvalPlanQualSetSlot(&epqstate, locked);
	ExecSimpleRelationUpdate(writer->target, writer->estate, &epqstate, locked, slot);
	EvalPlanQualEnd(&epqstate);
}

/*
 * Let `edit` change a session in its newest version, under a lock.  False when
 * there is no such row, when it is locked and `wait` is false, or when `edit`
 * says that there is nothing to do.
 */
bool
catalog_edit_session(const pg_uuid_t *session_id, bool wait, SessionEdit edit, void *arg)
{
	Writer writer;
	TupleTableSlot *locked;
	SessionRow row;
	bool changed = false;

	writer_begin(&writer, SESSIONS);
	require_columns(writer.table, Natts_sessions);
	locked = table_slot_create(writer.table, &writer.estate->es_tupleTable);
	if (lock_session(&writer, session_id, wait, locked))
	{
		slot_getallattrs(locked);
		session_from_values(locked->tts_values, locked->tts_isnull, &row);
		changed = edit(&row, arg);
		if (changed)
			write_session(&writer, &row, locked);
	}
	writer_end(&writer);
	return changed;
}

/* Whether an update of a row is told to this trigger. */
static bool
wants_update(const Trigger *trigger)
{
	return TRIGGER_FOR_ROW(trigger->tgtype) && TRIGGER_FOR_UPDATE(trigger->tgtype) &&
		   trigger_is_enabled(trigger);
}

/* Whether a row that is written needs no more than its indexes: nobody else is to see it. */
static bool
is_written_simply(Relation table)
{
	const TriggerDesc *triggers = table->trigdesc;
	const TupleConstr *constraints = RelationGetDescr(table)->constr;

	for (int i = 0; triggers && i < triggers->numtriggers; i++)
		if (wants_update(&triggers->triggers[i]))
			return false;
	return table->rd_tableam == GetHeapamTableAmRoutine() &&
		   !(constraints && constraints->has_generated_stored);
}

/* Whether the page of the slot's row has room for one more version of it, most likely. */
static bool
has_room(TupleTableSlot *slot)
{
	BufferHeapTupleTableSlot *held = (BufferHeapTupleTableSlot *) slot;

	return PageGetHeapFreeSpace(BufferGetPage(held->buffer)) >= MAXALIGN(held->base.tuple->t_len);
}

static bool
fetch_session(Writer *writer, ItemPointerData place, const pg_uuid_t *session_id,
			  TupleTableSlot *slot)
{
	Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
	bool fetched = table_tuple_fetch_row_version(writer->table, &place, snapshot, slot);
	bool isnull;

	UnregisterSnapshot(snapshot);
	return fetched && memcmp(DatumGetUUIDP(slot_getattr(slot, Anum_sessions_session_id, &isnull)),
							 session_id, sizeof(pg_uuid_t)) == 0;
}

/*
 * The version of the row that is in force, from where it was found.  Where its page is
 * full, the session is looked for once more: that prunes the page.
 */
static bool
fetch_with_room(Writer *writer, const PendingTouch *touch, TupleTableSlot *slot)
{
	SessionRow found;

	if (fetch_session(writer, touch->place, &touch->session_id, slot) && has_room(slot))
		return true;
	ExecClearTuple(slot);
	return catalog_find_session_by_id(&touch->session_id, &found) &&
		   fetch_session(writer, found.place, &touch->session_id, slot);
}

/*
 * Whether somebody else has locked the row that the slot points to, or has just written it.
 * An update that does not wait would say so too, but is asked only where it is not known:
 * an assert build of PostgreSQL holds that answer for impossible.
 */
static bool
is_taken(TupleTableSlot *slot)
{
	BufferHeapTupleTableSlot *row = (BufferHeapTupleTableSlot *) slot;
	TM_Result result;

	Assert(TTS_IS_BUFFERTUPLE(slot) && BufferIsValid(row->buffer));
	LockBuffer(row->buffer, BUFFER_LOCK_SHARE);
	result = HeapTupleSatisfiesUpdate(row->base.tuple, GetCurrentCommandId(false), row->buffer);
	LockBuffer(row->buffer, BUFFER_LOCK_UNLOCK);
	return result != TM_Ok;
}

/* False when somebody else has the row locked, or has just written it. */
static bool
write_unlocked(Writer *writer, const SessionRow *row, TupleTableSlot *old)
{
	TupleTableSlot *slot = edited_row(writer, row, old);
	TM_FailureData failure;
	LockTupleMode lock_mode;
	CompatUpdateIndexes indexes;

	if (is_taken(old))
		return false;
	CheckCmdReplicaIdentity(writer->table, CMD_UPDATE);
	if (RelationGetDescr(writer->table)->constr)
		ExecConstraints(writer->target, slot, writer->estate);
	if (compat_update_now(writer->table, &old->tts_tid, slot, &failure, &lock_mode, &indexes) !=
		TM_Ok)
		return false;
	if (indexes)
		compat_insert_index_entries(writer->target, writer->estate, slot, indexes);
	return true;
}

static bool
touch_unlocked(Writer *writer, const PendingTouch *touch, SessionEdit edit)
{
	TupleTableSlot *slot = table_slot_create(writer->table, &writer->estate->es_tupleTable);
	SessionRow row;

	if (!fetch_with_room(writer, touch, slot))
		return false;
	slot_getallattrs(slot);
	session_from_values(slot->tts_values, slot->tts_isnull, &row);
	return !edit(&row, (void *) touch) || write_unlocked(writer, &row, slot);
}

/*
 * Like catalog_edit_session without waiting, but without a lock that would be logged by
 * itself: the update takes the row or leaves it.  False when it was not for this to
 * write, or changed meanwhile.
 */
bool
catalog_touch_session(const PendingTouch *touch, SessionEdit edit)
{
	Writer writer;
	bool done;

	writer_begin(&writer, SESSIONS);
	require_columns(writer.table, Natts_sessions);
	done = is_written_simply(writer.table) && touch_unlocked(&writer, touch, edit);
	writer_end(&writer);
	return done;
}

bool
catalog_find_rotated_token(const unsigned char *token_hash, pg_uuid_t *session_id,
						   TimestampTz *rotated_at)
{
	TableScan scan;
	ScanKeyData key;
	HeapTuple tuple;

	ScanKeyInit(&key, Anum_rotated_tokens_token_hash, BTEqualStrategyNumber, F_BYTEAEQ,
				token_hash_datum(token_hash));
	scan_begin(&scan, ROTATED_TOKENS, ROTATED_TOKENS_BY_TOKEN, 1, &key);
	if (HeapTupleIsValid(tuple = scan_next(&scan)))
	{
		*session_id =
			*DatumGetUUIDP(scan_column_not_null(tuple, &scan, Anum_rotated_tokens_session_id));
		*rotated_at =
			DatumGetTimestampTz(scan_column_not_null(tuple, &scan, Anum_rotated_tokens_rotated_at));
	}
	scan_end(&scan);
	return HeapTupleIsValid(tuple);
}

void
catalog_insert_rotated_token(const unsigned char *token_hash, const pg_uuid_t *session_id,
							 TimestampTz rotated_at)
{
	Datum values[Natts_rotated_tokens];
	bool nulls[Natts_rotated_tokens] = { false };

	values[Anum_rotated_tokens_token_hash - 1] = token_hash_datum(token_hash);
	values[Anum_rotated_tokens_session_id - 1] = UUIDPGetDatum(session_id);
	values[Anum_rotated_tokens_rotated_at - 1] = TimestampTzGetDatum(rotated_at);
	insert_row(ROTATED_TOKENS, Natts_rotated_tokens, values, nulls);
}

/* Audit.  Everything but the event may be NULL.  What is not recorded is not even begun. */
void
catalog_insert_event(const char *event, const char *user_id, const pg_uuid_t *session_id,
					 const char *actor, Jsonb *detail)
{
	Datum values[Natts_session_events] = { 0 };
	bool nulls[Natts_session_events] = { false };

	if (!event_is_recorded(event, strlen(event)))
		return;
#define SET_COLUMN(column, present, datum)                                                         \
	do                                                                                             \
	{                                                                                              \
		nulls[Anum_session_events_##column - 1] = !(present);                                      \
		if (present)                                                                               \
			values[Anum_session_events_##column - 1] = (datum);                                    \
	} while (0)
	SET_COLUMN(at, true, TimestampTzGetDatum(GetCurrentTimestamp()));
	SET_COLUMN(event, true, CStringGetTextDatum(event));
	SET_COLUMN(user_id, user_id != NULL, CStringGetTextDatum(user_id));
	SET_COLUMN(session_id, session_id != NULL, UUIDPGetDatum(session_id));
	SET_COLUMN(actor, actor != NULL, CStringGetTextDatum(actor));
	SET_COLUMN(detail, detail != NULL, JsonbPGetDatum(detail));
#undef SET_COLUMN
	insert_row(SESSION_EVENTS, Natts_session_events, values, nulls);
}
