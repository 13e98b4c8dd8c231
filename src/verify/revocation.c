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

/* Whether a table has rows, as of the changes that had been heard of when it was last looked at. */
typedef struct Look
{
	bool (*look)(void);
	uint64 heard;
	bool some;
} Look;

static Look tokens = { catalog_some_token_revoked, 0, false };
static Look users = { catalog_some_user_revoked, 0, false };
static Look bans = { catalog_some_user_banned, 0, false };

/* A table that nobody asks about is not opened: sessions of one's own need that of bans alone. */
static bool
has_rows(Look *table)
{
	uint64 heard = changes_of[CHANGED_REVOCATIONS];

	if (unlikely(table->heard != heard))
	{
		table->some = table->look();
		table->heard = heard;
	}
	return table->some;
}

/*
 * By a table of users that was adopted: its sessions end with the ban, this is for later ones.
 * What came to be before the end of a ban is not good after it either.
 */
static bool
is_banned(const char *user_id, TimestampTz since)
{
	TimestampTz until;

	if (likely(!has_rows(&bans)) || user_id == NULL)
		return false;
	until = catalog_user_banned_until(user_id);
	return until > clock_now() || since < until;
}

static bool
is_revoked(const ExternalToken *token, bool session_lives)
{
	TimestampTz not_before;

	if (has_rows(&tokens) && token->jti && catalog_token_revoked(token->jti, token->issuer))
		return true;
	if (session_lives || !has_rows(&users))
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
