/*
 * jwe.h
 *		Encrypted tokens: JWE in compact form (RFC 7516), alg `dir` alone.
 *
 * Invariant: nothing is decrypted before its tag was checked, and whatever is
 * wrong with a token that is a JWE of ours in form (key, kid, tag, padding, lengths)
 * gives RESULT_BAD_SIGNATURE after one or more tags were computed: a caller
 * learns neither which secret nor which byte was wrong.
 *
 * A JweKey is what the frameworks derive from the application's secret with
 * HKDF-SHA256; deriving costs more than opening, so callers keep them, and wipe
 * them with jwe_key_clear().
 *
 * Pure: no PostgreSQL; what is cryptography is crypto.h's.
 */
#ifndef SESSION_AUTH_JWE_H
#define SESSION_AUTH_JWE_H

#include "pure/crypto.h"
#include "pure/jose.h"
#include "pure/limits.h"

/* Who derives the key, and therefore how. */
typedef enum JweScheme
{
	JWE_AUTHJS_V5,   /* A256CBC-HS512 and A256GCM; salt is the cookie's name; kid by thumbprint */
	JWE_NEXTAUTH_V4, /* A256GCM; no salt; kid is not looked at, as in the library */
	JWE_BETTER_AUTH  /* A256CBC-HS512; a salt of its own; kid by thumbprint */
} JweScheme;

typedef enum JweEnc
{
	JWE_A256CBC_HS512,
	JWE_A256GCM
} JweEnc;

#define JWE_KEY_LEN     64
#define JWE_KID_MAX     86
#define JWE_COOKIE_MAX  256
#define JWE_BETTER_SALT "better-auth-session"

typedef struct JweKey
{
	JweScheme scheme;
	unsigned char key[JWE_KEY_LEN]; /* A256GCM uses the first half */
	CryptoMac *mac;                 /* with the halves of it that A256CBC-HS512 uses, ... */
	CryptoCipher *cipher;           /* ... or NULL, where the scheme does not */
	/* What kid names this key, for each enc; empty when it is not used for that. */
	char kid[2][JWE_KID_MAX];
	size_t kid_len[2];
} JweKey;

/*
 * salt is the cookie's name for JWE_AUTHJS_V5 and ignored for the others.
 * RESULT_BAD_KEY when secret or salt are empty or too long.
 */
extern ResultCode jwe_key_derive(JweKey *key, JweScheme scheme, Slice secret, Slice salt);
extern void jwe_key_clear(JweKey *key);

typedef struct Jwe
{
	JweEnc enc;
	Slice aad; /* the header as it stands */
	Slice iv;  /* these three in base64url */
	Slice ciphertext;
	Slice tag;
	JoseHeader header;
} Jwe;

/*
 * Takes a token apart; jwe points into token.  RESULT_UNKNOWN_FORM, RESULT_MALFORMED,
 * RESULT_TOO_LONG, or RESULT_UNSUPPORTED for another alg or enc.
 */
extern ResultCode jwe_parse(Jwe *jwe, const char *token, size_t len);

/* Bytes that jwe_decrypt() needs for out, and again for scratch. */
#define JWE_PLAIN_MAX(jwe) ((jwe)->ciphertext.len / 4 * 3 + 3)

/*
 * Opens the token with the first of the keys that fits: those that kid names, or
 * without a kid all of the right enc, in their order.  *which, unless NULL, is
 * the index of that key.  RESULT_BAD_SIGNATURE when none fits; out is then all
 * zero.  out and scratch hold cap bytes each.
 */
extern ResultCode jwe_decrypt(const Jwe *jwe, const JweKey *keys, size_t n_keys, char *out,
							  char *scratch, size_t cap, size_t *out_len, size_t *which);

/*
 * Claims that the header repeats (iss, sub, aud) must be those of the payload
 * (RFC 7519, 5.3): RESULT_BAD_SIGNATURE when they are not.
 */
extern ResultCode jwe_check_replicated(const Jwe *jwe, const JsonDoc *claims);

#endif /* SESSION_AUTH_JWE_H */
