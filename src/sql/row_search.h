/*
 * row_search.h
 *		Finds a row of a table of the application's by the values of columns.
 */
#ifndef SESSION_AUTH_ROW_SEARCH_H
#define SESSION_AUTH_ROW_SEARCH_H

#include "utils/jsonb.h"
#include "utils/rel.h"

extern int row_search(Relation rel, Jsonb *key, Datum *row);

#endif /* SESSION_AUTH_ROW_SEARCH_H */
