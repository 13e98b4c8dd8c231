/*
 * cursor.c
 *		Whether a cursor is open that would take more rows.
 *
 * Invariant: only a cursor whose rows are all stored is passed over: one WITH
 * HOLD, of a transaction that is over.  Behind a pooler it may be another
 * client's, who must not keep this one from authenticating.  Whatever else is
 * open and not running, a driver's suspended portal included, takes the rest of
 * its rows with the identity that is in force then.
 *
 * PostgreSQL keeps the table of its portals to itself, but each portal has a
 * memory context that bears its name, below one that all have in common.  The
 * portal that is running now must be met on the way, where it is not alone.  Should
 * it not be, portals lie elsewhere, and the stricter question that PostgreSQL answers
 * is asked.
 */
#include "postgres.h"

#include "nodes/memnodes.h"
#include "tcop/pquery.h"
#include "utils/memutils.h"
#include "utils/portal.h"

#include "identity/cursor.h"

/* At COMMIT a portal loses its transaction, once its rows are stored. */
static bool
is_stored(Portal portal)
{
	return portal->createSubid == InvalidSubTransactionId && portal->holdStore != NULL;
}

static bool
takes_more_rows(Portal portal)
{
	return portal->status == PORTAL_READY && !is_stored(portal);
}

/* NULL for a context that is not a portal's own, as that of stored rows is. */
static Portal
portal_of(MemoryContext context)
{
	Portal portal = context->ident ? GetPortalByName(context->ident) : NULL;

	if (portal == NULL || portal->portalContext != context)
		portal = GetPortalByName(""); /* the one without a name is called something else */
	return portal && portal->portalContext == context ? portal : NULL;
}

/* As nearly always: the portal that runs is the only one. */
static bool
is_alone(MemoryContext context)
{
	return context->parent->firstchild == context && context->nextchild == NULL;
}

bool
cursor_takes_more_rows(void)
{
	MemoryContext active = ActivePortal ? ActivePortal->portalContext : NULL;
	bool met_active = false;

	if (active == NULL || active->parent == NULL)
		return !ThereAreNoReadyPortals();
	if (is_alone(active))
		return false;
	for (MemoryContext context = active->parent->firstchild; context; context = context->nextchild)
	{
		Portal portal = portal_of(context);

		if (portal && takes_more_rows(portal))
			return true;
		met_active |= portal == ActivePortal;
	}
	return !met_active && !ThereAreNoReadyPortals();
}
