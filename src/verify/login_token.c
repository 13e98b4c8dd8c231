/*
 * login_token.c
 *		The token that somebody logged in with, and the identity that comes of it.
 *
 * Invariants: a statement that begins without an identity takes the login's on, with scope
 * connection, so that it is judged again in each transaction as any other is.  Where that
 * fails (expired, revoked, another issuer by now) it begins as nobody.  deauthenticate()
 * forgets the token for good; a rolled back transaction and RESET ALL do not, as who
 * connects again would be the same.
 *
 * The identity is the guarded setting alone: here is only what it is made of.  Nothing is
 * hooked in connections that did not log in so.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/executor.h"
#include "parser/analyze.h"
#include "utils/memutils.h"

#include "base/clock.h"
#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "base/start_query.h"
#include "catalog/tables.h"
#include "identity/cursor.h"
#include "verify/external_token.h"
#include "verify/login_token.h"
#include "verify/revocation.h"

typedef struct Login
{
	bool present;
	Slice claims;
	OAuthDemands demands;
} Login;

static Login login;
static bool entering = false;
static post_parse_analyze_hook_type next_analyze = NULL;
static ExecutorStart_hook_type next_start = NULL;

/* ------------------------------------------------------------------------ the token */

/* By the settings as they are now; NULL: nobody logged in so. */
const TokenBinding *
login_token_binding(void)
{
	TokenBinding *binding;

	if (!login.present)
		return NULL;
	binding = palloc(sizeof(TokenBinding));
	oauth_bind(binding, &login.demands);
	binding->origin = LOGIN_ORIGIN;
	if (binding->role_claim && !catalog_roles_are_adopted())
		binding->role_source = ROLES_FROM_BOTH;
	return binding;
}

void
login_token_forget(void)
{
	login.present = false;
}

/* --------------------------------------------------------------------- the identity */

static bool
can_enter(void)
{
	return login.present && !entering && identity_in_force == NULL && setting_connection_scope &&
		   IsTransactionState() && !IsInParallelMode() && !cursor_takes_more_rows() &&
		   catalog_is_installed();
}

static ResultCode
read_login(TimestampTz now, Identity *identity)
{
	const Proof proof = { .says = SAYS_CLAIMS,
						  .binding = login_token_binding(),
						  .claims = login.claims,
						  .issued_at = DT_NOBEGIN,
						  .expires_at = DT_NOEND };
	ExternalToken *token = palloc(sizeof(ExternalToken));
	ResultCode result = external_read(&proof, now, CurrentMemoryContext, token);

	if (result == RESULT_OK)
		result = external_check_times(token, now);
	if (result == RESULT_OK)
		result = revocation_check(token, false);
	return result == RESULT_OK ? external_identity(token, NULL, false, now, identity) : result;
}

static void
enter(void)
{
	Identity identity = { .scope = SCOPE_CONNECTION };
	ResultCode result;

	result_explain_nothing();
	result = read_login(clock_now(), &identity);
	if (result == RESULT_OK)
		identity_set(&identity);
	else
		result_log(result);
}

/* Reading tables may run no statement of ours, but an error must not leave it undone for good. */
static void
enter_if_nobody(void)
{
	/* a parallel worker has no token to judge anew: its leader has done so by then */
	if (login.present && identity_in_force && IsTransactionState() && !IsInParallelMode())
		(void) identity_current();
	if (!can_enter())
		return;
	entering = true;
	PG_TRY();
	{
		enter();
	}
	PG_CATCH();
	{
		entering = false;
		PG_RE_THROW();
	}
	PG_END_TRY();
	entering = false;
}

static void
analyze(ParseState *state, Query *query, CompatJumbleState *jumble)
{
	if (next_analyze)
		next_analyze(state, query, jumble);
	enter_if_nobody();
}

static void
start(QueryDesc *query, int eflags)
{
	enter_if_nobody();
	start_query(next_start, query, eflags);
}

/* ------------------------------------------------------------------------ the login */

static void
hook_in(void)
{
	next_analyze = post_parse_analyze_hook;
	post_parse_analyze_hook = analyze;
	next_start = ExecutorStart_hook;
	ExecutorStart_hook = start;
}

/* A connection logs in once. */
void
login_token_keep(const OAuthToken *token, const OAuthDemands *demands)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	login.claims = slice_make(pnstrdup(token->claims.data, token->claims.len), token->claims.len);
	login.demands.issuer = demands->issuer ? pstrdup(demands->issuer) : NULL;
	login.demands.scopes = demands->scopes ? pstrdup(demands->scopes) : NULL;
	login.present = true;
	MemoryContextSwitchTo(old);
	hook_in();
}
