/*
 * settings_batch.c
 *		Defining many settings at once, where a statement or a login loads the library.
 *
 * PostgreSQL 15 keeps its settings in an array and sorts it for each that is added; for ours that was
 * seven tenths of what a first request executes.  Later versions look them up by their hash.  So
 * meanwhile the array shows ours alone, and a stand-in, of which all are alike, for each of the
 * others: that is sorted in two passes.
 *
 * Invariant: afterwards the array holds what it held and what was added, in PostgreSQL's order, also
 * where something was raised in between.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"

#include "base/compat.h"
#include "base/settings_batch.h"

#if COMPAT_SORTS_SETTINGS

#define OURS "session_auth."

typedef struct Others
{
	struct config_generic **all;
	int n;
} Others;

static struct config_generic stand_in = { .name = "" };

static size_t
size_of(int n)
{
	return n * sizeof(struct config_generic *);
}

/* As guc.c, which keeps its own to itself: case is ASCII's alone, and a char is what it is here. */
static int
compare_names(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
	{
		char in_a = *a >= 'A' && *a <= 'Z' ? *a + ('a' - 'A') : *a;
		char in_b = *b >= 'A' && *b <= 'Z' ? *b + ('a' - 'A') : *b;

		if (in_a != in_b)
			return in_a - in_b;
	}
	return (*a != '\0') - (*b != '\0');
}

static int
compare_settings(const void *a, const void *b)
{
	return compare_names((*(struct config_generic *const *) a)->name,
						 (*(struct config_generic *const *) b)->name);
}

/* Files or a role's settings may have named ours already. */
static bool
is_ours(const struct config_generic *setting)
{
	return pg_strncasecmp(setting->name, OURS, strlen(OURS)) == 0;
}

/* The stand-ins come first, as their names do; ours stay in their order. */
static void
hide_others(Others *others)
{
	struct config_generic **all = get_guc_variables();
	int n = GetNumConfigOptions();
	struct config_generic **ours = palloc(size_of(n));
	int n_ours = 0;

	others->all = palloc(size_of(n));
	others->n = 0;
	for (int i = 0; i < n; i++)
		if (is_ours(all[i]))
			ours[n_ours++] = all[i];
		else
			others->all[others->n++] = all[i];
	for (int i = 0; i < others->n; i++)
		all[i] = &stand_in;
	memcpy(all + others->n, ours, size_of(n_ours));
	pfree(ours);
}

static void
show_others(const Others *others)
{
	struct config_generic **all = get_guc_variables();
	int n = GetNumConfigOptions();

	for (int i = 0, shown = 0; i < n; i++)
		if (all[i] == &stand_in)
			all[i] = others->all[shown++];
	qsort(all, n, size_of(1), compare_settings);
	pfree(others->all);
}

#endif

void
define_settings_at_once(void (*define)(void))
{
#if COMPAT_SORTS_SETTINGS
	Others others;

	/* The postmaster does it once for all, and nobody waits for it. */
	if (process_shared_preload_libraries_in_progress)
	{
		define();
		return;
	}
	hide_others(&others);
	PG_TRY();
	{
		define();
	}
	PG_CATCH();
	{
		show_others(&others);
		PG_RE_THROW();
	}
	PG_END_TRY();
	show_others(&others);
#else
	define();
#endif
}
