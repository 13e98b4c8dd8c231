/*
 * session_key.c
 *		What a session is found by whose key in the application's table is no secret.
 *
 * Invariant: the hashed text begins with a NUL byte.  No token in any form has
 * one, nor has what a Lucia token is looked up by, so no token that is presented
 * leads to such a session.
 */
#include "pure/session_key.h"

#include <string.h>

#include "pure/crypto.h"

static const char domain[] = "\0session_auth id";

bool
session_key_of_id(const char *id, size_t len, unsigned char *hash)
{
	char text[sizeof(domain) + SESSION_ID_MAX];

	if (len == 0 || len > SESSION_ID_MAX)
		return false;
	memcpy(text, domain, sizeof(domain)); /* with the NUL byte at its end */
	memcpy(text + sizeof(domain), id, len);
	return crypto_sha256(text, sizeof(domain) + len, hash);
}
