/*
 * own_lock.h
 *		Locks of ours that end with the transaction.  They are advisory locks of classes
 *		that SQL's functions for those, which know 1 and 2, cannot name.
 */
#ifndef SESSION_AUTH_OWN_LOCK_H
#define SESSION_AUTH_OWN_LOCK_H

#include "postgres.h"

typedef enum OwnLock
{
	OWN_LOCK_USER = 0x5a, /* while a user's sessions are counted: the user's hash */
	OWN_LOCK_TOKEN = 0x5b /* while a token is registered: the beginning of its hash */
} OwnLock;

extern void own_lock_take(OwnLock kind, uint32 high, uint32 low);

#endif /* SESSION_AUTH_OWN_LOCK_H */
