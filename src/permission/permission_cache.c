/*
 * permission_cache.c
 *		The backend's memory of what roles may do, as of one instant.
 *
 * What a role may do by itself is kept once for each role, whoever has it (role_set.c).
 * What is put together of several roles (permission_set.c, action_rules.c) is kept beside
 * it, in memory of its own, and goes as soon as any role has changed.
 *
 * Whatever is read is read as of one instant, by a reading: when anything new has to be
 * read, the changes up to that reading are taken in first (permission_changes.h).  A change
 * of one permission costs that permission, a change of a role that role, and others nothing.
 *
 * Invariants: the cache answers as the tables did at the reading that it has followed, so
 * that a denial is never missed beside a grant of the same transaction, and is asked only
 * while nothing else has been heard of.  Whatever is invalidated while something is read is
 * followed at the next question.  What has been handed out is changed or freed only when
 * changes_of[CHANGED_PERMISSIONS] counts, too.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/string_table.h"
#include "catalog/changes.h"
#include "catalog/permission_changes.h"
#include "monitor/counters.h"
#include "permission/permission_cache.h"

/* Beyond this, everything is dropped before anything else is read. */
#define MAX_CACHE_BYTES ((Size) 128 * 1024 * 1024)

/* How often the cache is read into before its memory is added up again. */
#define READINGS_TO_MEASURE 32

static MemoryContext roles_context = NULL;
static MemoryContext sets_context = NULL;
static StringTable roles;        /* role → RoleSet, or NULL: read it anew */
static StringTable sets;         /* names, each with its NUL → PermissionSet */
static StringTable missed_roles; /* that a combination names and that do not exist */
static int readings_unmeasured = 0;
static uint64 followed_changes = 0; /* the count of changes that all this has followed */

/* -------------------------------------------------------------------- what is kept */

