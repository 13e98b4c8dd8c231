/*
 * postgres.h
 *		What identity/identity_text.c and identity_chunk.c take of
 *PostgreSQL, for identity.c of these proofs.
 */
#ifndef POSTGRES_H
#define POSTGRES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef int32_t int32;
typedef uint64_t uint64;
typedef int64_t TimestampTz;

#define StaticAssertDecl(condition, message) _Static_assert(condition, message)
#define likely(x)                            (x)
#define guc_malloc(elevel, size)             malloc(size)
#define guc_free(pointer)                    free(pointer)
#define ereport(elevel, rest)                abort()

/* Or an error. */
static inline void *
palloc(size_t size)
{
	void *memory = malloc(size);

	__CPROVER_assume(memory != NULL);
	return memory;
}

#endif /* POSTGRES_H */
