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

/* OpenSSL's generator takes as long for one as for many. */
#define DRAWN_AT_ONCE 32

static char challenge[CHALLENGE_LEN + 1] = "";

/* Each of them is used once; they are drawn here, after the postmaster's fork. */
static const unsigned char *
next_random(void)
{
	static unsigned char drawn[DRAWN_AT_ONCE][CHALLENGE_BYTES];
	static int left = 0;

	if (left == 0)
	{
		if (!crypto_random(drawn, sizeof(drawn)))
			result_raise(RESULT_CRYPTO_FAILED);
		left = DRAWN_AT_ONCE;
	}
	return drawn[--left];
}

const char *
challenge_now(void)
{
	if (challenge[0] != '\0')
		return challenge;
	if (!connection_key_is_agreed() && connection_key_offer(challenge))
		return challenge;
	challenge[base64url_encode(next_random(), CHALLENGE_BYTES, challenge)] = '\0';
	return challenge;
}

void
challenge_is_met(void)
{
	challenge[0] = '\0';
}
