/*
 * hash_tables.c
 *		The hash tables of src/base beside PostgreSQL's simplehash.
 *
 * Prints, for each, the nanoseconds of a look-up that finds its key and the bytes that an
 * entry takes with its key, for short and for long keys.  Build and run with
 * `make -f bench/hash_tables.mk`.
 */
#include "postgres.h"

#undef printf
#undef sprintf
#include <stdio.h>
#include <time.h>

/* What the tables need of a server. */
static Size allocated = 0;

#define MemoryContextAlloc(context, size)                count_malloc(size)
#define MemoryContextAllocHuge(context, size)            count_malloc(size)
#define MemoryContextAllocExtended(context, size, flags) count_calloc(size)
#define palloc(size)                                     malloc(size)
#define pfree(chunk)                                     count_free(chunk)

static void *
count_malloc(Size size)
{
	Size *chunk = malloc(size + 64);

	allocated += size;
	chunk[0] = size;
	return chunk + 8;
}

static void *
count_calloc(Size size)
{
	return memset(count_malloc(size), 0, size);
}

static void
count_free(void *chunk)
{
	Size *start = (Size *) chunk - 8;

	allocated -= start[0];
	free(start);
}

#undef ereport
#define ereport(level, rest)         abort()
#define pg_strong_random(bytes, len) (memset(bytes, 0x5a, len), true)

#include "../src/base/string_table.c"
#undef FIRST_SIZE
#define grow grow_packed
#include "../src/base/packed_table.c"
#undef grow

/* simplehash compares and stores a member of the entry: a pointer to a length and bytes. */
typedef struct NamedEntry
{
	const char *name; /* its length in four bytes, then itself */
	uint32 hash;
	uint32 value : 30;
	uint32 status : 2;
} NamedEntry;

static bool
same_name(const char *a, const char *b)
{
	uint32 alen;
	uint32 blen;

	memcpy(&alen, a, 4);
	memcpy(&blen, b, 4);
	return alen == blen && memcmp(a + 4, b + 4, alen) == 0;
}

#define SH_PREFIX          named
#define SH_ELEMENT_TYPE    NamedEntry
#define SH_KEY_TYPE        const char *
#define SH_KEY             name
#define SH_SCOPE           static inline
#define SH_HASH_KEY(tb, k) hash_of_name(k)
#define SH_EQUAL(tb, a, b) same_name(a, b)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a) (a)->hash
#define SH_RAW_ALLOCATOR   count_calloc
#define SH_DECLARE
#define SH_DEFINE

static uint32
hash_of_name(const char *name)
{
	uint32 len;

	memcpy(&len, name, 4);
	return string_key_of(name + 4, len).hash;
}
#include "lib/simplehash.h"

#define ROUNDS 5
#define ASKED  2000000

static char **names;
static int *order;

static double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void
make_names(int n, bool is_long)
{
	names = malloc(n * sizeof(char *));
	order = malloc(ASKED * sizeof(int));
	for (int i = 0; i < n; i++)
	{
		char text[64];
		uint32 len = is_long ? sprintf(text, "%08x-0000-4000-8000-%012x", i * 2654435761U, i)
							 : sprintf(text, "user-%d", i);

		names[i] = malloc(4 + len);
		memcpy(names[i], &len, 4);
		memcpy(names[i] + 4, text, len);
	}
	srandom(1);
	for (int i = 0; i < ASKED; i++)
		order[i] = (int) (random() % n);
}

static StringKey
key_of(int i)
{
	uint32 len;

	memcpy(&len, names[i], 4);
	return string_key_of(names[i] + 4, len);
}

static void
report(const char *table, int n, bool is_long, double best, Size bytes)
{
	printf("%-13s %8d %s keys: %6.1f ns a look-up, %5.1f bytes an entry\n", table, n,
		   is_long ? "long " : "short", best / ASKED, (double) bytes / n);
}

#define TIMED(look_up)                                                                             \
	for (int round = 0; round < ROUNDS; round++)                                                   \
	{                                                                                              \
		double start = now_ns();                                                                   \
		for (int i = 0; i < ASKED; i++)                                                            \
			sum += (look_up);                                                                      \
		best = Min(best, now_ns() - start);                                                        \
	}

static uint64
find_string(const StringTable *table, int i)
{
	StringKey key = key_of(i);

	return string_table_find(table, &key)->value.bits;
}

static uint64
find_packed(const PackedTable *table, int i)
{
	StringKey key = key_of(i);

	return packed_table_find(table, &key)->value;
}

static volatile uint64 result;

static void
measure(int n, bool is_long)
{
	StringTable strings = { 0 };
	PackedTable packed = { 0 };
	named_hash *simple = named_create(64, NULL);
	uint64 sum = 0;
	double best = 1e18;

	make_names(n, is_long);
	allocated = 0;
	for (int i = 0; i < n; i++)
	{
		StringKey key = key_of(i);

		string_table_insert(&strings, NULL, &key)->value.bits = i;
	}
	TIMED(find_string(&strings, order[i]));
	report("string_table", n, is_long, best, allocated);
	allocated = 0;
	for (int i = 0; i < n; i++)
	{
		StringKey key = key_of(i);

		packed_table_insert(&packed, NULL, &key, i);
	}
	best = 1e18;
	TIMED(find_packed(&packed, order[i]));
	report("packed_table", n, is_long, best, allocated);
	allocated = 0;
	for (int i = 0; i < n; i++)
	{
		bool found;

		named_insert(simple, names[i], &found)->value = i;
	}
	allocated = simple->size * sizeof(NamedEntry);
	for (int i = 0; i < n; i++)
		allocated += 4 + *(uint32 *) names[i];
	best = 1e18;
	TIMED(named_lookup(simple, names[order[i]])->value);
	report("simplehash", n, is_long, best, allocated);
	result = sum;
}

int
main(void)
{
	string_seeds_init();
	for (int n = 10; n <= 1000000; n *= n < 1000 ? 100 : 10)
	{
		measure(n, false);
		measure(n, true);
	}
	return 0;
}
