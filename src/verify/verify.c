/*
 * verify.c
 *		From a token's bytes to an identity, whatever kind of token it is.
 *
 * A token is a session's own, which is looked up, or from elsewhere, which somebody has to
 * prove (provers.c) and which may lead to a session.  Its form says which of these
 * it can be; what has no form that is set up is refused before anything is looked up.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/clock.h"
#include "base/compat.h"
#include "base/errors.h"
#include "base/narrowing_text.h"
#include "base/settings.h"
#include "monitor/counters.h"
#include "pure/jws.h"
#include "pure/lucia.h"
#include "pure/spring.h"
#include "pure/token.h"
#include "verify/challenge.h"
#include "verify/connection_key.h"
#include "verify/provers.h"
#include "verify/request.h"
#include "verify/revocation.h"
#include "verify/role_cache.h"
#include "verify/theft.h"
#include "verify/verify.h"

/* ------------------------------------------------------------------- sessions */

static void
identity_of_session(const SessionRow *row, const char *kind, Identity *identity)
{
	identity->kind = kind;
	identity->user_id = row->user_id;
	identity->has_session = true;
	identity->session_id = row->session_id;
	identity->issued_at = row->created_at;
	identity->expires_at = session_expiry(row);
	identity->claims =
		row->metadata ? JsonbToCString(NULL, &row->metadata->root, VARSIZE_ANY_EXHDR(row->metadata))
					  : NULL;
	identity->narrowing = narrowing_text_of_array(row->permissions);
	identity->actor = row->actor;
}

/* A session that is bound to a tenant is for that one, whatever the caller asks for. */
static ResultCode
bind_tenant(const SessionRow *row, Identity *identity)
{
	const char *tenant = row->tenant && *row->tenant ? row->tenant : NULL;

	if (row->tenant == NULL)
		return RESULT_OK;
	if (identity->tenant && (tenant == NULL || strcmp(tenant, identity->tenant) != 0))
		return RESULT_WRONG_AUDIENCE;
	identity->tenant = tenant;
	return RESULT_OK;
}

/*
 * What remains to do when a token has led to a session, or has not.  A bare token
 * of a session that wants a proved cookie is none, not even a stolen one: who
 * reads the application's table must not end sessions either.
 */
static ResultCode
use_session(ResultCode found, const char *kind, Verification *verification)
{
	SessionRow *row = &verification->session.row;

	if ((found == RESULT_OK || found == RESULT_STOLEN) && !verification->proved &&
		session_needs_proof(row))
		return RESULT_NO_SESSION;
	if (found == RESULT_OK)
		found = revocation_check_session(row);
	if (found == RESULT_OK)
		found = bind_tenant(row, &verification->identity);
	if (found != RESULT_OK)
		return found;
	session_touch(row, clock_now());
	identity_of_session(row, kind, &verification->identity);
	verify_load_roles(&verification->identity);
	return RESULT_OK;
}

/* As it stands, or as Spring writes a session's id into its cookie. */
static ResultCode
find_opaque(Slice token, FoundSession *found)
{
	char id[SPRING_ID_LEN];
	ResultCode result = session_find(token.data, token.len, found);

	if (result == RESULT_NO_SESSION && spring_session_id(token, id))
		return session_find(id, sizeof(id), found);
	return result;
}

static ResultCode
verify_opaque(Slice token, Verification *verification)
{
	return use_session(find_opaque(token, &verification->session), "opaque", verification);
}

/* What no secret has signed may be Lucia's, whose row has the proof. */
static ResultCode
verify_lucia(Slice token, Verification *verification)
{
	unsigned char hash[TOKEN_HASH_LEN];
	ResultCode result = lucia_token_hash(token, hash);

	if (result != RESULT_OK)
		return result;
	return use_session(session_find_hash(hash, &verification->session), "lucia", verification);
}

/* ------------------------------------------------------------- from elsewhere */

