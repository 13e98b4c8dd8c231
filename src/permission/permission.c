/*
 * permission.c
 *		What roles may do: the backend's cache, matching, inheritance.
 *
 * Invariants: a set answers as the tables did at one instant, so that a denial
 * is never missed beside a grant of the same transaction; what was invalidated
 * while a set was filled is filled again at the next question.  Nothing is freed but by
 * reset_cache, which runs only between a question and its answer, so that a pointer is
 * good as long as permission_generation stays.
 *
 * Sets are filled when they are first asked for, one per combination of roles:
 * what others may do costs nothing.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/string_table.h"
#include "permission/effect.h"
#include "permission/permission.h"

/* Beyond this, everything is dropped before another set is filled. */
#define MAX_CACHE_BYTES ((Size) 128 * 1024 * 1024)

struct ActionGrants
{
	uint32 all;           /* effects on the resource * */
	StringTable exact;    /* resource → effects */
	StringTable prefixes; /* "project:" for project:* → effects */
};

struct PermissionSet
{
	StringTable roles;   /* given and inherited */
	StringTable actions; /* action → ActionGrants */
	const ActionGrants *any_action;
};

static const PermissionSet no_permissions;
static MemoryContext cache_context = NULL;
static StringTable cache;            /* roles, each with its NUL → PermissionSet */
static uint64 cached_generation = 0; /* what the cache was filled for */

