/*
 * proved_tokens.c
 *		Tokens from elsewhere whose cryptography this backend has done.
 *
 * A token is recognised by a fingerprint of the whole of it, and is not itself kept.  That is
 * enough to skip the cryptography and no more: expiry, revocation and roles are judged at each
 * use.
 *
 * Invariants: the cache has SLOTS places and a token has one of them, so its
 * memory is bounded; it is empty after any change of keys.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "verify/proved_tokens.h"

#define SLOTS 256

typedef struct RememberedToken
{
	bool used;
	TokenDigest digest;
	ExternalToken token;
	MemoryContext context; /* of what the token points to */
} RememberedToken;

static RememberedToken *slots = NULL;
static uint64 valid_for = 0; /* count of changes of the keys that proved the tokens */

static void
forget_all(void)
{
	for (int i = 0; i < SLOTS; i++)
		slots[i].used = false;
	valid_for = keys_changes();
}

static RememberedToken *
slot_of(const TokenDigest *digest)
{
	if (slots == NULL)
		slots = MemoryContextAllocZero(TopMemoryContext, SLOTS * sizeof(RememberedToken));
	if (valid_for != keys_changes())
		forget_all();
	return &slots[digest->token[0] % SLOTS];
}

/* False when the cryptographic library failed. */
bool
proved_digest(Slice token, Slice cookie, TokenDigest *digest)
{
	memset(digest, 0, sizeof(*digest));
	if (cookie.data != NULL)
		digest->cookie = hash_bytes_extended((const unsigned char *) cookie.data, cookie.len, 1);
	return crypto_fingerprint(token, digest->token);
}

/* The token with this digest, or NULL. */
ExternalToken *
proved_find(const TokenDigest *digest)
{
	RememberedToken *slot = slot_of(digest);

	return slot->used && crypto_equal(&slot->digest, digest, sizeof(TokenDigest)) ? &slot->token
																				  : NULL;
}

/* Empties the place that a token with this digest will have, to be filled. */
MemoryContext
proved_slot(const TokenDigest *digest, ExternalToken **token)
{
	RememberedToken *slot = slot_of(digest);

	slot->used = false;
	if (slot->context == NULL)
		slot->context = AllocSetContextCreate(TopMemoryContext, "session_auth proved token",
											  ALLOCSET_SMALL_SIZES);
	MemoryContextReset(slot->context);
	*token = &slot->token;
	return slot->context;
}

/* What was put into the place is complete. */
void
proved_keep(const TokenDigest *digest)
{
	RememberedToken *slot = slot_of(digest);

	slot->digest = *digest;
	slot->used = true;
}
