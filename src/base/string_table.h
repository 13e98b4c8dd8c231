/*
 * string_table.h
 *		A hash table from byte strings to a pointer or bits.
 *
 * Built for look-ups that are many times more frequent than inserts, and for
 * short keys: a key of up to 16 bytes is two words, which together with its
 * length say all of it, so that it is hashed, compared and kept in its entry
 * without its bytes being read again.  Open addressing, linear probing, at most
 * half full.  Nothing is ever removed; the table lives and dies with its memory
 * context.
 */
#ifndef SESSION_AUTH_STRING_TABLE_H
#define SESSION_AUTH_STRING_TABLE_H

#include "postgres.h"

#define STRING_KEY_SHORT 16

typedef struct StringKey
{
	const char *bytes;
	uint32 len;
	uint32 hash;
	uint64 first; /* of a short key: two words of it */
	uint64 last;
} StringKey;

typedef struct StringEntry
{
	union
	{
		struct
		{
			uint64 first;
			uint64 last;
		} words;           /* of a short key */
		const char *bytes; /* of a longer one: a copy */
	} key;
	uint32 size; /* of the key, and one; 0: free */
	uint32 hash;
	union
	{
		void *pointer;
		uint64 bits;
	} value;
} StringEntry;

typedef struct StringTable
{
	StringEntry *entries; /* NULL while empty */
	void *chunk;          /* that they are in, aligned to the processor's cache lines */
	uint32 used;
	uint32 mask;
} StringTable;

/*
 * They are drawn at random when the library is loaded, so that whoever chooses keys cannot
 * choose the places in a table that they go to.
 */
extern uint64 string_seeds[2];

/* Folds the 128-bit product of two words: every bit of both reaches every bit. */
static pg_attribute_always_inline uint64
string_fold(uint64 a, uint64 b)
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

static pg_attribute_always_inline uint64
string_load8(const char *p)
{
	uint64 word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static pg_attribute_always_inline uint64
string_load4(const char *p)
{
	uint32 word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/*
 * A key of up to 16 bytes is told by its length and two words: its first bytes and its last,
 * eight of each, four, or fewer.  Those of a key that is shorter than both together overlap.
 */
static pg_attribute_always_inline uint64
string_first(const char *bytes, size_t len)
{
	if (likely(len >= 8))
		return string_load8(bytes);
	if (len >= 4)
		return string_load4(bytes);
	return len == 0 ? 0 : (unsigned char) bytes[0] | (uint64) (unsigned char) bytes[len / 2] << 8;
}

static pg_attribute_always_inline uint64
string_last(const char *bytes, size_t len)
{
	if (likely(len >= 8))
		return string_load8(bytes + len - 8);
	if (len >= 4)
		return string_load4(bytes + len - 4);
	return len == 0 ? 0 : (unsigned char) bytes[len - 1];
}

extern void string_seeds_init(void);
extern uint64 string_fold_front(const char *bytes, size_t len);

static pg_attribute_always_inline StringKey
string_key_of(const char *bytes, size_t len)
{
	StringKey key = { bytes, (uint32) len, 0, 0, 0 };
	uint64 h = string_seeds[0] ^ len;

	if (unlikely(len > STRING_KEY_SHORT))
	{
		h = string_fold_front(bytes, len);
		bytes += len - STRING_KEY_SHORT;
		len = STRING_KEY_SHORT;
	}
	key.first = string_first(bytes, len);
	key.last = string_last(bytes, len);
	h = string_fold(key.first ^ string_seeds[1], key.last ^ h);
	key.hash = (uint32) (h ^ h >> 32);
	return key;
}

static pg_attribute_always_inline bool
string_entry_has(const StringEntry *entry, const StringKey *key)
{
	if (entry->size != key->len + 1)
		return false;
	if (likely(key->len <= STRING_KEY_SHORT))
		return entry->key.words.first == key->first && entry->key.words.last == key->last;
	return entry->hash == key->hash && memcmp(entry->key.bytes, key->bytes, key->len) == 0;
}

/* The key's entry, or the free one where it would stand.  The table has entries. */
static pg_attribute_always_inline StringEntry *
string_table_probe(const StringTable *table, const StringKey *key)
{
	uint32 at = key->hash & table->mask;

	while (table->entries[at].size != 0 && !string_entry_has(&table->entries[at], key))
		at = (at + 1) & table->mask;
	return &table->entries[at];
}

static pg_attribute_always_inline StringEntry *
string_table_find(const StringTable *table, const StringKey *key)
{
	StringEntry *entry;

	if (table->used == 0)
		return NULL;
	entry = string_table_probe(table, key);
	return entry->size != 0 ? entry : NULL;
}

/* The entry at *at or behind it, and moves *at beyond that; NULL at the end.  It begins at 0. */
static inline const StringEntry *
string_table_next(const StringTable *table, uint64 *at)
{
	while (table->used > 0 && *at <= table->mask)
	{
		const StringEntry *entry = &table->entries[(*at)++];

		if (entry->size != 0)
			return entry;
	}
	return NULL;
}

extern StringEntry *string_table_insert(StringTable *table, MemoryContext context,
										const StringKey *key);
extern char *string_entry_text(const StringEntry *entry);

#endif /* SESSION_AUTH_STRING_TABLE_H */
