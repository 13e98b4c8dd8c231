/*
 * role_list.h
 *		A list of roles that is kept, in both forms in which an identity needs it.
 */
#ifndef SESSION_AUTH_ROLE_LIST_H
#define SESSION_AUTH_ROLE_LIST_H

#include "utils/array.h"

typedef struct RoleList
{
	int n;
	const char *const *names; /* the one granted first at their head */
	size_t len;               /* of all with their NULs, which lie one right after the other */
	const ArrayType *array;   /* the same as text[] */
} RoleList;

extern RoleList *role_list_make(const char *names, size_t len, int n);

#endif /* SESSION_AUTH_ROLE_LIST_H */
