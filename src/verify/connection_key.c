/*
 * connection_key.c
 *		The key under which identities are carried over in this connection.
 *
 * Invariants: it was agreed on by a seal that a trusted key signed for this connection's offer, and
 * is worth what that key is worth: with the first change of keys it is gone, and a seal has
 * to be signed again.  It proves one seal for one challenge as a signature does; all
 * else that a seal is asked for is asked of what it proves too.  It is in this process's memory alone.
 */
#include "postgres.h"

#include "pure/base64.h"
#include "verify/connection_key.h"

static CryptoAgreement *offered = NULL;
static char its_offer[AGREEMENT_TEXT_LEN + 1];

static CryptoKey *agreed = NULL;
static char its_signer[64]; /* the origin of that key */
static uint64 its_keys;     /* as long as this is the count of their changes */

static void
forget(void)
{
	crypto_key_free(agreed);
	agreed = NULL;
}

bool
connection_key_is_agreed(void)
{
	if (agreed && its_keys != keys_changes())
		forget();
	return agreed != NULL;
}

/* This end's half of an agreement, which is the challenge then; false where there is no X25519. */
bool
connection_key_offer(char offer[AGREEMENT_TEXT_LEN + 1])
{
	crypto_agreement_free(offered);
	offered = agreement_begin(its_offer);
	strlcpy(offer, its_offer, AGREEMENT_TEXT_LEN + 1);
	return offered != NULL;
}

/*
 * A seal was signed for the challenge, and with it the other end's half, or none (NULL).  What
 * was agreed on by another seal ends in any case.
 */
void
connection_key_agree(const char *answer, const char *signer)
{
	CryptoAgreement *own = offered;

	forget();
	offered = NULL;
	if (own == NULL || answer == NULL ||
		strlcpy(its_signer, signer, sizeof(its_signer)) >= sizeof(its_signer))
	{
		crypto_agreement_free(own);
		return;
	}
	agreed = agreement_end(own, answer, its_offer, answer);
	its_keys = keys_changes();
}

/* By its header: no trusted key of another server's seals with a secret. */
bool
connection_key_made(const Jws *jws)
{
	return jws->header.is_seal && jws->header.alg == CRYPTO_ALG_HS256 && !jws->header.has_kid;
}

/*
 * Anything but RESULT_OK ends what was agreed on, as the other end takes something else for it.
 * The caller has accepted changes of keys.
 */
ResultCode
connection_key_prove(const Jws *jws, Proof *proof)
{
	size_t cap = BASE64_DECODED_MAX(jws->payload.len);
	char *payload = palloc(cap);
	ResultCode result = RESULT_UNKNOWN_KEY;

	proof->binding = keys_find_binding(its_signer);
	if (connection_key_is_agreed() && proof->binding != NULL)
		result = jws_verify(jws, agreed);
	if (result == RESULT_OK)
		result = jws_payload(jws, payload, cap, &proof->claims.len);
	if (result != RESULT_OK)
		forget();
	proof->says = SAYS_CLAIMS;
	proof->is_seal = true;
	proof->claims.data = payload;
	return result;
}
