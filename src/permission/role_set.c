/*
 * role_set.c
 *		What one role may do by itself, as much of it as has been asked for.
 *
 * A role with few permissions is read whole.  Of one with many, an action is read whole
 * when it has few, and else asked in the table's own index, resource by resource: under
 * the resource's name, under each prefix that a pattern could have, and under *.  The
 * answers are remembered.  When so many resources have been asked that reading the whole
 * action would not have cost much more, that is tried, and given up when it proves larger
 * than that: so it costs never more than a few times what knowing its size would.
 *
 * Invariants: what is here is what the tables had at the reading that was followed last
 * (permission_cache.c); whatever raises an error leaves it as it was.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "permission/effect.h"
#include "permission/role_set.h"

/*
 * Rows that are read at once, of a role and of an action, in the hope that these are all.
 * Asking costs what reading some forty rows does.
 */
#define FEW 32

/*
 * After how many answers all of an action is read, if it is not more than so many rows for
 * each of them: by then as much has been spent on asking.
 */
#define FIRST_LOAD      4
#define ROWS_PER_ANSWER 64
#define LOAD_FACTOR     4

/* Marks an answer, which may be that there are no effects. */
#define ANSWERED ((uint64) 1 << 32)

/* No more actions of which a role has nothing are remembered, nor prefixes asked for. */
#define MAX_EMPTY_ACTIONS 1000
#define MAX_PREFIXES      16

/* -------------------------------------------------------------------------- reading */

/* Nothing, of which not all is known. */
ActionGrants *
grants_new(MemoryContext context, const char *action, size_t len)
{
	ActionGrants *grants =
		MemoryContextAllocZero(context, offsetof(ActionGrants, action) + len + 1);

	grants->context = context;
	grants->load_at = FIRST_LOAD;
	memcpy(grants->action, action, len);
	return grants;
}

bool
grants_are_empty(const ActionGrants *grants)
{
	return grants->all == 0 && grants->exact.used == 0 && grants->prefixes.used == 0;
}

/* Where the effects on a name or on a prefix are kept. */
static StringEntry *
entry_of(ActionGrants *grants, const char *resource, size_t len)
{
	bool prefix = is_prefix_pattern(resource, len);
	StringKey key = string_key_of(resource, prefix ? len - 1 : len);

	return string_table_insert(prefix ? &grants->prefixes : &grants->exact, grants->context, &key);
}

void
grants_add_effects(ActionGrants *grants, const char *resource, size_t len, uint32 effects)
{
	if (is_everything(resource, len))
		grants->all |= effects;
	else
		entry_of(grants, resource, len)->value.bits |= effects;
}

static void
add_to_action(const text *action, const text *resource, PermissionEffect effect, void *grants)
{
	grants_add_effects(grants, VARDATA_ANY(resource), VARSIZE_ANY_EXHDR(resource), effect);
}

/* The action's grants, which are added when they are not there. */
static ActionGrants *
grants_of(RoleSet *set, const char *action, size_t len)
{
	StringKey key = string_key_of(action, len);
	StringEntry *entry = string_table_insert(&set->actions, set->context, &key);

	if (entry->value.pointer == NULL)
	{
		ActionGrants *grants = grants_new(set->context, action, len);

		grants->complete = true;
		entry->value.pointer = grants;
	}
	return entry->value.pointer;
}

static void
add_to_role(const text *action, const text *resource, PermissionEffect effect, void *set)
{
	add_to_action(action, resource, effect,
				  grants_of(set, VARDATA_ANY(action), VARSIZE_ANY_EXHDR(action)));
}

static void
add_parent(const char *parent, void *arg)
{
	RoleSet *set = arg;
	MemoryContext old = MemoryContextSwitchTo(set->context);

	set->parents = lappend(set->parents, pstrdup(parent));
	MemoryContextSwitchTo(old);
}

static void
forget_actions(RoleSet *set)
{
	memset(&set->actions, 0, sizeof(set->actions));
	set->complete = false;
	set->empty_actions = 0;
}

/* The role with as much as is read at once, or NULL when there is no such role. */
RoleSet *
role_set_read(RoleReading *reading, const char *role, MemoryContext parent)
{
	MemoryContext context;
	RoleSet *set;

	if (!catalog_role_exists(reading, role))
		return NULL;
	context =
		AllocSetContextCreate(CurrentMemoryContext, "session_auth role", ALLOCSET_SMALL_SIZES);
	set = MemoryContextAllocZero(context, sizeof(RoleSet));
	set->context = context;
	set->name = MemoryContextStrdup(context, role);
	catalog_visit_parents(reading, role, add_parent, set);
	set->complete = catalog_visit_some_permissions(reading, role, NULL, FEW, add_to_role, set);
	if (!set->complete)
		forget_actions(set);
	MemoryContextSetParent(context, parent);
	return set;
}

