/*
 * carried.c
 *		Which identity each connection to another server has.
 *
 * Invariant: what is noted of a connection is what its transaction on the other server has.
 * That one begins with nobody; postgres_fdw lets it follow each savepoint here, and ends it with
 * the transaction, and these notes do the same.  An error on the way ends the
 * subtransaction on both sides.
 *
 * A connection is that of a user mapping, as postgres_fdw has it.  What its other end asks of
 * the next seal outlives transactions, and so does the key that both have agreed on; where it
 * has been opened anew meanwhile, the other end says so, and what it asks now.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_user_mapping.h"
#include "foreign/foreign.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "remote/agreed_key.h"
#include "remote/carried.h"
#include "remote/carrier.h"
#include "verify/seal.h"

/* For how long a seal can be presented that is on its way already. */
#define LIFETIME_US (5 * USECS_PER_SEC)

typedef struct Note
{
	int level;            /* of the subtransaction that it is undone with */
	const char *contents; /* of what was sealed; NULL: nobody */
} Note;

typedef struct Connection
{
	Oid mapping;
	Oid server;
	Oid user; /* by whom it was used last */
	char challenge[CHALLENGE_LEN + 1];
	AgreedKey agreed;
	List *notes; /* of this transaction; the last one counts */
} Connection;

static List *connections = NIL;

/* ------------------------------------------------------------------ what is carried */

/* The contents of the current identity's seals; NULL for nobody.  Good until it changes. */
const char *
carried_contents(void)
{
	static uint64 made_for = 0;
	static char *contents = NULL;
	const Identity *identity = identity_current();

	if (identity == NULL)
		return NULL;
	if (made_for != identity_generation)
	{
		char *made = seal_contents(identity);

		made_for = 0;
		if (contents)
			pfree(contents);
		contents = NULL;
		contents = MemoryContextStrdup(TopMemoryContext, made);
		made_for = identity_generation;
	}
	return contents;
}

bool
carried_equals(const char *contents, const char *others)
{
	if (contents == NULL || others == NULL)
		return contents == others;
	return strcmp(contents, others) == 0;
}

/* ----------------------------------------------------------------------- the notes */

/* Without its options, which are not asked for here; raises what postgres_fdw would. */
static Oid
mapping_of(Oid user, Oid server)
{
	Oid mapping = GetSysCacheOid2(USERMAPPINGUSERSERVER, Anum_pg_user_mapping_oid,
								  ObjectIdGetDatum(user), ObjectIdGetDatum(server));

	if (!OidIsValid(mapping)) /* PUBLIC's */
		mapping = GetSysCacheOid2(USERMAPPINGUSERSERVER, Anum_pg_user_mapping_oid,
								  ObjectIdGetDatum(InvalidOid), ObjectIdGetDatum(server));
	return OidIsValid(mapping) ? mapping : GetUserMapping(user, server)->umid;
}

static Connection *
connection_of(Oid mapping)
{
	MemoryContext old;
	Connection *connection;
	ListCell *cell;

	foreach (cell, connections)
		if (((Connection *) lfirst(cell))->mapping == mapping)
			return lfirst(cell);
	old = MemoryContextSwitchTo(TopMemoryContext);
	connection = palloc0(sizeof(Connection));
	connection->mapping = mapping;
	connections = lappend(connections, connection);
	MemoryContextSwitchTo(old);
	return connection;
}

static const char *
noted(const Connection *connection)
{
	return connection->notes == NIL ? NULL : ((Note *) llast(connection->notes))->contents;
}

static void
note(Connection *connection, const char *contents)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	Note *note = palloc(sizeof(Note));

	note->level = GetCurrentTransactionNestLevel();
	note->contents = contents ? pstrdup(contents) : NULL;
	connection->notes = lappend(connection->notes, note);
	MemoryContextSwitchTo(old);
}

static void
transaction_ended(XactEvent event, void *arg)
{
	ListCell *cell;

	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		foreach (cell, connections)
			((Connection *) lfirst(cell))->notes = NIL;
}

static void
end_notes(Connection *connection, int level, bool keep)
{
	List *kept = NIL;
	ListCell *cell;

	foreach (cell, connection->notes)
	{
		Note *note = lfirst(cell);

		if (note->level < level || keep)
			kept = lappend(kept, note);
		note->level = Min(note->level, level - 1);
	}
	connection->notes = kept;
}

static void
subtransaction_ended(SubXactEvent event, SubTransactionId me, SubTransactionId parent, void *arg)
{
	MemoryContext old;
	ListCell *cell;

	if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB)
		return;
	old = MemoryContextSwitchTo(TopTransactionContext);
	foreach (cell, connections)
		if (((Connection *) lfirst(cell))->notes != NIL)
			end_notes(lfirst(cell), GetCurrentTransactionNestLevel(),
					  event == SUBXACT_EVENT_COMMIT_SUB);
	MemoryContextSwitchTo(old);
}

void
carried_init(void)
{
	RegisterXactCallback(transaction_ended, NULL);
	RegisterSubXactCallback(subtransaction_ended, NULL);
}

/* -------------------------------------------------------------------------- carrying */

/*
 * What is to be written now: NULL for nobody, nothing where the other end has not said yet what
 * it asks for.
 */
static char *
make_seal(Connection *connection, const RemoteNode *node, const char *contents)
{
	SealUse use = { node->audience, LIFETIME_US, connection->challenge, NULL };
	/* It may have come to its end since the contents were made. */
	const Identity *identity = identity_current();
	TrustedKey *signer;
	CryptoKey *agreed;

	if (contents == NULL || identity == NULL)
		return NULL;
	if (connection->challenge[0] == '\0')
		return pstrdup("");
	signer = seal_signer();
	agreed = agreed_key_for(&connection->agreed, signer);
	if (agreed == NULL)
		use.epk = agreed_key_propose(&connection->agreed, signer, connection->challenge);
	return seal_make(contents, identity->expires_at, &use, signer, agreed);
}

static bool
write_once(Connection *connection, RemoteNode *node, const char *contents)
{
	CarrierAnswer answer;
	char *seal;

	agreed_key_withdraw(&connection->agreed);
	seal = make_seal(connection, node, contents);
	carrier_write(node, connection->user, seal, &answer);
	agreed_key_settle(&connection->agreed, answer.accepted, answer.challenge);
	memcpy(connection->challenge, answer.challenge, sizeof(connection->challenge));
	return answer.accepted;
}

/* Lets the connection that this user has to a node have the current identity. */
void
carry_to(RemoteNode *node, Oid user)
{
	const char *contents = carried_contents();
	Connection *connection = connection_of(mapping_of(user, node->server));
	bool accepted;

	connection->server = node->server;
	connection->user = user;
	if (carried_equals(contents, noted(connection)))
		return;
	/* the first time asks what is to be sealed, or is told that it is something else now */
	accepted = write_once(connection, node, contents);
	if (!accepted)
		accepted = write_once(connection, node, contents);
	if (!accepted)
		ereport(ERROR, (errcode(ERRCODE_FDW_ERROR),
						errmsg("server \"%s\" does not take the identity that is carried over",
							   GetForeignServer(node->server)->servername)));
	note(connection, contents);
}

/* Likewise each connection that has had another one in this transaction. */
void
carry_to_used(void)
{
	ListCell *cell;

	foreach (cell, connections)
	{
		const Connection *connection = lfirst(cell);
		RemoteNode *node = connection->notes == NIL ? NULL : node_of_server(connection->server);

		if (node)
			carry_to(node, connection->user);
	}
}
