/*
 * denied.h
 *		Notes who was denied what, for the trail.
 */
#ifndef SESSION_AUTH_DENIED_H
#define SESSION_AUTH_DENIED_H

#include "identity/identity.h"

extern void denied_resource(const Identity *identity, const char *action, const char *resource);
extern void denied_table(const Identity *identity, const char *action, const char *table);

#endif /* SESSION_AUTH_DENIED_H */