/* Combinations are put together again when they are asked for. */
static void
drop_sets(void)
{
	if (sets_context == NULL)
		sets_context = AllocSetContextCreate(CacheMemoryContext, "session_auth permissions",
											 ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(sets_context);
	memset(&sets, 0, sizeof(sets));
	memset(&missed_roles, 0, sizeof(missed_roles));
}

static void
drop_everything(void)
{
	drop_sets();
	if (roles_context == NULL)
		roles_context =
			AllocSetContextCreate(CacheMemoryContext, "session_auth roles", ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(roles_context);
	memset(&roles, 0, sizeof(roles));
	forget_permission_changes();
}

static Size
cache_bytes(void)
{
	return MemoryContextMemAllocated(roles_context, true) +
		   MemoryContextMemAllocated(sets_context, true);
}

/* To add up the memory of all roles takes longer than to read one: it is not done each time. */
static bool
is_full(void)
{
	if (++readings_unmeasured < READINGS_TO_MEASURE)
		return false;
	readings_unmeasured = 0;
	return cache_bytes() > MAX_CACHE_BYTES;
}

static StringEntry *
cached_role(const char *role)
{
	StringKey key = string_key_of(role, strlen(role));
	StringEntry *entry = string_table_find(&roles, &key);

	return entry && entry->value.pointer ? entry : NULL;
}

/* ------------------------------------------------------------------ following changes */

/* A token may name a role before there is one; from when it is created the combination has it. */
static bool
is_missed_role(const char *role)
{
	StringKey key = string_key_of(role, strlen(role));

	return string_table_find(&missed_roles, &key) != NULL;
}

static void
follow_change(RoleReading *reading, const PermissionChange *change)
{
	StringEntry *entry = cached_role(change->role);
	RoleSet *set;

	if (entry == NULL)
		return;
	set = entry->value.pointer;
	if (role_set_follow(reading, set, change))
		return;
	entry->value.pointer = NULL;
	MemoryContextDelete(set->context);
}

/* Whether some change is of something that is cached, or of everything. */
static bool
concern_cache(List *changes, bool *everything)
{
	bool concerned = false;
	ListCell *cell;

	*everything = false;
	foreach (cell, changes)
	{
		const char *role = ((const PermissionChange *) lfirst(cell))->role;

		if (role == NULL)
			*everything = true;
		else if (cached_role(role) || is_missed_role(role))
			concerned = true;
	}
	return concerned || *everything;
}

/* What was handed out is not used any more when the count has changed. */
static void
end_what_was_handed_out(void)
{
	changes_of[CHANGED_PERMISSIONS]++;
	drop_sets();
}

/* Whether anything that is cached has changed. */
static bool
follow_changes(RoleReading *reading, bool heard_of_more)
{
	List *changes = permission_changes_since(reading, heard_of_more);
	bool everything;
	ListCell *cell;

	if (!concern_cache(changes, &everything))
		return false;
	end_what_was_handed_out();
	if (everything)
	{
		drop_everything();
		return true;
	}
	foreach (cell, changes)
		follow_change(reading, lfirst(cell));
	return true;
}

/*
 * A reading whose instant is that of all that is cached.  What follows must not use what
 * was handed out before.
 */
RoleReading *
permission_cache_begin_reading(void)
{
	RoleReading *reading;
	uint64 changes;
	bool heard_of_more;

	if (roles_context == NULL || is_full())
	{
		end_what_was_handed_out();
		drop_everything();
	}
	reading = catalog_begin_reading();
	changes = catalog_reading_changes(reading);
	heard_of_more = changes != followed_changes;
	/* an error on the way leaves a mix of what was and what is, which nobody may ask */
	followed_changes = 0;
	if (follow_changes(reading, heard_of_more))
		changes++; /* the one that this has counted */
	follow_permission_changes(reading, heard_of_more);
	followed_changes = changes;
	return reading;
}

/* For statistics a cache that is small yet is measured after the first readings, too. */
void
permission_cache_end_reading(RoleReading *reading)
{
	catalog_end_reading(reading);
	counter_add(COUNT_CACHE_FILLS);
	if ((readings_unmeasured & (readings_unmeasured - 1)) == 0)
		counter_set(COUNT_CACHE_BYTES, cache_bytes());
}

/* Memory for what is needed while something is read. */
MemoryContext
permission_cache_begin_work(MemoryContext *old)
{
	MemoryContext work =
		AllocSetContextCreate(CurrentMemoryContext, "session_auth reading", ALLOCSET_DEFAULT_SIZES);

	*old = MemoryContextSwitchTo(work);
	return work;
}

void
permission_cache_end_work(MemoryContext work, MemoryContext old)
{
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
}

/* ------------------------------------------------------------------- what is asked of it */

/* The count of changes of permissions that the cache has followed: it may be asked while it is the latest. */
uint64
permission_cache_changes(void)
{
	return followed_changes;
}

/* The role, or NULL when there is none of this name: made-up names must not fill the cache. */
RoleSet *
permission_cache_role(RoleReading *reading, const char *name)
{
	StringEntry *entry = cached_role(name);
	StringKey key;
	RoleSet *set;

	if (entry)
		return entry->value.pointer;
	set = role_set_read(reading, name, roles_context);
	if (set == NULL)
		return NULL;
	key = string_key_of(name, strlen(name));
	string_table_insert(&roles, roles_context, &key)->value.pointer = set;
	return set;
}

/* A set that is kept under these names, or NULL. */
const PermissionSet *
permission_cache_set(const StringKey *names)
{
	const StringEntry *entry = string_table_find(&sets, names);

	return entry ? entry->value.pointer : NULL;
}

void
permission_cache_keep_set(const StringKey *names, PermissionSet *set)
{
	string_table_insert(&sets, sets_context, names)->value.pointer = set;
}

/* A set that is kept names a role that there is not. */
void
permission_cache_miss_role(const char *name)
{
	StringKey key = string_key_of(name, strlen(name));

	(void) string_table_insert(&missed_roles, sets_context, &key);
}

/* Where sets are, and all that is put together for them. */
MemoryContext
permission_cache_sets_context(void)
{
	return sets_context;
}

/*
 * Sets are put together anew: something has been read whole by now, which is asked in
 * another way, and may be large.
 */
void
permission_cache_drop_sets(void)
{
	end_what_was_handed_out();
	followed_changes++;
	readings_unmeasured = READINGS_TO_MEASURE;
}
