/*
 * jws.h
 *		Signed tokens: JWS in compact form (RFC 7515).
 *
 * Invariant: a token is verified only by a key whose own algorithm is the one
 * that the header names; the header cannot choose an algorithm for a key.  The
 * signed bytes are the token's text, so what was not decoded yet is covered.
 *
 * The order of calls: jws_parse, choose keys by the header, jws_verify with each
 * until one fits, and only then jws_payload.
 *
 * Pure: no PostgreSQL; what is cryptography is crypto.h's.  An issuer writes the
 * same header before every token: the last one that was read is remembered, so
 * that these functions are for one thread, as crypto.h's are.
 */
#ifndef SESSION_AUTH_JWS_H
#define SESSION_AUTH_JWS_H

#include "pure/crypto.h"
#include "pure/jose.h"

/* What a header says that a key can be chosen by. */
typedef struct JwsHeader
{
	CryptoAlg alg;
	bool is_seal; /* no ordinary token: an identity, sealed by another server */
	bool has_kid;
	size_t kid_len;
	char kid[KID_MAX];
} JwsHeader;

typedef struct Jws
{
	Slice signed_part; /* header and payload with the dot between */
	Slice payload;     /* base64url */
	Slice signature;   /* base64url */
	JwsHeader header;
} Jws;

/*
 * Takes a token apart; jws points into token.  RESULT_UNKNOWN_FORM, RESULT_MALFORMED,
 * RESULT_TOO_LONG or RESULT_UNSUPPORTED (also for `none` and algorithms that are not known).
 */
extern ResultCode jws_parse(Jws *jws, const char *token, size_t len);

/* RESULT_OK, RESULT_UNKNOWN_KEY when the key is for another algorithm, RESULT_BAD_SIGNATURE. */
extern ResultCode jws_verify(const Jws *jws, CryptoKey *key);

/* The decoded payload; out needs BASE64_DECODED_MAX(jws->payload.len) bytes. */
extern ResultCode jws_payload(const Jws *jws, char *out, size_t cap, size_t *out_len);

/* Bytes that jws_sign() may need for a payload of len bytes. */
#define JWS_SIGN_MAX(len) (BASE64URL_LEN(len) + 5120)

/*
 * Signs a payload (claims as JSON) with the header alg, typ and, unless NULL,
 * kid.  RESULT_BAD_KEY when the key is public, RESULT_TOO_LONG when out is short.
 */
extern ResultCode jws_sign(CryptoKey *key, const char *kid, size_t kid_len, const char *payload,
						   size_t len, char *out, size_t cap, size_t *out_len);

/* Likewise with a header that makes it a seal. */
extern ResultCode jws_seal(CryptoKey *key, const char *kid, size_t kid_len, const char *payload,
						   size_t len, char *out, size_t cap, size_t *out_len);

#endif /* SESSION_AUTH_JWS_H */
