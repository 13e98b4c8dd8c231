/*
 * cookie_signature.h
 *		Opaque tokens that carry their proof: better-auth, express-session, Lucia.
 *
 * Invariant: the value that comes out was covered by a signature that matched,
 * compared in constant time; for Lucia, whose proof lies in the session's row,
 * the hash that comes out is the one to compare.  The value is then looked up as
 * a session like any opaque token.
 *
 * The token may still be percent-encoded, as it stands in the Cookie header.
 *
 * Pure: no PostgreSQL; what is cryptography is crypto.c's.
 */
#ifndef SESSION_AUTH_COOKIE_SIGNATURE_H
#define SESSION_AUTH_COOKIE_SIGNATURE_H

#include "pure/crypto.h"

typedef enum CookieSignature
{
	COOKIE_SIGNATURE_BETTER_AUTH, /* token.signature: HMAC-SHA256 in base64 */
	COOKIE_SIGNATURE_EXPRESS      /* s:sid.signature: the same without its '=' (cookie-signature) */
} CookieSignature;

#define COOKIE_SIGNED_MAX 512

/*
 * The value in front of the last dot, as a part of token.  RESULT_UNKNOWN_FORM
 * when the token is not of that form, RESULT_BAD_SIGNATURE, or RESULT_OK.
 */
ResultCode cookie_signature_verify(CookieSignature kind, Slice token, Slice secret, Slice *value);

/*
 * Lucia's id.secret: the id as a part of token, and the SHA-256 of the secret's
 * bytes, which the row of session id must hold.  RESULT_UNKNOWN_FORM otherwise.
 */
ResultCode lucia_split(Slice token, Slice *id, unsigned char hash[CRYPTO_SHA256_LEN]);

#endif /* SESSION_AUTH_COOKIE_SIGNATURE_H */
