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

#include "base/json_build.h"
#include "base/row_type.h"
#include "base/text_array.h"
#include "base/uuid.h"
#include "identity/identity_row.h"

/* Roles as text[], the one granted first at its head. */
Datum
identity_roles(const Identity *identity)
{
	if (identity->list)
		return PointerGetDatum(identity->list->array);
	return PointerGetDatum(text_array_make(identity->roles, identity->nroles));
}

void
identity_columns(const Identity *identity, Datum *values, bool *nulls)
{
	row_set_text(&values[0], &nulls[0], identity->user_id);
	row_set_text(&values[1], &nulls[1], identity->nroles > 0 ? identity->roles[0] : NULL);
	values[2] = identity_roles(identity);
	nulls[2] = false;
	row_set_text(&values[3], &nulls[3], identity->tenant);
	values[4] = UUIDPGetDatum(&identity->session_id);
	nulls[4] = !identity->has_session;
	values[5] = TimestampTzGetDatum(identity->expires_at);
	nulls[5] = false;
}

/* --------------------------------------------------------------------- claims */

/*
 * The registered claims of a session, which its metadata cannot override; in the order that
 * jsonb keeps.
 */
static Jsonb *
session_claims(const Identity *identity)
{
	JsonObject *object = json_object_begin();

	json_object_date(object, "exp", identity->expires_at);
	json_object_date(object, "iat", identity->issued_at);
	if (identity->has_session)
		json_object_text(object, "sid", uuid_text(&identity->session_id));
	json_object_text(object, "sub", identity->user_id);
	return json_object_end(object);
}

/*
 * The claims of a token from elsewhere are its own.  Those of a session are its
 * metadata, and sub, sid, iat and exp.
 */
Jsonb *
identity_claims(const Identity *identity)
{
	Jsonb *claims;

	if (identity->claims == NULL)
		return session_claims(identity);
	claims = json_object_parse(identity->claims);
	if (identity->origin)
		return claims;
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(claims),
											  JsonbPGetDatum(session_claims(identity))));
}

/* HTTP 401, in words that tell it from a refused token. */
void
raise_not_authenticated(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION), errmsg("not authenticated"),
			 errhint("Call session_auth.authenticate() first, in the same transaction.")));
}
