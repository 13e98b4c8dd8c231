/*
 * permission_set.h
 *		The inside of a set of roles; only this room looks at it.
 */
#ifndef SESSION_AUTH_PERMISSION_SET_H
#define SESSION_AUTH_PERMISSION_SET_H

#include "catalog/tables.h"
#include "permission/permission.h"

struct PermissionSet
{
	const char *names; /* given: one after the other, each with its NUL */
	size_t names_len;
	StringTable roles;   /* given and inherited */
	List *members;       /* the same as RoleSets, the nearest first */
	StringTable actions; /* action → ActionRules */
	int empty_actions;   /* of them */
};

/* Of roles that do not exist; it is never written to. */
extern const PermissionSet no_permissions;

extern const PermissionSet *permission_set_at(RoleReading *reading, const StringKey *names);
extern StringKey permission_set_names(const PermissionSet *set);

#endif /* SESSION_AUTH_PERMISSION_SET_H */
