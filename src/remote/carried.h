/*
 * carried.h
 *		Which identity each connection to another server has.
 */
#ifndef SESSION_AUTH_CARRIED_H
#define SESSION_AUTH_CARRIED_H

#include "remote/remote_nodes.h"

extern void carried_init(void);
extern void carry_to(RemoteNode *node, Oid user);
extern void carry_to_used(void);
extern const char *carried_contents(void);
extern bool carried_equals(const char *contents, const char *others);

#endif /* SESSION_AUTH_CARRIED_H */
