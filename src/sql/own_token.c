/*
 * own_token.c
 *		Making the tokens and ids of one's own sessions, of random bits.
 */
#include "postgres.h"

#include "base/clock.h"
#include "base/errors.h"
#include "base/settings.h"
#include "base/uuid.h"
#include "catalog/tables.h"
#include "pure/base64.h"
#include "pure/crypto.h"
#include "sql/own_token.h"

#define TOKEN_RANDOM_BYTES 32

static void
require_random(void *out, size_t len)
{
	if (!crypto_random(out, len))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not get random bytes")));
}

static void
write_token(const unsigned char *random, char *token)
{
	size_t len;

	memcpy(token, TOKEN_PREFIX, TOKEN_PREFIX_LEN);
	len = base64url_encode(random, TOKEN_RANDOM_BYTES, token + TOKEN_PREFIX_LEN);
	token[TOKEN_PREFIX_LEN + len] = '\0';
}

static void
write_timed_token(const unsigned char *random, const unsigned char *secret, char *token)
{
	if (timed_token_write(random, clock_now(), secret, token) != RESULT_OK)
		result_raise(RESULT_CRYPTO_FAILED);
}

/* A token of a session, ended by a NUL.  Where standbys may wait for it, it says when that is over. */
void
make_token(char *token)
{
	unsigned char random[TOKEN_RANDOM_BYTES];
	unsigned char secret[TIMED_TOKEN_SECRET];

	require_random(random, sizeof(random));
	if (setting_replica_wait > 0 && catalog_token_secret(secret))
	{
		write_timed_token(random, secret, token);
		crypto_cleanse(secret, sizeof(secret));
	}
	else
		write_token(random, token);
	crypto_cleanse(random, sizeof(random));
}

void
make_session_id(pg_uuid_t *uuid)
{
	require_random(uuid->data, UUID_LEN);
	uuid_stamp(uuid, 4);
}
