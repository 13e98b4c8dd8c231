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

#endif /* SESSION_AUTH_INTERPRETED_H */
