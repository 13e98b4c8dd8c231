/*
 * interpreted.c
 *		Expressions that are made beside those of the plan are not compiled.
 *
 * PostgreSQL compiles the expressions of a plan all at once, when the first of them is
 * evaluated.  One that is made later is compiled by itself, which takes milliseconds, as
 * long as a hundred thousand rows do; and one that is made beside the plan's before that
 * makes them all wait longer.  What this extension makes is evaluated once, or saves
 * more than compiling it would (fold.c).  Invariant: the query's own flags are as they
 * were after it, whether it was made or raised an error.
 */
#include "postgres.h"

#include "executor/interpreted.h"

/* Calls make(arg); what it makes ready for execution is interpreted. */
void
without_jit(EState *estate, void (*make)(void *arg), void *arg)
{
	const int flags = estate->es_jit_flags;

	estate->es_jit_flags = PGJIT_NONE;
	PG_TRY();
	{
		make(arg);
	}
	PG_FINALLY();
	{
		estate->es_jit_flags = flags;
	}
	PG_END_TRY();
}
