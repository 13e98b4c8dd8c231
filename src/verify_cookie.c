/*
 * verify_cookie.c
 *		Verifiers of opaque tokens that carry their proof: better-auth's
 *		token.signature, express-session's s:sid.signature, Lucia's id.secret.
 *
 * What a signature covers is then looked up as a session, like any opaque token.
 * A Lucia token is looked up by the hash of its id and of its secret's hash, so
 * that a session can be registered from Lucia's own table, which has the latter
 * alone.
 */
#include "postgres.h"

#include "crypto.h"
#include "keys.h"
#include "signed.h"
#include "token.h"
#include "verify_cookie.h"

/* What the newest secret that fits has signed; data is NULL when none does. */
static Slice
signed_value(const char *token, size_t len, bool express, bool *set_up)
{
	Slice text = { token, len };
	Slice value = { NULL, 0 };
	ListCell *cell;

	keys_accept_changes();
	*set_up = false;
	foreach (cell, keys_cookie_secrets())
	{
		const CookieSecret *secret = lfirst(cell);

		if (secret->express != express)
			continue;
		*set_up = true;
		if (signed_verify(express ? SIGNED_EXPRESS : SIGNED_BETTER_AUTH, text, secret->secret,
						  &value) == RESULT_OK)
			return value;
	}
	return (Slice){ NULL, 0 };
}

static ResultCode
use_value(Slice value, const char *kind, Verification *verification)
{
	ResultCode result;

	if (token_form(value.data, value.len) != TOKEN_FORM_OPAQUE)
		return RESULT_UNKNOWN_FORM;
	verification->proved = true;
	result = session_find(value.data, value.len, &verification->session);
	return verify_use_session(result, kind, verification);
}

ResultCode
verify_express(const char *token, size_t len, Verification *verification)
{
	bool set_up;
	Slice value = signed_value(token, len, true, &set_up);

	if (value.data == NULL)
		return set_up ? RESULT_BAD_SIGNATURE : RESULT_NOT_SET_UP;
	return use_value(value, "express", verification);
}

/* What a session with a Lucia token is found by; false when it is none. */
bool
lucia_hash(const char *token, size_t len, unsigned char *hash)
{
	Slice text = { token, len };
	Slice id;
	unsigned char secret_hash[CRYPTO_SHA256_LEN];
	char buffer[SIGNED_TOKEN_MAX + 1 + CRYPTO_SHA256_LEN];

	if (len > SIGNED_TOKEN_MAX || lucia_split(text, &id, secret_hash) != RESULT_OK)
		return false;
	memcpy(buffer, id.data, id.len);
	buffer[id.len] = '.';
	memcpy(buffer + id.len + 1, secret_hash, CRYPTO_SHA256_LEN);
	return crypto_sha256(buffer, id.len + 1 + CRYPTO_SHA256_LEN, hash);
}

/* better-auth's and Lucia's look alike: what no secret has signed may be Lucia's. */
ResultCode
verify_signed(const char *token, size_t len, Verification *verification)
{
	unsigned char hash[TOKEN_HASH_LEN];
	bool set_up;
	Slice value = signed_value(token, len, false, &set_up);

	if (value.data)
		return use_value(value, "better-auth", verification);
	if (!lucia_hash(token, len, hash))
		return set_up ? RESULT_BAD_SIGNATURE : RESULT_UNKNOWN_FORM;
	return verify_use_session(session_find_hash(hash, &verification->session), "lucia",
							  verification);
}
