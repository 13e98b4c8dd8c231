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

/* Does this key open the token?  It may still be percent-encoded. */
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

/* What the newest secret of a kind that fits has signed; RESULT_BAD_SIGNATURE when none does. */
static ResultCode
signed_value(Slice token, const char *kind, char *buf, Slice *value)
{
	ResultCode result = RESULT_NOT_SET_UP;
	FrameworkProof proof;
	ListCell *cell;

	keys_accept_changes();
	foreach (cell, keys_cookie_secrets())
	{
		const FrameworkKey *key = lfirst(cell);

		if (strcmp(key->row->kind, kind) != 0)
			continue;
		result = open_signed(key, token, buf, &proof);
		if (result == RESULT_OK)
			*value = proof.id;
		/* a library that fails says nothing about the token */
		if (result == RESULT_OK || result == RESULT_CRYPTO_FAILED || result == RESULT_NO_MEMORY)
			return result;
		result = RESULT_BAD_SIGNATURE;
	}
	return result;
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
	char buf[SIGNED_MAX];
	Slice value;
	ResultCode result = signed_value((Slice){ token, len }, "express", buf, &value);

	return result == RESULT_OK ? use_value(value, "express", verification) : result;
}

/* What a session with a Lucia token is found by; RESULT_UNKNOWN_FORM when it is none. */
ResultCode
lucia_hash(const char *token, size_t len, unsigned char *hash)
{
	Slice text = { token, len };
	Slice id;
	unsigned char secret_hash[CRYPTO_SHA256_LEN];
	char buffer[LUCIA_TOKEN_MAX + 1 + CRYPTO_SHA256_LEN];
	ResultCode result;

	if (len > LUCIA_TOKEN_MAX)
		return RESULT_UNKNOWN_FORM;
	result = lucia_split(text, &id, secret_hash);
	if (result != RESULT_OK)
		return result;
	memcpy(buffer, id.data, id.len);
	buffer[id.len] = '.';
	memcpy(buffer + id.len + 1, secret_hash, CRYPTO_SHA256_LEN);
	return crypto_sha256(buffer, id.len + 1 + CRYPTO_SHA256_LEN, hash) ? RESULT_OK
																	   : RESULT_CRYPTO_FAILED;
}

/* better-auth's and Lucia's look alike: what no secret has signed may be Lucia's. */
ResultCode
verify_signed(const char *token, size_t len, Verification *verification)
{
	unsigned char hash[TOKEN_HASH_LEN];
	char buf[SIGNED_MAX];
	Slice value;
	ResultCode is_signed = signed_value((Slice){ token, len }, "better-auth", buf, &value);
	ResultCode result;

	if (is_signed == RESULT_OK)
		return use_value(value, "better-auth", verification);
	if (is_signed != RESULT_BAD_SIGNATURE && is_signed != RESULT_NOT_SET_UP)
		return is_signed;
	result = lucia_hash(token, len, hash);
	if (result == RESULT_UNKNOWN_FORM && is_signed == RESULT_BAD_SIGNATURE)
		return RESULT_BAD_SIGNATURE;
	if (result != RESULT_OK)
		return result;
	return verify_use_session(session_find_hash(hash, &verification->session), "lucia",
							  verification);
}
