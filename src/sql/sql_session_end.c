/*
 * sql_session_end.c
 *		What SQL calls to end sessions: by whoever may end any, and by their user.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/uuid.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/uuid.h"
#include "identity/identity_row.h"
#include "identity/recorded_actor.h"
#include "sql/arguments.h"
#include "verify/external_token.h"
#include "verify/session.h"
#include "verify/verify.h"

SQL_FUNCTION(session_auth_expire_session_by_id);

/* expire_session(session_id): whether there was one to end */
Datum
session_auth_expire_session_by_id(PG_FUNCTION_ARGS)
{
	PreventCommandIfReadOnly("expire_session()");
	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(session_end(PG_GETARG_UUID_P(0), END_ADMINISTRATOR, recorded_actor()));
}

/* Drivers send everything as text: a session's id may come as one. */
static bool
expire_by_text_id(FunctionCallInfo fcinfo)
{
	const char *text = argument_text_or_null(fcinfo, 0);
	const pg_uuid_t *id = text ? uuid_of_text(text) : NULL;

	return id && session_end(id, END_ADMINISTRATOR, recorded_actor());
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

SQL_FUNCTION(session_auth_expire_session_by_token);

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
	PG_RETURN_BOOL(session_end(&verification.identity.session_id, END_SIGN_OUT, recorded_actor()));
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
	PG_RETURN_INT64(session_end_user(user_id, except, END_ADMINISTRATOR, recorded_actor()));
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
	const char *actor = recorded_actor();

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
	if (!session_end_own(session_id, pstrdup(identity->user_id), recorded_actor()))
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
	const pg_uuid_t *id = scope ? uuid_of_text(scope) : NULL;

	if (id)
		PG_RETURN_INT64(sign_out_device(id));
	if (scope == NULL || !is_scope(scope))
		argument_refuse("scope", "It must be \"local\", \"others\", \"global\" or the id of a "
								 "session.");
	PG_RETURN_INT64(sign_out_scope(scope));
}
