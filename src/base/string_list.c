/*
 * string_list.c
 *		Lists of strings; see string_list.h.
 */
#include "postgres.h"

#include "base/string_list.h"

bool
string_list_has(const List *strings, const char *string)
{
	const ListCell *cell;

	foreach (cell, strings)
		if (strcmp(lfirst(cell), string) == 0)
			return true;
	return false;
}

static int
compare_strings(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/* Each once, in the order of their bytes, into which the list that is given is brought too. */
List *
string_list_distinct(List *strings)
{
	List *once = NIL;
	ListCell *cell;

	list_sort(strings, compare_strings);
	foreach (cell, strings)
		if (once == NIL || strcmp(llast(once), lfirst(cell)) != 0)
			once = lappend(once, lfirst(cell));
	return once;
}
