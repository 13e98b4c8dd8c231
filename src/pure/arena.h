/*
 * arena.h
 *		Memory of the caller's, given out piece by piece and taken back as a whole.
 *
 * Invariant: pieces are aligned for any type and never overlap.
 */
#ifndef SESSION_AUTH_ARENA_H
#define SESSION_AUTH_ARENA_H

#include <stddef.h>

#define ARENA_ALIGN 16

typedef struct Arena
{
	char *data;
	size_t cap;
	size_t used;
} Arena;

/* NULL when there is not as much left. */
static inline void *
arena_take(Arena *arena, size_t len)
{
	size_t skip = (ARENA_ALIGN - (size_t) (arena->data + arena->used) % ARENA_ALIGN) % ARENA_ALIGN;
	char *piece;

	if (skip > arena->cap - arena->used || len > arena->cap - arena->used - skip)
		return NULL;
	piece = arena->data + arena->used + skip;
	arena->used += skip + len;
	return piece;
}

#endif /* SESSION_AUTH_ARENA_H */
