/*
 * name_rules.c
 *		What the names of users, roles and tenants have in common; see name_rules.h.
 */
#include "pure/name_rules.h"

bool
has_control_character(Slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (is_control_character(text.data[i]))
			return true;
	return false;
}

/* What is wrong with a name of at most max bytes; one that is missing is empty. */
NameFault
name_fault(Slice name, size_t max)
{
	if (name.data == NULL || name.len == 0)
		return NAME_EMPTY;
	if (name.len > max)
		return NAME_TOO_LONG;
	return has_control_character(name) ? NAME_HAS_CONTROL : NAME_FITS;
}
