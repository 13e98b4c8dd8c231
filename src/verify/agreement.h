/*
 * agreement.h
 *		How the two ends of a connection agree on a key for identities that are carried over.
 */
#ifndef SESSION_AUTH_AGREEMENT_H
#define SESSION_AUTH_AGREEMENT_H

#include "pure/crypto.h"

/* 32 bytes in base64url. */
#define AGREEMENT_TEXT_LEN 43

extern CryptoAgreement *agreement_begin(char ours[AGREEMENT_TEXT_LEN + 1]);
extern CryptoKey *agreement_end(CryptoAgreement *own, const char *theirs, const char *offer,
								const char *answer);

#endif /* SESSION_AUTH_AGREEMENT_H */
