/*
 * outside_text.h
 *		UTF-8 from outside, in a database that may have another encoding.
 */
#ifndef SESSION_AUTH_OUTSIDE_TEXT_H
#define SESSION_AUTH_OUTSIDE_TEXT_H

#include "postgres.h"

#include "mb/pg_wchar.h"

#include "pure/slice.h"

/*
 * Whether the text is the same in this database: of another encoding only ASCII is.  Nothing
 * is converted, as that could fail, or run a conversion of the owner's.
 */
static inline bool
is_storable_here(Slice text)
{
	if (GetDatabaseEncoding() == PG_UTF8)
		return true;
	for (size_t i = 0; i < text.len; i++)
		if (IS_HIGHBIT_SET(text.data[i]))
			return false;
	return true;
}

#endif /* SESSION_AUTH_OUTSIDE_TEXT_H */
