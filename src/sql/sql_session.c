/*
 * sql_session.c
 *		What SQL calls for sessions: arguments in, rows and errors out.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "base/clock.h"
#include "base/compat.h"
#include "base/errors.h"
#include "base/json_build.h"
#include "base/row_type.h"
#include "base/settings.h"
#include "base/uuid.h"
#include "identity/identity_row.h"
#include "pure/base64.h"
#include "pure/crypto.h"
#include "pure/lucia.h"
#include "pure/timed_token.h"
#include "pure/token.h"
#include "sql/arguments.h"
#include "verify/external_token.h"
#include "verify/session.h"
#include "verify/verify.h"

#define TOKEN_RANDOM_BYTES 32
#define OWN_TOKEN_SIZE     (TOKEN_TIMED_LEN + 1) /* the longer of its forms, and a NUL */

static void
require_random(void *out, size_t len)
{
	if (!crypto_random(out, len))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not get random bytes")));
}

static void
write_token(const unsigned char *random, char *token)
{
	size_t len;

	memcpy(token, TOKEN_PREFIX, TOKEN_PREFIX_LEN);
	len = base64url_encode(random, TOKEN_RANDOM_BYTES, token + TOKEN_PREFIX_LEN);
	token[TOKEN_PREFIX_LEN + len] = '\0';
}

static void
write_timed_token(const unsigned char *random, const unsigned char *secret, char *token)
{
	if (timed_token_write(random, clock_now(), secret, token) != RESULT_OK)
		result_raise(RESULT_CRYPTO_FAILED);
}

/* Where standbys may wait for it, it says when that is over. */
static void
make_token(char *token)
{
	unsigned char random[TOKEN_RANDOM_BYTES];
	unsigned char secret[TIMED_TOKEN_SECRET];

	require_random(random, sizeof(random));
	if (setting_replica_wait > 0 && catalog_token_secret(secret))
	{
		write_timed_token(random, secret, token);
		crypto_cleanse(secret, sizeof(secret));
	}
	else
		write_token(random, token);
	crypto_cleanse(random, sizeof(random));
}

static void
make_session_id(pg_uuid_t *uuid)
{
	require_random(uuid->data, UUID_LEN);
	uuid_stamp(uuid, 4);
}

static void
hash_token(const char *token, size_t len, unsigned char *hash)
{
	if (!crypto_sha256(token, len, hash))
		result_raise(RESULT_CRYPTO_FAILED);
}

/* Without a token where the caller is to keep the one it has. */
static Datum
issued_token_row(const pg_uuid_t *session_id, const char *token, TimestampTz expires_at)
{
	static const RowColumn columns[] = { { "session_id", UUIDOID },
										 { "token", TEXTOID },
										 { "expires_at", TIMESTAMPTZOID } };
	static RowType type = { lengthof(columns), columns, NULL };
	Datum values[] = { UUIDPGetDatum(session_id), token ? CStringGetTextDatum(token) : (Datum) 0,
					   TimestampTzGetDatum(expires_at) };
	bool nulls[lengthof(columns)] = { false, token == NULL, false };

	return row_form(&type, values, nulls);
}

/* --------------------------------------------------------------- create_session */

/*
 * Two sessions cannot have one token.  The lock makes the look-up conclusive;
 * the unique index would say the same with part of the hash in its message.
 */
static void
require_unused_token(const unsigned char *hash)
{
	LOCKTAG tag;
	uint32 key[2];
	FoundSession found;
	TimestampTz rotated_at;

	memcpy(key, hash, sizeof(key));
	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, key[0], key[1], 0x5b);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
	if (catalog_find_session(hash, &found.row) ||
		catalog_find_rotated_token(hash, &found.row.session_id, &rotated_at))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid token"),
						errdetail("Another session has been created with it."), errhidestmt(true)));
}

