/*
 * role_cache.c
 *		Which roles a user has, remembered.
 *
 * Invariants: what is remembered was in the table when nothing had been
 * invalidated since: any change of grants empties the cache, at the next
 * question.  So does another user for whom the cache would grow beyond
 * session_auth.role_cache_size.  Answers are good until the next question.
 *
 * Many users have the same few roles: a list of roles is kept once, so that it is
 * in the processor's caches whoever asks.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "utils/inval.h"
#include "utils/memutils.h"

#include "base/packed_table.h"
#include "base/settings.h"
#include "base/string_table.h"
#include "catalog/changes.h"
#include "catalog/tables.h"
#include "verify/role_cache.h"

static MemoryContext cache_context = NULL;
static PackedTable users;         /* user, or user NUL tenant → a place in lists */
static StringTable list_places;   /* roles, each with its NUL → a place in lists */
static List *lists;               /* of RoleList */
static uint64 cached_changes = 0; /* the count of changes that the cache has followed */

static void
reset_cache(void)
{
	if (cache_context == NULL)
		/* blocks do not double, so that no more is taken than was asked for */
		cache_context = AllocSetContextCreate(CacheMemoryContext, "session_auth granted roles", 0,
											  ALLOCSET_DEFAULT_INITSIZE, ALLOCSET_DEFAULT_INITSIZE);
	MemoryContextReset(cache_context);
	memset(&users, 0, sizeof(users));
	memset(&list_places, 0, sizeof(list_places));
	lists = NIL;
	cached_changes = changes_of[CHANGED_GRANTS];
}

static bool
is_full_for(const StringKey *key)
{
	Size allocated = MemoryContextMemAllocated(cache_context, false);

	return allocated + packed_table_growth(&users, key) > (Size) setting_role_cache_size * 1024;
}

static StringKey
key_of_user(const char *user_id, const char *tenant)
{
	size_t user_len = strlen(user_id);
	size_t tenant_len;
	char *both;

	if (tenant == NULL)
		return string_key_of(user_id, user_len);
	tenant_len = strlen(tenant);
	both = palloc(user_len + 1 + tenant_len);
	memcpy(both, user_id, user_len + 1);
	memcpy(both + user_len + 1, tenant, tenant_len);
	return string_key_of(both, user_len + 1 + tenant_len);
}

/* Their names one after the other, each with its NUL. */
static StringInfoData
role_names(List *granted)
{
	StringInfoData names;
	ListCell *cell;

	initStringInfo(&names);
	foreach (cell, granted)
	{
		const char *role = ((UserRole *) lfirst(cell))->role;

		appendBinaryStringInfo(&names, role, (int) strlen(role) + 1);
	}
	return names;
}

/* The place of the list of these roles. */
static uint32
place_of(List *granted)
{
	StringInfoData names = role_names(granted);
	StringKey key = string_key_of(names.data, names.len);
	StringEntry *entry = string_table_find(&list_places, &key);
	uint32 place = list_length(lists);
	MemoryContext old;

	if (entry)
		return (uint32) entry->value.bits;
	old = MemoryContextSwitchTo(cache_context);
	lists = lappend(lists, role_list_make(names.data, names.len, list_length(granted)));
	MemoryContextSwitchTo(old);
	string_table_insert(&list_places, cache_context, &key)->value.bits = place;
	return place;
}

/* The roles that are granted to the user now: everywhere, and in this tenant. */
const RoleList *
role_cache_get(const char *user_id, const char *tenant)
{
	StringKey key = key_of_user(user_id, tenant);
	const PackedEntry *entry;
	uint32 place;

	AcceptInvalidationMessages();
	if (unlikely(cached_changes != changes_of[CHANGED_GRANTS]))
		reset_cache();
	entry = packed_table_find(&users, &key);
	if (likely(entry != NULL))
		return list_nth(lists, entry->value);
	if (is_full_for(&key))
		reset_cache();
	/* what changes while the table is read is counted, and empties the cache later */
	place = place_of(catalog_user_roles(user_id, tenant));
	packed_table_insert(&users, cache_context, &key, place);
	return list_nth(lists, place);
}
