/*
 * column_filter.h
 *		A filter that asks for a column's resource, without the interpreter of expressions.
 */
#ifndef SESSION_AUTH_COLUMN_FILTER_H
#define SESSION_AUTH_COLUMN_FILTER_H

#include "nodes/execnodes.h"

extern bool may_ask_for_column(const List *qual);
extern int columns_of_question(const List *qual);
extern ExprState *column_filter_make(List *qual, PlanState *scan);

#endif /* SESSION_AUTH_COLUMN_FILTER_H */
