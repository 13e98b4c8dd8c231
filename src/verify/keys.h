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
	bool tenant_may_lack;     /* a token without the claim is bound to no tenant */
	const char *actor_claim;  /* who acts as the user, or NULL: nobody does */
	RoleSource role_source;
	const char *user_claim;  /* NULL: sub */
	const JsonDoc *required; /* the claims that must be there, or NULL */
	const char *scope_claim; /* what narrows the token's identities, or NULL: nothing */
	TimestampTz valid_from;
	TimestampTz valid_until;
	const char *session_origin; /* of a session that a cookie has named: another text than origin */
	const char *hidden_claim;   /* what the caller's SQL must not see, or NULL */
	TimestampTz since;          /* what it proves is no older, where that does not say */
	bool says_who;              /* a cookie's user is no registered claim */
	bool seals;                 /* its seals say which session, and who acts */
	RoleSource sealed_roles;    /* where roles of its seals come from */
} TokenBinding;

/* A secret of a framework's cookies. */
typedef struct CookieSecret
{
	TokenBinding binding;
	FrameworkOptions options;
	const FrameworkKey *rows_key; /* of Django's session_data in its table, or NULL */
} CookieSecret;

/* One name of a cookie of one secret and one row of the frameworks' table. */
typedef struct CookieKey
{
	const CookieSecret *secret;
	const Framework *row;
	const FrameworkKey *key;
	Slice name; /* empty: any that is not known */
	bool first; /* of those that share the key */
} CookieKey;

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

extern void keys_accept_changes(void);
extern uint64 keys_changes(void);
extern List *keys_trusted(void);
extern CryptoKey *keys_parsed(TrustedKey *key);
extern const JweKey *keys_jwe(size_t *n);
extern const TokenBinding *keys_jwe_binding(size_t which);
extern bool keys_jwe_serves(size_t which, Slice cookie);
extern List *keys_authjs_names(void);
extern List *keys_cookies(void);
extern List *keys_cookie_secrets(void);
extern bool keys_prove_sessions(void);
extern const TokenBinding *keys_find_binding(const char *origin);

#endif /* SESSION_AUTH_KEYS_H */
