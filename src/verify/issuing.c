/*
 * issuing.c
 *		What is signed here: which key does it, when, and under which name.
 *
 * Invariant: a seal is signed by a private key alone, as whoever verifies by a secret could
 * sign too.  The caller has accepted changes of keys.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/clock.h"
#include "base/errors.h"
#include "base/uuid.h"
#include "catalog/tables.h"
#include "pure/base64.h"
#include "pure/jws.h"
#include "verify/issuing.h"

/* Whether it is in force, and can be had. */
static bool
can_sign(TrustedKey *key, TimestampTz now)
{
	return key->signs && key->binding.valid_from <= now && key->binding.valid_until > now &&
		   keys_parsed(key);
}

/* The newest active key that can sign, of that kid unless it is NULL. */
TrustedKey *
issuing_key(const char *kid)
{
	TimestampTz now = clock_now();
	TrustedKey *newest = NULL;
	ListCell *cell;

	foreach (cell, keys_trusted())
	{
		TrustedKey *key = lfirst(cell);

		if ((kid == NULL || (key->kid && strcmp(key->kid, kid) == 0)) && can_sign(key, now))
			newest = key;
	}
	if (newest == NULL)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("no active private key to sign a token with"),
						errhint("Add one with session_auth.add_key().")));
	return newest;
}

/* The newest of key pairs; one that was added for seals before others. */
TrustedKey *
issuing_key_of_seals(void)
{
	TimestampTz now = clock_now();
	TrustedKey *newest = NULL;
	ListCell *cell;

	foreach (cell, keys_trusted())
	{
		TrustedKey *key = lfirst(cell);

		if (crypto_alg_type(key->alg) != CRYPTO_TYPE_SECRET &&
			(newest == NULL || key->binding.seals || !newest->binding.seals) && can_sign(key, now))
			newest = key;
	}
	if (newest == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("no active private key to seal an identity with"),
				 errhint("Add one with session_auth.add_key(); a secret (HS256, HS384, HS512) "
						 "does not do.")));
	return newest;
}

char *
issuing_jti(void)
{
	pg_uuid_t uuid;

	if (!crypto_random(uuid.data, UUID_LEN))
		result_raise(RESULT_CRYPTO_FAILED);
	uuid_stamp(&uuid, 4);
	return uuid_text(&uuid);
}

/*
 * When the latest ban of a user was over; DT_NOBEGIN without one, and while one lasts, as no
 * token is good then, however long this waits.
 */
static TimestampTz
end_of_ban(const char *user_id, TimestampTz now)
{
	TimestampTz until =
		catalog_some_user_banned() ? catalog_user_banned_until(user_id) : DT_NOBEGIN;

	return until > now ? DT_NOBEGIN : until;
}

/*
 * The whole second that a token is issued in.  All of a user's tokens may have
 * been refused within that same second, or the user's ban have ended in it; then
 * this waits for the next one, or the new token would seem to be as old as what
 * is refused.
 */
TimestampTz
issuing_second(const char *user_id)
{
	TimestampTz now = clock_now();
	TimestampTz not_before = Max(catalog_user_not_before(user_id), end_of_ban(user_id, now));

	while (now - now % USECS_PER_SEC < not_before && now - not_before < USECS_PER_SEC)
	{
		CHECK_FOR_INTERRUPTS();
		pg_usleep(10000);
		now = clock_now();
	}
	return now - now % USECS_PER_SEC;
}

/* The compact form of a token with this payload, by a key that is called so. */
char *
issuing_sign(CryptoKey *key, const char *kid, const char *payload, bool is_seal)
{
	size_t len = strlen(payload);
	size_t cap = JWS_SIGN_MAX(len);
	size_t kid_len = kid ? strlen(kid) : 0;
	char *token = palloc(cap + 1);
	size_t token_len = 0;
	ResultCode result =
		(is_seal ? jws_seal : jws_sign)(key, kid, kid_len, payload, len, token, cap, &token_len);

	if (result != RESULT_OK)
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not sign the token"),
						errdetail("%s", result_reason(result))));
	token[token_len] = '\0';
	return token;
}
