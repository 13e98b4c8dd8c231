/*
 * challenge.c
 *		What this connection asks of the next seal that is carried over in it.
 *
 * Invariant: a challenge is met once and then is another, so that a seal that somebody has
 * seen, in a log or on the wire, is good for nothing: neither in this connection, nor in
 * another, nor on another server.
 *
 * While no key is agreed on for this connection, the challenge is this end's half of such an
 * agreement; who signs a seal for it signs that too.
 */
#include "postgres.h"

#include "base/errors.h"
#include "pure/base64.h"
#include "pure/crypto.h"
#include "verify/challenge.h"
#include "verify/connection_key.h"

static char challenge[CHALLENGE_LEN + 1] = "";

const char *
challenge_now(void)
{
	unsigned char random[CHALLENGE_BYTES];

	if (challenge[0] != '\0')
		return challenge;
	if (!connection_key_is_agreed() && connection_key_offer(challenge))
		return challenge;
	if (!crypto_random(random, sizeof(random)))
		result_raise(RESULT_CRYPTO_FAILED);
	challenge[base64url_encode(random, sizeof(random), challenge)] = '\0';
	return challenge;
}

void
challenge_is_met(void)
{
	challenge[0] = '\0';
}
