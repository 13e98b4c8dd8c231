/*
 * proved_tokens.h
 *		Tokens from elsewhere whose cryptography this backend has done.
 */
#ifndef SESSION_AUTH_PROVED_TOKENS_H
#define SESSION_AUTH_PROVED_TOKENS_H

#include "pure/crypto.h"
#include "verify/external_token.h"

/*
 * A token is what has this fingerprint; and where it is known which cookie it came in, a hash of
 * that name, which an administrator chose.
 */
typedef struct TokenDigest
{
	unsigned char token[CRYPTO_FINGERPRINT_LEN];
	uint64 cookie;
} TokenDigest;

extern bool proved_digest(Slice token, Slice cookie, TokenDigest *digest);
extern ExternalToken *proved_find(const TokenDigest *digest);
extern MemoryContext proved_slot(const TokenDigest *digest, ExternalToken **token);
extern void proved_keep(const TokenDigest *digest);

#endif /* SESSION_AUTH_PROVED_TOKENS_H */