/* A cookie that names a session, and nothing more. */
static ResultCode
enter_session(const ExternalToken *token, Verification *verification)
{
	Identity *identity = &verification->identity;
	ResultCode result;

	verification->proved = true;
	result =
		use_session(session_find_any(token->sessions, token->nsessions, &verification->session),
					token->kind, verification);
	if (result != RESULT_OK)
		return result;
	identity->origin = token->origin;
	identity->expires_at = Min(identity->expires_at, token->valid_until);
	return RESULT_OK;
}

/*
 * better-auth's cache outlives the session behind it; where we know that session, its row
 * decides: its end is the cache's end too, and where it says which tenant it is for, or who
 * acts in it, the cache is older.
 */
static ResultCode
find_session_behind(const ExternalToken *token, FoundSession *found, const SessionRow **behind)
{
	ResultCode result = session_find_any(token->sessions, token->nsessions, found);

	*behind = NULL;
	if (result == RESULT_NO_SESSION)
		return RESULT_OK;
	if (result != RESULT_OK)
		return result;
	if (strcmp(found->row.user_id, token->user_id) != 0)
		return RESULT_MALFORMED;
	*behind = &found->row;
	return revocation_check_session(*behind);
}

static void
add_session_behind(const SessionRow *row, Identity *identity)
{
	identity->has_session = true;
	identity->session_id = row->session_id;
	identity->narrowing =
		narrowing_text_join(identity->narrowing, narrowing_text_of_array(row->permissions));
	identity->expires_at = Min(identity->expires_at, session_expiry(row));
	if (row->actor)
		identity->actor = row->actor;
}

/* What the token and the session behind it say together; `behind` may be NULL. */
static ResultCode
identity_of_external(const ExternalToken *token, const SessionRow *behind, TimestampTz now,
					 Identity *identity)
{
	ResultCode result = behind ? bind_tenant(behind, identity) : RESULT_OK;

	if (result == RESULT_OK)
		result =
			external_identity(token, identity->tenant, behind && behind->tenant, now, identity);
	if (result == RESULT_OK && behind)
		add_session_behind(behind, identity);
	return result;
}

/*
 * What was sealed for a connection passes in that connection alone, and once, as its challenge
 * is another one then; there nothing else does.
 */
static bool
is_sealed_for(const ExternalToken *token, const char *challenge)
{
	if (token->challenge == NULL || challenge == NULL)
		return token->challenge == NULL && challenge == NULL;
	return token->is_seal && strcmp(token->challenge, challenge) == 0;
}

static ResultCode
use_external(ExternalToken *token, TimestampTz now, Verification *verification)
{
	const SessionRow *behind = NULL;
	ResultCode result = external_check_times(token, now);

	if (result == RESULT_OK && !is_sealed_for(token, verification->challenge))
		result = RESULT_WRONG_CHALLENGE;
	verification->is_seal = token->is_seal;
	verification->epk = token->epk;
	if (result == RESULT_OK && token->is_session)
		return enter_session(token, verification);
	if (result == RESULT_OK)
		result = find_session_behind(token, &verification->session, &behind);
	if (result == RESULT_OK)
		result = revocation_check(token, behind != NULL);
	if (result == RESULT_OK)
		result = identity_of_external(token, behind, now, &verification->identity);
	verification->claims = token->claims;
	return result;
}

/* -------------------------------------------------------------- every kind */

/* Whether what a prover did not take can still be a session's own token. */
static bool
is_left_open(ResultCode result)
{
	return result == RESULT_UNKNOWN_FORM || result == RESULT_NOT_SET_UP ||
		   result == RESULT_BAD_SIGNATURE;
}

/* Our own, and those of sessions while no cookie is set up that could look alike. */
static bool
is_only_opaque(const Presented *token)
{
	if (token->form != TOKEN_FORM_OPAQUE)
		return false;
	if (memcmp(token->text.data, TOKEN_PREFIX, TOKEN_PREFIX_LEN) == 0)
		return true;
	keys_accept_changes();
	return keys_cookies() == NIL;
}

static ResultCode
verify_by_form(const Presented *token, ResultCode so_far, Verification *verification)
{
	ResultCode result = so_far;

	if (token->form == TOKEN_FORM_OPAQUE)
		return verify_opaque(token->text, verification);
	if (token->form == TOKEN_FORM_MAC)
		result = verify_lucia(token->text, verification);
	else if (token->form == TOKEN_FORM_EXPRESS && so_far == RESULT_UNKNOWN_FORM)
		result = RESULT_NOT_SET_UP;
	return result == RESULT_UNKNOWN_FORM ? so_far : result;
}

