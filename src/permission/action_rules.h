/*
 * action_rules.h
 *		What a set of roles says of one action, role by role; only this room looks at it.
 */
#ifndef SESSION_AUTH_ACTION_RULES_H
#define SESSION_AUTH_ACTION_RULES_H

#include "catalog/tables.h"
#include "permission/permission.h"
#include "permission/role_set.h"

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

extern bool action_rules_at(RoleReading *reading, const PermissionSet *set, const char *action,
							size_t len, ActionRules *rules);

#endif /* SESSION_AUTH_ACTION_RULES_H */
