/*
 * role_cache.c
 *		Which roles a user has, remembered.
 *
 * Invariants: what is remembered was in the table when nothing had been
 * invalidated since: any change of grants empties the cache, at the next
 * question.  So does another user when the cache has grown to
 * session_auth.role_cache_size.  Answers are good until the next question.
 */
#include "postgres.h"

#include "utils/inval.h"
#include "utils/memutils.h"

#include "catalog.h"
#include "role_cache.h"
#include "settings.h"
#include "string_table.h"

static MemoryContext cache_context = NULL;
static StringTable cache;         /* user, or user NUL tenant → GrantedRoles */
static uint64 changes = 1;        /* counted by the callback */
static uint64 cached_changes = 0; /* the count that the cache has followed */

static void
grants_changed(void)
{
	changes++;
}

void
role_cache_init(void)
{
	catalog_on_grant_change(grants_changed);
}

static void
reset_cache(void)
{
	if (cache_context == NULL)
		cache_context = AllocSetContextCreate(CacheMemoryContext, "session_auth granted roles",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(cache_context);
	memset(&cache, 0, sizeof(cache));
	cached_changes = changes;
}

static bool
is_full(void)
{
	return MemoryContextMemAllocated(cache_context, false) >= (Size) setting_role_cache_size * 1024;
}

static StringKey
key_of(const char *user_id, const char *tenant)
{
	size_t user_len = strlen(user_id);
	size_t tenant_len;
	char *both;

	if (tenant == NULL)
		return string_key(user_id, user_len);
	tenant_len = strlen(tenant);
	both = palloc(user_len + 1 + tenant_len);
	memcpy(both, user_id, user_len + 1);
	memcpy(both + user_len + 1, tenant, tenant_len);
	return string_key(both, user_len + 1 + tenant_len);
}

/* In one chunk: the answer, the array of roles, their names. */
static GrantedRoles *
copy_roles(List *granted)
{
	Size size = sizeof(GrantedRoles) + list_length(granted) * sizeof(char *);
	GrantedRoles *copy;
	const char **roles;
	char *at;
	ListCell *cell;

	foreach (cell, granted)
		size += strlen(((UserRole *) lfirst(cell))->role) + 1;
	copy = MemoryContextAlloc(cache_context, size);
	copy->n = 0;
	copy->roles = roles = (const char **) (copy + 1);
	at = (char *) (roles + list_length(granted));
	foreach (cell, granted)
	{
		const char *role = ((UserRole *) lfirst(cell))->role;
		Size role_size = strlen(role) + 1;

		roles[copy->n++] = memcpy(at, role, role_size);
		at += role_size;
	}
	return copy;
}

/* The roles that are granted to the user now: everywhere, and in this tenant. */
const GrantedRoles *
role_cache_get(const char *user_id, const char *tenant)
{
	StringKey key = key_of(user_id, tenant);
	const StringEntry *entry;
	GrantedRoles *granted;

	AcceptInvalidationMessages();
	if (unlikely(cached_changes != changes))
		reset_cache();
	entry = string_table_find(&cache, &key);
	if (likely(entry != NULL))
		return entry->value.pointer;
	if (is_full())
		reset_cache();
	/* what changes while the table is read is counted, and empties the cache later */
	granted = copy_roles(catalog_user_roles(user_id, tenant));
	string_table_insert(&cache, cache_context, &key)->value.pointer = granted;
	return granted;
}
