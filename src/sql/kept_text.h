/*
 * kept_text.h
 *		Texts that a call site has resolved something for, and whether they are still the same.
 *
 * Policies ask with the same texts for row after row: they are compared in place, short ones
 * by two words.
 */
#ifndef SESSION_AUTH_KEPT_TEXT_H
#define SESSION_AUTH_KEPT_TEXT_H

#include "fmgr.h"

#include "base/string_table.h"
#include "base/text_in_place.h"
#include "pure/slice.h"

/* A text in place, unless it has to be fetched or unpacked. */
static pg_attribute_always_inline Slice
text_slice(FunctionCallInfo fcinfo, int n)
{
	struct varlena *value = (struct varlena *) PG_GETARG_POINTER(n);

	if (unlikely(VARATT_IS_1B_E(value) || VARATT_IS_4B_C(value)))
		value = pg_detoast_datum_packed(value);
	return (Slice){ VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value) };
}

/* A text in place that is a short key, as most names are. */
static pg_attribute_always_inline bool
is_short_text(FunctionCallInfo fcinfo, int n, Slice *text)
{
	return text_in_place(PG_GETARG_DATUM(n), text) && text->len > 0 &&
		   text->len <= STRING_KEY_SHORT;
}

/* The value of an argument that something was resolved for. */
typedef struct KeptText
{
	bool constant; /* it cannot be another the next time */
	char *bytes;   /* ended by a NUL */
	size_t len;
	size_t size;  /* of the memory */
	uint64 first; /* the words of a short key, when it is one */
	uint64 last;
} KeptText;

/* A short text, by its words. */
static pg_attribute_always_inline bool
is_same_short(const KeptText *kept, Slice value)
{
	return kept->len == value.len && kept->first == string_first(value.data, value.len) &&
		   kept->last == string_last(value.data, value.len);
}

static pg_attribute_always_inline bool
kept_is(const KeptText *kept, FunctionCallInfo fcinfo, int n)
{
	Slice value;

	if (kept->constant)
		return true;
	value = text_slice(fcinfo, n);
	if (value.len <= STRING_KEY_SHORT)
		return is_same_short(kept, value);
	return kept->len == value.len && memcmp(kept->bytes, value.data, value.len) == 0;
}

/* The same for what is a constant or a short key; of anything else it says no. */
static pg_attribute_always_inline bool
kept_is_short(const KeptText *kept, FunctionCallInfo fcinfo, int n)
{
	Slice value;

	return kept->constant || (is_short_text(fcinfo, n, &value) && is_same_short(kept, value));
}

extern bool is_constant_argument(FunctionCallInfo fcinfo, int n);
extern void kept_text_set(FunctionCallInfo fcinfo, KeptText *kept, int n);

#endif /* SESSION_AUTH_KEPT_TEXT_H */
