/*
 * verify.c
 *		From a token's bytes to an identity, whatever kind of token it is.
 *
 * The kinds of token are one table: a form that token.c can tell, and who
 * verifies tokens of that form.  A token in no kind's form is refused before
 * anything is looked up.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/clock.h"
#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "monitor/counters.h"
#include "pure/token.h"
#include "verify/role_cache.h"
#include "verify/theft.h"
#include "verify/verify.h"
#include "verify/verify_cookie.h"
#include "verify/verify_jose.h"

typedef struct TokenVerifier
{
	TokenForm form;
	ResultCode (*verify)(const char *token, size_t len, Verification *verification);
} TokenVerifier;

static ResultCode verify_opaque(const char *token, size_t len, Verification *verification);

static const TokenVerifier verifiers[] = {
	{ TOKEN_FORM_OPAQUE, verify_opaque },   { TOKEN_FORM_JWE, verify_jwe },
	{ TOKEN_FORM_JWS, verify_jws },         { TOKEN_FORM_SIGNED, verify_signed },
	{ TOKEN_FORM_EXPRESS, verify_express },
};

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
ResultCode
verify_use_session(ResultCode found, const char *kind, Verification *verification)
{
	SessionRow *row = &verification->session.row;

	if ((found == RESULT_OK || found == RESULT_STOLEN) && !verification->proved &&
		session_needs_proof(row))
		return RESULT_NO_SESSION;
	if (found == RESULT_OK)
		found = bind_tenant(row, &verification->identity);
	if (found != RESULT_OK)
		return found;
	session_touch(row, clock_now());
	identity_of_session(row, kind, &verification->identity);
	verify_load_roles(&verification->identity);
	return RESULT_OK;
}

static ResultCode
verify_opaque(const char *token, size_t len, Verification *verification)
{
	return verify_use_session(session_find(token, len, &verification->session), "opaque",
							  verification);
}

/* -------------------------------------------------------------- every kind */

static ResultCode
verify_form(const char *token, size_t len, Verification *verification)
{
	TokenForm form = token_form(token, len);

	if (form == TOKEN_FORM_UNKNOWN)
		return RESULT_UNKNOWN_FORM;
	for (size_t i = 0; i < lengthof(verifiers); i++)
		if (verifiers[i].form == form)
			return verifiers[i].verify(token, len, verification);
	return RESULT_NOT_SET_UP;
}

/* The roles that are granted to the user now, in the identity's tenant. */
void
verify_load_roles(Identity *identity)
{
	identity_give_list(identity, role_cache_get(identity->user_id, identity->tenant));
}

static ResultCode
verify_any(const char *token, size_t len, Verification *verification)
{
	if (len > (size_t) setting_max_token_length)
		return RESULT_TOO_LONG;
	if (token == NULL || len == 0)
		return RESULT_NO_TOKEN;
	return verify_form(token, len, verification);
}

static void
count(ResultCode result)
{
	StaticAssertStmt(RESULT_STOLEN < RESULTS_COUNTED, "every reason has a counter");
	counter_add(result == RESULT_OK ? COUNT_VERIFIED : COUNT_REFUSED + (int) result);
}

/*
 * Verify a token of any kind; `token` may be NULL.  With RESULT_OK the identity
 * is complete but for its scope; otherwise verify_raise or verify_note says
 * what has to be said.
 */
ResultCode
verify_token(const char *token, size_t len, const char *tenant, Verification *verification)
{
	ResultCode result;

	memset(verification, 0, sizeof(*verification));
	verification->identity.tenant = tenant;
	result_explain_nothing();
	theft_settle();
	result = verify_any(token, len, verification);
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
		   session_check(row, clock_now()) == RESULT_OK;
}

/* What has an origin was proved by a key or a secret, which must still be trusted. */
static bool
check_again(const Identity *identity, Identity *fresh)
{
	SessionRow row;

	if (identity->has_session && !find_session_again(identity, &row))
		return false;
	if (identity->origin)
		return verify_jose_again(identity, fresh);
	if (!identity->has_session || bind_tenant(&row, fresh) != RESULT_OK)
		return false;
	identity_of_session(&row, identity->kind, fresh);
	verify_load_roles(fresh);
	return true;
}

void
verify_init(void)
{
	identity_on_check(check_again);
}
