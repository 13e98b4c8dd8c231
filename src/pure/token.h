/*
 * token.h
 *		What kind of token these bytes are, by their form alone.
 *
 * Invariant: every sequence of bytes has exactly one form, and a form says only
 * which code may look at the token next, never that it is genuine.  What has no
 * form is refused before anything is looked up.
 *
 * Pure: no PostgreSQL, no OpenSSL, no allocation, one pass.
 */
#ifndef SESSION_AUTH_TOKEN_H
#define SESSION_AUTH_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

/* Our own tokens: this prefix and the base64url text of 32 random bytes. */
#define TOKEN_PREFIX     "sat_"
#define TOKEN_PREFIX_LEN 4
#define TOKEN_OWN_LEN    (TOKEN_PREFIX_LEN + 43)

/* With the time of their issue and a proof of it behind these, 56 bytes (timed_token.h). */
#define TOKEN_TIMED_LEN  (TOKEN_PREFIX_LEN + 75)

#define TOKEN_OPAQUE_MIN 20
#define TOKEN_OPAQUE_MAX 255

/* Stands before a session's id in express-session's cookie. */
#define TOKEN_EXPRESS_PREFIX "s:"

/* What is random in a uuid of version 4, and of version 7. */
#define UUID_V4_BITS 122
#define UUID_V7_BITS 74

/* With fewer an opaque token could be guessed. */
#define TOKEN_BITS_MIN UUID_V4_BITS

/* How many bytes are as hard to guess. */
#define TOKEN_BYTES_MIN 16

typedef enum TokenForm
{
	TOKEN_FORM_UNKNOWN,
	TOKEN_FORM_OPAQUE,  /* 20 to 255 of [A-Za-z0-9_~+/=,-]; with our prefix exactly our forms */
	TOKEN_FORM_JWE,     /* five parts of base64url, of which the second may be empty */
	TOKEN_FORM_JWS,     /* three parts of base64url */
	TOKEN_FORM_MAC,     /* value.signature with 44 characters of base64: better-auth, Lucia */
	TOKEN_FORM_EXPRESS, /* s:sid.signature with 43 characters of base64 */
} TokenForm;

/* MAC and EXPRESS are also recognised while still percent-encoded. */
extern TokenForm token_form_of(const char *token, size_t len);

/*
 * The most random bits that an opaque token of this look can hold: those of a
 * uuid v4 or v7, 0 for other uuids; otherwise its length times the bits
 * of the smallest usual alphabet that it fits.  0 when it is not opaque or has
 * fewer than eight distinct characters.
 */
extern int token_entropy_bits(const char *token, size_t len);

/* Has it eight distinct bytes at least, as what was drawn at random has? */
extern bool token_is_varied(const char *s, size_t len);

#endif /* SESSION_AUTH_TOKEN_H */
