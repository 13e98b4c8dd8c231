/*
 * role_cache.h
 *		Which roles a user has, remembered.
 */
#ifndef SESSION_AUTH_ROLE_CACHE_H
#define SESSION_AUTH_ROLE_CACHE_H

typedef struct GrantedRoles
{
	int n;
	const char *const *roles; /* the one granted first at their head */
	size_t len;               /* of all with their NULs, which lie one right after the other */
} GrantedRoles;

extern void role_cache_init(void);
extern const GrantedRoles *role_cache_get(const char *user_id, const char *tenant);

#endif /* SESSION_AUTH_ROLE_CACHE_H */
