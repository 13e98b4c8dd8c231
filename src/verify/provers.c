/*
 * provers.c
 *		Tokens from elsewhere: proved, read and remembered.
 *
 * The provers are one table.  A token's form can be that of several kinds (Flask's and
 * Phoenix' cookies look like a JWS), so each prover that takes it is asked, until one
 * knows it.  What was proved is remembered; its end, its revocation and its session
 * are judged at each use.
 */
#include "postgres.h"

#include "verify/provers.h"
#include "verify/prover.h"

static const Prover *const provers[] = { &prover_of_jwe, &prover_of_jws, &prover_of_cookies };

/* The token, proved, read and kept; NULL, and why in *result, when it is not good. */
static ExternalToken *
prove_and_keep(const Prover *prover, const Presented *token, const TokenDigest *digest,
			   TimestampTz now, ResultCode *result)
{
	ExternalToken *place = NULL;
	MemoryContext context;

	for (int skip = 0;; skip++)
	{
		Proof proof = { .issued_at = DT_NOBEGIN, .expires_at = DT_NOEND };

		*result = prover->prove(token, skip, now, &proof);
		if (*result != RESULT_OK)
			return NULL;
		context = proved_slot(digest, &place);
		*result = external_read(&proof, now, context, place);
		/* two issuers may share a key and its kid: the next one's turn */
		if (*result != RESULT_WRONG_ISSUER)
			break;
	}
	if (*result != RESULT_OK)
		return NULL;
	/* each of them is used once */
	if (!place->is_seal)
		proved_keep(digest);
	return place;
}

/* A prover that does not know a token says less about it than one that does. */
static bool
says_nothing(ResultCode result)
{
	return result == RESULT_UNKNOWN_FORM || result == RESULT_NOT_SET_UP;
}

/* May it be another kind's token? */
static bool
is_undecided(ResultCode result)
{
	return says_nothing(result) || result == RESULT_UNKNOWN_KEY || result == RESULT_BAD_SIGNATURE ||
		   result == RESULT_MALFORMED || result == RESULT_UNSUPPORTED;
}

static ExternalToken *
ask_provers(const Presented *token, const TokenDigest *digest, TimestampTz now, ResultCode *result)
{
	for (size_t i = 0; i < lengthof(provers); i++)
	{
		ExternalToken *found;
		ResultCode answer;

		if (!provers[i]->takes(token))
			continue;
		found = prove_and_keep(provers[i], token, digest, now, &answer);
		if (found != NULL)
			return found;
		if (says_nothing(*result) && answer != RESULT_UNKNOWN_FORM)
			*result = answer;
		if (!is_undecided(answer))
		{
			*result = answer;
			break;
		}
	}
	return NULL;
}

static bool
some_prover_takes(const Presented *token)
{
	for (size_t i = 0; i < lengthof(provers); i++)
		if (provers[i]->takes(token))
			return true;
	return false;
}

/*
 * What a token from elsewhere says, or NULL and why in *result; RESULT_UNKNOWN_FORM and
 * RESULT_NOT_SET_UP leave open what it is.  The caller has accepted changes of keys.
 */
ExternalToken *
provers_find(const Presented *token, TimestampTz now, ResultCode *result)
{
	TokenDigest digest;
	ExternalToken *kept;

	*result = RESULT_UNKNOWN_FORM;
	if (!some_prover_takes(token))
		return NULL;
	if (!proved_digest(token->text, token->cookie, &digest))
	{
		*result = RESULT_CRYPTO_FAILED;
		return NULL;
	}
	kept = proved_find(&digest);
	return kept ? kept : ask_provers(token, &digest, now, result);
}