/* --------------------------------------------------------------------- validity */

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
reset_cache(void)
{
	if (cache_context == NULL)
		cache_context = AllocSetContextCreate(CacheMemoryContext, "session_auth permissions",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(cache_context);
	memset(&cache, 0, sizeof(cache));
	cached_generation = ++permission_generation;
}

/* --------------------------------------------------------------------- filling */

static ActionGrants *
grants_of_action(PermissionSet *set, const char *action, size_t len)
{
	StringKey key = string_key(action, len);
	StringEntry *entry = string_table_insert(&set->actions, cache_context, &key);

	if (entry->value.pointer == NULL)
	{
		entry->value.pointer = MemoryContextAllocZero(cache_context, sizeof(ActionGrants));
		if (is_everything(action, len))
			set->any_action = entry->value.pointer;
	}
	return entry->value.pointer;
}

static void
add_permission(const text *action, const text *resource, PermissionEffect effect, void *arg)
{
	ActionGrants *grants = grants_of_action(arg, VARDATA_ANY(action), VARSIZE_ANY_EXHDR(action));
	const char *name = VARDATA_ANY(resource);
	size_t len = VARSIZE_ANY_EXHDR(resource);
	bool prefix = is_prefix_pattern(name, len);
	StringKey key = string_key(name, prefix ? len - 1 : len);

	if (is_everything(name, len))
		grants->all |= effect;
	else
		string_table_insert(prefix ? &grants->prefixes : &grants->exact, cache_context, &key)
			->value.bits |= effect;
}

/* The roles still to be visited; those visited are in the table beside it. */
typedef struct Closure
{
	RoleReading *reading;
	List *queue;
	StringTable *seen;
	MemoryContext context; /* of the table */
} Closure;

static void
enqueue_role(const char *role, void *arg)
{
	Closure *closure = arg;
	StringKey key = string_key(role, strlen(role));
	StringEntry *entry = string_table_insert(closure->seen, closure->context, &key);

	if (entry->value.bits == 0)
	{
		entry->value.bits = 1;
		closure->queue = lappend(closure->queue, pstrdup(role));
	}
}

/* The roles and all that they inherit, nearest first; a cycle ends by itself. */
static List *
resolve_inheritance(Closure *closure)
{
	/* the list grows while it is walked */
	for (int i = 0; i < list_length(closure->queue); i++)
		catalog_visit_parents(closure->reading, list_nth(closure->queue, i), enqueue_role, closure);
	return closure->queue;
}

static List *
existing_roles(RoleReading *reading, const char *roles, size_t len)
{
	List *existing = NIL;

	for (const char *role = roles; role < roles + len; role += strlen(role) + 1)
		if (catalog_role_exists(reading, role))
			existing = lappend(existing, (char *) role);
	return existing;
}

/* NULL when none of the roles exists: made-up names must not fill the cache. */
static PermissionSet *
fill_set(const char *roles, size_t len)
{
	MemoryContext work =
		AllocSetContextCreate(CurrentMemoryContext, "session_auth fill", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(work);
	RoleReading *reading = catalog_begin_reading();
	List *existing = existing_roles(reading, roles, len);
	PermissionSet *set = NULL;

	if (existing != NIL)
	{
		Closure closure = { reading, NIL, NULL, cache_context };
		ListCell *cell;

		set = MemoryContextAllocZero(cache_context, sizeof(PermissionSet));
		closure.seen = &set->roles;
		foreach (cell, existing)
			enqueue_role(lfirst(cell), &closure);
		foreach (cell, resolve_inheritance(&closure))
			catalog_visit_permissions(reading, lfirst(cell), add_permission, set);
	}
	catalog_end_reading(reading);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
	return set;
}

/* --------------------------------------------------------------------- questions */

/*
 * What these roles may do; `roles` are their names one after the other, each
 * with its NUL.  A role that does not exist may do nothing.  The set is good
 * while permission_generation is what `valid_for` says.
 */
const PermissionSet *
permission_set(const char *roles, size_t len, uint64 *valid_for)
{
	StringKey key = string_key(roles, len);
	const StringEntry *entry;
	PermissionSet *set;

	if (unlikely(cached_generation != permission_generation))
		reset_cache();
	entry = string_table_find(&cache, &key);
	if (entry == NULL && MemoryContextMemAllocated(cache_context, true) > MAX_CACHE_BYTES)
		reset_cache();
	*valid_for = cached_generation;
	if (likely(entry != NULL))
		return entry->value.pointer;
	/* no entry until the set is complete: filling it can raise an error */
	set = fill_set(roles, len);
	if (set == NULL)
		return &no_permissions;
	string_table_insert(&cache, cache_context, &key)->value.pointer = set;
	return set;
}

const PermissionSet *
permission_set_of_role(const char *role, uint64 *valid_for)
{
	return permission_set(role, strlen(role) + 1, valid_for);
}

bool
permission_set_has_role(const PermissionSet *set, const char *role, size_t len)
{
	StringKey key = string_key(role, len);

	return string_table_find(&set->roles, &key) != NULL;
}

ActionRules
permission_rules(const PermissionSet *set, const char *action, size_t len)
{
	StringKey key = string_key(action, len);
	const StringEntry *entry = string_table_find(&set->actions, &key);
	ActionRules rules = { NULL, 0, NULL, set->any_action };
	const ActionGrants *only;

	if (entry && entry->value.pointer != set->any_action)
		rules.own = entry->value.pointer;
	only = rules.own ? rules.own : rules.any;
	if (only && (rules.own == NULL || rules.any == NULL) && only->prefixes.used == 0)
	{
		rules.names = &only->exact;
		rules.all = only->all;
	}
	return rules;
}

static uint32
prefix_effects(const StringTable *prefixes, const char *resource, size_t len)
{
	uint32 effects = 0;

	for (size_t end = next_prefix(resource, len, 0); end; end = next_prefix(resource, len, end))
	{
		StringKey key = string_key(resource, end);
		const StringEntry *entry = string_table_find(prefixes, &key);

		if (entry)
			effects |= (uint32) entry->value.bits;
	}
	return effects;
}

static uint32
effects_on(const ActionGrants *grants, const StringKey *resource)
{
	uint32 effects;
	const StringEntry *entry;

	if (grants == NULL)
		return 0;
	effects = grants->all;
	entry = string_table_find(&grants->exact, resource);
	if (entry)
		effects |= (uint32) entry->value.bits;
	if (grants->prefixes.used > 0)
		effects |= prefix_effects(&grants->prefixes, resource->bytes, resource->len);
	return effects;
}

/* permission_allows, where one look-up does not answer. */
bool
permission_allows_by_rules(const ActionRules *rules, const char *resource, size_t len)
{
	StringKey key;

	if (len == 0 || (rules->own == NULL && rules->any == NULL))
		return false;
	key = string_key(resource, len);
	return effects_allow(effects_on(rules->own, &key) | effects_on(rules->any, &key));
}

/* -------------------------------------------------------------------- enumeration */

static bool
has_denial(const StringTable *table)
{
	for (uint32 i = 0; table->used > 0 && i <= table->mask; i++)
		if (table->entries[i].size != 0 &&
			effect_in_force((uint32) table->entries[i].value.bits) == EFFECT_DENY)
			return true;
	return false;
}

static bool
denies_something(const ActionGrants *grants)
{
	return grants && (has_denial(&grants->exact) || has_denial(&grants->prefixes));
}

static List *
append_allowed(List *resources, const ActionRules *rules, const StringTable *table,
			   const char *suffix)
{
	for (uint32 i = 0; table->used > 0 && i <= table->mask; i++)
	{
		const StringEntry *entry = &table->entries[i];
		char *name;

		if (entry->size == 0 || !effects_allow((uint32) entry->value.bits))
			continue;
		name = psprintf("%s%s", string_entry_text(entry), suffix);
		if (permission_allows(rules, name, strlen(name)))
			resources = lappend(resources, name);
	}
	return resources;
}

/*
 * The names of the resources that the rules allow.  `everything` is set when
 * they allow all without exception; then there is nothing to list.  A grant of *
 * with exceptions cannot be listed: only what is granted by name is.
 */
List *
permission_enumerate(const ActionRules *rules, bool *everything)
{
	const ActionGrants *both[] = { rules->own, rules->any };
	uint32 all = (rules->own ? rules->own->all : 0) | (rules->any ? rules->any->all : 0);
	List *resources = NIL;

	*everything =
		effects_allow(all) && !denies_something(rules->own) && !denies_something(rules->any);
	if (*everything || effect_in_force(all) == EFFECT_DENY)
		return NIL;
	for (int i = 0; i < 2; i++)
		if (both[i])
		{
			resources = append_allowed(resources, rules, &both[i]->exact, "");
			resources = append_allowed(resources, rules, &both[i]->prefixes, "*");
		}
	return resources;
}

/* ------------------------------------------------------------ from the tables */

static HeldPermission *
hold(const char *role, const text *action, const text *resource, PermissionEffect effect)
{
	HeldPermission *held = palloc(sizeof(HeldPermission));

	held->via_role = role;
	held->action = text_to_cstring(action);
	held->resource = text_to_cstring(resource);
	held->effect = effect;
	return held;
}

typedef struct Listing
{
	List *held;
	const char *role;
} Listing;

static void
list_permission(const text *action, const text *resource, PermissionEffect effect, void *arg)
{
	Listing *listing = arg;

	listing->held = lappend(listing->held, hold(listing->role, action, resource, effect));
}

/* What a role holds: its own permissions first, then what it inherits. */
List *
permission_list(RoleReading *reading, const char *role)
{
	StringTable seen = { NULL, NULL, 0, 0 };
	Closure closure = { reading, NIL, &seen, CurrentMemoryContext };
	Listing listing = { NIL, NULL };
	ListCell *cell;

	enqueue_role(role, &closure);
	foreach (cell, resolve_inheritance(&closure))
	{
		listing.role = lfirst(cell);
		catalog_visit_permissions(reading, listing.role, list_permission, &listing);
	}
	return listing.held;
}

/* What is asked, and what is known of the answer. */
typedef struct Explaining
{
	const char *role; /* that is looked at */
	HeldPermission *grant;
	HeldPermission *denial;
} Explaining;

static void
explain_by(const text *action, const text *resource, PermissionEffect effect, void *arg)
{
	Explaining *explaining = arg;
	HeldPermission **first = effect == EFFECT_DENY ? &explaining->denial : &explaining->grant;

	if (*first == NULL)
		*first = hold(explaining->role, action, resource, effect);
}

/* Looks for what is stored of this action under every name that covers the resource. */
static void
visit_covering(RoleReading *reading, const char *action, const char *resource,
			   Explaining *explaining)
{
	size_t len = strlen(resource);

	catalog_visit_permission(reading, explaining->role, action, "*", explain_by, explaining);
	for (size_t end = next_prefix(resource, len, 0); end; end = next_prefix(resource, len, end))
		catalog_visit_permission(reading, explaining->role, action,
								 psprintf("%.*s*", (int) end, resource), explain_by, explaining);
	/* a pattern, and *, stand for what they cover: they have been looked for */
	if (!is_everything(resource, len) && !is_prefix_pattern(resource, len))
		catalog_visit_permission(reading, explaining->role, action, resource, explain_by,
								 explaining);
}

/*
 * The permission that decides what a role may do, or NULL when there is none: of those whose
 * effect is in force, that of the nearest role.
 */
const HeldPermission *
permission_that_decides(RoleReading *reading, const char *role, const char *action,
						const char *resource)
{
	StringTable seen = { NULL, NULL, 0, 0 };
	Closure closure = { reading, NIL, &seen, CurrentMemoryContext };
	Explaining explaining = { NULL, NULL, NULL };
	uint32 effects;
	ListCell *cell;

	enqueue_role(role, &closure);
	foreach (cell, resolve_inheritance(&closure))
	{
		explaining.role = lfirst(cell);
		visit_covering(reading, "*", resource, &explaining);
		if (!is_everything(action, strlen(action)))
			visit_covering(reading, action, resource, &explaining);
	}
	effects = (explaining.grant ? EFFECT_ALLOW : 0) | (explaining.denial ? EFFECT_DENY : 0);
	return effect_in_force(effects) == EFFECT_DENY ? explaining.denial : explaining.grant;
}
