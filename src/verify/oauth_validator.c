/*
 * oauth_validator.c
 *		The module for oauth_validator_libraries, of PostgreSQL 18 and later.
 *
 * Invariant: whatever goes wrong refuses the token.  The reason is in the server's log
 * alone, and the token nowhere.
 */
#include "postgres.h"

#include "base/compat.h"

#ifdef COMPAT_HAS_OAUTH

/*
 * PostgreSQL's header of a connection includes Kerberos', which its development package does
 * not bring along.  The connection is laid out the same without.
 */
#undef ENABLE_GSS
#include "libpq/libpq-be.h"
#include "libpq/oauth.h"
#include "miscadmin.h"

#include "base/errors.h"
#include "verify/login_token.h"

PGDLLEXPORT const OAuthValidatorCallbacks *_PG_oauth_validator_module_init(void);

static void
log_refusal(ResultCode result)
{
	ereport(LOG, (errmsg("OAuth token refused"), errdetail_log("%s", result_explained(result)),
				  errhidestmt(true)));
}

/*
 * Who leaves it to the validator to say as which role the user may log in gets no answer of
 * ours: pg_ident.conf is where that is said.
 */
static ResultCode
judge(const char *text, const OAuthDemands *demands, OAuthToken *token)
{
	if (!MyProcPort->hba->oauth_skip_usermap)
		return oauth_judge(text, demands, token);
	result_explain("delegate_ident_mapping is not supported.");
	return RESULT_NOT_SET_UP;
}

static bool
validate(const ValidatorModuleState *state, const char *text, const char *role,
		 ValidatorModuleResult *result)
{
	const OAuthDemands demands = { MyProcPort->hba->oauth_issuer, MyProcPort->hba->oauth_scope };
	OAuthToken token;
	ResultCode judged = judge(text, &demands, &token);

	result->authorized = judged == RESULT_OK;
	if (judged != RESULT_OK)
	{
		log_refusal(judged);
		return true;
	}
	result->authn_id = token.user_id;
	login_token_keep(&token, &demands);
	return true;
}

const OAuthValidatorCallbacks *
_PG_oauth_validator_module_init(void)
{
	static const OAuthValidatorCallbacks callbacks = { .magic = PG_OAUTH_VALIDATOR_MAGIC,
													   .validate_cb = validate };

	return &callbacks;
}

#endif