/* All that the role has of an action, or NULL when that is more than `limit` rows. */
static ActionGrants *
read_grants(RoleReading *reading, const RoleSet *set, const char *action, size_t len, int64 limit)
{
	MemoryContext context =
		AllocSetContextCreate(CurrentMemoryContext, "session_auth action", ALLOCSET_SMALL_SIZES);
	ActionGrants *grants = grants_new(context, action, len);

	grants->complete = catalog_visit_some_permissions(reading, set->name, grants->action, limit,
													  add_to_action, grants);
	if (grants->complete)
		return grants;
	MemoryContextDelete(context);
	return NULL;
}

/* What the role has of this action, which is not known yet; NULL when it is nothing. */
ActionGrants *
role_set_read_action(RoleReading *reading, RoleSet *set, const char *action, size_t len)
{
	StringKey key = string_key_of(action, len);
	ActionGrants *grants = read_grants(reading, set, action, len, FEW);
	MemoryContext own;

	if (grants && grants_are_empty(grants))
	{
		MemoryContextDelete(grants->context);
		/* made-up actions must not fill the cache */
		if (set->empty_actions >= MAX_EMPTY_ACTIONS)
			return NULL;
		set->empty_actions++;
		grants = grants_new(set->context, action, len);
		grants->complete = true;
	}
	else if (grants == NULL)
	{
		own = AllocSetContextCreate(set->context, "session_auth action", ALLOCSET_SMALL_SIZES);
		grants = grants_new(own, action, len);
	}
	else
		MemoryContextSetParent(grants->context, set->context);
	string_table_insert(&set->actions, set->context, &key)->value.pointer = grants;
	return grants;
}

/* Whether it is known what the role has of this action; then also that, or NULL for nothing. */
bool
role_set_knows_action(const RoleSet *set, const char *action, size_t len, ActionGrants **grants)
{
	StringKey key = string_key_of(action, len);
	const StringEntry *entry = string_table_find(&set->actions, &key);

	*grants = entry ? entry->value.pointer : NULL;
	return *grants != NULL || set->complete;
}

/* -------------------------------------------------------------------------- questions */

static uint32
prefix_effects(const StringTable *prefixes, const char *resource, size_t len)
{
	uint32 effects = 0;

	for (size_t end = next_prefix(resource, len, 0); end; end = next_prefix(resource, len, end))
	{
		StringKey key = string_key_of(resource, end);
		const StringEntry *entry = string_table_find(prefixes, &key);

		if (entry)
			effects |= (uint32) entry->value.bits;
	}
	return effects;
}

/* Whether it is known what is stored for a resource; then also the effects. */
bool
grants_know(const ActionGrants *grants, const StringKey *resource, uint32 *effects)
{
	const StringEntry *entry =
		string_table_find(grants->complete ? &grants->exact : &grants->answers, resource);

	*effects = entry ? (uint32) entry->value.bits : 0;
	if (!grants->complete)
		return entry != NULL;
	*effects |= grants->all;
	if (grants->prefixes.used > 0)
		*effects |= prefix_effects(&grants->prefixes, resource->bytes, resource->len);
	return true;
}

void
visit_covering(RoleReading *reading, const char *role, const char *action, const char *resource,
			   size_t len, PermissionVisitor visit, void *arg)
{
	catalog_visit_permission(reading, role, action, "*", visit, arg);
	for (size_t end = next_prefix(resource, len, 0); end; end = next_prefix(resource, len, end))
		catalog_visit_permission(reading, role, action, psprintf("%.*s*", (int) end, resource),
								 visit, arg);
	/* a pattern, and *, stand for what they cover: they have been looked for */
	if (!is_everything(resource, len) && !is_prefix_pattern(resource, len))
		catalog_visit_permission(reading, role, action, pnstrdup(resource, len), visit, arg);
}

static void
note_effect(const text *action, const text *resource, PermissionEffect effect, void *effects)
{
	*(uint32 *) effects |= effect;
}

static bool
has_many_prefixes(const StringKey *resource)
{
	int n = 0;

	for (size_t end = next_prefix(resource->bytes, resource->len, 0); end;
		 end = next_prefix(resource->bytes, resource->len, end))
		if (++n > MAX_PREFIXES)
			return true;
	return false;
}

