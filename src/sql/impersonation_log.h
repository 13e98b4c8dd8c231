/*
 * impersonation_log.h
 *		The line of the server's log that an impersonation leaves.
 */
#ifndef SESSION_AUTH_IMPERSONATION_LOG_H
#define SESSION_AUTH_IMPERSONATION_LOG_H

#include "identity/identity.h"

extern void impersonation_log(const Identity *identity, const char *reason);

#endif /* SESSION_AUTH_IMPERSONATION_LOG_H */
