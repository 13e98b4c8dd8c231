/*
 * timed_token.h
 *		Our own tokens that say when they were issued, and prove it.
 *
 * Invariant: what is read of a token without RESULT_OK is nothing.  The time says only
 * how long to wait for the token's row; the row alone opens a session, found by the hash
 * of the whole token, of which 256 bits are random as in any of our own.
 *
 * Pure: no PostgreSQL, no allocation.
 */
#ifndef SESSION_AUTH_TIMED_TOKEN_H
#define SESSION_AUTH_TIMED_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "pure/result.h"
#include "pure/token.h"

#define TIMED_TOKEN_RANDOM 32
#define TIMED_TOKEN_SECRET 32

/* Writes TOKEN_TIMED_LEN characters and a NUL; the time is in any unit. */
extern ResultCode timed_token_write(const unsigned char random[TIMED_TOKEN_RANDOM],
									int64_t issued_at,
									const unsigned char secret[TIMED_TOKEN_SECRET], char *token);

/* RESULT_UNKNOWN_FORM for another kind of token, RESULT_BAD_SIGNATURE for one that was made up. */
extern ResultCode timed_token_read(const char *token, size_t len,
								   const unsigned char secret[TIMED_TOKEN_SECRET],
								   int64_t *issued_at);

#endif /* SESSION_AUTH_TIMED_TOKEN_H */
