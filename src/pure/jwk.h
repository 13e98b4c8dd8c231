/*
 * jwk.h
 *		Keys as text: JWK (RFC 7517, 7518, 8037), PEM or a bare secret.
 *
 * Invariant: a JWK becomes a key only when all that it says of itself fits the
 * algorithm that it shall serve: kty, crv, alg, use and key_ops.  Its numbers
 * are canonical base64url.
 *
 * Pure: no PostgreSQL; what is cryptography is crypto.h's.
 */
#ifndef SESSION_AUTH_JWK_H
#define SESSION_AUTH_JWK_H

#include "pure/crypto.h"
#include "pure/json.h"
#include "pure/limits.h"

#define JWK_TEXT_MAX 32768
#define JWK_SET_MAX  256

typedef struct JwkInfo
{
	CryptoAlg alg;
	bool for_signatures; /* or for encryption, as its use or key_ops say */
	bool has_kid;
	size_t kid_len;
	char kid[KID_MAX];
} JwkInfo;

/*
 * What a key of a set is for.  Without an alg it is the usual one: RS256 for RSA,
 * the curve's for EC, EdDSA for Ed25519.  RESULT_UNSUPPORTED when it is for no
 * signatures that we know (encryption, another curve), and
 * RESULT_MALFORMED when it is no JWK, so that an import can pass over it; what info says
 * of its kid and its use is right then, too.
 */
extern ResultCode jwk_describe(const JsonDoc *doc, const JsonNode *jwk, JwkInfo *info);

/* A secret, which its issuer has with its verifiers in common (kty "oct"). */
extern bool jwk_is_secret(const JsonDoc *doc, const JsonNode *jwk);

/*
 * The public half of a JWK that holds private numbers, whatever its use, key_ops and alg say, and
 * whether these numbers are right or not: whoever has them may sign with it.  RESULT_BAD_KEY for
 * any other JWK, and for a secret, which has none.
 */
extern ResultCode jwk_exposed_key(const JsonDoc *doc, const JsonNode *jwk, CryptoKey **key);

/* The array of a set ({"keys":[…]}), whatever is in it; answers as jwk_set. */
extern ResultCode jwk_set_keys(const JsonDoc *doc, const JsonNode **keys, const char **why);

/*
 * Is this a set ({"keys":[…]}) that can be trusted as a whole?  RESULT_BAD_KEY when it
 * mixes secrets with public keys, when two secrets have one kid, or when it has more
 * than JWK_SET_MAX keys;
 * RESULT_MALFORMED when it is no set.  *keys is the array.
 */
extern ResultCode jwk_set(const JsonDoc *doc, const JsonNode **keys, const char **why);

/* The key itself; results and *why as crypto_key_from_secret() has them. */
extern ResultCode jwk_key(const JsonDoc *doc, const JsonNode *jwk, CryptoAlg alg, CryptoKey **key,
						  const char **why);

/*
 * A key from the text that an administrator gives: a JWK when it starts with a
 * brace, a PEM when it holds one, else (HS* only) the secret itself.
 */
extern ResultCode jwk_key_from_text(CryptoAlg alg, const char *text, size_t len, CryptoKey **key,
									const char **why);

/* The RFC 7638 thumbprint of the public half; RESULT_BAD_KEY for secrets, which get none. */
extern ResultCode jwk_thumbprint(const CryptoKey *key, unsigned char out[CRYPTO_SHA256_LEN]);

#endif /* SESSION_AUTH_JWK_H */
