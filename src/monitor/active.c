/*
 * active.c
 *		Whose identity each backend has now, for others to read.
 *
 * Invariant: it is written where the identity itself is set and dropped, and so goes with
 * it at the end of a transaction, with a savepoint and with the connection.  Nothing is
 * decided by it.  Its owner writes without a lock, between two steps of a count that is odd
 * meanwhile; a reader takes a copy and takes it again when the count has moved on.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/atomics.h"

#include "monitor/active.h"
#include "monitor/backends.h"

/* A reader gives up on one that is written all the time: it is shown the next time. */
#define TRIES 100

static uint16
copy_name(char *to, const char *name)
{
	size_t len = strnlen(name, ACTIVE_NAME_MAX);

	memcpy(to, name, len);
	return (uint16) len;
}

/* As many whole names as fit. */
static void
copy_role_names(ActiveIdentity *to, const Publication *from)
{
	size_t len = Min(from->roles_len, ACTIVE_ROLES_MAX);

	while (len > 0 && from->roles[len - 1] != '\0')
		len--;
	memcpy(to->roles, from->roles, len);
	to->roles_len = (uint16) len;
	to->more_roles = len < from->roles_len;
}

/* One that is looked at again in each transaction has been there since it was first. */
static TimestampTz
since(const ActiveIdentity *before, const Publication *now)
{
	size_t len = strnlen(now->user_id, ACTIVE_NAME_MAX);

	if (now->of_connection && before->of_connection && before->user_len == len &&
		memcmp(before->user_id, now->user_id, len) == 0)
		return before->since;
	return now->since;
}

static void
write_publication(ActiveIdentity *to, const Publication *from)
{
	to->since = since(to, from);
	to->expires_at = from->expires_at;
	to->of_connection = from->of_connection;
	to->user_len = copy_name(to->user_id, from->user_id);
	to->has_tenant = from->tenant != NULL;
	to->tenant_len = from->tenant ? copy_name(to->tenant, from->tenant) : 0;
	copy_role_names(to, from);
	to->present = true;
}

void
active_publish(const Publication *publication)
{
	if (unlikely(own_counters == NULL))
		counters_attach();
	if (own_slot == NULL)
		return;
	own_slot->changes++;
	pg_write_barrier();
	write_publication(&own_slot->identity, publication);
	pg_write_barrier();
	own_slot->changes++;
}

/* One step, before and after which a reader finds something whole. */
void
active_retract(void)
{
	if (own_slot)
		*(volatile bool *) &own_slot->identity.present = false;
}

/* --------------------------------------------------------------------------- reading */

static bool
copy_identity(const BackendSlot *slot, ActiveIdentity *copy)
{
	const volatile uint32 *changes = &slot->changes;

	for (int i = 0; i < TRIES; i++)
	{
		uint32 before = *changes;

		pg_read_barrier();
		memcpy(copy, &slot->identity, sizeof(ActiveIdentity));
		pg_read_barrier();
		if (before == *changes && before % 2 == 0)
			return copy->present;
	}
	return false;
}

typedef struct Copies
{
	int n;
	int room;
	int *pids;
	ActiveIdentity *identities;
} Copies;

static void
take_copy(const BackendSlot *slot, void *arg)
{
	Copies *copies = arg;

	if (copies->n < copies->room && copy_identity(slot, &copies->identities[copies->n]))
		copies->pids[copies->n++] = slot->pid;
}

/*
 * Those of this database; false where there is no shared memory. The visitor is called
 * without a lock.
 */
bool
active_visit(ActiveVisitor visit, void *arg)
{
	Copies copies = { 0, MaxBackends, palloc(MaxBackends * sizeof(int)),
					  palloc_extended(MaxBackends * sizeof(ActiveIdentity), MCXT_ALLOC_HUGE) };

	if (!backends_visit(take_copy, &copies))
		return false;
	for (int i = 0; i < copies.n; i++)
		visit(copies.pids[i], &copies.identities[i], arg);
	return true;
}
