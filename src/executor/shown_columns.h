/*
 * shown_columns.h
 *		Whether a column is shown is decided once for a scan.
 */
#ifndef SESSION_AUTH_SHOWN_COLUMNS_H
#define SESSION_AUTH_SHOWN_COLUMNS_H

#include "nodes/execnodes.h"

extern void decide_columns_of(PlanState *scan, Bitmapset *params);

#endif /* SESSION_AUTH_SHOWN_COLUMNS_H */
