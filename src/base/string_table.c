/*
 * string_table.c
 *		A hash table from byte strings to a pointer or bits: what is not per row.
 */
#include "postgres.h"

#include <sys/mman.h>

#include "base/string_table.h"

#define FIRST_SIZE 8
#define LINE_SIZE  64
#define SMALL_PAGE 4096              /* of which each kind of page is a multiple */
#define LARGE_SIZE (4 * 1024 * 1024) /* that of a few huge pages */

uint64 string_seeds[2];

void
string_seeds_init(void)
{
	if (!pg_strong_random(string_seeds, sizeof(string_seeds)))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("no random bytes can be had")));
}

/* Of a long key: what comes before its last 16 bytes. */
uint64
string_fold_front(const char *bytes, size_t len)
{
	uint64 h = string_seeds[0] ^ len;

	for (size_t i = 0; i + STRING_KEY_SHORT < len; i += 16)
		h = string_fold(string_load8(bytes + i) ^ string_seeds[1], string_load8(bytes + i + 8) ^ h);
	return h;
}

/*
 * A look-up in a table that is larger than the processor's caches waits for the
 * page's entry in the page tables as long as for its memory, unless pages are
 * large.  That is a wish: to be refused it is no error.
 */
static void
prefer_huge_pages(void *chunk, Size size)
{
#ifdef MADV_HUGEPAGE
	char *first = (char *) TYPEALIGN(SMALL_PAGE, chunk);
	char *end = (char *) TYPEALIGN_DOWN(SMALL_PAGE, (char *) chunk + size);

	if (size >= LARGE_SIZE)
		(void) madvise(first, end - first, MADV_HUGEPAGE);
#endif
}

static void
allocate(StringTable *table, MemoryContext context, uint64 n)
{
	Size size = n * sizeof(StringEntry) + LINE_SIZE;

	table->chunk = MemoryContextAllocHuge(context, size);
	prefer_huge_pages(table->chunk, size);
	memset(table->chunk, 0, size);
	table->entries = (StringEntry *) TYPEALIGN(LINE_SIZE, table->chunk);
	table->mask = (uint32) (n - 1);
}

/* The free entry where one with this hash goes. */
static StringEntry *
free_entry(const StringTable *table, uint32 hash)
{
	uint32 at = hash & table->mask;

	while (table->entries[at].size != 0)
		at = (at + 1) & table->mask;
	return &table->entries[at];
}

static void
grow(StringTable *table, MemoryContext context)
{
	StringTable bigger = *table;

	allocate(&bigger, context, table->entries ? ((uint64) table->mask + 1) * 2 : FIRST_SIZE);
	if (table->entries)
	{
		for (uint64 i = 0; i <= table->mask; i++)
			if (table->entries[i].size != 0)
				*free_entry(&bigger, table->entries[i].hash) = table->entries[i];
		pfree(table->chunk);
	}
	*table = bigger;
}

static const char *
copy_bytes(MemoryContext context, const StringKey *key)
{
	char *copy = MemoryContextAlloc(context, key->len);

	memcpy(copy, key->bytes, key->len);
	return copy;
}

/* Finds the key or adds it, copied, with a value of zero. */
StringEntry *
string_table_insert(StringTable *table, MemoryContext context, const StringKey *key)
{
	StringEntry *entry;

	if (table->entries == NULL || table->used * UINT64CONST(2) > table->mask)
		grow(table, context);
	entry = string_table_probe(table, key);
	if (entry->size != 0)
		return entry;
	if (key->len <= STRING_KEY_SHORT)
	{
		entry->key.words.first = key->first;
		entry->key.words.last = key->last;
	}
	else
		entry->key.bytes = copy_bytes(context, key);
	entry->hash = key->hash;
	entry->size = key->len + 1;
	table->used++;
	return entry;
}

/* Inverts string_first and string_last. */
static void
spell(uint64 first, uint64 last, size_t len, char *bytes)
{
	uint32 first_half = (uint32) first;
	uint32 last_half = (uint32) last;

	if (len >= 8)
	{
		memcpy(bytes, &first, 8);
		memcpy(bytes + len - 8, &last, 8);
	}
	else if (len >= 4)
	{
		memcpy(bytes, &first_half, 4);
		memcpy(bytes + len - 4, &last_half, 4);
	}
	else if (len > 0)
	{
		bytes[0] = (char) (first & 255);
		bytes[len / 2] = (char) (first >> 8);
		bytes[len - 1] = (char) last;
	}
}

/* A copy of the key, ended by a NUL. */
char *
string_entry_text(const StringEntry *entry)
{
	size_t len = entry->size - 1;
	char *text = palloc(len + 1);

	if (len <= STRING_KEY_SHORT)
		spell(entry->key.words.first, entry->key.words.last, len, text);
	else
		memcpy(text, entry->key.bytes, len);
	text[len] = '\0';
	return text;
}
