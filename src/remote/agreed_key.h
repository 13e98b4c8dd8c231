/*
 * agreed_key.h
 *		The key that a connection to another server has agreed on.
 */
#ifndef SESSION_AUTH_AGREED_KEY_H
#define SESSION_AUTH_AGREED_KEY_H

#include "verify/agreement.h"
#include "verify/keys.h"

typedef struct AgreedKey
{
	CryptoKey *key;           /* NULL: none */
	CryptoKey *proposed;      /* that is the key once the other end has taken what was signed */
	const TrustedKey *signer; /* what signed that, as long as */
	uint64 keys;              /* keys are the same */
	char answer[AGREEMENT_TEXT_LEN + 1];
} AgreedKey;

extern void agreed_key_withdraw(AgreedKey *agreed);
extern CryptoKey *agreed_key_for(AgreedKey *agreed, const TrustedKey *signer);
extern const char *agreed_key_propose(AgreedKey *agreed, const TrustedKey *signer,
									  const char *challenge);
extern void agreed_key_settle(AgreedKey *agreed, bool accepted, const char *next_challenge);

#endif /* SESSION_AUTH_AGREED_KEY_H */
