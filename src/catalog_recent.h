/*
 * catalog_recent.h
 *		Where the rows of sessions were found last; for the catalog_*.c files alone.
 */
#ifndef SESSION_AUTH_CATALOG_RECENT_H
#define SESSION_AUTH_CATALOG_RECENT_H

#include "access/htup.h"
#include "executor/tuptable.h"
#include "storage/buf.h"
#include "utils/rel.h"

extern bool recent_find(Relation table, int64 key, HeapTuple tuple, Buffer *buffer);
extern void recent_keep(int64 key, TupleTableSlot *slot);

#endif /* SESSION_AUTH_CATALOG_RECENT_H */
