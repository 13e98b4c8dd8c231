/*
 * index_probe.h
 *		The rows that an index has for one key, for whoever looks for few of them often.
 */
#ifndef SESSION_AUTH_INDEX_PROBE_H
#define SESSION_AUTH_INDEX_PROBE_H

#include "access/genam.h"
#include "access/htup.h"
#include "storage/buf.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

#include "catalog/table_access.h"

typedef struct IndexProbe
{
	Relation table;
	Relation index;
	Snapshot snapshot;
	IndexScanDesc scan;
	ItemPointerData place; /* that the index names; the tuple may be a later version there */
	Buffer buffer;         /* that holds the tuple, as long as the probe is there; or 0 */
	HeapTupleData tuple;
} IndexProbe;

extern bool probe_is_possible(Relation table);
extern void probe_begin(IndexProbe *probe, Relation table, CatalogRelation index, ScanKey key);
extern HeapTuple probe_next(IndexProbe *probe);
extern void probe_end(IndexProbe *probe);

#endif /* SESSION_AUTH_INDEX_PROBE_H */
