/*
 * proof.h
 *		What the proofs share; test/proofs runs them.
 *
 * A PROOF is a function without arguments whose local variables that nobody sets may have
 * any value: cbmc looks for values with which a PROVE is false, memory outside of an object
 * is read or written, a number overflows, a shift is undefined, or a loop goes around more
 * often than allowed.  The names of what is proved and of its bound go into the table of
 * docs/proofs.md.
 */
#ifndef SESSION_AUTH_PROOF_H
#define SESSION_AUTH_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pure/slice.h"

/* unwind: how often any loop goes around, and once more */
#define PROOF(name, unwind, what, bound)                                                           \
	void name(void);                                                                               \
	void name(void)

/* In this proof each call of a function goes to another, which does whatever that one may. */
#define INSTEAD(proof, function, stub)

#define PROVE(condition, property) __CPROVER_assert(condition, property)
#define ASSUME(condition)          __CPROVER_assume(condition)

#define COUNT(array)               (sizeof(array) / sizeof(*(array)))

/* len bytes of any content, which lie at the end of their memory: what is read behind them is found. */
#define ANY_TEXT(text, max, length)                                                                \
	char text##_bytes[max];                                                                        \
	Slice text = { text##_bytes + (max), (length) };                                               \
	ASSUME(text.len <= (max));                                                                     \
	text.data -= text.len

/* cbmc has none of its own. */
void *
memchr(const void *bytes, int c, size_t n)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < n; i++)
		if (at[i] == (unsigned char) c)
			return (void *) (at + i);
	return NULL;
}

#endif /* SESSION_AUTH_PROOF_H */
