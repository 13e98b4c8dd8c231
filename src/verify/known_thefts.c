/*
 * known_thefts.c
 *		Sessions that this backend knows to be stolen.
 *
 * Invariant: a session that is here is refused, whatever its row says.  What has to be
 * done about it is theft.c's, which ends sessions and so stands above them.
 */
#include "postgres.h"

#include "verify/known_thefts.h"

#define MAX_KNOWN 64

static KnownTheft known[MAX_KNOWN];
static int nknown = 0;
static int next_slot = 0;

static KnownTheft *
find_known(const pg_uuid_t *session_id)
{
	for (int i = 0; i < nknown; i++)
		if (memcmp(&known[i].session_id, session_id, sizeof(pg_uuid_t)) == 0)
			return &known[i];
	return NULL;
}

bool
theft_is_known(const pg_uuid_t *session_id)
{
	return nknown > 0 && find_known(session_id) != NULL;
}

KnownTheft *
theft_remember(const pg_uuid_t *session_id)
{
	KnownTheft *theft = find_known(session_id);

	if (theft == NULL)
	{
		theft = &known[next_slot];
		next_slot = (next_slot + 1) % MAX_KNOWN;
		nknown = Min(nknown + 1, MAX_KNOWN);
		theft->session_id = *session_id;
		theft->settled = false;
		theft->ended_in = InvalidTransactionId;
	}
	return theft;
}

/* The one behind it, or the first. */
KnownTheft *
theft_next(KnownTheft *theft)
{
	int next = theft == NULL ? 0 : (int) (theft - known) + 1;

	return next < nknown ? &known[next] : NULL;
}
