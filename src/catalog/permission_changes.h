/*
 * permission_changes.h
 *		What has changed of roles and permissions, read from where one left off.
 */
#ifndef SESSION_AUTH_PERMISSION_CHANGES_H
#define SESSION_AUTH_PERMISSION_CHANGES_H

#include "commands/trigger.h"

#include "catalog/tables.h"

/* Columns of the table, in the order of sql/parts/schema.sql. */
enum
{
	Anum_changes_xid = 1,
	Anum_changes_role,
	Anum_changes_action,
	Anum_changes_resource,
	Anum_changes_deleted_to,
	Natts_changes = Anum_changes_deleted_to
};

/* One permission, granted or denied or neither by now; or more, where names are NULL. */
typedef struct PermissionChange
{
	char *role;     /* NULL: every role */
	char *action;   /* NULL: all of the role, also that it exists and what it inherits */
	char *resource; /* as it is stored */
} PermissionChange;

extern void record_permission_changes(const TriggerData *trigger);

/*
 * What has changed since the reading that was followed last; with what the own transaction
 * has changed and taken back, if more has been heard of since then.  The list is good until
 * the reading is followed.
 */
extern List *permission_changes_since(RoleReading *reading, bool heard_of_more);

/* A reader has taken in all changes up to this reading; or it has forgotten everything. */
extern void follow_permission_changes(RoleReading *reading, bool heard_of_more);
extern void forget_permission_changes(void);

#endif /* SESSION_AUTH_PERMISSION_CHANGES_H */
