/*
 * recorded_actor.c
 *		Who is recorded as having done something.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "identity/identity.h"
#include "identity/recorded_actor.h"

/*
 * The one who impersonates, or the current user, or the database role that logged in when
 * nobody is authenticated.  NULL when that role is gone.
 */
const char *
recorded_actor(void)
{
	const Identity *identity = identity_current();

	if (identity == NULL)
		return GetUserNameFromId(GetSessionUserId(), true);
	return pstrdup(identity->actor ? identity->actor : identity->user_id);
}
