/*
 * external_token.c
 *		What a token from elsewhere says, once its cryptography is done.
 *
 * Invariant: external_read judges what cannot change (types, issuer, audience,
 * subject) and is done once for a token; external_check judges what can (time,
 * revocation) and is done at each use, also for a token that is remembered and
 * for an identity that a connection holds.
 *
 * jsonb cannot hold an escaped NUL or a lone surrogate: claims that are used must
 * not have one, in others it reads as U+FFFD.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/timestamp.h"

#include "base/clock.h"
#include "base/errors.h"
#include "base/json_build.h"
#include "base/narrowing_text.h"
#include "base/settings.h"
#include "catalog/tables.h"
#include "pure/better_auth.h"
#include "pure/claim_shapes.h"
#include "pure/claims.h"
#include "verify/external_token.h"
#include "verify/revocation.h"
#include "verify/role_cache.h"

#define MAX_ROLES 1000

/* Where external_read works: the text, what was found in it, where results go. */
typedef struct Reading
{
	JsonDoc doc;
	const TokenBinding *binding;
	TimestampTz now;
	MemoryContext context;
	ExternalToken *token;
} Reading;

/* ------------------------------------------------------------------ small parts */

#define UNIX_TO_POSTGRES_US                                                                        \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY * USECS_PER_SEC)

/* A claimed time that PostgreSQL has no name for is as early or as late as can be. */
static TimestampTz
from_unix(int64 us)
{
	if (us >= END_TIMESTAMP)
		return DT_NOEND;
	if (us - UNIX_TO_POSTGRES_US < MIN_TIMESTAMP || us < MIN_TIMESTAMP)
		return DT_NOBEGIN;
	return us - UNIX_TO_POSTGRES_US;
}

static int64
to_unix(TimestampTz at)
{
	return at + UNIX_TO_POSTGRES_US;
}

/* Times are finite or at an end, so that adding the skew must not pass over it. */
static TimestampTz
later(TimestampTz at, int64 us)
{
	return TIMESTAMP_NOT_FINITE(at) ? at : at + us;
}

/* How far the clock that stamped a token may differ from ours. */
static int64
skew_us(void)
{
	return (int64) setting_clock_skew * USECS_PER_SEC;
}

/* A name that this database can hold: no control characters, not empty, not huge. */
static bool
is_name(Slice name)
{
	if (name.data == NULL || name.len == 0 || name.len > CLAIM_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char) name.data[i] < 0x20 || name.data[i] == 0x7f)
			return false;
	return true;
}

static char *
copy_slice(MemoryContext context, Slice slice)
{
	char *copy;

	if (slice.data == NULL)
		return NULL;
	copy = MemoryContextAlloc(context, slice.len + 1);
	memcpy(copy, slice.data, slice.len);
	copy[slice.len] = '\0';
	return copy;
}

/* A claim that is used cannot be understood: the log says which, and of what type it is. */
static ResultCode
wrong_type(const char *path, const JsonNode *node)
{
	result_explain("The claim is \"%s\", of type %s.", path, node ? json_kind_name(node) : "none");
	return RESULT_CLAIM_TYPE;
}

static const JsonNode *
claim_at(const Reading *reading, const char *path)
{
	return json_lookup(&reading->doc, &reading->doc.nodes[0], path, strlen(path));
}

/* Names that a claim holds, copied one after the other. */
typedef struct Names
{
	MemoryContext context;
	const char **names;
	int n;
	int room;
} Names;

static bool
keep_name(Slice name, void *arg)
{
	Names *names = arg;

	if (!is_name(name) || names->n == names->room)
		return false;
	names->names[names->n++] = copy_slice(names->context, name);
	return true;
}

static ResultCode
read_names(const Reading *reading, const char *path, const JsonNode *node, Names *names)
{
	names->context = reading->context;
	names->names = MemoryContextAlloc(reading->context, names->room * sizeof(char *));
	return claim_names(&reading->doc, node, path, keep_name, names) == RESULT_OK
			   ? RESULT_OK
			   : wrong_type(path, node);
}

/* How many names a claim can hold at most: one, its elements, or its words. */
static int
most_names(const JsonNode *node, const char *path)
{
	int n = 1;

	if (node && (node->kind == JSON_KIND_ARRAY || node->kind == JSON_KIND_OBJECT))
		n = (int) Min(node->size, (uint32_t) MAX_ROLES);
	else if (node && claim_is_scope(path))
		n = (int) Min((node->end - node->start) / 2 + 1, (uint32_t) MAX_ROLES);
	return n;
}

/* ------------------------------------------------------------- roles and tenants */

static ResultCode
read_roles(Reading *reading)
{
	const char *path = reading->binding->role_claim;
	const JsonNode *node;
	Names names = { 0 };
	ResultCode result;

	if (reading->binding->role_source == ROLES_FROM_GRANTS)
		return RESULT_OK;
	if (path == NULL)
		path = claim_at(reading, "role") ? "role" : "roles";
	node = claim_at(reading, path);
	names.room = most_names(node, path);
	result = read_names(reading, path, node, &names);
	reading->token->roles = names.names;
	reading->token->nroles = names.n;
	return result;
}

