/*
 * permission.c
 *		What sets of roles may do: the backend's cache, and the questions to it.
 *
 * The cache has two layers.  What a role may do by itself is kept once for each role,
 * whoever has it (role_set.c).  A combination of roles, as users have them, is resolved to
 * all roles that it inherits; what they say of one action is put together when that is
 * first asked: what is small is copied into one table, so that one look-up answers, and
 * what is large is pointed to.
 *
 * Whatever is read is read as of one instant, by a reading: when anything new has to be
 * read, the changes up to that reading are taken in first (permission_changes.h).  A change
 * of one permission costs that permission, a change of a role that role, and others nothing.
 *
 * Invariants: the cache answers as the tables did at the reading that it has followed, so
 * that a denial is never missed beside a grant of the same transaction, and is asked only
 * while nothing else has been heard of.  Whatever is invalidated while something is read is
 * followed at the next question.  What has been handed out is changed or freed only with
 * permission_generation, which counts then.
 */
#include "postgres.h"

#include "utils/inval.h"
#include "utils/memutils.h"

#include "base/string_table.h"
#include "catalog/permission_changes.h"
#include "monitor/counters.h"
#include "permission/effect.h"
#include "permission/permission.h"
#include "permission/role_set.h"

/* Beyond this, everything is dropped before anything else is read. */
#define MAX_CACHE_BYTES ((Size) 128 * 1024 * 1024)

/* How often the cache is read into before its memory is added up again. */
#define READINGS_TO_MEASURE 32

/* What says no more than this of an action is copied for a combination of roles. */
#define SMALL 256

/* Of actions that a combination of roles has nothing of, so many are remembered. */
#define MAX_EMPTY_ACTIONS 256

struct PermissionSet
{
	const char *names; /* given: one after the other, each with its NUL */
	size_t names_len;
	StringTable roles;   /* given and inherited */
	List *members;       /* the same as RoleSets, the nearest first */
	StringTable actions; /* action → ActionRules */
	int empty_actions;   /* of them */
};

/* What a role of the set says of an action. */
typedef struct RulePart
{
	const RoleSet *role; /* NULL: several, of which all is known */
	ActionGrants *grants;
} RulePart;

struct RuleParts
{
	const PermissionSet *set;
	const char *action;
	int n;
	RulePart parts[FLEXIBLE_ARRAY_MEMBER];
};

static const PermissionSet no_permissions;
static MemoryContext cache_context = NULL; /* of roles */
static MemoryContext sets_context = NULL;  /* of combinations */
static StringTable roles;                  /* role → RoleSet, or NULL: read it anew */
static StringTable sets;                   /* names, each with its NUL → PermissionSet */
static StringTable missed_roles;           /* that a combination names and that do not exist */
static int readings_unmeasured = 0;
static uint64 followed_changes = 0; /* the count of changes that all this has followed */

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
	if (cache_context == NULL)
		cache_context =
			AllocSetContextCreate(CacheMemoryContext, "session_auth roles", ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(cache_context);
	memset(&roles, 0, sizeof(roles));
	forget_permission_changes();
}

static Size
cache_bytes(void)
{
	return MemoryContextMemAllocated(cache_context, true) +
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
	StringKey key = string_key(role, strlen(role));
	StringEntry *entry = string_table_find(&roles, &key);

	return entry && entry->value.pointer ? entry : NULL;
}

