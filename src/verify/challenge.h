/*
 * challenge.h
 *		What this connection asks of the next seal that is carried over in it.
 */
#ifndef SESSION_AUTH_CHALLENGE_H
#define SESSION_AUTH_CHALLENGE_H

#include "verify/agreement.h"

/* 128 random bits in base64url, or half of an agreement on a key. */
#define CHALLENGE_BYTES 16
#define CHALLENGE_LEN   AGREEMENT_TEXT_LEN

extern const char *challenge_now(void);
extern void challenge_is_met(void);

#endif /* SESSION_AUTH_CHALLENGE_H */
