/*
 * text_in_place.h
 *		The bytes of a text where it lies.
 */
#ifndef SESSION_AUTH_TEXT_IN_PLACE_H
#define SESSION_AUTH_TEXT_IN_PLACE_H

#include "postgres.h"

#include "base/compat.h"
#include "pure/slice.h"

/* Says no of a text that has to be fetched or unpacked first. */
static pg_attribute_always_inline bool
text_in_place(Datum datum, Slice *text)
{
	const struct varlena *value = (const struct varlena *) DatumGetPointer(datum);

	if (VARATT_IS_1B(value) && !VARATT_IS_1B_E(value))
		*text = (Slice){ VARDATA_SHORT(value), VARSIZE_SHORT(value) - VARHDRSZ_SHORT };
	else if (VARATT_IS_4B_U(value))
		*text = (Slice){ VARDATA(value), VARSIZE(value) - VARHDRSZ };
	else
		return false;
	return true;
}

#endif /* SESSION_AUTH_TEXT_IN_PLACE_H */