/* A token that a framework made: it must be as hard to guess as our own. */
static char *
external_token(FunctionCallInfo fcinfo, int n, unsigned char *hash)
{
	TokenArgument token = argument_token(fcinfo, n);
	ResultCode result = RESULT_UNKNOWN_FORM;

	if (token.bytes && token_form(token.bytes, token.len) == TOKEN_FORM_OPAQUE &&
		token_entropy_bits(token.bytes, token.len) >= TOKEN_BITS_MIN)
	{
		hash_token(token.bytes, token.len, hash);
		result = RESULT_OK;
	}
	else if (token.bytes)
		result = lucia_token_hash((Slice){ token.bytes, token.len }, hash);
	if (result == RESULT_CRYPTO_FAILED)
		result_raise(result);
	if (result != RESULT_OK)
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid token"),
			 errdetail("It must be 20 to 255 letters, digits and any of _ ~ + / = , - that hold "
					   "at least %d random bits, as a uuid of version 4 does.",
					   TOKEN_BITS_MIN),
			 errhidestmt(true)));
	require_unused_token(hash);
	return pnstrdup(token.bytes, token.len);
}

static TimestampTz
first_expiry(const SessionRow *row)
{
	TimestampTz expires_at = DatumGetTimestampTz(
		DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(row->created_at),
							IntervalPGetDatum(&row->lifetime)));

	if (expires_at <= row->created_at)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid expires_in"),
						errdetail("It must be positive.")));
	return expires_at;
}

static Datum
create_session(FunctionCallInfo fcinfo, ArrayType *permissions)
{
	SessionRow row;
	char own_token[OWN_TOKEN_SIZE];
	char *token = own_token;

	PreventCommandIfReadOnly("create_session()");
	memset(&row, 0, sizeof(row));
	row.user_id = argument_user_id(fcinfo, 0);
	argument_lifetime(fcinfo, 1, setting_session_lifetime, &row.lifetime);
	row.metadata = argument_object(fcinfo, 3, "metadata");
	row.permissions = permissions;
	row.created_at = row.last_seen_at = clock_now();
	row.expires_at = first_expiry(&row);
	if (PG_ARGISNULL(2))
	{
		make_token(own_token);
		hash_token(own_token, strlen(own_token), row.token_hash);
	}
	else
		token = external_token(fcinfo, 2, row.token_hash);
	make_session_id(&row.session_id);
	session_create(&row, acting_user());
	return issued_token_row(&row.session_id, token, session_latest_end(&row));
}

SQL_FUNCTION(session_auth_create_session);

/* create_session(user_id, expires_in, token, metadata), as it was in 0.1.0 */
Datum
session_auth_create_session(PG_FUNCTION_ARGS)
{
	return create_session(fcinfo, NULL);
}

SQL_FUNCTION(session_auth_create_narrowed_session);

/* create_session(user_id, expires_in, token, metadata, permissions) */
Datum
session_auth_create_narrowed_session(PG_FUNCTION_ARGS)
{
	return create_session(fcinfo, argument_permissions(fcinfo, 4));
}

/* --------------------------------------------------------------- verify_session */

static Datum
verified_row(const Verification *verification)
{
	static const RowColumn columns[] = {
		{ "user_id", TEXTOID }, { "role", TEXTOID },       { "roles", TEXTARRAYOID },
		{ "tenant", TEXTOID },  { "session_id", UUIDOID }, { "expires_at", TIMESTAMPTZOID },
		{ "kind", TEXTOID },    { "claims", JSONBOID },
	};
	static RowType type = { lengthof(columns), columns, NULL };
	Identity identity = verification->identity;
	Datum values[lengthof(columns)];
	bool nulls[lengthof(columns)] = { false };

	if (verification->claims)
		identity.claims = verification->claims;
	identity_columns(&identity, values, nulls);
	values[IDENTITY_COLUMNS] = CStringGetTextDatum(identity.kind);
	values[IDENTITY_COLUMNS + 1] = JsonbPGetDatum(identity_claims(&identity));
	return row_form(&type, values, nulls);
}

SQL_FUNCTION(session_auth_verify_session);

