/*
 * permission.c
 *		Whether roles may do something, and on what.
 *
 * Mostly one look-up in a table of action_rules.c answers, in permission.h.  Here is what
 * remains: questions that need several tables, or the database's, and the enumeration.
 */
#include "postgres.h"

#include "base/string_table.h"
#include "permission/action_rules.h"
#include "permission/effect.h"
#include "permission/permission.h"
#include "permission/permission_cache.h"
#include "permission/permission_set.h"

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

/* Asks the tables, as one instant has all that the answer depends on. */
static bool
ask_tables(const RuleParts *parts, const StringKey *resource)
{
	MemoryContext old;
	MemoryContext work = permission_cache_begin_work(&old);
	StringKey names = permission_set_names(parts->set);
	char *action = pstrdup(parts->action);
	RoleReading *reading = permission_cache_begin_reading();
	bool completed = false;
	ActionRules rules;
	uint32 effects;

	(void) action_rules_at(reading, permission_set_at(reading, &names), action, strlen(action),
						   &rules);
	effects = effects_at(reading, rules.parts, resource, &completed);
	if (completed)
		permission_cache_drop_sets();
	permission_cache_end_reading(reading);
	permission_cache_end_work(work, old);
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
	key = string_key_of(resource, len);
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
	StringKey names = string_key_of(role, strlen(role) + 1);
	RoleReading *reading = permission_cache_begin_reading();
	List *resources = NIL;
	ActionRules rules;

	*everything = false;
	(void) action_rules_at(reading, permission_set_at(reading, &names), action, strlen(action),
						   &rules);
	if (rules.parts)
	{
		bool completed = read_whole(reading, rules.parts);

		resources = enumerate(&rules, everything);
		if (completed)
			permission_cache_drop_sets();
	}
	permission_cache_end_reading(reading);
	return resources;
}
