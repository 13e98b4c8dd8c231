/*
 * denial.h
 *		Notes that policies have left a query nothing of a table.
 */
#ifndef SESSION_AUTH_DENIAL_H
#define SESSION_AUTH_DENIAL_H

#include "nodes/execnodes.h"

/* What was noted of a query; it lives as long as the query. */
typedef struct Denials
{
	MemoryContext context;
	List *tables;
} Denials;

pg_noreturn extern void denial_raise(const PlanState *scan);
extern void denial_note(const PlanState *scan, Denials *denials);
extern void denial_watch(ResultState *result, const PlanState *scan, Denials *denials);

#endif /* SESSION_AUTH_DENIAL_H */
