/*
 * revocation.c
 *		Which tokens from elsewhere are refused before they expire.
 *
 * Invariants: a token that was found in force, and a table that was found empty,
 * are remembered as that until anything is revoked, anywhere; then the tables
 * are asked again.  The caller has accepted changes (keys_accept_changes).
 */
#include "postgres.h"

#include "catalog/changes.h"
#include "catalog/tables.h"
#include "verify/revocation.h"

static uint64 looked_at = 0;     /* the count of changes when the tables were last looked at */
static bool some_tokens = false; /* whether they had rows then */
static bool some_users = false;

static void
look_for_rows(void)
{
	uint64 heard = changes_of[CHANGED_REVOCATIONS];

	if (likely(looked_at == changes_of[CHANGED_REVOCATIONS]))
		return;
	some_tokens = catalog_some_token_revoked();
	some_users = catalog_some_user_revoked();
	looked_at = heard;
}

static bool
is_revoked(const ExternalToken *token)
{
	TimestampTz not_before;

	look_for_rows();
	if (some_tokens && token->jti && catalog_token_revoked(token->jti, token->issuer))
		return true;
	if (!some_users)
		return false;
	not_before = catalog_user_not_before(token->user_id);
	/* a token that does not say when it was issued may be older than that */
	return not_before != DT_NOBEGIN && token->issued_at < not_before;
}

ResultCode
revocation_check(ExternalToken *token)
{
	uint64 heard = changes_of[CHANGED_REVOCATIONS];

	if (token->in_force == changes_of[CHANGED_REVOCATIONS])
		return RESULT_OK;
	if (is_revoked(token))
		return RESULT_REVOKED;
	token->in_force = heard;
	return RESULT_OK;
}
