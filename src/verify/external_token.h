/*
 * external_token.h
 *		What a token from elsewhere says, once its cryptography is done.
 */
#ifndef SESSION_AUTH_EXTERNAL_TOKEN_H
#define SESSION_AUTH_EXTERNAL_TOKEN_H

#include "identity/identity.h"
#include "pure/crypto.h"
#include "pure/result.h"
#include "verify/keys.h"
#include "verify/proof.h"

/* Everything in it lies in the memory context that external_read was given. */
typedef struct ExternalToken
{
	const char *kind;
	const char *origin; /* the key or secret that proved it */
	const char *user_id;
	const char *issuer; /* or NULL */
	const char *jti;    /* or NULL */
	bool binds_tenant;  /* it is for these tenants alone, of which there may be none */
	int ntenants;
	const char *const *tenants;
	const char *actor; /* who acts as the user, or NULL */
	RoleSource role_source;
	int nroles; /* claimed */
	const char *const *roles;
	const char *narrowing;   /* by its scopes; NULL: its key has no claim of them */
	const char *claims;      /* JSON text that jsonb can hold */
	const char *held_claims; /* the same without what the caller's SQL must not see */
	bool is_seal;            /* another server's identity */
	const char *challenge;   /* of the connection that it was sealed for, or NULL: by hand */
	const char *epk;         /* the sealing end's half of an agreement on a key, or NULL */
	bool narrowed;           /* in the transaction there */
	bool has_session;        /* there; whom its key lets say so */
	pg_uuid_t session_id;
	TimestampTz ends_at; /* when the identity does */
	bool is_session;     /* all it says is which session; nothing above but kind and origin */
	int nsessions;       /* what the session behind it may be found by */
	unsigned char sessions[2][CRYPTO_SHA256_LEN];
	TimestampTz issued_at; /* DT_NOBEGIN when it does not say */
	TimestampTz not_before;
	TimestampTz expires_at; /* DT_NOEND when it does not say */
	TimestampTz valid_from; /* the key's */
	TimestampTz valid_until;
	uint64 in_force; /* for revocation.c alone */
} ExternalToken;

extern ResultCode external_read(const Proof *proof, TimestampTz now, MemoryContext context,
								ExternalToken *token);
extern ResultCode external_check_times(const ExternalToken *token, TimestampTz now);
extern ResultCode external_identity(const ExternalToken *token, const char *tenant,
									bool tenant_is_settled, TimestampTz now, Identity *identity);

extern void external_revoke_user(const char *user_id);
extern bool external_revoke_current(const Identity *identity);

#endif /* SESSION_AUTH_EXTERNAL_TOKEN_H */