static ResultCode
verify_presented(const Presented *token, Verification *verification)
{
	ExternalToken *external;
	TimestampTz now;
	ResultCode result;

	if (is_only_opaque(token))
		return verify_opaque(token->text, verification);
	keys_accept_changes();
	now = clock_now(); /* reading changed keys may have waited */
	external = provers_find(token, now, &result);
	if (external)
		return use_external(external, now, verification);
	return is_left_open(result) ? verify_by_form(token, result, verification) : result;
}

/* The roles that are granted to the user now, in the identity's tenant. */
void
verify_load_roles(Identity *identity)
{
	identity_give_list(identity, role_cache_get(identity->user_id, identity->tenant));
}

static void
count(ResultCode result)
{
	StaticAssertStmt(RESULT_STOLEN < RESULTS_COUNTED, "every reason has a counter");
	counter_add(result == RESULT_OK ? COUNT_VERIFIED : COUNT_REFUSED + (int) result);
}

static ResultCode
begin_verification(Slice token, const char *tenant, Verification *verification)
{
	memset(verification, 0, sizeof(*verification));
	verification->identity.tenant = tenant;
	result_explain_nothing();
	theft_settle();
	if (token.len > (size_t) setting_max_token_length)
		return RESULT_TOO_LONG;
	return token.data == NULL || token.len == 0 ? RESULT_NO_TOKEN : RESULT_OK;
}

static ResultCode
verify_text(const RequestCookie *cookie, const char *tenant, Verification *verification)
{
	Slice text = cookie->text;
	ResultCode result = begin_verification(text, tenant, verification);
	Presented token;

	if (result != RESULT_OK)
		return result;
	token = (Presented){ text, cookie->name, cookie->row, token_form_of(text.data, text.len) };
	return verify_presented(&token, verification);
}

/* What the key proves that is agreed on for this connection; another one's is to be signed again. */
static ResultCode
verify_by_connection_key(const Jws *jws, Verification *verification)
{
	TimestampTz now = clock_now();
	Proof proof = { .issued_at = DT_NOBEGIN, .expires_at = DT_NOEND };
	ExternalToken *token = palloc(sizeof(ExternalToken));
	ResultCode result;

	if (connection_key_prove(jws, &proof) != RESULT_OK)
	{
		challenge_is_met();
		return RESULT_WRONG_CHALLENGE;
	}
	result = external_read(&proof, now, CurrentMemoryContext, token);
	return result == RESULT_OK ? use_external(token, now, verification) : result;
}

/* With its signature both ends may agree on a key for the next ones. */
static ResultCode
verify_by_signature(Slice seal, Verification *verification)
{
	Presented token = { .text = seal, .form = TOKEN_FORM_JWS };
	ResultCode result = verify_presented(&token, verification);

	if (result == RESULT_OK)
		connection_key_agree(verification->epk, verification->identity.origin);
	return result;
}

static ResultCode
verify_seal(Slice seal, Verification *verification)
{
	Jws *jws = palloc(sizeof(Jws));

	if (token_form_of(seal.data, seal.len) != TOKEN_FORM_JWS)
		return RESULT_UNKNOWN_FORM;
	keys_accept_changes();
	if (jws_parse(jws, seal.data, seal.len) == RESULT_OK && connection_key_made(jws))
		return verify_by_connection_key(jws, verification);
	return verify_by_signature(seal, verification);
}

/* A sealed identity that another server carries over in this connection, which challenged it. */
ResultCode
verify_carried(Slice seal, const char *challenge, Verification *verification)
{
	ResultCode result = begin_verification(seal, NULL, verification);

	verification->challenge = challenge;
	if (result == RESULT_OK)
		result = verify_seal(seal, verification);
	/* with another challenge it comes again at once */
	if (result != RESULT_WRONG_CHALLENGE)
		count(result);
	return result;
}

