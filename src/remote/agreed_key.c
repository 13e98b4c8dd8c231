/*
 * agreed_key.c
 *		The key that a connection to another server has agreed on.
 *
 * Invariant: it stands for the key of ours that signed the seal by which it was agreed on, and is
 * used as long as that one would sign, and no key has changed.  What the other end has not taken
 * is never used: it is proposed with a seal, and settled by the answer.
 */
#include "postgres.h"

#include "remote/agreed_key.h"

static void
forget(AgreedKey *agreed)
{
	crypto_key_free(agreed->key);
	agreed->key = NULL;
}

/* What was proposed with a seal whose answer has not come. */
void
agreed_key_withdraw(AgreedKey *agreed)
{
	crypto_key_free(agreed->proposed);
	agreed->proposed = NULL;
}

/* NULL where a seal has to be signed.  The caller has accepted changes of keys. */
CryptoKey *
agreed_key_for(AgreedKey *agreed, const TrustedKey *signer)
{
	if (agreed->key && (agreed->signer != signer || agreed->keys != keys_changes()))
		forget(agreed);
	return agreed->key;
}

/* Whether the other end offers to agree on a key, or has one. */
static bool
is_offer(const char *challenge)
{
	return strlen(challenge) == AGREEMENT_TEXT_LEN;
}

/* What the seal that is signed now is to say, or NULL. */
const char *
agreed_key_propose(AgreedKey *agreed, const TrustedKey *signer, const char *challenge)
{
	CryptoAgreement *own = is_offer(challenge) ? agreement_begin(agreed->answer) : NULL;

	if (own == NULL)
		return NULL;
	agreed->proposed = agreement_end(own, challenge, challenge, agreed->answer);
	agreed->signer = signer;
	agreed->keys = keys_changes();
	return agreed->proposed ? agreed->answer : NULL;
}

/* The other end has answered; one that has agreed offers nothing more. */
void
agreed_key_settle(AgreedKey *agreed, bool accepted, const char *next_challenge)
{
	if (agreed->proposed)
	{
		forget(agreed);
		agreed->key = agreed->proposed;
		agreed->proposed = NULL;
	}
	if (!accepted || is_offer(next_challenge))
		forget(agreed);
}
