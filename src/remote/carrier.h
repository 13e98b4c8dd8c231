/*
 * carrier.h
 *		Writes a seal to another server, in the connection that postgres_fdw has there.
 */
#ifndef SESSION_AUTH_CARRIER_H
#define SESSION_AUTH_CARRIER_H

#include "remote/remote_nodes.h"
#include "verify/challenge.h"

typedef struct CarrierAnswer
{
	bool accepted;
	char challenge[CHALLENGE_LEN + 1]; /* what the next seal must be for */
} CarrierAnswer;

extern bool carrier_is_writing(void);
extern void carrier_write(RemoteNode *node, Oid user, const char *seal, CarrierAnswer *answer);

#endif /* SESSION_AUTH_CARRIER_H */
