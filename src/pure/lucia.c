/*
 * lucia.c
 *		Lucia's tokens; see lucia.h.
 */
#include "pure/lucia.h"

#include <string.h>

#include "pure/base64.h"
#include "pure/percent.h"

#define SECRET_TEXT_LEN BASE64_LEN(CRYPTO_SHA256_LEN)

/* Splits at the last dot; false when there is none or nothing before it. */
static bool
split(Slice token, Slice *value, Slice *tail)
{
	size_t dot = token.len;

	while (dot > 0 && token.data[dot - 1] != '.')
		dot--;
	if (dot < 2 || token.len > LUCIA_TOKEN_MAX)
		return false;
	value->data = token.data;
	value->len = dot - 1;
	tail->data = token.data + dot;
	tail->len = token.len - dot;
	return true;
}

ResultCode
lucia_split(Slice token, Slice *id, unsigned char hash[CRYPTO_SHA256_LEN])
{
	unsigned char secret[CRYPTO_SHA256_LEN];
	char text[SECRET_TEXT_LEN];
	size_t text_len;
	size_t secret_len;
	Slice tail;
	bool ok;

	if (!split(token, id, &tail) || memchr(id->data, '.', id->len) != NULL ||
		memchr(id->data, '%', id->len) != NULL ||
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
