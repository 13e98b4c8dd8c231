/*
 * adopted_token.h
 *		What a token column of an application's own table says of a session.
 */
#ifndef SESSION_AUTH_ADOPTED_TOKEN_H
#define SESSION_AUTH_ADOPTED_TOKEN_H

#include <stdbool.h>

#include "pure/slice.h"

/* How the column keeps what a client presents. */
typedef enum TokenStorage
{
	STORED_ANY_TEXT, /* the token; what 0.1.0 attached said no more */
	STORED_PLAIN,    /* the token, which is not 64 hexadecimal digits */
	STORED_BYTES,    /* the token's own bytes, whatever they look like */
	STORED_SHA256_HEX,
	STORED_SHA256_BASE64,
	STORED_SHA256_BASE64URL,
	STORED_SHA256_BYTES,
	STORED_ID /* no secret: reached through a cookie that was proved */
} TokenStorage;

typedef enum TokenFitness
{
	TOKEN_FITS,
	TOKEN_WEAK,        /* create_session would not take it */
	TOKEN_LIKE_A_HASH, /* 64 hexadecimal digits under `plain` */
	TOKEN_NO_HASH,     /* no SHA-256 in the form that the column is said to have */
	TOKEN_UNHASHED     /* the cryptographic library failed */
} TokenFitness;

/* False when there is no storage of that name. */
extern bool token_storage_named(const char *name, TokenStorage *storage);
extern bool token_storage_is_binary(TokenStorage storage);
extern TokenFitness adopted_token_hash(TokenStorage storage, Slice value, unsigned char *hash);

#endif /* SESSION_AUTH_ADOPTED_TOKEN_H */
