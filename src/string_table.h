/*
 * string_table.h
 *		A hash table from byte strings to a pointer or bits.
 *
 * Built for look-ups that are many times more frequent than inserts: open
 * addressing, linear probing, at most half full, one comparison of a 32-bit hash
 * before the bytes are touched.  Nothing is ever removed; the table lives and
 * dies with its memory context.
 */
#ifndef SESSION_AUTH_STRING_TABLE_H
#define SESSION_AUTH_STRING_TABLE_H

typedef struct StringEntry
{
	const char *key; /* NULL: free */
	uint32 len;
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
	uint32 used;
	uint32 mask;
} StringTable;

extern uint32 string_hash(const char *key, size_t len);
extern StringEntry *string_table_find(const StringTable *table, const char *key, size_t len,
									  uint32 hash);
extern StringEntry *string_table_insert(StringTable *table, MemoryContext context, const char *key,
										size_t len);

#endif /* SESSION_AUTH_STRING_TABLE_H */
