/*
 * string_table.c
 *		A hash table from byte strings to a pointer or bits.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "string_table.h"

#define FIRST_SIZE 8

/* Folds the 128-bit product of two words: every bit of both reaches every bit. */
static inline uint64
fold_multiply(uint64 a, uint64 b)
{
#ifdef __SIZEOF_INT128__
	__uint128_t product = (__uint128_t) a * b;

	return (uint64) product ^ (uint64) (product >> 64);
#else
	uint64 x = (a ^ (b << 32 | b >> 32)) * UINT64CONST(0x9e3779b97f4a7c15);

	x ^= x >> 32;
	x *= b | 1;
	return x ^ (x >> 29);
#endif
}

static inline uint64
load8(const char *p)
{
	uint64 word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static inline uint64
load4(const char *p)
{
	uint32 word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* Short keys are the rule: up to 16 bytes take two loads and two multiplications. */
uint32
string_hash(const char *key, size_t len)
{
	const uint64 k0 = UINT64CONST(0xa0761d6478bd642f);
	const uint64 k1 = UINT64CONST(0xe7037ed1a0b428db);
	uint64 h = k0 ^ len;
	uint64 a = 0;
	uint64 b = 0;

	while (len > 16)
	{
		h = fold_multiply(load8(key) ^ k1, load8(key + 8) ^ h);
		key += 16;
		len -= 16;
	}
	if (len >= 8)
	{
		a = load8(key);
		b = load8(key + len - 8);
	}
	else if (len >= 4)
	{
		a = load4(key);
		b = load4(key + len - 4);
	}
	else if (len > 0)
		a = ((uint64) (unsigned char) key[0] << 16) | ((uint64) (unsigned char) key[len / 2] << 8) |
			(unsigned char) key[len - 1];
	h = fold_multiply(a ^ k1, b ^ h);
	return (uint32) fold_multiply(h, k0);
}

/* memcmp's call costs more than comparing what is usual: keys of 4 to 16 bytes. */
static inline bool
same_string(const char *a, const char *b, size_t len)
{
	if (likely(len >= 8 && len <= 16))
		return ((load8(a) ^ load8(b)) | (load8(a + len - 8) ^ load8(b + len - 8))) == 0;
	if (len >= 4 && len < 8)
		return ((load4(a) ^ load4(b)) | (load4(a + len - 4) ^ load4(b + len - 4))) == 0;
	return memcmp(a, b, len) == 0;
}

/* The key's entry, or the free one where it would stand. */
static inline StringEntry *
probe(const StringTable *table, const char *key, size_t len, uint32 hash)
{
	uint32 at = hash & table->mask;

	for (;;)
	{
		StringEntry *entry = &table->entries[at];

		if (entry->key == NULL ||
			(entry->hash == hash && entry->len == len && same_string(entry->key, key, len)))
			return entry;
		at = (at + 1) & table->mask;
	}
}

StringEntry *
string_table_find(const StringTable *table, const char *key, size_t len, uint32 hash)
{
	StringEntry *entry;

	if (table->used == 0)
		return NULL;
	entry = probe(table, key, len, hash);
	return entry->key ? entry : NULL;
}

static void
grow(StringTable *table, MemoryContext context)
{
	StringTable bigger;
	uint64 size = table->entries ? ((uint64) table->mask + 1) * 2 : FIRST_SIZE;

	bigger.entries = MemoryContextAllocExtended(context, size * sizeof(StringEntry),
												MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	bigger.mask = (uint32) (size - 1);
	bigger.used = table->used;
	if (table->entries)
	{
		for (uint64 i = 0; i <= table->mask; i++)
		{
			const StringEntry *old = &table->entries[i];

			if (old->key)
				*probe(&bigger, old->key, old->len, old->hash) = *old;
		}
		pfree(table->entries);
	}
	*table = bigger;
}

/* Finds the key or adds it, copied, with a value of zero. */
StringEntry *
string_table_insert(StringTable *table, MemoryContext context, const char *key, size_t len)
{
	uint32 hash = string_hash(key, len);
	StringEntry *entry;
	char *copy;

	if (table->entries == NULL || table->used * UINT64CONST(2) > table->mask)
		grow(table, context);
	entry = probe(table, key, len, hash);
	if (entry->key)
		return entry;
	copy = MemoryContextAlloc(context, len + 1);
	memcpy(copy, key, len);
	copy[len] = '\0';
	entry->key = copy;
	entry->len = (uint32) len;
	entry->hash = hash;
	table->used++;
	return entry;
}
