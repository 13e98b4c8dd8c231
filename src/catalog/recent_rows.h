/*
 * recent_rows.h
 *		Where the rows of sessions were found last; for the table_*.c files alone.
 */
#ifndef SESSION_AUTH_RECENT_ROWS_H
#define SESSION_AUTH_RECENT_ROWS_H

#include "access/htup.h"
#include "storage/buf.h"
#include "utils/rel.h"

extern bool recent_row_find(Relation table, int64 key, HeapTuple tuple, Buffer *buffer);
extern void recent_row_keep(int64 key, const ItemPointerData *place, Buffer buffer);

#endif /* SESSION_AUTH_RECENT_ROWS_H */
