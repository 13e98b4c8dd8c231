/*
 * packed_table.h
 *		A hash table from byte strings to numbers that holds many in little memory.
 *
 * An entry takes 16 bytes at most, its key what it is long and four more.  It is asked less
 * often than a string table, by far more different keys: what counts is how many of
 * them a megabyte holds.  Open addressing, linear probing, at most three quarters
 * full.  Nothing is ever removed; the table lives and dies with its memory context.
 */
#ifndef SESSION_AUTH_PACKED_TABLE_H
#define SESSION_AUTH_PACKED_TABLE_H

#include "postgres.h"

#include "base/string_table.h"

typedef struct PackedEntry
{
	const char *key; /* its length in four bytes, then itself; NULL: free */
	uint32 hash;
	uint32 value;
} PackedEntry;

typedef struct PackedTable
{
	PackedEntry *entries; /* NULL while empty */
	uint32 used;
	uint32 mask;
	char *room; /* for further keys */
	size_t room_len;
} PackedTable;

extern const PackedEntry *packed_table_find(const PackedTable *table, const StringKey *key);
extern size_t packed_table_growth(const PackedTable *table, const StringKey *key);
extern void packed_table_insert(PackedTable *table, MemoryContext context, const StringKey *key,
								uint32 value);

#endif /* SESSION_AUTH_PACKED_TABLE_H */
