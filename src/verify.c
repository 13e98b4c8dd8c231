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

#include "clock.h"
#include "errors.h"
#include "settings.h"
#include "theft.h"
#include "token.h"
#include "verify.h"

typedef struct TokenVerifier
{
	TokenForm form;
	ResultCode (*verify)(const char *token, size_t len, Verification *verification);
} TokenVerifier;

static ResultCode verify_opaque(const char *token, size_t len, Verification *verification);

static const TokenVerifier verifiers[] = {
	{ TOKEN_FORM_OPAQUE, verify_opaque },
};

/* ------------------------------------------------------------- opaque tokens */

static void
identity_of_session(const SessionRow *row, Identity *identity)
{
	identity->kind = "opaque";
	identity->user_id = row->user_id;
	identity->has_session = true;
	identity->session_id = row->session_id;
	identity->issued_at = row->created_at;
	identity->expires_at = session_expiry(row);
	identity->claims =
		row->metadata ? JsonbToCString(NULL, &row->metadata->root, VARSIZE_ANY_EXHDR(row->metadata))
					  : NULL;
}

static ResultCode
verify_opaque(const char *token, size_t len, Verification *verification)
{
	SessionRow *row = &verification->session.row;
	ResultCode result = session_find(token, len, &verification->session);

	if (result != RESULT_OK)
		return result;
	session_touch(row, clock_now());
	identity_of_session(row, &verification->identity);
	return RESULT_OK;
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
	List *granted = catalog_user_roles(identity->user_id, identity->tenant);
	const char **roles = palloc((list_length(granted) + 1) * sizeof(char *));
	ListCell *cell;

	identity->nroles = 0;
	foreach (cell, granted)
		roles[identity->nroles++] = ((UserRole *) lfirst(cell))->role;
	identity->roles = roles;
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
	theft_settle();
	if (token == NULL || len == 0)
		return RESULT_NO_TOKEN;
	if (len > (size_t) setting_max_token_length)
		return RESULT_TOO_LONG;
	result = verify_form(token, len, verification);
	if (result != RESULT_OK)
		return result;
	verification->identity.tenant = tenant;
	verify_load_roles(&verification->identity);
	return RESULT_OK;
}

void
verify_raise(ResultCode result, const Verification *verification)
{
	if (result == RESULT_STOLEN)
		theft_report(&verification->session.row.session_id, true);
	result_raise(result);
}

/* For functions that answer a refused token without an error. */
void
verify_note(ResultCode result, const Verification *verification)
{
	if (result == RESULT_STOLEN)
		theft_report(&verification->session.row.session_id, false);
	result_log(result);
}

/* ------------------------------------------------ identities of a connection */

static bool
check_session_again(const Identity *identity, Identity *fresh)
{
	SessionRow row;

	if (!catalog_find_session_by_id(&identity->session_id, &row) ||
		session_check(&row, clock_now()) != RESULT_OK)
		return false;
	identity_of_session(&row, fresh);
	return true;
}

static bool
check_again(const Identity *identity, Identity *fresh)
{
	if (!identity->has_session || !check_session_again(identity, fresh))
		return false;
	verify_load_roles(fresh);
	return true;
}

void
verify_init(void)
{
	identity_on_check(check_again);
}
