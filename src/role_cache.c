/*
 * role_cache.c
 *		Which roles a user has, remembered.
 *
 * Invariants: a user has one of SLOTS places, so memory is bounded; what is in a
 * place was in the table when nothing had been invalidated since.  Answers are
 * good until the next question.
 */
#include "postgres.h"

#include "utils/inval.h"
#include "utils/memutils.h"

#include "catalog.h"
#include "role_cache.h"
#include "string_table.h"

#define SLOTS 1024

typedef struct RoleSlot
{
	uint64 valid_for; /* the count of changes; 0: empty */
	char *user_id;
	char *tenant; /* or NULL */
	GrantedRoles granted;
	MemoryContext context;
} RoleSlot;

static RoleSlot *slots = NULL;
static uint64 changes = 1; /* counted by the callback */

static void
grants_changed(void)
{
	changes++;
}

void
role_cache_init(void)
{
	catalog_on_grant_change(grants_changed);
}

static bool
same_tenant(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static RoleSlot *
slot_of(const char *user_id)
{
	if (slots == NULL)
		slots = MemoryContextAllocZero(TopMemoryContext, SLOTS * sizeof(RoleSlot));
	return &slots[string_key(user_id, strlen(user_id)).hash % SLOTS];
}

static void
fill_slot(RoleSlot *slot, const char *user_id, const char *tenant)
{
	uint64 seen = changes;
	List *granted = catalog_user_roles(user_id, tenant);
	const char **roles;
	MemoryContext old;
	ListCell *cell;

	slot->valid_for = 0;
	if (slot->context == NULL)
		slot->context = AllocSetContextCreate(TopMemoryContext, "session_auth granted roles",
											  ALLOCSET_SMALL_SIZES);
	MemoryContextReset(slot->context);
	old = MemoryContextSwitchTo(slot->context);
	slot->user_id = pstrdup(user_id);
	slot->tenant = tenant ? pstrdup(tenant) : NULL;
	roles = palloc((list_length(granted) + 1) * sizeof(char *));
	slot->granted.n = 0;
	foreach (cell, granted)
		roles[slot->granted.n++] = pstrdup(((UserRole *) lfirst(cell))->role);
	slot->granted.roles = roles;
	MemoryContextSwitchTo(old);
	slot->valid_for = seen;
}

/* The roles that are granted to the user now: everywhere, and in this tenant. */
GrantedRoles
role_cache_get(const char *user_id, const char *tenant)
{
	RoleSlot *slot = slot_of(user_id);

	AcceptInvalidationMessages();
	if (slot->valid_for != changes || strcmp(slot->user_id, user_id) != 0 ||
		!same_tenant(slot->tenant, tenant))
		fill_slot(slot, user_id, tenant);
	return slot->granted;
}
