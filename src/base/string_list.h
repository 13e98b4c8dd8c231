/*
 * string_list.h
 *		Lists of strings.
 */
#ifndef SESSION_AUTH_STRING_LIST_H
#define SESSION_AUTH_STRING_LIST_H

#include "nodes/pg_list.h"
#include "utils/array.h"

extern bool string_list_has(const List *strings, const char *string);
extern List *string_list_distinct(List *strings);
extern ArrayType *string_list_array(const List *strings);

#endif /* SESSION_AUTH_STRING_LIST_H */
