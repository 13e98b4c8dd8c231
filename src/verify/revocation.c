/*
 * revocation.c
 *		Which tokens from elsewhere are refused before they expire, and who is banned.
 *
 * Invariants: a token that was found in force, and a table that was found empty,
 * are remembered as that until anything is revoked, anywhere; then the tables
 * are asked again.  The caller has accepted changes (keys_accept_changes).
 */
#include "postgres.h"

#include "utils/inval.h"

#include "base/clock.h"
#include "catalog/changes.h"
#include "catalog/tables.h"
#include "verify/revocation.h"

static uint64 looked_at = 0;     /* the count of changes when the tables were last looked at */
static bool some_tokens = false; /* whether they had rows then */
static bool some_users = false;
static bool some_bans = false;

static void
look_for_rows(void)
{
	uint64 heard = changes_of[CHANGED_REVOCATIONS];

	if (likely(looked_at == changes_of[CHANGED_REVOCATIONS]))
		return;
	some_tokens = catalog_some_token_revoked();
	some_users = catalog_some_user_revoked();
	some_bans = catalog_some_user_banned();
	looked_at = heard;
}

/*
 * By a table of users that was adopted: its sessions end with the ban, this is for later ones.
 * What came to be before the end of a ban is not good after it either.
 */
static bool
is_banned(const char *user_id, TimestampTz since)
{
	TimestampTz until;

	look_for_rows();
	if (likely(!some_bans) || user_id == NULL)
		return false;
	until = catalog_user_banned_until(user_id);
	return until > clock_now() || since < until;
}

static bool
is_revoked(const ExternalToken *token, bool session_lives)
{
	TimestampTz not_before;

	if (some_tokens && token->jti && catalog_token_revoked(token->jti, token->issuer))
		return true;
	if (!some_users || session_lives)
		return false;
	not_before = catalog_user_not_before(token->user_id);
	/* a token that does not say when it was issued may be older than that */
	return not_before != DT_NOBEGIN && token->issued_at < not_before;
}

/*
 * session_lives: the session behind it is known, and is none of those that ended when its
 * user was logged out.
 */
ResultCode
revocation_check(ExternalToken *token, bool session_lives)
{
	uint64 heard = changes_of[CHANGED_REVOCATIONS];

	if (token->in_force == changes_of[CHANGED_REVOCATIONS])
		return RESULT_OK;
	if (is_banned(token->user_id, session_lives ? DT_NOEND : token->issued_at) ||
		is_banned(token->actor, token->issued_at))
		return RESULT_BANNED;
	if (is_revoked(token, session_lives))
		return RESULT_REVOKED;
	/* one whose session goes is asked again */
	if (!session_lives)
		token->in_force = heard;
	return RESULT_OK;
}

/* Whether a session's user may have an identity at all, and who acts as the user act in it. */
ResultCode
revocation_check_session(const SessionRow *row)
{
	AcceptInvalidationMessages();
	return is_banned(row->user_id, row->created_at) || is_banned(row->actor, row->created_at)
			   ? RESULT_BANNED
			   : RESULT_OK;
}
