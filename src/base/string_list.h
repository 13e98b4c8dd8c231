/*
 * string_list.h
 *		Lists of strings.
 */
#ifndef SESSION_AUTH_STRING_LIST_H
#define SESSION_AUTH_STRING_LIST_H

#include "nodes/pg_list.h"

extern bool string_list_has(const List *strings, const char *string);
extern List *string_list_distinct(List *strings);

#endif /* SESSION_AUTH_STRING_LIST_H */