/* verify_session(token, tenant): one row, or none when the token is refused */
Datum
session_auth_verify_session(PG_FUNCTION_ARGS)
{
	TokenArgument token = argument_token(fcinfo, 0);
	char *tenant = argument_tenant(fcinfo, 1);
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Verification verification;
	ResultCode result;

	result = verify_token(token.bytes, token.len, tenant, &verification);
	if (result == RESULT_OK)
		return verified_row(&verification);
	verify_note(result, &verification, false);
	if (rsinfo && IsA(rsinfo, ReturnSetInfo))
		rsinfo->isDone = ExprEndResult;
	PG_RETURN_NULL();
}

/* ------------------------------------------------------------- refresh and rotate */

/* The session that a token opens, or 28000; only sessions can be changed. */
static void
require_session(FunctionCallInfo fcinfo, const char *function, Verification *verification)
{
	TokenArgument token = argument_token(fcinfo, 0);
	ResultCode result;

	PreventCommandIfReadOnly(function);
	result = verify_token(token.bytes, token.len, NULL, verification);
	if (result == RESULT_OK && !verification->identity.has_session)
		result = RESULT_NO_SESSION;
	if (result != RESULT_OK)
		verify_raise(result, verification);
}

SQL_FUNCTION(session_auth_refresh_session);

/* refresh_session(token): the new expiry */
Datum
session_auth_refresh_session(PG_FUNCTION_ARGS)
{
	Verification verification;
	TimestampTz expires_at;
	ResultCode result;

	require_session(fcinfo, "refresh_session()", &verification);
	result = session_refresh(&verification.identity.session_id, &expires_at);
	if (result != RESULT_OK)
		result_raise(result);
	PG_RETURN_TIMESTAMPTZ(expires_at);
}

static Datum
newer_token_elsewhere(const FoundSession *found)
{
	return issued_token_row(&found->row.session_id, NULL, session_latest_end(&found->row));
}

/*
 * The token was the session's when it was verified and is not any more.  Whose
 * rotation came first has the successor; without a grace there is none to wait for.
 */
static Datum
lost_the_race(const unsigned char *old_hash)
{
	FoundSession found;

	if (session_find_hash(old_hash, &found) != RESULT_OK || !found.rotated_away)
		result_raise(RESULT_NO_SESSION);
	return newer_token_elsewhere(&found);
}

SQL_FUNCTION(session_auth_rotate_session);

/* rotate_session(token): a new token for the same session, or none for who comes second */
Datum
session_auth_rotate_session(PG_FUNCTION_ARGS)
{
	Verification verification;
	const pg_uuid_t *session_id = &verification.identity.session_id;
	unsigned char new_hash[TOKEN_HASH_LEN];
	char token[OWN_TOKEN_SIZE];
	TimestampTz expires_at;
	ResultCode result;

	require_session(fcinfo, "rotate_session()", &verification);
	if (verification.session.rotated_away)
		return newer_token_elsewhere(&verification.session);
	make_token(token);
	hash_token(token, strlen(token), new_hash);
	result = session_rotate(session_id, verification.session.row.token_hash, new_hash,
							acting_user(), &expires_at);
	if (result == RESULT_NO_SESSION)
		return lost_the_race(verification.session.row.token_hash);
	if (result != RESULT_OK)
		result_raise(result);
	return issued_token_row(session_id, token, expires_at);
}

/* ------------------------------------------------------------------------- ending */

SQL_FUNCTION(session_auth_expire_session_by_id);

/* expire_session(session_id): whether there was one to end */
Datum
session_auth_expire_session_by_id(PG_FUNCTION_ARGS)
{
	PreventCommandIfReadOnly("expire_session()");
	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(session_end(PG_GETARG_UUID_P(0), END_ADMINISTRATOR, acting_user()));
}

SQL_FUNCTION(session_auth_expire_session_by_token);

/* Drivers send everything as text: a session's id may come as one. */
static bool
expire_by_text_id(FunctionCallInfo fcinfo)
{
	Datum id;
	const char *text = argument_text_or_null(fcinfo, 0);

	if (text == NULL || !argument_is_uuid(text))
		return false;
	id = DirectFunctionCall1(uuid_in, CStringGetDatum(text));
	return session_end(DatumGetUUIDP(id), END_ADMINISTRATOR, acting_user());
}

