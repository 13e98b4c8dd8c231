/*
 * remote_nodes.c
 *		The servers that identities are carried to.
 *
 * Invariant: what is here was in the table when nothing had been invalidated since; a node is
 * good until nodes_are_connected() is asked again.
 */
#include "postgres.h"

#include "catalog/pg_foreign_table.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "catalog/changes.h"
#include "catalog/tables.h"
#include "remote/remote_nodes.h"

static MemoryContext nodes_context = NULL;
static List *nodes = NIL;
static uint64 followed_changes = 0;

static void
forget_nodes(void)
{
	ListCell *cell;

	foreach (cell, nodes)
		if (((RemoteNode *) lfirst(cell))->plan)
			SPI_freeplan(((RemoteNode *) lfirst(cell))->plan);
	nodes = NIL;
	if (nodes_context == NULL)
		nodes_context =
			AllocSetContextCreate(TopMemoryContext, "session_auth nodes", ALLOCSET_SMALL_SIZES);
	MemoryContextReset(nodes_context);
}

/* InvalidOid where the table has been dropped, with its server for one. */
static Oid
server_of(Oid foreign_table)
{
	HeapTuple tuple = SearchSysCache1(FOREIGNTABLEREL, ObjectIdGetDatum(foreign_table));
	Oid server = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		server = ((Form_pg_foreign_table) GETSTRUCT(tuple))->ftserver;
		ReleaseSysCache(tuple);
	}
	return server;
}

static void
load_nodes(void)
{
	ListCell *cell;

	foreach (cell, catalog_nodes())
	{
		const NodeRow *row = lfirst(cell);
		Oid server = server_of(row->carrier);
		MemoryContext old;
		RemoteNode *node;

		if (!OidIsValid(server))
			continue;
		old = MemoryContextSwitchTo(nodes_context);
		node = palloc0(sizeof(RemoteNode));
		node->server = server;
		node->carrier = row->carrier;
		node->audience = pstrdup(row->audience);
		nodes = lappend(nodes, node);
		MemoryContextSwitchTo(old);
	}
}

/* Follows what has been committed. */
bool
nodes_are_connected(void)
{
	uint64 seen;

	AcceptInvalidationMessages();
	if (unlikely(followed_changes != changes_of[CHANGED_NODES]))
	{
		seen = changes_of[CHANGED_NODES];
		followed_changes = 0;
		forget_nodes();
		load_nodes();
		followed_changes = seen;
	}
	return nodes != NIL;
}

/* NULL for a server that no identity is carried to. */
RemoteNode *
node_of_server(Oid server)
{
	ListCell *cell;

	foreach (cell, nodes)
		if (((RemoteNode *) lfirst(cell))->server == server)
			return lfirst(cell);
	return NULL;
}
