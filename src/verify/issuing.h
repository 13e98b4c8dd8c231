/*
 * issuing.h
 *		What is signed here: which key does it, when, and under which name.
 */
#ifndef SESSION_AUTH_ISSUING_H
#define SESSION_AUTH_ISSUING_H

#include "verify/keys.h"

extern TrustedKey *issuing_key(const char *kid);
extern TrustedKey *issuing_key_of_seals(void);
extern TimestampTz issuing_second(const char *user_id);
extern char *issuing_jti(void);
extern char *issuing_sign(CryptoKey *key, const char *kid, const char *payload, bool is_seal);

#endif /* SESSION_AUTH_ISSUING_H */
