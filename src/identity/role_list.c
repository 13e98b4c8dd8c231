/*
 * role_list.c
 *		A list of roles that is kept, in both forms in which an identity needs it.
 *
 * Many users have the same roles, and each authenticate would make the same of
 * them: a user may have a thousand.
 */
#include "postgres.h"

#include "base/text_array.h"
#include "identity/role_list.h"

/* A list of n names, which lie one right after the other, each with its NUL. */
RoleList *
role_list_make(const char *names, size_t len, int n)
{
	RoleList *list = palloc(sizeof(RoleList) + n * sizeof(char *) + len);
	const char **pointers = (const char **) (list + 1);
	char *at = memcpy(pointers + n, names, len);

	list->n = n;
	list->names = pointers;
	list->len = len;
	for (int i = 0; i < n; i++)
	{
		pointers[i] = at;
		at += strlen(at) + 1;
	}
	list->array = text_array_make(pointers, n);
	return list;
}
