/*
 * slice.h
 *		A run of bytes inside memory that somebody else owns.
 *
 * Invariant: data is NULL only when there is nothing (as opposed to an empty
 * text); no NUL ends it.
 */
#ifndef SESSION_AUTH_SLICE_H
#define SESSION_AUTH_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct Slice
{
	const char *data;
	size_t len;
} Slice;

static inline Slice
slice_make(const void *data, size_t len)
{
	Slice s;

	s.data = data;
	s.len = len;
	return s;
}

/* Bytes that nobody must guess: secrets are compared by crypto_equal. */
static inline bool
slice_equals(Slice a, Slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool
slice_is(Slice s, const char *text)
{
	return slice_equals(s, slice_make(text, strlen(text)));
}

static inline bool
slice_begins_with(Slice s, Slice prefix)
{
	return s.len >= prefix.len && slice_equals(slice_make(s.data, prefix.len), prefix);
}

static inline bool
slice_ends_with(Slice s, Slice suffix)
{
	return s.len >= suffix.len &&
		   slice_equals(slice_make(s.data + s.len - suffix.len, suffix.len), suffix);
}

/* Moves the first n bytes out of what is left to read; false when they are not there. */
static inline bool
slice_take(Slice *rest, size_t n, Slice *taken)
{
	if (rest->len < n)
		return false;
	*taken = slice_make(rest->data, n);
	rest->data += n;
	rest->len -= n;
	return true;
}

/* What is before and after the last separator, which is not empty; false without one. */
static inline bool
slice_split_last(Slice text, const char *separator, Slice *before, Slice *after)
{
	const size_t n = strlen(separator);
	const char last = separator[n - 1];

	for (size_t i = text.len; i >= n; i--)
		if (text.data[i - 1] == last && memcmp(text.data + i - n, separator, n) == 0)
		{
			*after = slice_make(text.data + i, text.len - i);
			*before = slice_make(text.data, i - n);
			return true;
		}
	return false;
}

#endif /* SESSION_AUTH_SLICE_H */
