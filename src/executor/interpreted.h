/*
 * interpreted.h
 *		Expressions that are made beside those of the plan are not compiled.
 */
#ifndef SESSION_AUTH_INTERPRETED_H
#define SESSION_AUTH_INTERPRETED_H

#include "jit/jit.h"
#include "nodes/execnodes.h"

extern void without_jit(EState *estate, void (*make)(void *arg), void *arg);

/* Whether the expressions of this query's plan are compiled. */
static inline bool
is_compiled(const EState *estate)
{
	const int flags = PGJIT_PERFORM | PGJIT_EXPR;

	return (estate->es_jit_flags & flags) == flags;
}

/* Whether it costs more to compile them, because they are meant to be as fast as can be. */
static inline bool
is_optimized(const EState *estate)
{
	return (estate->es_jit_flags & (PGJIT_INLINE | PGJIT_OPT3)) != 0;
}

#endif /* SESSION_AUTH_INTERPRETED_H */
