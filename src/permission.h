/*
 * permission.h
 *		What roles may do.
 */
#ifndef SESSION_AUTH_PERMISSION_H
#define SESSION_AUTH_PERMISSION_H

#include "catalog.h"

/* All that a set of roles may do, inheritance resolved. */
typedef struct PermissionSet PermissionSet;

/* The part of it that concerns one action. */
typedef struct ActionGrants ActionGrants;

typedef struct ActionRules
{
	const ActionGrants *own; /* of the action itself, or NULL */
	const ActionGrants *any; /* of the action *, or NULL */
} ActionRules;

extern void permission_init(void);

extern void permission_accept_changes(void);
extern uint64 permission_generation(void);
extern const PermissionSet *permission_set(const char *roles, size_t len, uint64 *valid_for);
extern bool permission_set_has_role(const PermissionSet *set, const char *role, size_t len);
extern ActionRules permission_rules(const PermissionSet *set, const char *action, size_t len);
extern bool permission_allows(ActionRules rules, const char *resource, size_t len);
extern List *permission_enumerate(ActionRules rules, bool *everything);

/* A permission as it is stored, and the role that holds it. */
typedef struct HeldPermission
{
	const char *via_role;
	const char *action;
	const char *resource;
	PermissionEffect effect;
} HeldPermission;

extern List *permission_list(RoleReading *reading, const char *role);
extern bool permission_covers(const HeldPermission *held, const char *action, const char *resource);

#endif /* SESSION_AUTH_PERMISSION_H */
