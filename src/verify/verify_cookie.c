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

#include "pure/crypto.h"
#include "pure/frameworks.h"
#include "pure/lucia.h"
#include "pure/token.h"
#include "verify/keys.h"
#include "verify/verify_cookie.h"

/* As long as TOKEN_FORM_SIGNED and TOKEN_FORM_EXPRESS may be. */
#define SIGNED_MAX LUCIA_TOKEN_MAX

/* Does one of these keys open the token?  It may still be percent-encoded. */
static ResultCode
open_signed(const FrameworkKey *key, Slice token, char *buf, FrameworkProof *proof)
{
	const FrameworkOptions options = { 0 };
	const Slice no_name = { NULL, 0 };
	FrameworkCookie cookie;
	ResultCode result =
		framework_cookie_of_text(key->row, no_name, token, buf, SIGNED_MAX, &cookie);

	return result == RESULT_OK ? framework_open(key, &options, &cookie, 0, NULL, 0, proof) : result;
}

/* What the newest secret of a kind that fits has signed; data is NULL when none does. */
static Slice
signed_value(Slice token, const char *kind, char *buf, bool *set_up)
{
	FrameworkProof proof;
	ListCell *cell;

	keys_accept_changes();
	*set_up = false;
	foreach (cell, keys_cookie_secrets())
	{
		const FrameworkKey *key = lfirst(cell);

		if (strcmp(key->row->kind, kind) != 0)
			continue;
		*set_up = true;
		if (open_signed(key, token, buf, &proof) == RESULT_OK)
			return proof.id;
	}
	return (Slice){ NULL, 0 };
}

static ResultCode
use_value(Slice value, const char *kind, Verification *verification)
{
	ResultCode result;

	if (token_form(value.data, value.len) != TOKEN_FORM_OPAQUE)
		return RESULT_UNKNOWN_FORM;
	result = session_find(value.data, value.len, &verification->session);
	return verify_use_session(result, kind, verification);
}

ResultCode
verify_express(const char *token, size_t len, Verification *verification)
{
	char buf[SIGNED_MAX];
	bool set_up;
	Slice value = signed_value((Slice){ token, len }, "express", buf, &set_up);

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
	char buffer[LUCIA_TOKEN_MAX + 1 + CRYPTO_SHA256_LEN];

	if (len > LUCIA_TOKEN_MAX || lucia_split(text, &id, secret_hash) != RESULT_OK)
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
	char buf[SIGNED_MAX];
	bool set_up;
	Slice value = signed_value((Slice){ token, len }, "better-auth", buf, &set_up);

	if (value.data)
		return use_value(value, "better-auth", verification);
	if (!lucia_hash(token, len, hash))
		return set_up ? RESULT_BAD_SIGNATURE : RESULT_UNKNOWN_FORM;
	return verify_use_session(session_find_hash(hash, &verification->session), "lucia",
							  verification);
}
