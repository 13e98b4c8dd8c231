/*
 * cookie_signature.c
 *		Opaque tokens that carry their proof; see cookie_signature.h.
 */
#include "pure/cookie_signature.h"

#include <string.h>

#include "pure/base64.h"
#include "pure/cookie.h"

#define SIGNATURE_LEN BASE64_LEN(CRYPTO_SHA256_LEN)

/* Splits at the last dot; false when there is none or nothing before it. */
static bool
split(Slice token, Slice *value, Slice *tail)
{
	size_t dot = token.len;

	while (dot > 0 && token.data[dot - 1] != '.')
		dot--;
	if (dot < 2 || token.len > COOKIE_SIGNED_MAX)
		return false;
	value->data = token.data;
	value->len = dot - 1;
	tail->data = token.data + dot;
	tail->len = token.len - dot;
	return true;
}

/* Takes the "s:" from the front of an express-session cookie. */
static bool
strip_prefix(Slice *value)
{
	size_t n = 0;

	if (value->len > 2 && memcmp(value->data, "s:", 2) == 0)
		n = 2;
	else if (value->len > 4 &&
			 (memcmp(value->data, "s%3A", 4) == 0 || memcmp(value->data, "s%3a", 4) == 0))
		n = 4;
	value->data += n;
	value->len -= n;
	return n > 0;
}

ResultCode
cookie_signature_verify(CookieSignature kind, Slice token, Slice secret, Slice *value)
{
	unsigned char mac[CRYPTO_SHA256_LEN];
	char expected[SIGNATURE_LEN];
	char given[SIGNATURE_LEN];
	size_t expected_len = kind == COOKIE_SIGNATURE_EXPRESS ? SIGNATURE_LEN - 1 : SIGNATURE_LEN;
	size_t given_len;
	Slice tail;

	value->data = NULL;
	value->len = 0;
	if (!split(token, value, &tail) || memchr(value->data, '\0', value->len) != NULL)
		return RESULT_UNKNOWN_FORM;
	if (kind == COOKIE_SIGNATURE_EXPRESS && !strip_prefix(value))
		return RESULT_UNKNOWN_FORM;
	/* What is signed is the decoded value; tokens have nothing to encode. */
	if (memchr(value->data, '%', value->len) != NULL ||
		percent_decode(tail, given, sizeof(given), &given_len) != RESULT_OK ||
		given_len != expected_len)
		return RESULT_UNKNOWN_FORM;
	if (!crypto_hmac_sha256(secret.data, secret.len, value->data, value->len, mac))
		return RESULT_CRYPTO_FAILED;
	base64_encode(mac, sizeof(mac), expected);
	return crypto_equal(expected, given, expected_len) ? RESULT_OK : RESULT_BAD_SIGNATURE;
}

ResultCode
lucia_split(Slice token, Slice *id, unsigned char hash[CRYPTO_SHA256_LEN])
{
	unsigned char secret[CRYPTO_SHA256_LEN];
	char text[SIGNATURE_LEN];
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
