/*
 * sql_session.c
 *		What SQL calls to create, verify, refresh and rotate sessions.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/clock.h"
#include "base/compat.h"
#include "base/errors.h"
#include "base/own_lock.h"
#include "base/row_type.h"
#include "base/settings.h"
#include "identity/identity_row.h"
#include "identity/recorded_actor.h"
#include "pure/crypto.h"
#include "pure/lucia.h"
#include "pure/token.h"
#include "sql/arguments.h"
#include "sql/own_token.h"
#include "verify/external_token.h"
#include "verify/session.h"
#include "verify/verify.h"

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
	uint32 key[2];
	FoundSession found;
	TimestampTz rotated_at;

	memcpy(key, hash, sizeof(key));
	own_lock_take(OWN_LOCK_TOKEN, key[0], key[1]);
	if (catalog_find_session(hash, &found.row) ||
		catalog_find_rotated_token(hash, &found.row.session_id, &rotated_at))
		argument_refuse_secret("token", "Another session has been created with it.");
}

/* A token that a framework made: it must be as hard to guess as our own. */
static char *
framework_token(TokenArgument token, unsigned char *hash)
{
	ResultCode result = RESULT_UNKNOWN_FORM;

	if (token.bytes && token_form_of(token.bytes, token.len) == TOKEN_FORM_OPAQUE &&
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
		argument_refuse_secret(
			"token",
			psprintf("It must be 20 to 255 letters, digits and any of _ ~ + / = , - that hold "
					 "at least %d random bits, as a uuid of version 4 does.",
					 TOKEN_BITS_MIN));
	require_unused_token(hash);
	return pnstrdup(token.bytes, token.len);
}

static TimestampTz
first_expiry(const SessionRow *row)
{
	TimestampTz expires_at = session_lifetime_from(row, row->created_at);

	if (expires_at <= row->created_at)
		argument_refuse("expires_in", "It must be positive.");
	return expires_at;
}

static Datum
create_session(FunctionCallInfo fcinfo, bool may_be_narrowed)
{
	TokenArgument given = argument_token(fcinfo, 2);
	SessionRow row;
	char own_token[OWN_TOKEN_SIZE];
	char *token = own_token;

	PreventCommandIfReadOnly("create_session()");
	memset(&row, 0, sizeof(row));
	row.user_id = argument_user_id(fcinfo, 0);
	argument_lifetime(fcinfo, 1, setting_session_lifetime, &row.lifetime);
	row.metadata = argument_object(fcinfo, 3, "metadata");
	row.permissions = may_be_narrowed ? argument_permissions(fcinfo, 4) : NULL;
	row.created_at = row.last_seen_at = clock_now();
	row.expires_at = first_expiry(&row);
	if (PG_ARGISNULL(2))
	{
		make_token(own_token);
		hash_token(own_token, strlen(own_token), row.token_hash);
	}
	else
		token = framework_token(given, row.token_hash);
	make_session_id(&row.session_id);
	session_create(&row, recorded_actor());
	return issued_token_row(&row.session_id, token, session_latest_end(&row));
}

SQL_FUNCTION(session_auth_create_session);

/* create_session(user_id, expires_in, token, metadata), as it was in 0.1.0 */
Datum
session_auth_create_session(PG_FUNCTION_ARGS)
{
	return create_session(fcinfo, false);
}

SQL_FUNCTION(session_auth_create_narrowed_session);

/* create_session(user_id, expires_in, token, metadata, permissions) */
Datum
session_auth_create_narrowed_session(PG_FUNCTION_ARGS)
{
	return create_session(fcinfo, true);
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
							recorded_actor(), &expires_at);
	if (result == RESULT_NO_SESSION)
		return lost_the_race(verification.session.row.token_hash);
	if (result != RESULT_OK)
		result_raise(result);
	return issued_token_row(session_id, token, expires_at);
}