/* A token may name a role before there is one; from when it is created the combination has it. */
static bool
is_missed_role(const char *role)
{
	StringKey key = string_key(role, strlen(role));

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
	permission_generation++;
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
static RoleReading *
begin_following(void)
{
	RoleReading *reading;
	uint64 changes;
	bool heard_of_more;

	if (cache_context == NULL || is_full())
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
static void
end_following(RoleReading *reading)
{
	catalog_end_reading(reading);
	counter_add(COUNT_CACHE_FILLS);
	if ((readings_unmeasured & (readings_unmeasured - 1)) == 0)
		counter_set(COUNT_CACHE_BYTES, cache_bytes());
}

/* --------------------------------------------------------------------- sets of roles */

/* The role, or NULL when there is none of this name: made-up names must not fill the cache. */
static RoleSet *
get_role(RoleReading *reading, const char *name)
{
	StringEntry *entry = cached_role(name);
	StringKey key;
	RoleSet *set;

	if (entry)
		return entry->value.pointer;
	set = role_set_read(reading, name, cache_context);
	if (set == NULL)
		return NULL;
	key = string_key(name, strlen(name));
	string_table_insert(&roles, cache_context, &key)->value.pointer = set;
	return set;
}

static void
add_role(RoleReading *reading, PermissionSet *set, const char *name)
{
	StringKey key = string_key(name, strlen(name));
	StringEntry *entry = string_table_insert(&set->roles, sets_context, &key);
	RoleSet *role;
	MemoryContext old;

	if (entry->value.pointer)
		return;
	role = get_role(reading, name);
	if (role == NULL)
	{
		(void) string_table_insert(&missed_roles, sets_context, &key);
		return;
	}
	entry->value.pointer = role;
	old = MemoryContextSwitchTo(sets_context);
	set->members = lappend(set->members, role);
	MemoryContextSwitchTo(old);
}

/* The given roles and all that they inherit, nearest first; a cycle ends by itself. */
static PermissionSet *
resolve_set(RoleReading *reading, const StringKey *names)
{
	PermissionSet *set = MemoryContextAllocZero(sets_context, sizeof(PermissionSet));

	set->names = memcpy(MemoryContextAlloc(sets_context, names->len), names->bytes, names->len);
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
		if (get_role(reading, name))
			return true;
	return false;
}

static const PermissionSet *
set_at(RoleReading *reading, const StringKey *names)
{
	const StringEntry *entry = string_table_find(&sets, names);
	PermissionSet *set;

	if (entry)
		return entry->value.pointer;
	if (!some_role_exists(reading, names))
		return &no_permissions;
	set = resolve_set(reading, names);
	/* no entry until the set is complete: reading can raise an error */
	string_table_insert(&sets, sets_context, names)->value.pointer = set;
	return set;
}

static MemoryContext
begin_work(MemoryContext *old)
{
	MemoryContext work =
		AllocSetContextCreate(CurrentMemoryContext, "session_auth reading", ALLOCSET_DEFAULT_SIZES);

	*old = MemoryContextSwitchTo(work);
	return work;
}

static void
end_work(MemoryContext work, MemoryContext old)
{
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
}

static pg_noinline const PermissionSet *
read_set(const StringKey *names)
{
	MemoryContext old;
	MemoryContext work = begin_work(&old);
	RoleReading *reading = begin_following();
	const PermissionSet *set = set_at(reading, names);

	end_following(reading);
	end_work(work, old);
	return set;
}

/*
 * What these roles may do; `names` are theirs, one after the other, each with its NUL.  A
 * role that does not exist may do nothing.  The set is good while permission_generation is
 * what `valid_for` says.
 */
const PermissionSet *
permission_set(const char *names, size_t len, uint64 *valid_for)
{
	StringKey key = string_key(names, len);
	const StringEntry *entry = NULL;
	const PermissionSet *set;

	if (likely(followed_changes == permission_generation))
		entry = string_table_find(&sets, &key);
	set = likely(entry != NULL) ? entry->value.pointer : read_set(&key);
	*valid_for = followed_changes;
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
	const StringEntry *entry = string_table_find(&set->roles, &key);

	return entry && entry->value.pointer;
}

/* --------------------------------------------------------------------- rules of an action */

/* The parts that are being put together. */
typedef struct Gathering
{
	RoleReading *reading; /* NULL: only what is known already */
	List *parts;          /* of RulePart * */
} Gathering;

static bool
has_something(const ActionGrants *grants)
{
	return !grants->complete || !grants_are_empty(grants);
}

/* False when it would have to be read, and there is no reading. */
static bool
gather_action(Gathering *gathering, RoleSet *role, const char *action, size_t len)
{
	ActionGrants *grants;
	RulePart *part;

	if (!role_set_knows_action(role, action, len, &grants))
	{
		if (gathering->reading == NULL)
			return false;
		grants = role_set_read_action(gathering->reading, role, action, len);
	}
	if (grants == NULL || !has_something(grants))
		return true;
	part = palloc(sizeof(RulePart));
	*part = (RulePart){ role, grants };
	gathering->parts = lappend(gathering->parts, part);
	return true;
}

static bool
gather(Gathering *gathering, const PermissionSet *set, const char *action, size_t len)
{
	ListCell *cell;

	foreach (cell, set->members)
		if (!gather_action(gathering, lfirst(cell), action, len) ||
			(!is_everything(action, len) && !gather_action(gathering, lfirst(cell), "*", 1)))
			return false;
	return true;
}

static bool
is_small(const RulePart *part)
{
	return part->grants->complete &&
		   part->grants->exact.used + part->grants->prefixes.used <= SMALL;
}

/* Has one part say what several small ones do. */
static List *
merge_small(List *parts)
{
	RulePart *merged = NULL;
	List *merged_parts = NIL;
	int n = 0;
	ListCell *cell;

	foreach (cell, parts)
		n += is_small(lfirst(cell));
	if (n < 2)
		return parts;
	merged = palloc(sizeof(RulePart));
	merged->role = NULL;
	merged->grants = MemoryContextAllocZero(sets_context, sizeof(ActionGrants));
	merged->grants->context = sets_context;
	merged->grants->complete = true;
	foreach (cell, parts)
		if (is_small(lfirst(cell)))
			grants_add(merged->grants, ((RulePart *) lfirst(cell))->grants);
		else
			merged_parts = lappend(merged_parts, lfirst(cell));
	return lcons(merged, merged_parts);
}

static RuleParts *
keep_parts(const PermissionSet *set, const char *action, List *parts)
{
	RuleParts *kept = MemoryContextAlloc(sets_context, offsetof(RuleParts, parts) +
														   list_length(parts) * sizeof(RulePart));
	ListCell *cell;

	kept->set = set;
	kept->action = action;
	kept->n = 0;
	foreach (cell, parts)
		kept->parts[kept->n++] = *(RulePart *) lfirst(cell);
	return kept;
}

static ActionRules
make_rules(const PermissionSet *set, const char *action, size_t len, List *parts)
{
	ActionRules rules = { NULL, 0, NULL, NULL };
	const ActionGrants *only;

	if (parts == NIL)
		return rules;
	parts = merge_small(parts);
	only = ((RulePart *) linitial(parts))->grants;
	rules.parts = keep_parts(set, MemoryContextStrdup(sets_context, action), parts);
	if (list_length(parts) == 1 && only->complete && only->prefixes.used == 0)
	{
		rules.names = &only->exact;
		rules.all = only->all;
	}
	return rules;
}

static void
keep_rules(PermissionSet *set, const StringKey *action, const ActionRules *rules)
{
	ActionRules *kept;

	if (rules->parts == NULL && set->empty_actions++ >= MAX_EMPTY_ACTIONS)
		return;
	kept = MemoryContextAlloc(sets_context, sizeof(ActionRules));
	*kept = *rules;
	string_table_insert(&set->actions, sets_context, action)->value.pointer = kept;
}

/* False when something would have to be read, and there is no reading. */
static bool
rules_at(RoleReading *reading, const PermissionSet *set, const char *action, size_t len,
		 ActionRules *rules)
{
	StringKey key = string_key(action, len);
	const StringEntry *entry = string_table_find(&set->actions, &key);
	Gathering gathering = { reading, NIL };

	if (entry)
	{
		*rules = *(const ActionRules *) entry->value.pointer;
		return true;
	}
	if (!gather(&gathering, set, action, len))
		return false;
	*rules = make_rules(set, action, len, gathering.parts);
	if (set != &no_permissions)
		keep_rules((PermissionSet *) set, &key, rules);
	return true;
}

static StringKey
copy_names(const PermissionSet *set)
{
	char *names = palloc(set->names_len);

	memcpy(names, set->names, set->names_len);
	return string_key(names, set->names_len);
}

/* What the set says of the action; the set may be gone after that. */
static pg_noinline ActionRules
read_rules(const PermissionSet *set, const char *action, size_t len)
{
	MemoryContext old;
	MemoryContext work = begin_work(&old);
	StringKey names = copy_names(set);
	RoleReading *reading = begin_following();
	ActionRules rules;

	(void) rules_at(reading, set_at(reading, &names), action, len, &rules);
	end_following(reading);
	end_work(work, old);
	return rules;
}

/*
 * What a set that is good now says of an action, which ends with a NUL.  The rules are good
 * as long as the set; they are right although it may not be good any more.
 */
ActionRules
permission_rules(const PermissionSet *set, const char *action, size_t len)
{
	ActionRules rules;

	return rules_at(NULL, set, action, len, &rules) ? rules : read_rules(set, action, len);
}

/* --------------------------------------------------------------------- questions */

/* The effects as far as they are known; false when some part has to be asked. */
static bool
known_effects(const RuleParts *parts, const StringKey *resource, uint32 *effects)
{
	bool known = true;

	*effects = 0;
	for (int i = 0; i < parts->n; i++)
	{
		uint32 more;

		if (!grants_know(parts->parts[i].grants, resource, &more))
			known = false;
		*effects |= more;
	}
	return known;
}

static uint32
effects_at(RoleReading *reading, const RuleParts *parts, const StringKey *resource, bool *completed)
{
	uint32 effects = 0;

	for (int i = 0; parts && i < parts->n; i++)
	{
		const RulePart *part = &parts->parts[i];
		uint32 more;

		if (!grants_know(part->grants, resource, &more))
		{
			more = grants_ask(reading, part->role, part->grants, resource);
			*completed |= part->grants->complete;
		}
		effects |= more;
	}
	return effects;
}

/* What has been read whole by now is asked in another way, and may be large. */
static void
make_rules_anew(void)
{
	end_what_was_handed_out();
	followed_changes++;
	readings_unmeasured = READINGS_TO_MEASURE;
}

/* Asks the tables, as one instant has all that the answer depends on. */
static bool
ask_tables(const RuleParts *parts, const StringKey *resource)
{
	MemoryContext old;
	MemoryContext work = begin_work(&old);
	StringKey names = copy_names(parts->set);
	char *action = pstrdup(parts->action);
	RoleReading *reading = begin_following();
	bool completed = false;
	ActionRules rules;
	uint32 effects;

	(void) rules_at(reading, set_at(reading, &names), action, strlen(action), &rules);
	effects = effects_at(reading, rules.parts, resource, &completed);
	if (completed)
		make_rules_anew();
	end_following(reading);
	end_work(work, old);
	return effects_allow(effects);
}

/* permission_allows, where one look-up does not answer. */
bool
permission_allows_by_rules(const ActionRules *rules, const char *resource, size_t len)
{
	StringKey key;
	uint32 effects;

	if (len == 0 || rules->parts == NULL)
		return false;
	if (rules->narrowed)
		return narrowed_rules_allow(rules->narrowed, resource, len);
	key = string_key(resource, len);
	/* a denial that is known decides, whatever else there is */
	if (known_effects(rules->parts, &key, &effects) || effect_in_force(effects) == EFFECT_DENY)
		return effects_allow(effects);
	return ask_tables(rules->parts, &key);
}

/* -------------------------------------------------------------------- enumeration */

static bool
has_denial(const StringTable *table)
{
	const StringEntry *entry;

	for (uint64 at = 0; (entry = string_table_next(table, &at)) != NULL;)
		if (effect_in_force((uint32) entry->value.bits) == EFFECT_DENY)
			return true;
	return false;
}

static bool
denies_something(const RuleParts *parts)
{
	for (int i = 0; i < parts->n; i++)
		if (has_denial(&parts->parts[i].grants->exact) ||
			has_denial(&parts->parts[i].grants->prefixes))
			return true;
	return false;
}

static List *
append_allowed(List *resources, const ActionRules *rules, const StringTable *table,
			   const char *suffix)
{
	const StringEntry *entry;

	for (uint64 at = 0; (entry = string_table_next(table, &at)) != NULL;)
	{
		char *name;

		if (!effects_allow((uint32) entry->value.bits))
			continue;
		name = psprintf("%s%s", string_entry_text(entry), suffix);
		if (permission_allows(rules, name, strlen(name)))
			resources = lappend(resources, name);
	}
	return resources;
}

static uint32
effects_on_all(const RuleParts *parts)
{
	uint32 effects = 0;

	for (int i = 0; i < parts->n; i++)
		effects |= parts->parts[i].grants->all;
	return effects;
}

/* Reads all of each part; false when that was there already. */
static bool
read_whole(RoleReading *reading, const RuleParts *parts)
{
	bool completed = false;

	for (int i = 0; i < parts->n; i++)
		if (!parts->parts[i].grants->complete)
		{
			grants_read_all(reading, parts->parts[i].role, parts->parts[i].grants);
			completed = true;
		}
	return completed;
}

/* What is known whole is enumerated. */
static List *
enumerate(const ActionRules *rules, bool *everything)
{
	const RuleParts *parts = rules->parts;
	List *resources = NIL;

	*everything = effects_allow(effects_on_all(parts)) && !denies_something(parts);
	if (*everything || effect_in_force(effects_on_all(parts)) == EFFECT_DENY)
		return NIL;
	for (int i = 0; i < parts->n; i++)
	{
		resources = append_allowed(resources, rules, &parts->parts[i].grants->exact, "");
		resources = append_allowed(resources, rules, &parts->parts[i].grants->prefixes, "*");
	}
	return resources;
}

/*
 * The names of the resources on which a role may do the action.  `everything` is set when it
 * may on all without exception; then there is nothing to list.  A grant of * with exceptions
 * cannot be listed: only what is granted by name is.
 */
List *
permission_enumerate(const char *role, const char *action, bool *everything)
{
	StringKey names = string_key(role, strlen(role) + 1);
	RoleReading *reading = begin_following();
	List *resources = NIL;
	ActionRules rules;

	*everything = false;
	(void) rules_at(reading, set_at(reading, &names), action, strlen(action), &rules);
	if (rules.parts)
	{
		bool completed = read_whole(reading, rules.parts);

		resources = enumerate(&rules, everything);
		if (completed)
			make_rules_anew();
	}
	end_following(reading);
	return resources;
}
