/*
 * packed_table.c
 *		A hash table from byte strings to numbers that holds many in little memory.
 */
#include "postgres.h"

#include "base/packed_table.h"

#define FIRST_SIZE 64
#define ROOM_LEN   (32 * 1024) /* a block of its own, so that none is larger than asked for */

static bool
has_key(const PackedEntry *entry, const StringKey *key)
{
	uint32 len;

	if (entry->hash != key->hash)
		return false;
	memcpy(&len, entry->key, sizeof(len));
	return len == key->len && memcmp(entry->key + sizeof(len), key->bytes, len) == 0;
}

const PackedEntry *
packed_table_find(const PackedTable *table, const StringKey *key)
{
	if (table->entries == NULL)
		return NULL;
	for (uint32 at = key->hash & table->mask; table->entries[at].key != NULL;
		 at = (at + 1) & table->mask)
		if (has_key(&table->entries[at], key))
			return &table->entries[at];
	return NULL;
}

static void
place(PackedTable *table, PackedEntry entry)
{
	uint32 at = entry.hash & table->mask;

	while (table->entries[at].key != NULL)
		at = (at + 1) & table->mask;
	table->entries[at] = entry;
}

static uint64
size_of(const PackedTable *table)
{
	return table->entries ? (uint64) table->mask + 1 : 0;
}

/* Of entries, when one more is to be added. */
static uint64
next_size_of(const PackedTable *table)
{
	uint64 size = size_of(table);

	if (size == 0)
		return FIRST_SIZE;
	return table->used >= size / 4 * 3 ? size * 2 : size;
}

static size_t
room_for(const StringKey *key)
{
	return Max(sizeof(key->len) + key->len, ROOM_LEN);
}

/* How many bytes the table is going to ask for when this key is added. */
size_t
packed_table_growth(const PackedTable *table, const StringKey *key)
{
	uint64 next_size = next_size_of(table);

	return (next_size > size_of(table) ? next_size * sizeof(PackedEntry) : 0) +
		   (sizeof(key->len) + key->len > table->room_len ? room_for(key) : 0);
}

static void
grow(PackedTable *table, MemoryContext context)
{
	PackedEntry *old = table->entries;
	uint64 old_size = size_of(table);
	uint64 size = next_size_of(table);

	table->entries = MemoryContextAllocExtended(context, size * sizeof(PackedEntry),
												MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	table->mask = (uint32) (size - 1);
	for (uint64 i = 0; i < old_size; i++)
		if (old[i].key != NULL)
			place(table, old[i]);
	if (old)
		pfree(old);
}

static const char *
copy_key(PackedTable *table, MemoryContext context, const StringKey *key)
{
	size_t len = sizeof(key->len) + key->len;
	char *copy;

	if (len > table->room_len)
	{
		table->room = MemoryContextAlloc(context, room_for(key));
		table->room_len = room_for(key);
	}
	copy = table->room;
	memcpy(copy, &key->len, sizeof(key->len));
	memcpy(copy + sizeof(key->len), key->bytes, key->len);
	table->room += len;
	table->room_len -= len;
	return copy;
}

/* Adds a key that is not there. */
void
packed_table_insert(PackedTable *table, MemoryContext context, const StringKey *key, uint32 value)
{
	if (next_size_of(table) > size_of(table))
		grow(table, context);
	place(table, (PackedEntry){ copy_key(table, context, key), key->hash, value });
	table->used++;
}
