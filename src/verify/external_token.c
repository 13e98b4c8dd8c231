/*
 * external_token.c
 *		Uses what a token from elsewhere says.
 *
 * Invariant: what can change is judged at each use (external_check_times, and revocation.c),
 * also for a token that is remembered and for an identity that a connection holds.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "base/clock.h"
#include "base/json_build.h"
#include "base/settings.h"
#include "catalog/tables.h"
#include "verify/external_token.h"
#include "verify/role_cache.h"

/* Times are finite or at an end, so that adding the skew must not pass over it. */
static TimestampTz
later(TimestampTz at, int64 us)
{
	return TIMESTAMP_NOT_FINITE(at) ? at : at + us;
}

ResultCode
external_check_times(const ExternalToken *token, TimestampTz now)
{
	if (later(token->expires_at, clock_skew_us()) <= now || token->valid_until <= now)
		return RESULT_EXPIRED;
	if (token->valid_from > now || token->not_before > later(now, clock_skew_us()))
		return RESULT_NOT_YET_VALID;
	return RESULT_OK;
}

static bool
is_among(const char *const *names, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* The claimed roles, then those granted here, each once. */
static void
merge_roles(const ExternalToken *token, Identity *identity)
{
	const RoleList *granted = NULL;
	const char **roles;
	int n = 0;

	if (token->role_source & ROLES_FROM_GRANTS)
		granted = role_cache_get(identity->user_id, identity->tenant);
	roles = palloc((token->nroles + (granted ? granted->n : 0) + 1) * sizeof(char *));
	for (int i = 0; i < token->nroles; i++)
		if (!is_among(roles, n, token->roles[i]))
			roles[n++] = token->roles[i];
	for (int i = 0; granted && i < granted->n; i++)
		if (!is_among(roles, n, granted->names[i]))
			roles[n++] = granted->names[i];
	identity_give_roles(identity, roles, n);
}

/* A tenant that is named twice is one. */
static bool
is_for_several(const ExternalToken *token)
{
	for (int i = 1; i < token->ntenants; i++)
		if (strcmp(token->tenants[i], token->tenants[0]) != 0)
			return true;
	return false;
}

/*
 * The tenant of an identity: the one that was asked for, if the token is for it.  A
 * token that is for one alone needs not be asked; one that is for several must be.
 */
static ResultCode
choose_tenant(const ExternalToken *token, const char *asked, const char **tenant)
{
	*tenant = asked;
	if (!token->binds_tenant)
		return RESULT_OK;
	if (asked)
		return is_among(token->tenants, token->ntenants, asked) ? RESULT_OK : RESULT_WRONG_TENANT;
	if (is_for_several(token))
		return RESULT_WRONG_TENANT;
	*tenant = token->ntenants > 0 ? token->tenants[0] : NULL;
	return RESULT_OK;
}

/* What an identity that another server had is beside what other tokens say. */
static void
take_over(const ExternalToken *token, Identity *identity)
{
	identity->expires_at = Min(token->ends_at, token->valid_until);
	identity->has_session = token->has_session;
	identity->session_id = token->session_id;
	identity->narrowed = token->narrowed;
}

/*
 * The identity of a token that was checked; it points into the token.  A tenant that is
 * settled is that of the session behind the token.
 */
ResultCode
external_identity(const ExternalToken *token, const char *tenant, bool tenant_is_settled,
				  TimestampTz now, Identity *identity)
{
	ResultCode result = RESULT_OK;

	identity->tenant = tenant;
	if (!tenant_is_settled)
		result = choose_tenant(token, tenant, &identity->tenant);
	if (result != RESULT_OK)
		return result;
	identity->kind = token->kind;
	identity->user_id = token->user_id;
	identity->issued_at = token->issued_at;
	identity->expires_at = token->expires_at;
	/* one that is accepted for its issuer's slow clock must not read as expired */
	if (token->expires_at <= now)
		identity->expires_at = later(token->expires_at, clock_skew_us());
	identity->expires_at = Min(identity->expires_at, token->valid_until);
	/* an identity ends, though its cookie does not */
	if (identity->expires_at == DT_NOEND)
		identity->expires_at = clock_after(now, setting_session_lifetime);
	identity->claims = token->held_claims;
	identity->origin = token->origin;
	identity->narrowing = token->narrowing;
	identity->actor = token->actor;
	merge_roles(token, identity);
	if (token->is_seal)
		take_over(token, identity);
	return RESULT_OK;
}

/* Refuse every token of a user that has been issued up to now. */
void
external_revoke_user(const char *user_id)
{
	catalog_insert_user_revocation(user_id, clock_now());
}

/* Whether its own token says when it was issued: one that does not is not told from later ones. */
static bool
says_when(const Identity *identity, const TokenBinding *binding)
{
	return binding == NULL || !binding->says_who || identity->issued_at != binding->since;
}

/*
 * Refuse the current identity's own token from now on.  One that has no jti cannot be
 * told from the user's others: then all that were issued up to now are refused.  False for
 * a cookie that cannot be told from those that the user will be given.
 */
bool
external_revoke_current(const Identity *identity)
{
	Jsonb *claims = identity->claims ? json_object_parse(identity->claims) : NULL;
	char *jti = claims ? json_object_string(claims, "jti") : NULL;
	char *issuer = claims ? json_object_string(claims, "iss") : NULL;
	const TokenBinding *binding;

	keys_accept_changes();
	binding = keys_find_binding(identity->origin);
	/* a cookie may outlive its identity */
	if (jti)
		catalog_insert_revoked_token(
			jti, issuer, binding && binding->says_who ? DT_NOEND : identity->expires_at);
	else if (says_when(identity, binding))
		external_revoke_user(identity->user_id);
	else
		return false;
	return true;
}
