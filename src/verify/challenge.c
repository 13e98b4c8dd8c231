/*
 * challenge.c
 *		What this connection asks of the next seal that is carried over in it.
 *
 * Invariant: a challenge is met once and then is another, so that a seal that somebody has
 * seen, in a log or on the wire, is good for nothing: neither in this connection, nor in
 * another, nor on another server.
 */
#include "postgres.h"

#include "base/errors.h"
#include "pure/base64.h"
#include "pure/crypto.h"
#include "verify/challenge.h"

static char challenge[CHALLENGE_LEN + 1] = "";

const char *
challenge_now(void)
{
	unsigned char random[CHALLENGE_BYTES];

	if (challenge[0] != '\0')
		return challenge;
	if (!crypto_random(random, sizeof(random)))
		result_raise(RESULT_CRYPTO_FAILED);
	(void) base64url_encode(random, sizeof(random), challenge);
	return challenge;
}

void
challenge_is_met(void)
{
	challenge[0] = '\0';
}
