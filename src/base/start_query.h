/*
 * start_query.h
 *		What each hook of a query's start begins or ends with.
 */
#ifndef SESSION_AUTH_START_QUERY_H
#define SESSION_AUTH_START_QUERY_H

#include "executor/executor.h"

/* The start itself, by the hook that was there before, or as PostgreSQL does it. */
static inline void
start_query(ExecutorStart_hook_type next, QueryDesc *query, int eflags)
{
	if (next)
		next(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
}

#endif /* SESSION_AUTH_START_QUERY_H */
