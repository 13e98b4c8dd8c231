/*
 * timed_token.c
 *		Our own tokens that say when they were issued; see timed_token.h.
 */
#include "pure/timed_token.h"

#include <string.h>

#include "pure/base64.h"
#include "pure/crypto.h"

/* Behind the prefix, in base64url: random bytes, the time, and the HMAC of both, cut short. */
#define TIME_LEN   8
#define SIGNED_LEN (TIMED_TOKEN_RANDOM + TIME_LEN)
#define PROOF_LEN  16
#define BYTES      (SIGNED_LEN + PROOF_LEN)

_Static_assert(BASE64URL_LEN(BYTES) == TOKEN_TIMED_LEN - TOKEN_PREFIX_LEN, "the length of a token");

ResultCode
timed_token_write(const unsigned char random[TIMED_TOKEN_RANDOM], int64_t issued_at,
				  const unsigned char secret[TIMED_TOKEN_SECRET], char *token)
{
	unsigned char bytes[SIGNED_LEN + CRYPTO_SHA256_LEN];
	size_t len;

	memcpy(bytes, random, TIMED_TOKEN_RANDOM);
	for (int i = 0; i < TIME_LEN; i++)
		bytes[TIMED_TOKEN_RANDOM + i] = (unsigned char) ((uint64_t) issued_at >> (8 * (7 - i)));
	if (!crypto_hmac_sha256(secret, TIMED_TOKEN_SECRET, bytes, SIGNED_LEN, bytes + SIGNED_LEN))
		return RESULT_CRYPTO_FAILED;
	memcpy(token, TOKEN_PREFIX, TOKEN_PREFIX_LEN);
	len = base64url_encode(bytes, BYTES, token + TOKEN_PREFIX_LEN);
	token[TOKEN_PREFIX_LEN + len] = '\0';
	crypto_cleanse(bytes, sizeof(bytes));
	return RESULT_OK;
}

ResultCode
timed_token_read(const char *token, size_t len, const unsigned char secret[TIMED_TOKEN_SECRET],
				 int64_t *issued_at)
{
	unsigned char bytes[BYTES];
	unsigned char proof[CRYPTO_SHA256_LEN];
	size_t n;
	uint64_t time = 0;

	*issued_at = 0;
	if (len != TOKEN_TIMED_LEN || memcmp(token, TOKEN_PREFIX, TOKEN_PREFIX_LEN) != 0 ||
		base64url_decode(token + TOKEN_PREFIX_LEN, len - TOKEN_PREFIX_LEN, bytes, BYTES, &n) !=
			RESULT_OK ||
		n != BYTES)
		return RESULT_UNKNOWN_FORM;
	if (!crypto_hmac_sha256(secret, TIMED_TOKEN_SECRET, bytes, SIGNED_LEN, proof))
		return RESULT_CRYPTO_FAILED;
	if (!crypto_equal(proof, bytes + SIGNED_LEN, PROOF_LEN))
		return RESULT_BAD_SIGNATURE;
	for (int i = 0; i < TIME_LEN; i++)
		time = time << 8 | bytes[TIMED_TOKEN_RANDOM + i];
	*issued_at = (int64_t) time;
	return RESULT_OK;
}
