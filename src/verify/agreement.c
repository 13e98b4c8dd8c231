/*
 * agreement.c
 *		How the two ends of a connection agree on a key for identities that are carried over.
 *
 * A signature costs more than all else that carries an identity over.  So what is signed is the
 * first seal in a connection: the end that takes seals offers a public key as its challenge, and
 * the one that seals signs that and a public key of its own, its answer.  The key that
 * follows from both is known to these two processes alone; who reads all that is
 * sent, or written into a log, cannot make it (X25519).  Neither private key outlives the agreement.
 *
 * The offer is not signed.  Somebody between the ends who offers a key of his own gets a seal that
 * the true end refuses, as it is for another challenge.
 */
#include "postgres.h"

#include "pure/base64.h"
#include "verify/agreement.h"

StaticAssertDecl(AGREEMENT_TEXT_LEN == BASE64URL_LEN(CRYPTO_AGREEMENT_LEN), "without padding");

/* This end's half, and what the other end is to be told; NULL where there is no X25519. */
CryptoAgreement *
agreement_begin(char ours[AGREEMENT_TEXT_LEN + 1])
{
	unsigned char key[CRYPTO_AGREEMENT_LEN];
	CryptoAgreement *own = crypto_agreement_begin(key);

	ours[own ? base64url_encode(key, sizeof(key), ours) : 0] = '\0';
	return own;
}

/*
 * The key, or NULL where what the other end has told makes none; this end's half is of no use any
 * more.  The caller owns the key.
 */
CryptoKey *
agreement_end(CryptoAgreement *own, const char *theirs, const char *offer, const char *answer)
{
	unsigned char bytes[CRYPTO_AGREEMENT_LEN];
	char *context = psprintf("session_auth connection key %s %s", offer, answer);
	CryptoKey *key = NULL;
	size_t len;

	if (base64url_decode(theirs, strlen(theirs), bytes, sizeof(bytes), &len) == RESULT_OK &&
		len == sizeof(bytes))
		(void) crypto_agreement_end(own, bytes, slice_make(context, strlen(context)), &key);
	crypto_agreement_free(own);
	return key;
}
