/*
 * held_permissions.c
 *		Which permissions a role holds, one by one, and which of them decides.
 *
 * Read from the tables, without the cache: whoever wants an explanation wants names, of
 * which the cache keeps none.  What a permission covers and what effects mean together is
 * as it is for the verdict (effect.h, visit_covering).
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/string_table.h"
#include "permission/effect.h"
#include "permission/held_permissions.h"
#include "permission/role_set.h"

/* The roles still to be visited; those visited are in the table beside it. */
typedef struct Closure
{
	RoleReading *reading;
	List *queue;
	StringTable seen;
} Closure;

static void
enqueue_role(const char *role, void *arg)
{
	Closure *closure = arg;
	StringKey key = string_key_of(role, strlen(role));
	StringEntry *entry = string_table_insert(&closure->seen, CurrentMemoryContext, &key);

	if (entry->value.bits == 0)
	{
		entry->value.bits = 1;
		closure->queue = lappend(closure->queue, pstrdup(role));
	}
}

/* A role and all that it inherits, nearest first; a cycle ends by itself. */
static List *
resolve_inheritance(RoleReading *reading, const char *role)
{
	Closure closure = { reading, NIL, { 0 } };

	enqueue_role(role, &closure);
	/* the list grows while it is walked */
	for (int i = 0; i < list_length(closure.queue); i++)
		catalog_visit_parents(reading, list_nth(closure.queue, i), enqueue_role, &closure);
	return closure.queue;
}

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
	Listing listing = { NIL, NULL };
	ListCell *cell;

	foreach (cell, resolve_inheritance(reading, role))
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

/*
 * The permission that decides what a role may do, or NULL when there is none: of those whose
 * effect is in force, that of the nearest role.
 */
const HeldPermission *
permission_that_decides(RoleReading *reading, const char *role, const char *action,
						const char *resource)
{
	Explaining explaining = { NULL, NULL, NULL };
	uint32 effects;
	ListCell *cell;

	foreach (cell, resolve_inheritance(reading, role))
	{
		explaining.role = lfirst(cell);
		visit_covering(reading, explaining.role, "*", resource, strlen(resource), explain_by,
					   &explaining);
		if (!is_everything(action, strlen(action)))
			visit_covering(reading, explaining.role, action, resource, strlen(resource), explain_by,
						   &explaining);
	}
	effects = (explaining.grant ? EFFECT_ALLOW : 0) | (explaining.denial ? EFFECT_DENY : 0);
	return effect_in_force(effects) == EFFECT_DENY ? explaining.denial : explaining.grant;
}
