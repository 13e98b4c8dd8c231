/*
 * connection_key.h
 *		The key under which identities are carried over in this connection.
 */
#ifndef SESSION_AUTH_CONNECTION_KEY_H
#define SESSION_AUTH_CONNECTION_KEY_H

#include "pure/jws.h"
#include "verify/agreement.h"
#include "verify/proof.h"

extern bool connection_key_is_agreed(void);
extern bool connection_key_offer(char offer[AGREEMENT_TEXT_LEN + 1]);
extern void connection_key_agree(const char *answer, const char *signer);
extern bool connection_key_made(const Jws *jws);
extern ResultCode connection_key_prove(const Jws *jws, Proof *proof);

#endif /* SESSION_AUTH_CONNECTION_KEY_H */
