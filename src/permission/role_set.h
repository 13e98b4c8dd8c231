/*
 * role_set.h
 *		What one role may do by itself, as much of it as has been asked for.
 */
#ifndef SESSION_AUTH_ROLE_SET_H
#define SESSION_AUTH_ROLE_SET_H

#include "base/string_table.h"
#include "catalog/permission_changes.h"
#include "catalog/tables.h"

/* What a role may do of one action: all of it, or what has been asked. */
typedef struct ActionGrants
{
	MemoryContext context;
	bool complete;
	uint32 all;           /* effects on the resource * */
	StringTable exact;    /* resource → effects */
	StringTable prefixes; /* "project:" for project:* → effects */
	StringTable answers;  /* where it is not complete: resource → ANSWERED and effects */
	uint32 load_at;       /* answers, before it is tried again to load all */
	char action[FLEXIBLE_ARRAY_MEMBER];
} ActionGrants;

typedef struct RoleSet
{
	MemoryContext context;
	const char *name;
	List *parents;       /* of char * */
	bool complete;       /* all actions are there */
	StringTable actions; /* action → ActionGrants */
	int empty_actions;   /* of them, when not all are there */
} RoleSet;

/* Visits what a role has stored of one action under any name that covers a resource. */
extern void visit_covering(RoleReading *reading, const char *role, const char *action,
						   const char *resource, size_t len, PermissionVisitor visit, void *arg);

extern RoleSet *role_set_read(RoleReading *reading, const char *role, MemoryContext parent);
extern bool role_set_follow(RoleReading *reading, RoleSet *set, const PermissionChange *change);

extern bool role_set_knows_action(const RoleSet *set, const char *action, size_t len,
								  ActionGrants **grants);
extern ActionGrants *role_set_read_action(RoleReading *reading, RoleSet *set, const char *action,
										  size_t len);
extern bool grants_know(const ActionGrants *grants, const StringKey *resource, uint32 *effects);
extern uint32 grants_ask(RoleReading *reading, const RoleSet *set, ActionGrants *grants,
						 const StringKey *resource);
extern void grants_read_all(RoleReading *reading, const RoleSet *set, ActionGrants *grants);
extern ActionGrants *grants_new(MemoryContext context, const char *action, size_t len);
extern bool grants_are_empty(const ActionGrants *grants);
extern void grants_add_effects(ActionGrants *grants, const char *resource, size_t len,
							   uint32 effects);
extern void grants_add(ActionGrants *to, const ActionGrants *from);

#endif /* SESSION_AUTH_ROLE_SET_H */