/* The tenants that a token is for; which one counts is known when it is used. */
static ResultCode
read_tenants(Reading *reading)
{
	const char *path = reading->binding->tenant_claim;
	const JsonNode *node;
	Names names = { 0 };
	ResultCode result;

	reading->token->binds_tenant = path != NULL;
	if (path == NULL)
		return RESULT_OK;
	node = claim_at(reading, path);
	names.room = most_names(node, path);
	result = read_names(reading, path, node, &names);
	reading->token->tenants = names.names;
	reading->token->ntenants = names.n;
	return result;
}

/* ------------------------------------------------------------------------ scopes */

/* Of any claim, a text is a list of words here. */
#define WORDS "scope"

static char *
layer_of(const Names *names)
{
	MemoryContext old = MemoryContextSwitchTo(names->context);
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < names->n; i++)
		narrowing_text_add(&text, names->names[i], strlen(names->names[i]));
	narrowing_text_end_layer(&text);
	MemoryContextSwitchTo(old);
	return text.data;
}

/* A token without the claim may do nothing.  An object's keys would be in force whatever they say. */
static ResultCode
read_scopes(Reading *reading)
{
	const char *path = reading->binding->scope_claim;
	const JsonNode *node;
	Names names = { 0 };

	if (path == NULL)
		return RESULT_OK;
	node = claim_at(reading, path);
	names.room = most_names(node, WORDS);
	if ((node && node->kind == JSON_KIND_OBJECT) ||
		read_names(reading, WORDS, node, &names) != RESULT_OK)
		return wrong_type(path, node);
	reading->token->narrowing = layer_of(&names);
	return RESULT_OK;
}

/* ---------------------------------------------------------------------- payloads */

/* A token of another purpose under the same key is none of ours. */
static ResultCode
check_required(const Reading *reading)
{
	const JsonDoc *required = reading->binding->required;
	Slice missing = { NULL, 0 };

	if (required == NULL || claims_fulfil(&reading->doc, required, &missing))
		return RESULT_OK;
	result_explain("The claim is \"%.*s\".", (int) Min(missing.len, 100), missing.data);
	return RESULT_CLAIM_MISSING;
}

static ResultCode
read_user(Reading *reading, Slice subject)
{
	const char *path = reading->binding->user_claim;
	char buffer[CLAIM_NAME_MAX];
	Slice user = subject;

	if (path && claim_user(&reading->doc, claim_at(reading, path), buffer, &user) != RESULT_OK)
		return wrong_type(path, claim_at(reading, path));
	if (user.data == NULL || user.len == 0)
	{
		result_explain("The claim is \"%s\".", path ? path : "sub");
		return RESULT_NO_SUBJECT;
	}
	if (!is_name(user))
		return RESULT_MALFORMED;
	reading->token->user_id = copy_slice(reading->context, user);
	return RESULT_OK;
}

static ResultCode
read_claims(Reading *reading)
{
	const TokenBinding *binding = reading->binding;
	ExternalToken *token = reading->token;
	Claims claims;
	ClaimsPolicy policy = { .now_us = to_unix(reading->now),
							.skew_us = skew_us(),
							.issuer = binding->issuer,
							.audiences = binding->audiences,
							.n_audiences = binding->n_audiences,
							.subject_optional = binding->session_cache || binding->user_claim };
	ResultCode result = claims_read(&claims, &reading->doc);

	if (result == RESULT_CLAIM_TYPE)
		return wrong_type(claims.fault, claims.fault_node);
	if (result == RESULT_OK)
		result = claims_check(&claims, &policy);
	if (result == RESULT_OK)
		result = check_required(reading);
	if (result != RESULT_OK)
		return result;
	if ((claims.jti.data && !is_name(claims.jti)) || (claims.iss.data && !is_name(claims.iss)))
		return RESULT_MALFORMED;
	token->issuer = copy_slice(reading->context, claims.iss);
	token->jti = copy_slice(reading->context, claims.jti);
	token->expires_at = from_unix(claims.exp_us);
	token->not_before = claims.has_nbf ? from_unix(claims.nbf_us) : DT_NOBEGIN;
	token->issued_at = claims.has_iat ? from_unix(claims.iat_us) : DT_NOBEGIN;
	return binding->session_cache ? RESULT_OK : read_user(reading, claims.sub);
}

/*
 * better-auth's cache has claims of its own, and names a user, the session behind
 * it, and when that one ends, which no clock but the application's has stamped.
 */
static ResultCode
read_session_cache(Reading *reading)
{
	ExternalToken *token = reading->token;
	BetterAuthCache cache;
	ResultCode result = read_claims(reading);

	if (result == RESULT_OK)
		result = better_auth_cache_read(&cache, &reading->doc, &reading->doc.nodes[0]);
	if (result == RESULT_OK)
		result = better_auth_cache_check(&cache, to_unix(reading->now));
	if (result != RESULT_OK)
		return result;
	if (!is_name(cache.user_id) || !is_name(cache.token))
		return RESULT_MALFORMED;
	token->user_id = copy_slice(reading->context, cache.user_id);
	token->session_token = copy_slice(reading->context, cache.token);
	token->valid_until = Min(token->valid_until, from_unix(cache.expires_us));
	return RESULT_OK;
}

