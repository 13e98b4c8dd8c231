/*
 * slice.h
 *		A run of bytes inside memory that somebody else owns.
 *
 * Invariant: data is NULL only when there is nothing (as opposed to an empty
 * text); no NUL ends it.
 */
#ifndef SESSION_AUTH_SLICE_H
#define SESSION_AUTH_SLICE_H

#include <stddef.h>

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

#endif /* SESSION_AUTH_SLICE_H */
