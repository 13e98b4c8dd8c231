/*
 * fold.h
 *		What is the same for every row is computed once, within a filter.
 */
#ifndef SESSION_AUTH_FOLD_H
#define SESSION_AUTH_FOLD_H

#include "nodes/bitmapset.h"
#include "nodes/execnodes.h"

extern void fold_filter_of(PlanState *scan, Bitmapset *params);

#endif /* SESSION_AUTH_FOLD_H */
