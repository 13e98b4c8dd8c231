/*
 * permission_cache.h
 *		The backend's memory of what roles may do, as of one instant; only this room asks it.
 */
#ifndef SESSION_AUTH_PERMISSION_CACHE_H
#define SESSION_AUTH_PERMISSION_CACHE_H

#include "catalog/tables.h"
#include "permission/permission.h"
#include "permission/role_set.h"

extern uint64 permission_cache_changes(void);
extern RoleReading *permission_cache_begin_reading(void);
extern void permission_cache_end_reading(RoleReading *reading);
extern MemoryContext permission_cache_begin_work(MemoryContext *old);
extern void permission_cache_end_work(MemoryContext work, MemoryContext old);

extern RoleSet *permission_cache_role(RoleReading *reading, const char *name);
extern void permission_cache_miss_role(const char *name);
extern const PermissionSet *permission_cache_set(const StringKey *names);
extern void permission_cache_keep_set(const StringKey *names, PermissionSet *set);
extern MemoryContext permission_cache_sets_context(void);
extern void permission_cache_drop_sets(void);

#endif /* SESSION_AUTH_PERMISSION_CACHE_H */
