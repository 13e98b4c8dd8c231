/*
 * sql_identity.c
 *		What SQL calls to take on an identity, to drop it and to read it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "tcop/pquery.h"
#include "utils/timestamp.h"

#include "base/clock.h"
#include "base/compat.h"
#include "base/json_build.h"
#include "base/narrowing_text.h"
#include "base/row_type.h"
#include "base/settings.h"
#include "base/text_array.h"
#include "identity/identity.h"
#include "identity/identity_row.h"
#include "identity/recorded_actor.h"
#include "sql/arguments.h"
#include "sql/impersonation_log.h"
#include "sql/sql_identity.h"
#include "verify/login_token.h"
#include "verify/verify.h"

/* An administrator acts as somebody else for one transaction, and never for longer. */
#define IMPERSONATION_SECONDS 3600

/* ------------------------------------------------------------------- writing it */

IdentityScope
argument_scope(FunctionCallInfo fcinfo, int n)
{
	Slice scope = argument_word(fcinfo, n);

	if (slice_is(scope, "transaction"))
		return SCOPE_TRANSACTION;
	if (slice_is(scope, "connection"))
	{
		if (!setting_connection_scope)
			argument_refuse("scope", "Scope \"connection\" is turned off by "
									 "session_auth.connection_scope.");
		return SCOPE_CONNECTION;
	}
	argument_refuse("scope", "It must be \"transaction\" or \"connection\".");
}

/*
 * Somebody who types the call alone finds the identity gone at the next
 * statement.  Only the simple protocol runs its portals invisibly; a driver's
 * pipeline is one transaction up to its Sync and needs no word.  One word a
 * statement is enough, whatever loops inside it.
 */
static void
note_missing_transaction(IdentityScope scope)
{
	static TimestampTz noted = 0;

	if (noted != GetCurrentStatementStartTimestamp() && scope == SCOPE_TRANSACTION &&
		!IsTransactionBlock() && ActivePortal && !ActivePortal->visible)
	{
		noted = GetCurrentStatementStartTimestamp();
		ereport(NOTICE, (errmsg("the identity ends with this statement"),
						 errhint("Call it between BEGIN and COMMIT.")));
	}
}

static Datum
authenticated_row(Datum *values, bool *nulls)
{
	static const RowColumn columns[] = {
		{ "user_id", TEXTOID }, { "role", TEXTOID },       { "roles", TEXTARRAYOID },
		{ "tenant", TEXTOID },  { "session_id", UUIDOID }, { "expires_at", TIMESTAMPTZOID }
	};
	static RowType type = { lengthof(columns), columns, NULL };

	return row_form(&type, values, nulls);
}

static Datum
row_of_identity(const Identity *identity)
{
	Datum values[IDENTITY_COLUMNS];
	bool nulls[IDENTITY_COLUMNS];

	identity_columns(identity, values, nulls);
	return authenticated_row(values, nulls);
}

static Datum
row_of_nobody(void)
{
	Datum values[IDENTITY_COLUMNS] = { 0 };
	bool nulls[IDENTITY_COLUMNS];

	memset(nulls, true, sizeof(nulls));
	return authenticated_row(values, nulls);
}

OnRefused
argument_on_refused(FunctionCallInfo fcinfo, int n)
{
	Slice answer = argument_word(fcinfo, n);

	if (slice_is(answer, "error"))
		return REFUSED_IS_ERROR;
	if (slice_is(answer, "nobody"))
		return REFUSED_IS_NOBODY;
	argument_refuse("on_refused", "It must be \"error\" or \"nobody\".");
}

/* Takes on the identity that a verification has led to, or says what became of it. */
Datum
enter(ResultCode result, Verification *verification, const Entry *entry)
{
	if (result != RESULT_OK && entry->on_refused == REFUSED_IS_ERROR)
		verify_raise(result, verification);
	if (result != RESULT_OK)
	{
		verify_note(result, verification, false);
		identity_drop();
		return row_of_nobody();
	}
	if (verification->is_seal && entry->scope == SCOPE_CONNECTION)
		argument_refuse_secret("scope", "An identity that another server has sealed ends with the "
										"transaction.");
	verification->identity.scope = entry->scope;
	identity_set(&verification->identity);
	note_missing_transaction(entry->scope);
	return row_of_identity(&verification->identity);
}

