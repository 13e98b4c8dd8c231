/*
 * role_list.c
 *		A list of roles that is kept, in both forms in which an identity needs it.
 *
 * Many users have the same roles, and each authenticate would make the same of
 * them: a user may have a thousand.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "base/compat.h"
#include "identity/role_list.h"

/*
 * Roles as text[]: what construct_array would make of a text each, written without
 * the texts.
 */
ArrayType *
role_array(const char *const *names, int n)
{
	Size size = ARR_OVERHEAD_NONULLS(1);
	ArrayType *array;
	char *at;

	if (n == 0)
		return construct_empty_array(TEXTOID);
	for (int i = 0; i < n; i++)
		size += INTALIGN(VARHDRSZ + strlen(names[i]));
	array = palloc0(size);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = TEXTOID;
	ARR_DIMS(array)[0] = n;
	ARR_LBOUND(array)[0] = 1;
	at = (char *) array + ARR_OVERHEAD_NONULLS(1);
	for (int i = 0; i < n; i++)
	{
		size_t len = strlen(names[i]);

		SET_VARSIZE(at, VARHDRSZ + len);
		memcpy(VARDATA(at), names[i], len);
		at += INTALIGN(VARHDRSZ + len);
	}
	return array;
}

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
	list->array = role_array(pointers, n);
	return list;
}
