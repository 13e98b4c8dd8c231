/*
 * settings_batch.c
 *		Defining many settings at once, where a statement or a login loads the library.
 *
 * PostgreSQL 15 keeps its settings in an array and sorts it for each that is added; for ours that was
 * seven tenths of what a first request executes.  Later versions look them up by their hash.  So
 * meanwhile the array shows ours alone, and a stand-in, of which all are alike, in the place of all
 * others: that is sorted in two passes.
 *
 * Invariant: afterwards the array holds what it held and what was added, in order, also where
 * something was raised in between.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"

#include "base/compat.h"
#include "base/settings_batch.h"

#if COMPAT_SORTS_SETTINGS

/* '/' follows '.' */
#define OURS        "session_auth."
#define BEHIND_OURS "session_auth/"

/* The array as it was; ours in it are what files or a role's settings have named already. */
typedef struct Settings
{
	struct config_generic **all;
	int n;
	int first; /* of ours */
	int n_ours;
} Settings;

static struct config_generic stand_in = { .name = "" };

static size_t
size_of(int n)
{
	return n * sizeof(struct config_generic *);
}

static int
count_before(struct config_generic **all, int n, const char *name)
{
	int count = 0;

	while (count < n && pg_strcasecmp(all[count]->name, name) < 0)
		count++;
	return count;
}

/* Ours come behind the stand-ins, as their names do. */
static void
hide_others(Settings *settings)
{
	struct config_generic **all = get_guc_variables();
	int n_others;

	settings->n = GetNumConfigOptions();
	settings->all = palloc(size_of(settings->n));
	memcpy(settings->all, all, size_of(settings->n));
	settings->first = count_before(all, settings->n, OURS);
	settings->n_ours =
		count_before(all + settings->first, settings->n - settings->first, BEHIND_OURS);
	n_others = settings->n - settings->n_ours;
	memcpy(all + n_others, settings->all + settings->first, size_of(settings->n_ours));
	for (int i = 0; i < n_others; i++)
		all[i] = &stand_in;
}

static void
show_others(const Settings *settings)
{
	struct config_generic **all = get_guc_variables();
	int n_others = settings->n - settings->n_ours;
	int n_ours = GetNumConfigOptions() - n_others;

	memmove(all + settings->first, all + n_others, size_of(n_ours));
	memcpy(all, settings->all, size_of(settings->first));
	memcpy(all + settings->first + n_ours, settings->all + settings->first + settings->n_ours,
		   size_of(n_others - settings->first));
	pfree(settings->all);
}

#endif

void
define_settings_at_once(void (*define)(void))
{
#if COMPAT_SORTS_SETTINGS
	Settings settings;

	/* The postmaster does it once for all, and nobody waits for it. */
	if (process_shared_preload_libraries_in_progress)
	{
		define();
		return;
	}
	hide_others(&settings);
	PG_TRY();
	{
		define();
	}
	PG_CATCH();
	{
		show_others(&settings);
		PG_RE_THROW();
	}
	PG_END_TRY();
	show_others(&settings);
#else
	define();
#endif
}