/*
 * What an identity holds must not hand out the token of the live session behind
 * better-auth's cache: SQL that slipped into a request could read it.
 */
static const char *
without_session_token(const Reading *reading, const char *claims)
{
	const char *path = "session.token";
	const JsonNode *node = claim_at(reading, path);
	char *copy;

	if (!reading->binding->session_cache || node == NULL)
		return claims;
	copy = MemoryContextStrdup(reading->context, claims);
	memset(copy + node->start, '*', node->end - node->start);
	return copy;
}

static bool
is_storable_here(const char *text, size_t len)
{
	if (GetDatabaseEncoding() == PG_UTF8)
		return true;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char) text[i] >= 0x80)
			return false;
	return true;
}

static ResultCode
read_payload(Reading *reading)
{
	const TokenBinding *binding = reading->binding;
	ExternalToken *token = reading->token;
	ResultCode result = binding->session_cache ? read_session_cache(reading) : read_claims(reading);
	Slice text = { reading->doc.text, reading->doc.len };
	char *claims;

	if (result != RESULT_OK)
		return result;
	result = read_roles(reading);
	if (result == RESULT_OK)
		result = read_tenants(reading);
	if (result == RESULT_OK)
		result = read_scopes(reading);
	if (result != RESULT_OK)
		return result;
	claims = copy_slice(reading->context, text);
	if (reading->doc.unstorable)
		json_make_storable(&reading->doc, claims);
	token->claims = claims;
	token->held_claims = without_session_token(reading, claims);
	return RESULT_OK;
}

/*
 * Read a payload that the key or secret of `binding` has proved.  What `token`
 * then points to is in `context`.
 */
ResultCode
external_read(const char *payload, size_t len, const TokenBinding *binding, TimestampTz now,
			  MemoryContext context, ExternalToken *token)
{
	Reading reading = { .binding = binding, .now = now, .context = context, .token = token };
	JsonNode *nodes = palloc(JSON_NODES_FOR(len) * sizeof(JsonNode));
	ResultCode result;

	memset(token, 0, sizeof(*token));
	token->kind = binding->kind;
	token->origin = MemoryContextStrdup(context, binding->origin);
	token->role_source = binding->role_source;
	token->valid_from = binding->valid_from;
	token->valid_until = binding->valid_until;
	result = json_scan(&reading.doc, payload, len, nodes, JSON_NODES_FOR(len));
	if (result == RESULT_OK && reading.doc.nodes[0].kind != JSON_KIND_OBJECT)
		result = RESULT_MALFORMED;
	if (result == RESULT_OK && !is_storable_here(payload, len))
		result = RESULT_UNSUPPORTED;
	if (result == RESULT_OK)
		result = read_payload(&reading);
	pfree(nodes);
	return result;
}

/* -------------------------------------------------------------------- each use */

ResultCode
external_check(ExternalToken *token, TimestampTz now)
{
	if (later(token->expires_at, skew_us()) <= now || token->valid_until <= now)
		return RESULT_EXPIRED;
	if (token->valid_from > now || token->not_before > later(now, skew_us()) ||
		token->issued_at > later(now, skew_us()))
		return RESULT_NOT_YET_VALID;
	return revocation_check(token);
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
	if (token->ntenants > 1)
		return RESULT_WRONG_TENANT;
	*tenant = token->ntenants == 1 ? token->tenants[0] : NULL;
	return RESULT_OK;
}

/* The identity of a token that was checked; it points into the token. */
ResultCode
external_identity(const ExternalToken *token, const char *tenant, TimestampTz now,
				  Identity *identity)
{
	ResultCode result = choose_tenant(token, tenant, &identity->tenant);

	if (result != RESULT_OK)
		return result;
	identity->kind = token->kind;
	identity->user_id = token->user_id;
	identity->issued_at = token->issued_at;
	identity->expires_at = token->expires_at;
	/* one that is accepted for its issuer's slow clock must not read as expired */
	if (token->expires_at <= now)
		identity->expires_at = later(token->expires_at, skew_us());
	identity->expires_at = Min(identity->expires_at, token->valid_until);
	identity->claims = token->held_claims;
	identity->origin = token->origin;
	identity->narrowing = token->narrowing;
	merge_roles(token, identity);
	return RESULT_OK;
}

/* Refuse every token of a user that has been issued up to now. */
void
external_revoke_user(const char *user_id)
{
	catalog_insert_user_revocation(user_id, clock_now());
}

/*
 * Refuse the current identity's own token from now on.  One that has no jti
 * cannot be told from the user's others: then all of them are refused.
 */
void
external_revoke_current(const Identity *identity)
{
	Jsonb *claims = json_object_parse(identity->claims);
	char *jti = json_object_string(claims, "jti");
	char *issuer = json_object_string(claims, "iss");

	if (jti)
		catalog_insert_revoked_token(jti, issuer, identity->expires_at);
	else
		external_revoke_user(identity->user_id);
}
