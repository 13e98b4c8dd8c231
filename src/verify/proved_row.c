/*
 * proved_row.c
 *		What Django signs in the rows of its sessions.
 *
 * Invariant: who may write the application's table, and does not have its secret, names no
 * user.  A row has no age of its own: expire_date ends it.  Reading one raises nothing.
 */
#include "postgres.h"

#include "base/clock.h"
#include "base/outside_text.h"
#include "verify/keys.h"
#include "verify/proved_row.h"

static char arena[FRAMEWORK_ARENA];

static char *
open_row(const FrameworkKey *key, const FrameworkOptions *options, Slice data)
{
	static FrameworkProof proof;
	const FrameworkCookie cookie = { .value = data };

	if (framework_open(key, options, &cookie, clock_to_unix(clock_now()), arena, sizeof(arena),
					   &proof) != RESULT_OK ||
		proof.yields != YIELDS_USER || !is_storable_here(proof.user_id))
		return NULL;
	return pnstrdup(proof.user_id.data, proof.user_id.len);
}

/*
 * The user in a row's session_data, which one of the secrets that are set up has signed; NULL
 * when nobody has logged in, or none has.  path_len 0: where Django keeps it.
 */
char *
proved_row_user(const char *session_data, const char *const *path, int path_len)
{
	const Slice data = { session_data, strlen(session_data) };
	Slice *steps = palloc((path_len + 1) * sizeof(Slice));
	const FrameworkOptions options = { .id_path = path_len > 0 ? steps : NULL,
									   .n_id_path = path_len,
									   .max_age_us = FRAMEWORK_MAX_AGE_NONE,
									   .without_end = true };
	char *user = NULL;
	ListCell *cell;

	for (int i = 0; i < path_len; i++)
		steps[i] = (Slice){ path[i], strlen(path[i]) };
	keys_accept_changes();
	foreach (cell, keys_cookie_secrets())
	{
		const CookieSecret *secret = lfirst(cell);

		if (user == NULL && secret->rows_key)
			user = open_row(secret->rows_key, &options, data);
	}
	pfree(steps);
	return user;
}
