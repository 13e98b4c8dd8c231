/*
 * action_rules.c
 *		What a set of roles says of one action.
 *
 * It is put together when that is first asked, and kept with the set: what is small is
 * copied into one table, so that one look-up answers, and what is large is pointed to.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/string_table.h"
#include "permission/action_rules.h"
#include "permission/effect.h"
#include "permission/permission.h"
#include "permission/permission_cache.h"
#include "permission/permission_set.h"

/* What says no more than this of an action is copied for a combination of roles. */
#define SMALL 256

/* Of actions that a combination of roles has nothing of, so many are remembered. */
#define MAX_EMPTY_ACTIONS 256

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
	merged->grants = MemoryContextAllocZero(permission_cache_sets_context(), sizeof(ActionGrants));
	merged->grants->context = permission_cache_sets_context();
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
	RuleParts *kept =
		MemoryContextAlloc(permission_cache_sets_context(),
						   offsetof(RuleParts, parts) + list_length(parts) * sizeof(RulePart));
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
	rules.parts =
		keep_parts(set, MemoryContextStrdup(permission_cache_sets_context(), action), parts);
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
	kept = MemoryContextAlloc(permission_cache_sets_context(), sizeof(ActionRules));
	*kept = *rules;
	string_table_insert(&set->actions, permission_cache_sets_context(), action)->value.pointer =
		kept;
}

/* False when something would have to be read, and there is no reading. */
bool
action_rules_at(RoleReading *reading, const PermissionSet *set, const char *action, size_t len,
				ActionRules *rules)
{
	StringKey key = string_key_of(action, len);
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

/* What the set says of the action; the set may be gone after that. */
static pg_noinline ActionRules
read_rules(const PermissionSet *set, const char *action, size_t len)
{
	MemoryContext old;
	MemoryContext work = permission_cache_begin_work(&old);
	StringKey names = permission_set_names(set);
	RoleReading *reading = permission_cache_begin_reading();
	ActionRules rules;

	(void) action_rules_at(reading, permission_set_at(reading, &names), action, len, &rules);
	permission_cache_end_reading(reading);
	permission_cache_end_work(work, old);
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

	return action_rules_at(NULL, set, action, len, &rules) ? rules : read_rules(set, action, len);
}
