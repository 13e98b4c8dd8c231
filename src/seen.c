/*
 * seen.c
 *		Tokens from elsewhere whose cryptography this backend has done.
 *
 * A token is recognised by the SHA-256 of its text.  That is enough to skip the
 * cryptography and no more: expiry, revocation and roles are judged at each use.
 *
 * Invariants: the cache has SLOTS places and a token has one of them, so its
 * memory is bounded; it is empty after any change of keys.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "crypto.h"
#include "seen.h"

#define SLOTS 256

typedef struct SeenSlot
{
	bool used;
	unsigned char hash[CRYPTO_SHA256_LEN];
	ForeignToken token;
	MemoryContext context; /* of what the token points to */
} SeenSlot;

static SeenSlot *slots = NULL;
static uint64 valid_for = 0; /* the generation of keys that proved the tokens */

static void
forget_all(void)
{
	for (int i = 0; i < SLOTS; i++)
		slots[i].used = false;
	valid_for = keys_generation();
}

static SeenSlot *
slot_of(const unsigned char *hash)
{
	if (slots == NULL)
		slots = MemoryContextAllocZero(TopMemoryContext, SLOTS * sizeof(SeenSlot));
	if (valid_for != keys_generation())
		forget_all();
	return &slots[hash[0] % SLOTS];
}

/* The token with this hash, or NULL. */
ForeignToken *
seen_find(const unsigned char *hash)
{
	SeenSlot *slot = slot_of(hash);

	return slot->used && memcmp(slot->hash, hash, CRYPTO_SHA256_LEN) == 0 ? &slot->token : NULL;
}

/* Empties the place that a token with this hash will have, to be filled. */
MemoryContext
seen_slot(const unsigned char *hash, ForeignToken **token)
{
	SeenSlot *slot = slot_of(hash);

	slot->used = false;
	if (slot->context == NULL)
		slot->context = AllocSetContextCreate(TopMemoryContext, "session_auth seen token",
											  ALLOCSET_SMALL_SIZES);
	MemoryContextReset(slot->context);
	*token = &slot->token;
	return slot->context;
}

/* What was put into the place is complete. */
void
seen_keep(const unsigned char *hash)
{
	SeenSlot *slot = slot_of(hash);

	memcpy(slot->hash, hash, CRYPTO_SHA256_LEN);
	slot->used = true;
}