/* As request.c gives it. */
ResultCode
verify_cookie(const RequestCookie *cookie, const char *tenant, Verification *verification)
{
	ResultCode result = verify_text(cookie, tenant, verification);

	count(result);
	return result;
}

/* What was no token may be a Cookie header with one in it. */
static ResultCode
verify_header(Slice header, const char *tenant, Verification *verification, ResultCode so_far)
{
	RequestCookie cookie;

	if (memchr(header.data, '=', header.len) == NULL ||
		request_find_cookie(header, &cookie) != RESULT_OK)
		return so_far;
	return verify_text(&cookie, tenant, verification);
}

/*
 * Verify a token of any kind; `token` may be NULL.  With RESULT_OK the identity
 * is complete but for its scope; otherwise verify_raise or verify_note says
 * what has to be said.
 */
ResultCode
verify_token(const char *token, size_t len, const char *tenant, Verification *verification)
{
	const RequestCookie unnamed = { .text = { token, len } };
	ResultCode result = verify_text(&unnamed, tenant, verification);

	if (is_left_open(result) || result == RESULT_NO_SESSION)
		result = verify_header(unnamed.text, tenant, verification, result);
	count(result);
	return result;
}

/* What has to be done about a refused token, whoever then says what to the caller. */
void
verify_note(ResultCode result, const Verification *verification, bool about_to_raise)
{
	if (result == RESULT_STOLEN)
		theft_report(&verification->session.row.session_id, about_to_raise);
	if (!about_to_raise)
		result_log(result);
}

void
verify_raise(ResultCode result, const Verification *verification)
{
	verify_note(result, verification, true);
	result_raise(result);
}

/* ------------------------------------------------ identities of a connection */

static bool
find_session_again(const Identity *identity, SessionRow *row)
{
	return catalog_find_session_by_id(&identity->session_id, row) &&
		   session_check(row, clock_now()) == RESULT_OK &&
		   revocation_check_session(row) == RESULT_OK;
}

static bool
session_again(const Identity *identity, const SessionRow *row, Identity *fresh)
{
	if (!identity->has_session || bind_tenant(row, fresh) != RESULT_OK)
		return false;
	identity_of_session(row, identity->kind, fresh);
	verify_load_roles(fresh);
	return true;
}

/* What it claims is read again; who it is, and until when, has been proved. */
static bool
external_again(const Identity *identity, const TokenBinding *binding, const SessionRow *behind,
			   Identity *fresh)
{
	const Proof proof = { .says = binding->says_who ? SAYS_USER : SAYS_CLAIMS,
						  .binding = binding,
						  .claims = { identity->claims,
									  identity->claims ? strlen(identity->claims) : 0 },
						  .user_id = { identity->user_id, strlen(identity->user_id) },
						  .issued_at = identity->issued_at,
						  .expires_at = identity->expires_at };
	TimestampTz now = clock_now();
	ExternalToken *token = palloc(sizeof(ExternalToken));

	return external_read(&proof, now, CurrentMemoryContext, token) == RESULT_OK &&
		   external_check_times(token, now) == RESULT_OK &&
		   revocation_check(token, behind != NULL) == RESULT_OK &&
		   identity_of_external(token, behind, now, fresh) == RESULT_OK;
}

/* What has an origin was proved by a key or a secret, which must still be trusted. */
static bool
check_again(const Identity *identity, Identity *fresh)
{
	const TokenBinding *binding;
	SessionRow row;

	if (identity->has_session && !find_session_again(identity, &row))
		return false;
	if (identity->origin == NULL)
		return session_again(identity, &row, fresh);
	keys_accept_changes();
	binding = keys_find_binding(identity->origin);
	if (binding == NULL)
		return false;
	if (strcmp(binding->origin, identity->origin) != 0)
	{
		if (!session_again(identity, &row, fresh))
			return false;
		fresh->origin = identity->origin;
		fresh->expires_at = Min(fresh->expires_at, identity->expires_at);
		return true;
	}
	return external_again(identity, binding, identity->has_session ? &row : NULL, fresh);
}

void
verify_init(void)
{
	identity_on_check(check_again);
}
