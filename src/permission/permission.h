/*
 * permission.h
 *		What roles may do.
 */
#ifndef SESSION_AUTH_PERMISSION_H
#define SESSION_AUTH_PERMISSION_H

#include "base/string_table.h"
#include "catalog/changes.h"
#include "catalog/tables.h"
#include "permission/effect.h"

/* All that a set of roles may do, inheritance resolved. */
typedef struct PermissionSet PermissionSet;

/* What it says of one action, role by role where that is needed. */
typedef struct RuleParts RuleParts;

/* The same for an identity that may do less (narrowing.h). */
typedef struct NarrowedRules NarrowedRules;

/*
 * What one set says of one action.  Mostly one table has all of it: then one look-up
 * answers.
 */
typedef struct ActionRules
{
	const StringTable
		*names;              /* the table that one look-up asks, or NULL where that is not enough */
	uint32 all;              /* effects on every resource, where one look-up answers */
	const RuleParts *parts;  /* NULL: it says nothing */
	NarrowedRules *narrowed; /* what has to be asked instead, where more than that decides */
} ActionRules;

/*
 * As long as changes_of[CHANGED_PERMISSIONS] stays the same, so do the answers, and every set
 * and rule that has been handed out.  What is dropped for want of memory counts as a change.
 */
extern void permission_accept_changes(void);
extern const PermissionSet *permission_set_of_roles(const char *names, size_t len,
													uint64 *valid_for);
extern const PermissionSet *permission_set_of_role(const char *role, uint64 *valid_for);
extern bool permission_set_has_role(const PermissionSet *set, const char *role, size_t len);
extern ActionRules permission_rules(const PermissionSet *set, const char *action, size_t len);
extern bool permission_allows_by_rules(const ActionRules *rules, const char *resource, size_t len);
extern bool narrowed_rules_allow(NarrowedRules *narrowed, const char *resource, size_t len);
extern List *permission_enumerate(const char *role, const char *action, bool *everything);

/* What the rules say of one resource.  Nothing may be done to nothing. */
static pg_attribute_always_inline bool
permission_allows(const ActionRules *rules, const char *resource, size_t len)
{
	StringKey key;
	const StringEntry *entry;

	if (unlikely(rules->names == NULL || len == 0))
		return permission_allows_by_rules(rules, resource, len);
	key = string_key_of(resource, len);
	entry = string_table_find(rules->names, &key);
	return effects_allow(rules->all | (entry ? (uint32) entry->value.bits : 0));
}

#endif /* SESSION_AUTH_PERMISSION_H */
