/*
 * prove_jws.c
 *		Proves signed tokens (JWS, RFC 7515).
 *
 * The key decides: a token's header chooses by kid among keys that are trusted
 * already, and only those whose own algorithm it names are tried.
 */
#include "postgres.h"

#include "base/errors.h"
#include "pure/base64.h"
#include "pure/jws.h"
#include "verify/prover.h"

static bool
names_key(const JwsHeader *header, const TrustedKey *key)
{
	if (key->kid == NULL)
		return !header->has_kid;
	return header->has_kid && slice_is(slice_make(header->kid, header->kid_len), key->kid);
}

/* Several issuers may have used one kid; whose key it was is found by trying. */
static ResultCode
prove_by_keys(const Jws *jws, int skip, const TokenBinding **binding)
{
	ResultCode result = keys_trusted() == NIL ? RESULT_NOT_SET_UP : RESULT_UNKNOWN_KEY;
	ListCell *cell;

	foreach (cell, keys_trusted())
	{
		TrustedKey *key = lfirst(cell);
		CryptoKey *parsed;

		if (key->alg != jws->header.alg || !names_key(&jws->header, key))
			continue;
		parsed = keys_parsed(key);
		if (parsed == NULL)
			continue;
		result = jws_verify(jws, parsed);
		*binding = &key->binding;
		if (result == RESULT_OK && skip-- > 0)
			result = RESULT_WRONG_ISSUER;
		else if (result != RESULT_BAD_SIGNATURE)
			break;
	}
	return result;
}

/*
 * Who runs the application learns from the log that an issuer has a new key, and that
 * its set is to be imported again.  Anybody can write a kid: it is shown as far as it
 * is plain.
 */
static void
explain_unknown_key(const JwsHeader *header)
{
	char kid[65];
	size_t len = header->has_kid ? Min(header->kid_len, sizeof(kid) - 1) : 0;

	for (size_t i = 0; i < len; i++)
		kid[i] = header->kid[i] >= 0x20 && header->kid[i] < 0x7f ? header->kid[i] : '?';
	kid[len] = '\0';
	if (header->has_kid)
		result_explain("unknown_kid: \"%s\", for %s.", kid, crypto_alg_name(header->alg));
	else
		result_explain("unknown_kid: none, for %s.", crypto_alg_name(header->alg));
}

static bool
takes_jws(const Presented *token)
{
	return token->form == TOKEN_FORM_JWS;
}

static ResultCode
prove_jws(const Presented *token, int skip, TimestampTz now, Proof *proof)
{
	Jws *jws = palloc(sizeof(Jws));
	ResultCode result = jws_parse(jws, token->text.data, token->text.len);
	char *payload;
	size_t cap;

	if (result == RESULT_OK)
		result = prove_by_keys(jws, skip, &proof->binding);
	if (result == RESULT_UNKNOWN_KEY)
		explain_unknown_key(&jws->header);
	if (result != RESULT_OK)
		return result;
	cap = BASE64_DECODED_MAX(jws->payload.len);
	payload = palloc(cap);
	proof->says = SAYS_CLAIMS;
	proof->is_seal = jws->header.is_seal;
	proof->claims.data = payload;
	return jws_payload(jws, payload, cap, &proof->claims.len);
}

/* Does it say that a key signed it that is trusted?  Nothing is proved by that. */
bool
jws_names_trusted_key(Slice token)
{
	Jws *jws = palloc(sizeof(Jws));
	bool names = false;
	ListCell *cell;

	if (jws_parse(jws, token.data, token.len) == RESULT_OK)
		foreach (cell, keys_trusted())
		{
			TrustedKey *key = lfirst(cell);

			names = names || (key->alg == jws->header.alg && names_key(&jws->header, key));
		}
	pfree(jws);
	return names;
}

const Prover prover_of_jws = { takes_jws, prove_jws };
