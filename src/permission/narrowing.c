/*
 * narrowing.c
 *		What is left of what roles may do, for an identity that may do less.
 *
 * What a set of roles says of an action and what a narrowing says of it are put together
 * once, when the action is first asked.  Where the names that are left can be listed they
 * are one table, so that a row costs the same one look-up; else a row asks each layer, and
 * then the roles.  A layer is kept as what a role is granted is, and judged by the same rule
 * (effect.h).
 *
 * Invariant: what has been handed out lasts as long as the narrowing is the identity's and
 * changes_of[CHANGED_PERMISSIONS] stays the same; whoever keeps it looks at both.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/narrowing_text.h"
#include "base/string_list.h"
#include "permission/narrowing.h"
#include "permission/role_set.h"

/* Names of roles, of which those that a pattern covers are listed at once. */
#define MAX_LISTED 1024

/* Answers that are remembered where the names cannot be listed. */
#define MAX_ANSWERS 4096

/* Beyond this everything is put together anew: actions may be made up. */
#define MAX_BYTES ((Size) 4 * 1024 * 1024)

struct NarrowedRules
{
	ActionRules rules;   /* of the roles */
	StringTable answers; /* resource → what was answered, as an effect */
	int n;
	ActionGrants *layers[FLEXIBLE_ARRAY_MEMBER]; /* that do not cover all */
};

static MemoryContext context = NULL;
static char *kept_narrowing = NULL;
static uint64 kept_for = 0;    /* count of changes of permissions */
static StringTable kept_rules; /* rules of roles and action → ActionRules */

/* ----------------------------------------------------------------- reading the text */

/* One permission of a narrowing. */
typedef struct Permission
{
	const char *action;
	size_t action_len;
	const char *resource;
	size_t resource_len;
} Permission;

/* Reads the next permission and goes past it; false at the end of the layer, which is passed too. */
static bool
next_permission(const char **at, Permission *permission)
{
	const char *end = strchr(*at, NARROWING_END);
	const char *start = *at;
	const char *colon;

	Assert(end != NULL);
	*at = end + 1;
	if (end == start)
		return false;
	colon = memchr(start, ':', end - start);
	if (colon == NULL)
		colon = end; /* a token's word that is no permission: an action on nothing */
	permission->action = start;
	permission->action_len = colon - start;
	permission->resource = colon < end ? colon + 1 : end;
	permission->resource_len = end - permission->resource;
	return true;
}

static bool
is_of_action(const Permission *permission, const char *action, size_t len)
{
	return permission->resource_len > 0 &&
		   action_covers(permission->action, permission->action_len, action, len);
}

/* What a layer says of an action; goes past the layer. */
static ActionGrants *
read_layer(const char **at, const char *action, size_t len, MemoryContext in)
{
	ActionGrants *layer = grants_new(in, action, len);
	Permission permission;

	layer->complete = true;
	while (next_permission(at, &permission))
		if (is_of_action(&permission, action, len))
			grants_add_effects(layer, permission.resource, permission.resource_len, EFFECT_ALLOW);
	return layer;
}

static bool
layer_covers(const ActionGrants *layer, const StringKey *resource)
{
	uint32 effects;

	return grants_know(layer, resource, &effects) && effects_allow(effects);
}

/* Whether every layer covers it. */
bool
narrowing_covers(const char *narrowing, const char *action, const char *resource)
{
	StringKey key = string_key_of(resource, strlen(resource));

	for (const char *at = narrowing; at && *at;)
		if (!layer_covers(read_layer(&at, action, strlen(action), CurrentMemoryContext), &key))
			return false;
	return true;
}

/* ------------------------------------------------------------------ putting together */

/* What the layers and the roles say of one resource. */
static bool
ask_all(const NarrowedRules *narrowed, const StringKey *resource)
{
	for (int i = 0; i < narrowed->n; i++)
		if (!layer_covers(narrowed->layers[i], resource))
			return false;
	return permission_allows(&narrowed->rules, resource->bytes, resource->len);
}

/* Remembered, as many rows have few resources. */
bool
narrowed_rules_allow(NarrowedRules *narrowed, const char *resource, size_t len)
{
	StringKey key = string_key_of(resource, len);
	const StringEntry *entry = string_table_find(&narrowed->answers, &key);
	bool allowed;

	if (likely(entry != NULL))
		return effects_allow((uint32) entry->value.bits);
	allowed = ask_all(narrowed, &key);
	if (narrowed->answers.used < MAX_ANSWERS)
		string_table_insert(&narrowed->answers, context, &key)->value.bits =
			allowed ? EFFECT_ALLOW : EFFECT_DENY;
	return allowed;
}

static int
count_layers(const char *narrowing)
{
	int n = 0;

	for (const char *at = narrowing; *at; n++)
	{
		Permission permission;

		while (next_permission(&at, &permission))
			;
	}
	return n;
}

/* Those layers that leave something out. */
static NarrowedRules *
read_layers(const char *narrowing, const ActionRules *rules, const char *action, size_t len)
{
	NarrowedRules *narrowed =
		MemoryContextAllocZero(context, offsetof(NarrowedRules, layers) +
											count_layers(narrowing) * sizeof(ActionGrants *));

	narrowed->rules = *rules;
	for (const char *at = narrowing; *at;)
	{
		ActionGrants *layer = read_layer(&at, action, len, context);

		if (!effects_allow(layer->all))
			narrowed->layers[narrowed->n++] = layer;
	}
	return narrowed;
}

