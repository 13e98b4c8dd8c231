/*
 * identity.h
 *		Who the current caller is.
 */
#ifndef SESSION_AUTH_IDENTITY_H
#define SESSION_AUTH_IDENTITY_H

#include "utils/uuid.h"

#include "base/clock.h"
#include "identity/role_list.h"

typedef enum IdentityScope
{
	SCOPE_TRANSACTION,
	SCOPE_CONNECTION,
	/* those of parallel workers that do not know it */
	SCOPE_UNREADABLE, /* their leader has another library */
	SCOPE_UNTOLD      /* they do something else than a query */
} IdentityScope;

/*
 * An identity, both as it is put together by a verifier and as it is in force.
 * The one in force is a single chunk that belongs to the setting: a pointer to
 * it is good until the identity can change, so never keep one across calls.
 */
typedef struct Identity
{
	/* What has a fixed size comes first and without gaps: it is written as it is. */
	TimestampTz expires_at;
	TimestampTz issued_at;
	TimestampTz checked_in; /* start of the transaction that last checked it */
	uint64 checked_number;  /* and its number in this backend */
	pg_uuid_t session_id;
	IdentityScope scope;
	int32 nroles;
	bool has_session;
	bool narrowed; /* in this transaction, by narrow() */

	const char *kind; /* of token: opaque, ... */
	const char *user_id;
	const char *tenant; /* or NULL */
	const char *actor;  /* who impersonates the user, or NULL */
	const char *claims; /* JSON text, or NULL */
	const char *origin; /* what the verifier needs to check it again, or NULL */
	const char
		*narrowing; /* what it may do at the most (narrowing_text.h), or NULL: what its roles may */
	const char *const *roles;
	size_t roles_len;     /* of all with their NULs, one right after the other, as in force; or 0 */
	const RoleList *list; /* whose roles they are; or NULL, and always in force */
} Identity;

/* Roles that lie anywhere. */
static inline void
identity_give_roles(Identity *identity, const char *const *roles, int n)
{
	identity->roles = roles;
	identity->nroles = n;
	identity->roles_len = 0;
	identity->list = NULL;
}

/* Roles of a list, which has to stay until the identity is in force. */
static inline void
identity_give_list(Identity *identity, const RoleList *list)
{
	identity->roles = list->names;
	identity->nroles = list->n;
	identity->roles_len = list->len;
	identity->list = list;
}

/* The names of its roles one after the other, roles_len bytes, of an identity in force. */
static inline const char *
identity_role_names(const Identity *identity)
{
	return identity->nroles > 0 ? identity->roles[0] : "";
}

/*
 * Checks an identity of scope connection against the tables again.  Fills in
 * `fresh` and returns true, or returns false when the identity is no longer good.
 */
typedef bool (*IdentityCheck)(const Identity *identity, Identity *fresh);

extern void identity_init(void);
extern void identity_on_check(IdentityCheck check);

extern void identity_require_changeable(void);
extern void identity_require_carriable(bool narrowed);
extern void identity_set(Identity *identity);
extern void identity_set_carried(Identity *identity);
extern void identity_narrow(const Identity *identity, const char *permissions);
extern void identity_drop(void);
extern void identity_withhold_from_workers(void);
extern void identity_tell_workers(void);

/* What is in force, whether or not it has expired; only identity.c looks at it. */
extern const Identity *identity_in_force;

/* Changes whenever the identity does. */
extern uint64 identity_generation;

extern const Identity *identity_current_checked(void);
extern const char *identity_narrowing(void);

static inline bool
identity_lives_at(const Identity *identity, TimestampTz statement)
{
	return identity != NULL && identity->expires_at > clock_never_back(statement);
}

/* The identity in force in a statement that began then, or NULL. */
static inline const Identity *
identity_at(TimestampTz statement)
{
	const Identity *identity = identity_in_force;

	if (!identity_lives_at(identity, statement))
		return NULL;
	return likely(identity->scope == SCOPE_TRANSACTION) ? identity : identity_current_checked();
}

/* Whether that is one of scope transaction, of which no more is to be asked. */
static inline bool
identity_holds_at(TimestampTz statement)
{
	return identity_lives_at(identity_in_force, statement) &&
		   identity_in_force->scope == SCOPE_TRANSACTION;
}

/* The identity in force, or NULL.  Everything that asks who is calling asks here. */
static inline const Identity *
identity_current(void)
{
	return identity_at(GetCurrentStatementStartTimestamp());
}

#endif /* SESSION_AUTH_IDENTITY_H */