static Datum
authenticate(TokenArgument token, const Entry *entry)
{
	Verification verification;
	ResultCode result;

	identity_require_changeable();
	result = verify_token(token.bytes, token.len, entry->tenant, &verification);
	return enter(result, &verification, entry);
}

SQL_FUNCTION(session_auth_authenticate);

/* authenticate(token, scope, tenant), as it was in 0.1.0 */
Datum
session_auth_authenticate(PG_FUNCTION_ARGS)
{
	TokenArgument token = argument_token(fcinfo, 0);
	Entry entry = { argument_scope(fcinfo, 1), argument_tenant(fcinfo, 2), REFUSED_IS_ERROR };

	return authenticate(token, &entry);
}

SQL_FUNCTION(session_auth_authenticate_or);

/* authenticate(token, scope, tenant, on_refused) */
Datum
session_auth_authenticate_or(PG_FUNCTION_ARGS)
{
	TokenArgument token = argument_token(fcinfo, 0);
	Entry entry = { argument_scope(fcinfo, 1), argument_tenant(fcinfo, 2),
					argument_on_refused(fcinfo, 3) };

	return authenticate(token, &entry);
}

SQL_FUNCTION(session_auth_narrow);

/* narrow(permissions): outside a transaction block it ends with its own statement, as authenticate's does */
Datum
session_auth_narrow(PG_FUNCTION_ARGS)
{
	const char *permissions = narrowing_text_of_array(argument_permissions_required(fcinfo, 0));
	const Identity *identity = identity_current();

	if (identity == NULL)
		raise_not_authenticated();
	identity_narrow(identity, permissions);
	note_missing_transaction(SCOPE_TRANSACTION);
	PG_RETURN_VOID();
}

SQL_FUNCTION(session_auth_deauthenticate);

/* deauthenticate() */
Datum
session_auth_deauthenticate(PG_FUNCTION_ARGS)
{
	login_token_forget();
	identity_drop();
	PG_RETURN_VOID();
}

/* ------------------------------------------------------------------ impersonation */

static void
use_given_roles(ArrayType *array, Identity *identity)
{
	int n;
	char **roles = text_array_read(array, &n);
	RoleReading *reading = catalog_begin_reading();

	for (int i = 0; i < n; i++)
		if (roles[i] == NULL || !catalog_role_exists(reading, roles[i]))
			argument_refuse(
				"roles", psprintf("Role \"%s\" does not exist.", roles[i] ? roles[i] : "(null)"));
	catalog_end_reading(reading);
	identity_give_roles(identity, (const char *const *) roles, n);
}

static void
record_impersonation(const Identity *identity, char *reason)
{
	JsonObject *detail = json_object_begin();

	json_object_text(detail, "reason", reason);
	catalog_insert_event("impersonated", identity->user_id, NULL, identity->actor,
						 json_object_end(detail));
}

SQL_FUNCTION(session_auth_impersonate);

/* impersonate(user_id, roles, reason): refused where it cannot be recorded */
Datum
session_auth_impersonate(PG_FUNCTION_ARGS)
{
	Identity identity;
	char *reason = argument_text_or_null(fcinfo, 2);

	PreventCommandIfReadOnly("impersonate()");
	memset(&identity, 0, sizeof(identity));
	identity.kind = "impersonation";
	identity.user_id = argument_user_id(fcinfo, 0);
	identity.actor = recorded_actor();
	identity.issued_at = clock_now();
	identity.expires_at = clock_after(identity.issued_at, IMPERSONATION_SECONDS);
	if (PG_ARGISNULL(1))
		verify_load_roles(&identity);
	else
		use_given_roles(PG_GETARG_ARRAYTYPE_P(1), &identity);
	identity_require_changeable();
	record_impersonation(&identity, reason);
	impersonation_log(&identity, reason);
	identity_set(&identity);
	note_missing_transaction(SCOPE_TRANSACTION);
	return row_of_identity(&identity);
}

