/*
 * identity_row.c
 *		An identity as SQL sees it: the columns of authenticate, and its claims.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "identity/identity_row.h"

/* Roles as text[], the one granted first at its head. */
Datum
identity_roles(const Identity *identity)
{
	if (identity->list)
		return PointerGetDatum(identity->list->array);
	return PointerGetDatum(role_array(identity->roles, identity->nroles));
}

static void
set_text(Datum *value, bool *isnull, const char *text)
{
	*isnull = text == NULL;
	*value = text ? CStringGetTextDatum(text) : (Datum) 0;
}

void
identity_columns(const Identity *identity, Datum *values, bool *nulls)
{
	set_text(&values[0], &nulls[0], identity->user_id);
	set_text(&values[1], &nulls[1], identity->nroles > 0 ? identity->roles[0] : NULL);
	values[2] = identity_roles(identity);
	nulls[2] = false;
	set_text(&values[3], &nulls[3], identity->tenant);
	values[4] = UUIDPGetDatum(&identity->session_id);
	nulls[4] = !identity->has_session;
	values[5] = TimestampTzGetDatum(identity->expires_at);
	nulls[5] = false;
}

/* --------------------------------------------------------------------- claims */

static void
push_member(JsonbParseState **state, const char *name, JsonbValue *value)
{
	JsonbValue key;

	key.type = jbvString;
	key.val.string.val = (char *) name;
	key.val.string.len = strlen(name);
	pushJsonbValue(state, WJB_KEY, &key);
	pushJsonbValue(state, WJB_VALUE, value);
}

static void
push_text(JsonbParseState **state, const char *name, const char *text)
{
	JsonbValue value;

	value.type = jbvString;
	value.val.string.val = (char *) text;
	value.val.string.len = strlen(text);
	push_member(state, name, &value);
}

/* A NumericDate (RFC 7519), in whole seconds. */
static void
push_date(JsonbParseState **state, const char *name, TimestampTz at)
{
	JsonbValue value;
	int64 seconds =
		at / USECS_PER_SEC + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (int64) SECS_PER_DAY;

	if (TIMESTAMP_NOT_FINITE(at))
		return;
	value.type = jbvNumeric;
	value.val.numeric = DatumGetNumeric(DirectFunctionCall1(int8_numeric, Int64GetDatum(seconds)));
	push_member(state, name, &value);
}

/* The registered claims of a session, which its metadata cannot override. */
static Jsonb *
session_claims(const Identity *identity)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_text(&state, "sub", identity->user_id);
	if (identity->has_session)
		push_text(
			&state, "sid",
			DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&identity->session_id))));
	push_date(&state, "iat", identity->issued_at);
	push_date(&state, "exp", identity->expires_at);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/*
 * The claims of a token from elsewhere are its own.  Those of a session are its
 * metadata, and sub, sid, iat and exp.
 */
Jsonb *
identity_claims(const Identity *identity)
{
	Datum claims;

	if (identity->claims == NULL)
		return session_claims(identity);
	claims = DirectFunctionCall1(jsonb_in, CStringGetDatum(identity->claims));
	if (identity->origin)
		return DatumGetJsonbP(claims);
	return DatumGetJsonbP(
		DirectFunctionCall2(jsonb_concat, claims, JsonbPGetDatum(session_claims(identity))));
}

/* HTTP 401, in words that tell it from a refused token. */
void
raise_not_authenticated(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION), errmsg("not authenticated"),
			 errhint("Call session_auth.authenticate() first, in the same transaction.")));
}
