/*
 * arrival_view.c
 *		The view that identities are carried to, here: session_auth_nodes.carried_identity.
 *
 * Invariant: it is the extension's own.  Of that name anybody may have made one, but not as a part
 * of the extension.  What was found is remembered as long as the relation is what it was.
 */
#include "postgres.h"

#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "parser/parse_func.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"

#include "remote/arrival_view.h"

static ArrivalView known = { InvalidOid, InvalidOid, InvalidOid };

static void
relation_invalidated(Datum arg, Oid relation)
{
	if (!OidIsValid(relation) || relation == known.view)
		known.view = InvalidOid;
}

/* The name is asked for first, as most relations have another. */
static bool
is_carried_identity(Oid relation)
{
	Oid schema = get_namespace_oid("session_auth_nodes", true);
	Oid extension;

	if (!OidIsValid(schema) || get_relname_relid("carried_identity", schema) != relation)
		return false;
	extension = get_extension_oid("session_auth", true);
	return OidIsValid(extension) && getExtensionOfObject(RelationRelationId, relation) == extension;
}

static Oid
function_of(char *name, int nargs)
{
	const Oid text = TEXTOID;
	List *qualified = list_make2(makeString("session_auth"), makeString(name));

	return LookupFuncName(qualified, nargs, &text, true);
}

/* NULL for any other relation. */
const ArrivalView *
arrival_view(Oid relation)
{
	if (OidIsValid(relation) && relation == known.view)
		return &known;
	if (!is_carried_identity(relation))
		return NULL;
	known.take_seal = function_of("take_seal", 1);
	known.asked_challenge = function_of("asked_challenge", 0);
	known.view = relation;
	return &known;
}

void
arrival_view_init(void)
{
	CacheRegisterRelcacheCallback(relation_invalidated, (Datum) 0);
}