/*
 * Reads all of the action's grants, so that the answers are not needed any more; false when
 * that is more than `limit` rows, and then nothing has changed.
 */
static bool
complete(RoleReading *reading, const RoleSet *set, ActionGrants *grants, int64 limit)
{
	ActionGrants *all = read_grants(reading, set, grants->action, strlen(grants->action), limit);

	if (all == NULL)
		return false;
	MemoryContextSetParent(all->context, grants->context);
	grants->all = all->all;
	grants->exact = all->exact;
	grants->prefixes = all->prefixes;
	grants->complete = true;
	if (grants->answers.chunk)
		pfree(grants->answers.chunk);
	memset(&grants->answers, 0, sizeof(grants->answers));
	return true;
}

void
grants_read_all(RoleReading *reading, const RoleSet *set, ActionGrants *grants)
{
	if (!grants->complete)
		(void) complete(reading, set, grants, PG_INT64_MAX);
}

/* Reads all, if it seems to be worth it. */
static bool
try_to_complete(RoleReading *reading, const RoleSet *set, ActionGrants *grants)
{
	if (grants->answers.used < grants->load_at)
		return false;
	if (complete(reading, set, grants, (int64) grants->load_at * ROWS_PER_ANSWER))
		return true;
	if (grants->load_at < PG_UINT32_MAX / LOAD_FACTOR)
		grants->load_at *= LOAD_FACTOR;
	return false;
}

/* The effects on a resource that is not known yet. */
uint32
grants_ask(RoleReading *reading, const RoleSet *set, ActionGrants *grants,
		   const StringKey *resource)
{
	uint32 effects = 0;

	if (has_many_prefixes(resource))
		grants_read_all(reading, set, grants);
	if (grants->complete || try_to_complete(reading, set, grants))
	{
		(void) grants_know(grants, resource, &effects);
		return effects;
	}
	visit_covering(reading, set->name, grants->action, resource->bytes, resource->len, note_effect,
				   &effects);
	string_table_insert(&grants->answers, grants->context, resource)->value.bits =
		ANSWERED | effects;
	return effects;
}

static void
add_table(StringTable *to, const StringTable *from, MemoryContext context)
{
	const StringEntry *entry;

	for (uint64 at = 0; (entry = string_table_next(from, &at)) != NULL;)
		if (entry->value.bits != 0)
		{
			char *name = string_entry_text(entry);
			StringKey key = string_key_of(name, entry->size - 1);

			string_table_insert(to, context, &key)->value.bits |= entry->value.bits;
			pfree(name);
		}
}

/* Adds all of one to the other; both are complete. */
void
grants_add(ActionGrants *to, const ActionGrants *from)
{
	to->all |= from->all;
	add_table(&to->exact, &from->exact, to->context);
	add_table(&to->prefixes, &from->prefixes, to->context);
}

/* ---------------------------------------------------------------------------- changes */

/* The effects of what is stored under exactly this name are these now. */
static void
replace_effects(ActionGrants *grants, const char *resource, uint32 effects)
{
	size_t len = strlen(resource);

	if (is_everything(resource, len))
		grants->all = effects;
	else
		entry_of(grants, resource, len)->value.bits = effects;
}

static void
forget_action(RoleSet *set, const char *action)
{
	StringKey key = string_key_of(action, strlen(action));
	ActionGrants *grants = string_table_find(&set->actions, &key)->value.pointer;

	/* the table keeps its entries: without a pointer it is as if this were none */
	string_table_find(&set->actions, &key)->value.pointer = NULL;
	if (grants->context != set->context)
		MemoryContextDelete(grants->context);
}

/*
 * Takes in a change of one permission; false when the role has to be read anew.  What is
 * known whole gets what the table has now, what is known in part is asked again.
 */
bool
role_set_follow(RoleReading *reading, RoleSet *set, const PermissionChange *change)
{
	ActionGrants *grants;
	uint32 effects = 0;

	if (change->action == NULL || change->resource == NULL)
		return false;
	if (!role_set_knows_action(set, change->action, strlen(change->action), &grants))
		return true;
	if (grants && !grants->complete)
	{
		forget_action(set, change->action);
		return true;
	}
	catalog_visit_permission(reading, set->name, change->action, change->resource, note_effect,
							 &effects);
	if (grants == NULL && effects == 0)
		return true;
	if (grants == NULL)
		grants = grants_of(set, change->action, strlen(change->action));
	replace_effects(grants, change->resource, effects);
	return true;
}
