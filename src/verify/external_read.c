/*
 * external_read.c
 *		Reads what a token from elsewhere says, once its cryptography is done.
 *
 * Invariant: what is judged here cannot change (types, issuer, audience, subject), and so
 * is judged once for a token; what can is judged at each use (external_token.c).
 *
 * jsonb cannot hold an escaped NUL or a lone surrogate: claims that are used must
 * not have one, in others it reads as U+FFFD.
 */
#include "postgres.h"

#include "base/clock.h"
#include "base/errors.h"
#include "base/narrowing_text.h"
#include "base/outside_text.h"
#include "base/settings.h"
#include "pure/claim_shapes.h"
#include "pure/claims.h"
#include "pure/hex.h"
#include "pure/limits.h"
#include "pure/name_rules.h"
#include "pure/session_key.h"
#include "pure/token.h"
#include "verify/external_token.h"

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

static bool
is_name(Slice name)
{
	return name_fault(name, CLAIM_NAME_MAX) == NAME_FITS;
}

static bool
is_user(Slice name)
{
	return name_fault(name, USER_ID_MAX) == NAME_FITS;
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

static ResultCode
read_names(const Reading *reading, const char *path, const JsonNode *node, Names *names)
{
	names->context = reading->context;
	names->room = most_names(node, path);
	names->names = MemoryContextAlloc(reading->context, names->room * sizeof(char *));
	return claim_names(&reading->doc, node, path, keep_name, names) == RESULT_OK
			   ? RESULT_OK
			   : wrong_type(path, node);
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

	if (path == NULL)
		return RESULT_OK;
	node = claim_at(reading, path);
	if (node == NULL && reading->binding->tenant_may_lack)
		return RESULT_OK;
	reading->token->binds_tenant = true;
	result = read_names(reading, path, node, &names);
	reading->token->tenants = names.names;
	reading->token->ntenants = names.n;
	return result;
}

/* Who acts as the user: whoever cannot be named must not pass for the user. */
static ResultCode
read_actor(Reading *reading)
{
	const char *path = reading->binding->actor_claim;
	char buffer[USER_ID_MAX];
	Slice actor = { NULL, 0 };

	if (path == NULL)
		return RESULT_OK;
	if (claim_user(&reading->doc, claim_at(reading, path), buffer, &actor) != RESULT_OK)
		return wrong_type(path, claim_at(reading, path));
	if (actor.data && !is_user(actor))
		return RESULT_MALFORMED;
	reading->token->actor = copy_slice(reading->context, actor);
	return RESULT_OK;
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
	node = reading->doc.n_nodes > 0 ? claim_at(reading, path) : NULL;
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
read_user_claim(Reading *reading, Slice subject)
{
	const char *path = reading->binding->user_claim;
	char buffer[USER_ID_MAX];
	Slice user = subject;

	if (path && claim_user(&reading->doc, claim_at(reading, path), buffer, &user) != RESULT_OK)
		return wrong_type(path, claim_at(reading, path));
	if (user.data == NULL || user.len == 0)
	{
		result_explain("The claim is \"%s\".", path ? path : "sub");
		return RESULT_NO_SUBJECT;
	}
	if (!is_user(user))
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
	ClaimsPolicy policy = { .now_us = clock_to_unix(reading->now),
							.skew_us = clock_skew_us(),
							.issuer = binding->issuer,
							.audiences = binding->audiences,
							.n_audiences = binding->n_audiences,
							.subject_optional = binding->user_claim != NULL };
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
	token->expires_at = clock_from_unix(claims.exp_us);
	token->not_before = claims.has_nbf ? clock_from_unix(claims.nbf_us) : DT_NOBEGIN;
	token->issued_at = claims.has_iat ? clock_from_unix(claims.iat_us) : DT_NOBEGIN;
	token->not_before = Max(token->not_before, token->issued_at);
	return read_user_claim(reading, claims.sub);
}

/* ------------------------------------------------------- other servers' identities */

/* A text of any length that is used as it stands; *copy is NULL where the claim is not there. */
static ResultCode
read_text(const Reading *reading, const char *path, const char **copy)
{
	const JsonNode *node = claim_at(reading, path);
	size_t cap = node ? node->end - node->start + 1 : 0;
	char *buffer;
	Slice text;

	*copy = NULL;
	if (node == NULL)
		return RESULT_OK;
	buffer = palloc(cap);
	if (json_text(&reading->doc, node, buffer, cap, &text) != RESULT_OK)
		return wrong_type(path, node);
	*copy = copy_slice(reading->context, text);
	return RESULT_OK;
}

static bool
is_true(const Reading *reading, const char *path)
{
	const JsonNode *node = claim_at(reading, path);

	return node && node->kind == JSON_KIND_TRUE;
}

static TimestampTz
time_or(const Reading *reading, const char *path, TimestampTz otherwise)
{
	const JsonNode *node = claim_at(reading, path);
	int64 us;

	return node && json_date_us(&reading->doc, node, &us) == RESULT_OK ? clock_from_unix(us)
																	   : otherwise;
}

/* Its session and who acts for the user: as much as its key may say. */
static ResultCode
read_session_of_seal(Reading *reading)
{
	ExternalToken *token = reading->token;
	const char *session = NULL;
	ResultCode result;

	if (!reading->binding->seals)
		return RESULT_OK;
	result = read_text(reading, "act.sub", &token->actor);
	if (result == RESULT_OK)
		result = read_text(reading, "sid", &session);
	if (result != RESULT_OK || session == NULL)
		return result;
	token->has_session = strlen(session) == 2 * UUID_LEN &&
						 hex_decode(session, 2 * UUID_LEN, token->session_id.data);
	return token->has_session ? RESULT_OK : RESULT_MALFORMED;
}

/* Beside what the key's scope_claim leaves. */
static void
narrow_further(Reading *reading, const char *narrowing)
{
	ExternalToken *token = reading->token;
	MemoryContext old = MemoryContextSwitchTo(reading->context);

	token->narrowing = narrowing_text_join(token->narrowing, narrowing);
	MemoryContextSwitchTo(old);
}

/*
 * Whatever its key may say, it is as narrow as it was.  One that a connection carries over
 * lasts as long as the identity it was, as its transaction may take hours; one that was sealed
 * by hand lasts as long as it may be presented.
 */
static ResultCode
read_seal(Reading *reading)
{
	ExternalToken *token = reading->token;
	const char *narrowing;
	ResultCode result = read_text(reading, "narrowing", &narrowing);

	if (result == RESULT_OK)
		result = read_text(reading, "challenge", &token->challenge);
	if (result == RESULT_OK)
		result = read_text(reading, "epk", &token->epk);
	if (result == RESULT_OK)
		result = read_session_of_seal(reading);
	narrow_further(reading, narrowing);
	token->is_seal = true;
	token->kind = "seal";
	token->narrowed = is_true(reading, "narrowed");
	token->issued_at = time_or(reading, "auth_time", token->issued_at);
	token->ends_at = clock_after(token->expires_at, setting_clock_skew);
	if (token->challenge)
		token->ends_at =
			time_or(reading, "ends", clock_after(reading->now, setting_session_lifetime));
	return result;
}

/* Its claims have the names that seal.c gives them, whatever the key's other tokens call them. */
static TokenBinding
binding_of_seal(const TokenBinding *binding, Slice *node)
{
	TokenBinding seal = *binding;

	*node = slice_make(setting_node_name, strlen(setting_node_name));
	seal.audiences = node;
	seal.n_audiences = 1;
	seal.user_claim = NULL;
	seal.role_claim = "roles";
	seal.tenant_claim = "tenant";
	seal.actor_claim = NULL;
	seal.role_source = binding->sealed_roles;
	return seal;
}

/* ------------------------------------------------------------- cookies' payloads */

/* What a cookie says of itself may also stand among its claims, as in a JWT. */
static void
read_own_claims(Reading *reading)
{
	ExternalToken *token = reading->token;
	const JsonNode *jti = claim_at(reading, "jti");
	const JsonNode *iat = claim_at(reading, "iat");
	char buffer[CLAIM_NAME_MAX];
	Slice text = { NULL, 0 };
	int64 us;

	if (jti && jti->kind == JSON_KIND_STRING &&
		json_text(&reading->doc, jti, buffer, sizeof(buffer), &text) == RESULT_OK && is_name(text))
		token->jti = copy_slice(reading->context, text);
	if (token->issued_at == DT_NOBEGIN && iat && json_date_us(&reading->doc, iat, &us) == RESULT_OK)
		token->issued_at = Min(clock_from_unix(us), reading->now);
}

/*
 * Its framework has judged its times.  One that does not say when it was issued is no older
 * than its secret: who replaces that ends what it proved, and starts anew.
 */
static ResultCode
read_cookie_user(Reading *reading, const Proof *proof)
{
	ExternalToken *token = reading->token;

	if (!is_user(proof->user_id) || !is_storable_here(proof->user_id))
		return RESULT_MALFORMED;
	token->user_id = copy_slice(reading->context, proof->user_id);
	token->not_before = DT_NOBEGIN;
	token->expires_at = proof->expires_at;
	token->valid_until = Min(token->valid_until, proof->expires_at);
	token->issued_at = proof->issued_at;
	if (reading->doc.n_nodes > 0)
		read_own_claims(reading);
	if (token->issued_at == DT_NOBEGIN)
		token->issued_at = reading->binding->since;
	return RESULT_OK;
}

/*
 * What an identity holds must not hand out what is a secret elsewhere, as the token of the live
 * session behind better-auth's cache: SQL that slipped into a request could read it.
 */
static const char *
without_hidden_claim(const Reading *reading, const char *claims)
{
	const char *path = reading->binding->hidden_claim;
	const JsonNode *node = path ? claim_at(reading, path) : NULL;
	char *copy;

	if (node == NULL)
		return claims;
	copy = MemoryContextStrdup(reading->context, claims);
	memset(copy + node->start, '*', node->end - node->start);
	return copy;
}

/*
 * The session that a cookie names, or has behind it: a token, or an id that is no secret, which
 * the proof alone makes good.  What is as short as a number is looked for as an id first.
 */
static ResultCode
read_session(ExternalToken *token, Slice session)
{
	int as_token = session.len < TOKEN_BYTES_MIN ? 1 : 0;

	if (session.data == NULL)
		return RESULT_OK;
	if (session.len == 0)
		return RESULT_MALFORMED;
	token->nsessions = session.len <= SESSION_ID_MAX ? 2 : 1;
	if (!crypto_sha256(session.data, session.len, token->sessions[as_token]) ||
		(token->nsessions == 2 &&
		 !session_key_of_id(session.data, session.len, token->sessions[1 - as_token])))
		return RESULT_CRYPTO_FAILED;
	return RESULT_OK;
}

static void
keep_claims(Reading *reading)
{
	ExternalToken *token = reading->token;
	Slice text = { reading->doc.text, reading->doc.len };
	char *claims = copy_slice(reading->context, text);

	if (reading->doc.unstorable)
		json_make_storable(&reading->doc, claims);
	token->claims = claims;
	token->held_claims = without_hidden_claim(reading, claims);
}

static ResultCode
scan_claims(Reading *reading, Slice claims, JsonNode *nodes)
{
	ResultCode result =
		json_scan(&reading->doc, claims.data, claims.len, nodes, JSON_NODES_FOR(claims.len));

	if (result == RESULT_OK && reading->doc.nodes[0].kind != JSON_KIND_OBJECT)
		result = RESULT_MALFORMED;
	if (result == RESULT_OK && !is_storable_here(claims))
		result = RESULT_UNSUPPORTED;
	return result;
}

static ResultCode
read_proof(Reading *reading, const Proof *proof, JsonNode *nodes)
{
	bool has_claims = proof->claims.data != NULL;
	ResultCode result = has_claims ? scan_claims(reading, proof->claims, nodes) : RESULT_OK;

	if (result == RESULT_OK)
		result = proof->says == SAYS_USER ? read_cookie_user(reading, proof) : read_claims(reading);
	if (result == RESULT_OK && has_claims)
		result = read_roles(reading);
	if (result == RESULT_OK && has_claims)
		result = read_tenants(reading);
	if (result == RESULT_OK && has_claims)
		result = read_actor(reading);
	if (result == RESULT_OK)
		result = read_scopes(reading);
	if (result == RESULT_OK && proof->is_seal)
		result = read_seal(reading);
	if (result == RESULT_OK && has_claims)
		keep_claims(reading);
	return result;
}

/*
 * Read what was proved.  What `token` then points to is in `context`.
 */
ResultCode
external_read(const Proof *proof, TimestampTz now, MemoryContext context, ExternalToken *token)
{
	Slice node;
	const TokenBinding of_seal = binding_of_seal(proof->binding, &node);
	const TokenBinding *binding = proof->is_seal ? &of_seal : proof->binding;
	Reading reading = { .binding = binding, .now = now, .context = context, .token = token };
	JsonNode *nodes;
	ResultCode result;

	memset(token, 0, sizeof(*token));
	if (proof->is_seal && node.len == 0)
		return RESULT_WRONG_AUDIENCE;
	token->kind = MemoryContextStrdup(context, binding->kind);
	token->origin = MemoryContextStrdup(context, binding->origin);
	token->role_source = binding->role_source;
	token->valid_from = binding->valid_from;
	token->valid_until = binding->valid_until;
	result = read_session(token, proof->session);
	if (proof->says == SAYS_SESSION)
	{
		token->is_session = true;
		token->origin = MemoryContextStrdup(context, binding->session_origin);
		token->not_before = DT_NOBEGIN;
		token->expires_at = DT_NOEND;
		token->valid_until = Min(token->valid_until, proof->expires_at);
		return result == RESULT_OK && token->nsessions == 0 ? RESULT_MALFORMED : result;
	}
	nodes = palloc(JSON_NODES_FOR(proof->claims.len) * sizeof(JsonNode));
	if (result == RESULT_OK)
		result = read_proof(&reading, proof, nodes);
	pfree(nodes);
	return result;
}
