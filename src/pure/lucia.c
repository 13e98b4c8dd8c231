/*
 * lucia.c
 *		Lucia's tokens; see lucia.h.
 */
#include "pure/lucia.h"

#include <string.h>

#include "pure/base64.h"
#include "pure/percent.h"

#define SECRET_TEXT_LEN BASE64_LEN(CRYPTO_SHA256_LEN)

ResultCode
lucia_split(Slice token, Slice *id, unsigned char hash[CRYPTO_SHA256_LEN])
{
	unsigned char secret[CRYPTO_SHA256_LEN];
	char text[SECRET_TEXT_LEN];
	size_t text_len;
	size_t secret_len;
	Slice tail;
	bool ok;

	if (token.len > LUCIA_TOKEN_MAX || !slice_split_last(token, ".", id, &tail) || id->len == 0 ||
		memchr(id->data, '.', id->len) != NULL || memchr(id->data, '%', id->len) != NULL ||
		percent_decode(tail, text, sizeof(text), &text_len) != RESULT_OK ||
		base64_decode(text, text_len, secret, sizeof(secret), &secret_len) != RESULT_OK ||
		secret_len != sizeof(secret))
		return RESULT_UNKNOWN_FORM;
	ok = crypto_sha256(secret, secret_len, hash);
	crypto_cleanse(secret, sizeof(secret));
	return ok ? RESULT_OK : RESULT_CRYPTO_FAILED;
}

ResultCode
lucia_token_hash(Slice token, unsigned char hash[CRYPTO_SHA256_LEN])
{
	unsigned char secret_hash[CRYPTO_SHA256_LEN];
	char text[LUCIA_TOKEN_MAX + 1 + CRYPTO_SHA256_LEN];
	Slice id;
	ResultCode result = lucia_split(token, &id, secret_hash);

	if (result != RESULT_OK)
		return result;
	memcpy(text, id.data, id.len);
	text[id.len] = '.';
	memcpy(text + id.len + 1, secret_hash, CRYPTO_SHA256_LEN);
	return crypto_sha256(text, id.len + 1 + CRYPTO_SHA256_LEN, hash) ? RESULT_OK
																	 : RESULT_CRYPTO_FAILED;
}
