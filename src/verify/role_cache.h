/*
 * role_cache.h
 *		Which roles a user has, remembered.
 */
#ifndef SESSION_AUTH_ROLE_CACHE_H
#define SESSION_AUTH_ROLE_CACHE_H

#include "identity/role_list.h"

extern const RoleList *role_cache_get(const char *user_id, const char *tenant);

#endif /* SESSION_AUTH_ROLE_CACHE_H */
