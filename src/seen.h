/*
 * seen.h
 *		Tokens from elsewhere whose cryptography this backend has done.
 */
#ifndef SESSION_AUTH_SEEN_H
#define SESSION_AUTH_SEEN_H

#include "crypto.h"
#include "foreign.h"

/* A token is what has these: the SHA-256 of all before its last dot, and of what follows. */
typedef struct TokenDigest
{
	unsigned char front[CRYPTO_SHA256_LEN];
	unsigned char back[CRYPTO_SHA256_LEN];
} TokenDigest;

extern ForeignToken *seen_find(const TokenDigest *digest);
extern MemoryContext seen_slot(const TokenDigest *digest, ForeignToken **token);
extern void seen_keep(const TokenDigest *digest);

#endif /* SESSION_AUTH_SEEN_H */