/* ------------------------------------------------------------------- reading it */

/* What a call site returned for one identity, for the next row. */
typedef struct ReturnedText
{
	uint64 identity; /* its generation */
	int times;       /* that a text was made */
	Datum text;
} ReturnedText;

/* A text that was returned is never freed: whoever got it may still hold it. */
#define MAX_RETURNED 8

/* The same text for every row, as policies that do not wrap the call ask for it. */
static Datum
identity_text(FunctionCallInfo fcinfo, const char *value)
{
	ReturnedText *returned = fcinfo->flinfo->fn_extra;
	MemoryContext old;

	if (value == NULL)
		PG_RETURN_NULL();
	if (likely(returned && returned->identity == identity_generation))
		return returned->text;
	if (returned && returned->times >= MAX_RETURNED)
		return CStringGetTextDatum(value);
	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	if (returned == NULL)
		fcinfo->flinfo->fn_extra = returned = palloc0(sizeof(ReturnedText));
	returned->text = CStringGetTextDatum(value);
	returned->identity = identity_generation;
	returned->times++;
	MemoryContextSwitchTo(old);
	return returned->text;
}

SQL_FUNCTION(session_auth_user_id);

Datum
session_auth_user_id(PG_FUNCTION_ARGS)
{
	const Identity *identity = identity_current();

	return identity_text(fcinfo, identity ? identity->user_id : NULL);
}

SQL_FUNCTION(session_auth_role);

Datum
session_auth_role(PG_FUNCTION_ARGS)
{
	const Identity *identity = identity_current();

	return identity_text(fcinfo, identity && identity->nroles > 0 ? identity->roles[0] : NULL);
}

SQL_FUNCTION(session_auth_roles);

Datum
session_auth_roles(PG_FUNCTION_ARGS)
{
	const Identity *identity = identity_current();

	if (identity == NULL)
		PG_RETURN_NULL();
	return identity_roles(identity);
}

SQL_FUNCTION(session_auth_tenant);

Datum
session_auth_tenant(PG_FUNCTION_ARGS)
{
	const Identity *identity = identity_current();

	return identity_text(fcinfo, identity ? identity->tenant : NULL);
}

SQL_FUNCTION(session_auth_session_id);

Datum
session_auth_session_id(PG_FUNCTION_ARGS)
{
	const Identity *identity = identity_current();
	pg_uuid_t *session_id;

	if (identity == NULL || !identity->has_session)
		PG_RETURN_NULL();
	session_id = palloc(sizeof(pg_uuid_t));
	*session_id = identity->session_id;
	PG_RETURN_UUID_P(session_id);
}

SQL_FUNCTION(session_auth_actor);

/* actor(): who impersonates the current user, if anybody does */
Datum
session_auth_actor(PG_FUNCTION_ARGS)
{
	const Identity *identity = identity_current();

	return identity_text(fcinfo, identity ? identity->actor : NULL);
}

SQL_FUNCTION(session_auth_claims);

Datum
session_auth_claims(PG_FUNCTION_ARGS)
{
	const Identity *identity = identity_current();

	if (identity == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(identity_claims(identity));
}

SQL_FUNCTION(session_auth_claim);

/* claim(name): a string as it is, anything else as JSON; STRICT */
Datum
session_auth_claim(PG_FUNCTION_ARGS)
{
	const Identity *identity = identity_current();
	text *name = PG_GETARG_TEXT_PP(0);
	text *shown;

	if (identity == NULL)
		PG_RETURN_NULL();
	shown =
		json_object_shown(identity_claims(identity), VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	if (shown == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(shown);
}

SQL_FUNCTION(session_auth_is_authenticated);

Datum
session_auth_is_authenticated(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(identity_current() != NULL);
}
