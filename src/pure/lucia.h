/*
 * lucia.h
 *		Lucia's tokens: id.secret, whose proof lies in the session's row.
 *
 * Invariant: the hash that comes out is the one that the row of session id must hold.  The
 * token may still be percent-encoded, as it stands in the Cookie header.
 *
 * Pure: no PostgreSQL; what is cryptography is crypto.h's.
 */
#ifndef SESSION_AUTH_LUCIA_H
#define SESSION_AUTH_LUCIA_H

#include "pure/crypto.h"

#define LUCIA_TOKEN_MAX 512

/* The id as a part of token, and the SHA-256 of the secret's bytes; or RESULT_UNKNOWN_FORM. */
extern ResultCode lucia_split(Slice token, Slice *id, unsigned char hash[CRYPTO_SHA256_LEN]);

/*
 * What a session with such a token is found by: the hash of its id and of its secret's hash, so
 * that it can be registered from Lucia's own table, which has the latter alone.
 */
extern ResultCode lucia_token_hash(Slice token, unsigned char hash[CRYPTO_SHA256_LEN]);

#endif /* SESSION_AUTH_LUCIA_H */
