/*
 * held_permissions.h
 *		Which permissions a role holds, one by one, and which of them decides.
 */
#ifndef SESSION_AUTH_HELD_PERMISSIONS_H
#define SESSION_AUTH_HELD_PERMISSIONS_H

#include "catalog/tables.h"

/* A permission as it is stored, and the role that holds it. */
typedef struct HeldPermission
{
	const char *via_role;
	const char *action;
	const char *resource;
	PermissionEffect effect;
} HeldPermission;

extern List *permission_list(RoleReading *reading, const char *role);
extern const HeldPermission *permission_that_decides(RoleReading *reading, const char *role,
													 const char *action, const char *resource);

#endif /* SESSION_AUTH_HELD_PERMISSIONS_H */