/* False would say that the session cannot be used: nobody knows that. */
static void
refuse_to_guess(ResultCode result)
{
	if (result == RESULT_CRYPTO_FAILED || result == RESULT_NO_MEMORY)
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not look for the session"),
						errdetail("The cryptographic library failed, or memory ran out."),
						errhidestmt(true)));
}

/* expire_session(token): whether there was one to end */
Datum
session_auth_expire_session_by_token(PG_FUNCTION_ARGS)
{
	TokenArgument token = argument_token(fcinfo, 0);
	Verification verification;
	ResultCode result;

	PreventCommandIfReadOnly("expire_session()");
	result = verify_token(token.bytes, token.len, NULL, &verification);
	if (result != RESULT_OK)
	{
		refuse_to_guess(result);
		verify_note(result, &verification, false);
		if (result == RESULT_NO_SESSION)
			PG_RETURN_BOOL(expire_by_text_id(fcinfo));
		PG_RETURN_BOOL(result == RESULT_STOLEN);
	}
	if (!verification.identity.has_session)
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(session_end(&verification.identity.session_id, END_SIGN_OUT, acting_user()));
}

SQL_FUNCTION(session_auth_expire_user_sessions);

/* expire_user_sessions(user_id, except_session): how many ended */
Datum
session_auth_expire_user_sessions(PG_FUNCTION_ARGS)
{
	char *user_id = argument_user_id(fcinfo, 0);
	pg_uuid_t *except = PG_ARGISNULL(1) ? NULL : PG_GETARG_UUID_P(1);

	PreventCommandIfReadOnly("expire_user_sessions()");
	external_revoke_user(user_id);
	PG_RETURN_INT64(session_end_user(user_id, except, END_ADMINISTRATOR, acting_user()));
}

/* A token that only this identity carries ends by its jti, as it has no session. */
static int64
sign_out_here(const Identity *identity, const char *actor)
{
	pg_uuid_t session_id = identity->session_id;

	if (identity->has_session)
		return session_end(&session_id, END_SIGN_OUT, actor) ? 1 : 0;
	if (identity->origin == NULL)
		return 0;
	if (external_revoke_current(identity))
		return 1;
	ereport(WARNING,
			(errmsg("the cookie was not revoked"),
			 errdetail("It does not say when it was issued, so it cannot be told from those that "
					   "the user is given later."),
			 errhint("Replace the secret, or end all of the user's with "
					 "session_auth.sign_out('global').")));
	return 0;
}

static int64
sign_out(const Identity *identity, const char *scope)
{
	char *user_id = pstrdup(identity->user_id);
	pg_uuid_t session_id = identity->session_id;
	bool has_session = identity->has_session;
	const char *actor = acting_user();

	if (strcmp(scope, "local") == 0)
		return sign_out_here(identity, actor);
	if (strcmp(scope, "others") == 0)
		return session_end_user(user_id, has_session ? &session_id : NULL, END_SIGN_OUT, actor);
	external_revoke_user(user_id);
	return session_end_user(user_id, NULL, END_SIGN_OUT, actor);
}

/* One of the user's own, by its id; the identity goes with it if it is its session. */
static int64
sign_out_device(const pg_uuid_t *session_id)
{
	const Identity *identity = identity_current();
	bool is_current;

	if (identity == NULL)
		raise_not_authenticated();
	PreventCommandIfReadOnly("sign_out()");
	if (session_id == NULL)
		return 0;
	is_current = identity->has_session && memcmp(&identity->session_id, session_id, UUID_LEN) == 0;
	if (!session_end_own(session_id, pstrdup(identity->user_id), acting_user()))
		return 0;
	if (is_current)
		identity_drop();
	return 1;
}

SQL_FUNCTION(session_auth_sign_out_device);

/* sign_out(session_id): 1, or 0 where it is none of the user's that lives */
Datum
session_auth_sign_out_device(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(sign_out_device(PG_ARGISNULL(0) ? NULL : PG_GETARG_UUID_P(0)));
}

