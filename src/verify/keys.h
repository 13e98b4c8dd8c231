/*
 * keys.h
 *		The keys and secrets that this database trusts, ready to be used.
 */
#ifndef SESSION_AUTH_KEYS_H
#define SESSION_AUTH_KEYS_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

#include "pure/crypto.h"
#include "pure/frameworks.h"
#include "pure/jwe.h"
#include "pure/slice.h"

typedef enum RoleSource
{
	ROLES_FROM_CLAIMS = 1,
	ROLES_FROM_GRANTS = 2,
	ROLES_FROM_BOTH = 3
} RoleSource;

/* What a key or a secret says of the tokens that it proves. */
typedef struct TokenBinding
{
	const char *origin; /* names it, for as long as it is trusted: "key 12" */
	const char *kind;   /* jws, jwe, ... */
	Slice issuer;       /* data NULL: any */
	const Slice *audiences;
	size_t n_audiences;
	const char *role_claim;   /* NULL: role, then roles */
	const char *tenant_claim; /* NULL: the token does not say */
	RoleSource role_source;
	const char *user_claim;  /* NULL: sub */
	const JsonDoc *required; /* the claims that must be there, or NULL */
	TimestampTz valid_from;
	TimestampTz valid_until;
	bool session_cache; /* better-auth's payload instead of claims */
} TokenBinding;

typedef struct TrustedKey
{
	TokenBinding binding;
	const char *kid; /* NULL: for tokens without one */
	CryptoAlg alg;
	bool signs;       /* its state is active */
	const char *text; /* PEM, JWK or secret; NULL when it cannot be had */
	CryptoKey *key;   /* parsed when it is first used */
	bool unusable;    /* parsing failed */
} TrustedKey;

extern void keys_init(void);

extern void keys_accept_changes(void);
extern uint64 keys_generation(void);
extern List *keys_trusted(void);
extern CryptoKey *keys_parsed(TrustedKey *key);
extern const JweKey *keys_jwe(size_t *n);
extern const TokenBinding *keys_jwe_binding(size_t which);
extern List *keys_cookie_secrets(void);
extern bool keys_prove_cookies(void);
extern List *keys_cookie_names(void);
extern const TokenBinding *keys_find_binding(const char *origin);

#endif /* SESSION_AUTH_KEYS_H */
