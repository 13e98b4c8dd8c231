/*
 * own_lock.c
 *		Locks of ours that end with the transaction; see own_lock.h.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/lock.h"

#include "base/own_lock.h"

void
own_lock_take(OwnLock kind, uint32 high, uint32 low)
{
	LOCKTAG tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, high, low, kind);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
}