static bool
is_scope(const char *text)
{
	return strcmp(text, "local") == 0 || strcmp(text, "others") == 0 || strcmp(text, "global") == 0;
}

static int64
sign_out_scope(const char *scope)
{
	const Identity *identity = identity_current();
	int64 ended;

	if (identity == NULL)
		raise_not_authenticated();
	PreventCommandIfReadOnly("sign_out()");
	ended = sign_out(identity, scope);
	if (strcmp(scope, "others") != 0)
		identity_drop();
	return ended;
}

SQL_FUNCTION(session_auth_sign_out);

/* sign_out(scope): how many sessions ended; the identity goes with its session */
Datum
session_auth_sign_out(PG_FUNCTION_ARGS)
{
	char *scope = argument_text_or_null(fcinfo, 0);

	/* Drivers send everything as text: a session's id may come as one. */
	if (scope && argument_is_uuid(scope))
		PG_RETURN_INT64(
			sign_out_device(DatumGetUUIDP(DirectFunctionCall1(uuid_in, CStringGetDatum(scope)))));
	if (scope == NULL || !is_scope(scope))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid scope"),
						errdetail("It must be \"local\", \"others\", \"global\" or the id of a "
								  "session.")));
	PG_RETURN_INT64(sign_out_scope(scope));
}

/* ------------------------------------------------------------------------ listing */

/* In 0.1.0 they were the first six: what is put is as many as the function says that it returns. */
#define DEVICE_COLUMNS 7

/* Sessions that still open something; no token and no hash among the columns. */
static void
put_sessions(FunctionCallInfo fcinfo, const char *user_id)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const Identity *identity = identity_current();
	ListCell *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach (cell, user_id ? catalog_sessions_of_user(user_id) : NIL)
	{
		SessionRow *row = lfirst(cell);
		Datum values[DEVICE_COLUMNS];
		bool nulls[DEVICE_COLUMNS] = { false };

		if (session_check(row, clock_now()) != RESULT_OK)
			continue;
		values[0] = UUIDPGetDatum(&row->session_id);
		values[1] = TimestampTzGetDatum(row->created_at);
		values[2] = TimestampTzGetDatum(row->last_seen_at);
		values[3] = TimestampTzGetDatum(session_latest_end(row));
		values[4] = BoolGetDatum(identity && identity->has_session &&
								 memcmp(&identity->session_id, &row->session_id, UUID_LEN) == 0);
		values[5] = JsonbPGetDatum(row->metadata ? row->metadata : json_object_empty());
		values[6] = PointerGetDatum(row->permissions);
		nulls[6] = row->permissions == NULL;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

SQL_FUNCTION(session_auth_list_sessions);

/* list_sessions(user_id), as it was in 0.1.0 */
Datum
session_auth_list_sessions(PG_FUNCTION_ARGS)
{
	put_sessions(fcinfo, argument_user_id(fcinfo, 0));
	return (Datum) 0;
}

SQL_FUNCTION(session_auth_list_sessions_narrowed);

/* list_sessions(user_id), with the permissions of each */
Datum
session_auth_list_sessions_narrowed(PG_FUNCTION_ARGS)
{
	put_sessions(fcinfo, argument_user_id(fcinfo, 0));
	return (Datum) 0;
}

static void
put_own_sessions(FunctionCallInfo fcinfo)
{
	const Identity *identity = identity_current();

	put_sessions(fcinfo, identity ? pstrdup(identity->user_id) : NULL);
}

SQL_FUNCTION(session_auth_my_sessions);

/* my_sessions(), as it was in 0.1.0 */
Datum
session_auth_my_sessions(PG_FUNCTION_ARGS)
{
	put_own_sessions(fcinfo);
	return (Datum) 0;
}

SQL_FUNCTION(session_auth_my_sessions_narrowed);

/* my_sessions(): of the current identity's user; none without one */
Datum
session_auth_my_sessions_narrowed(PG_FUNCTION_ARGS)
{
	put_own_sessions(fcinfo);
	return (Datum) 0;
}
