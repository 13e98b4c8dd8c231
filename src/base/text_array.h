/*
 * text_array.h
 *		Strings as text[], and text[] as strings.
 */
#ifndef SESSION_AUTH_TEXT_ARRAY_H
#define SESSION_AUTH_TEXT_ARRAY_H

#include "nodes/pg_list.h"
#include "utils/array.h"

extern ArrayType *text_array_make(const char *const *strings, int n);
extern ArrayType *text_array_of_list(const List *strings);

/* Its elements in their order, NULL for each that is null. */
extern char **text_array_read(ArrayType *array, int *n);

/* Likewise as a list.  Raises an error for a null. */
extern List *text_array_list(ArrayType *array);

#endif /* SESSION_AUTH_TEXT_ARRAY_H */
