/*
 * permission_set.c
 *		All that a combination of roles may do.
 *
 * A combination of roles, as users have them, is resolved to all roles that it inherits;
 * what they say of one action is put together when that is first asked (action_rules.c).
 *
 * Invariant: a set is complete before it is kept, as reading can raise an error.
 */
#include "postgres.h"

#include "utils/inval.h"
#include "utils/memutils.h"

#include "base/string_table.h"
#include "permission/permission.h"
#include "permission/permission_cache.h"
#include "permission/permission_set.h"

const PermissionSet no_permissions;

/*
 * A statement that takes no new lock would not hear of changes: call this
 * before it first trusts an answer.
 */
void
permission_accept_changes(void)
{
	AcceptInvalidationMessages();
}

static void
add_role(RoleReading *reading, PermissionSet *set, const char *name)
{
	StringKey key = string_key_of(name, strlen(name));
	StringEntry *entry = string_table_insert(&set->roles, permission_cache_sets_context(), &key);
	RoleSet *role;
	MemoryContext old;

	if (entry->value.pointer)
		return;
	role = permission_cache_role(reading, name);
	if (role == NULL)
	{
		permission_cache_miss_role(name);
		return;
	}
	entry->value.pointer = role;
	old = MemoryContextSwitchTo(permission_cache_sets_context());
	set->members = lappend(set->members, role);
	MemoryContextSwitchTo(old);
}

/* The given roles and all that they inherit, nearest first; a cycle ends by itself. */
static PermissionSet *
resolve_set(RoleReading *reading, const StringKey *names)
{
	PermissionSet *set =
		MemoryContextAllocZero(permission_cache_sets_context(), sizeof(PermissionSet));

	set->names = memcpy(MemoryContextAlloc(permission_cache_sets_context(), names->len),
						names->bytes, names->len);
	set->names_len = names->len;
	for (const char *name = set->names; name < set->names + names->len; name += strlen(name) + 1)
		add_role(reading, set, name);
	/* the list grows while it is walked */
	for (int i = 0; i < list_length(set->members); i++)
	{
		const RoleSet *role = list_nth(set->members, i);
		ListCell *cell;

		foreach (cell, role->parents)
			add_role(reading, set, lfirst(cell));
	}
	return set;
}

/* Made-up names have nothing in the cache. */
static bool
some_role_exists(RoleReading *reading, const StringKey *names)
{
	for (const char *name = names->bytes; name < names->bytes + names->len;
		 name += strlen(name) + 1)
		if (permission_cache_role(reading, name))
			return true;
	return false;
}

/* The set of these names, as the reading has it. */
const PermissionSet *
permission_set_at(RoleReading *reading, const StringKey *names)
{
	const PermissionSet *kept = permission_cache_set(names);
	PermissionSet *set;

	if (kept)
		return kept;
	if (!some_role_exists(reading, names))
		return &no_permissions;
	set = resolve_set(reading, names);
	permission_cache_keep_set(names, set);
	return set;
}

/* A copy of its names, which lasts when the set does not. */
StringKey
permission_set_names(const PermissionSet *set)
{
	char *names = palloc(set->names_len);

	memcpy(names, set->names, set->names_len);
	return string_key_of(names, set->names_len);
}

static pg_noinline const PermissionSet *
read_set(const StringKey *names)
{
	MemoryContext old;
	MemoryContext work = permission_cache_begin_work(&old);
	RoleReading *reading = permission_cache_begin_reading();
	const PermissionSet *set = permission_set_at(reading, names);

	permission_cache_end_reading(reading);
	permission_cache_end_work(work, old);
	return set;
}

/*
 * What these roles may do; `names` are theirs, one after the other, each with its NUL.  A
 * role that does not exist may do nothing.  The set is good while changes_of[CHANGED_PERMISSIONS] is
 * what `valid_for` says.
 */
const PermissionSet *
permission_set_of_roles(const char *names, size_t len, uint64 *valid_for)
{
	StringKey key = string_key_of(names, len);
	const PermissionSet *set = NULL;

	if (likely(permission_cache_changes() == changes_of[CHANGED_PERMISSIONS]))
		set = permission_cache_set(&key);
	if (unlikely(set == NULL))
		set = read_set(&key);
	*valid_for = permission_cache_changes();
	return set;
}

const PermissionSet *
permission_set_of_role(const char *role, uint64 *valid_for)
{
	return permission_set_of_roles(role, strlen(role) + 1, valid_for);
}

bool
permission_set_has_role(const PermissionSet *set, const char *role, size_t len)
{
	StringKey key = string_key_of(role, len);
	const StringEntry *entry = string_table_find(&set->roles, &key);

	return entry && entry->value.pointer;
}
