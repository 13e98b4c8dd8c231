/*
 * remote_nodes.h
 *		The servers that identities are carried to.
 */
#ifndef SESSION_AUTH_REMOTE_NODES_H
#define SESSION_AUTH_REMOTE_NODES_H

#include "executor/spi.h"

typedef struct RemoteNode
{
	Oid server;           /* of postgres_fdw */
	Oid carrier;          /* the foreign table that stands for the other side's carried_identity */
	const char *audience; /* what the other side is called in its session_auth.node_name */
	SPIPlanPtr plan;      /* that writes to the carrier, once it has been made */
} RemoteNode;

extern bool nodes_are_connected(void);
extern RemoteNode *node_of_server(Oid server);

#endif /* SESSION_AUTH_REMOTE_NODES_H */