/* The shortest list that has every name which may be left, or NULL where there is none. */
static const StringTable *
candidates(const NarrowedRules *narrowed)
{
	const ActionRules *rules = &narrowed->rules;
	const StringTable *names = NULL;

	for (int i = 0; i < narrowed->n; i++)
	{
		const ActionGrants *layer = narrowed->layers[i];

		if (layer->prefixes.used == 0 && (names == NULL || layer->exact.used < names->used))
			names = &layer->exact;
	}
	if (names == NULL && !effects_allow(rules->all) && rules->names->used <= MAX_LISTED)
		names = rules->names;
	return names;
}

/* The names that are left, or NULL where they cannot be listed without reading more. */
static const StringTable *
list_names(const NarrowedRules *narrowed)
{
	const StringTable *from;
	const StringEntry *entry;
	StringTable *names;

	if (narrowed->rules.names == NULL || (from = candidates(narrowed)) == NULL)
		return NULL;
	names = MemoryContextAllocZero(context, sizeof(StringTable));
	for (uint64 at = 0; (entry = string_table_next(from, &at)) != NULL;)
	{
		char *name = string_entry_text(entry);
		StringKey key = string_key_of(name, entry->size - 1);

		if (ask_all(narrowed, &key))
			string_table_insert(names, context, &key)->value.bits = EFFECT_ALLOW;
		pfree(name);
	}
	return names;
}

static ActionRules
put_together(const char *narrowing, const ActionRules *rules, const char *action, size_t len)
{
	NarrowedRules *narrowed = read_layers(narrowing, rules, action, len);
	ActionRules left = { NULL, 0, rules->parts, NULL };

	if (narrowed->n == 0)
		return *rules;
	left.names = list_names(narrowed);
	if (left.names == NULL)
		left.narrowed = narrowed;
	return left;
}

/* -------------------------------------------------------------------------- keeping */

/* Has what is kept be of this narrowing and these permissions. */
static void
follow_narrowing(const char *narrowing)
{
	bool full;

	if (context == NULL)
		context = AllocSetContextCreate(CacheMemoryContext, "session_auth narrowing",
										ALLOCSET_DEFAULT_SIZES);
	full = MemoryContextMemAllocated(context, true) > MAX_BYTES;
	if (kept_narrowing && !full && kept_for == changes_of[CHANGED_PERMISSIONS] &&
		strcmp(kept_narrowing, narrowing) == 0)
		return;
	if (full)
		changes_of[CHANGED_PERMISSIONS]++; /* nobody may use what was handed out */
	kept_narrowing = NULL;
	memset(&kept_rules, 0, sizeof(kept_rules));
	MemoryContextReset(context);
	kept_for = changes_of[CHANGED_PERMISSIONS];
	kept_narrowing = MemoryContextStrdup(context, narrowing);
}

/* The rules of the roles are told by their place, as long as they are good. */
static StringKey
key_of_rules(const ActionRules *rules, const char *action, size_t len)
{
	const void *place = rules->parts;
	char *key = palloc(sizeof(place) + len);

	memcpy(key, &place, sizeof(place));
	memcpy(key + sizeof(place), action, len);
	return string_key_of(key, sizeof(place) + len);
}

/* What is left of the rules for an action; they are good for changes_of[CHANGED_PERMISSIONS] as it is. */
ActionRules
narrowing_rules(const char *narrowing, ActionRules rules, const char *action, size_t len)
{
	const StringEntry *entry;
	ActionRules *left;
	StringKey key;

	if (narrowing == NULL || rules.parts == NULL)
		return rules;
	follow_narrowing(narrowing);
	key = key_of_rules(&rules, action, len);
	entry = string_table_find(&kept_rules, &key);
	if (entry)
		return *(const ActionRules *) entry->value.pointer;
	left = MemoryContextAlloc(context, sizeof(ActionRules));
	*left = put_together(kept_narrowing, &rules, action, len);
	string_table_insert(&kept_rules, context, &key)->value.pointer = left;
	return *left;
}

/* ---------------------------------------------------------------------- enumeration */

/* What two names or patterns both cover, which is one of them; or NULL. */
static char *
meet(char *a, char *b)
{
	if (pattern_covers(a, strlen(a), b, strlen(b)))
		return b;
	return pattern_covers(b, strlen(b), a, strlen(a)) ? a : NULL;
}

static List *
meet_layer(const char **at, const char *action, const List *resources)
{
	List *left = NIL;
	Permission permission;

	while (next_permission(at, &permission))
		if (is_of_action(&permission, action, strlen(action)))
		{
			char *covered = pnstrdup(permission.resource, permission.resource_len);
			ListCell *cell;

			foreach (cell, resources)
			{
				char *both = meet(lfirst(cell), covered);

				if (both)
					left = lappend(left, both);
			}
		}
	return left;
}

/* Of names and patterns of resources, what every layer covers too. */
List *
narrowing_resources(const char *narrowing, const char *action, List *resources)
{
	for (const char *at = narrowing; at && *at;)
	{
		CHECK_FOR_INTERRUPTS();
		resources = string_list_distinct(meet_layer(&at, action, resources));
	}
	return resources;
}
