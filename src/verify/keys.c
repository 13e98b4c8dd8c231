/*
 * keys.c
 *		The keys and secrets that this database trusts, ready to be used.
 *
 * Invariants: what is here was in the tables when nothing had been invalidated
 * since.  Everything lives in one memory context, whose reset frees OpenSSL's
 * objects and wipes secrets; pointers are good until the next
 * keys_accept_changes().  Keys that are retired are not here at all.
 *
 * Keys are parsed, and secrets derived, once; parsing a PEM on each call would
 * cost more than verifying with it.  What could not be (a file is away, memory ran
 * out) is not trusted meanwhile; everything is loaded again after a while.
 */
#include "postgres.h"

#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/clock.h"
#include "catalog/changes.h"
#include "catalog/tables.h"
#include "pure/jwk.h"
#include "verify/keys.h"
#include "verify/secret_file.h"

#define RETRY_SECONDS 10

static MemoryContext keys_context = NULL;
static List *trusted = NIL;        /* of TrustedKey */
static List *cookie_secrets = NIL; /* of FrameworkKey, of signed tokens */
static bool proves_cookies;        /* some cookie secret is set up, even one that is away */
static List *cookie_names = NIL;   /* of char *, of Auth.js's cookies */
static List *secret_texts = NIL;   /* of char *, to be wiped */
static JweKey *jwe_keys = NULL;
static TokenBinding **jwe_bindings = NULL;
static size_t n_jwe_keys = 0;

static uint64 loaded_changes = 0; /* the count of changes that the above has followed */
static TimestampTz retry_at = DT_NOEND;

/* -------------------------------------------------------------------- clearing */

static void
wipe(void *arg)
{
	ListCell *cell;

	foreach (cell, trusted)
		crypto_key_free(((TrustedKey *) lfirst(cell))->key);
	foreach (cell, secret_texts)
		crypto_cleanse(lfirst(cell), strlen(lfirst(cell)));
	foreach (cell, cookie_secrets)
		framework_key_clear(lfirst(cell));
	for (size_t i = 0; i < n_jwe_keys; i++)
		jwe_key_clear(&jwe_keys[i]);
	trusted = cookie_secrets = cookie_names = secret_texts = NIL;
	jwe_keys = NULL;
	jwe_bindings = NULL;
	n_jwe_keys = 0;
}

static void
reset_keys(void)
{
	MemoryContextCallback *callback;

	if (keys_context == NULL)
		keys_context =
			AllocSetContextCreate(CacheMemoryContext, "session_auth keys", ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(keys_context);
	callback = MemoryContextAllocZero(keys_context, sizeof(MemoryContextCallback));
	callback->func = wipe;
	MemoryContextRegisterResetCallback(keys_context, callback);
	/* what was taken from here is no longer good, also when the reset was only a retry */
	changes_of[CHANGED_KEYS]++;
}

/* --------------------------------------------------------------------- loading */

static Slice
slice_of(const char *text)
{
	return (Slice){ text, text ? strlen(text) : 0 };
}

/* Something is missing from what was loaded. */
static void
retry_later(void)
{
	if (retry_at == DT_NOEND)
		retry_at = clock_after(clock_now(), RETRY_SECONDS);
}

/* A secret in keys_context, remembered so that it is wiped; NULL when unreadable. */
static char *
load_secret(char *stored, const char *what)
{
	char *secret = secret_resolve(stored);

	secret_texts = lappend(secret_texts, stored);
	if (secret == NULL)
	{
		ereport(LOG, (errmsg("could not read the file that holds %s of session_auth", what)));
		retry_later();
	}
	else
		secret_texts = lappend(secret_texts, secret);
	return secret;
}

/*
 * Where nobody said it, a table of the application's that says who has which role is
 * the only word on that: an older token must not keep a role that was taken away there.
 */
static RoleSource
role_source_by_name(const char *name)
{
	if (name && strcmp(name, "claims") == 0)
		return ROLES_FROM_CLAIMS;
	if (name && strcmp(name, "grants") == 0)
		return ROLES_FROM_GRANTS;
	if (name && strcmp(name, "both") == 0)
		return ROLES_FROM_BOTH;
	return catalog_roles_are_adopted() ? ROLES_FROM_GRANTS : ROLES_FROM_BOTH;
}

/* The claims that tokens must have, read once; NULL for none. */
static const JsonDoc *
read_required(const char *text)
{
	size_t len = strlen(text);
	JsonDoc *doc = palloc(sizeof(JsonDoc));
	JsonNode *nodes = palloc(JSON_NODES_FOR(len) * sizeof(JsonNode));

	if (json_scan(doc, text, len, nodes, JSON_NODES_FOR(len)) != RESULT_OK)
		elog(ERROR, "the claims that a key requires cannot be read");
	return doc->nodes[0].size > 0 ? doc : NULL;
}

/* `sub` is where the claims themselves say who it is. */
static const char *
user_claim_of(const char *path)
{
	return strcmp(path, "sub") == 0 ? NULL : path;
}

static void
bind_key(TokenBinding *binding, const KeyRow *row)
{
	Slice *audiences = palloc((list_length(row->audiences) + 1) * sizeof(Slice));
	ListCell *cell;

	binding->origin = psprintf("key " INT64_FORMAT, row->key_id);
	binding->kind = "jws";
	binding->issuer = slice_of(row->issuer);
	foreach (cell, row->audiences)
		audiences[binding->n_audiences++] = slice_of(lfirst(cell));
	binding->audiences = audiences;
	binding->role_claim = row->role_claim;
	binding->tenant_claim = row->tenant_claim;
	binding->role_source = role_source_by_name(row->role_source);
	binding->user_claim = user_claim_of(row->user_claim);
	binding->required = read_required(row->required_claims);
	binding->valid_from = row->valid_from;
	binding->valid_until = row->valid_until;
}

static void
load_keys(void)
{
	ListCell *cell;

	foreach (cell, catalog_keys(true))
	{
		KeyRow *row = lfirst(cell);
		TrustedKey *key;

		if (strcmp(row->state, "retired") == 0)
			continue;
		key = palloc0(sizeof(TrustedKey));
		if (!crypto_alg_by_name(row->algorithm, strlen(row->algorithm), &key->alg))
			continue;
		bind_key(&key->binding, row);
		key->kid = row->kid;
		key->signs = strcmp(row->state, "active") == 0 && row->secret != NULL;
		key->text = row->secret ? load_secret(row->secret, "a key") : row->public_key;
		trusted = lappend(trusted, key);
	}
}

static void
add_jwe_key(JweScheme scheme, const char *secret, const char *salt, TokenBinding *binding)
{
	JweKey *key = &jwe_keys[n_jwe_keys];

	if (jwe_key_derive(key, scheme, slice_of(secret), slice_of(salt)) == RESULT_OK)
		jwe_bindings[n_jwe_keys++] = binding;
	else
		retry_later();
}

static TokenBinding *
bind_secret(const SecretRow *row, const char *origin)
{
	TokenBinding *binding = palloc0(sizeof(TokenBinding));

	binding->origin = psprintf("%s " INT64_FORMAT, origin, row->secret_id);
	binding->kind = "jwe";
	binding->role_claim = row->role_claim;
	binding->role_source = role_source_by_name(row->role_source);
	if (row->user_claim)
	{
		binding->user_claim = user_claim_of(row->user_claim);
		binding->required = read_required(row->required_claims);
	}
	binding->valid_from = DT_NOBEGIN;
	binding->valid_until = DT_NOEND;
	return binding;
}

static void
add_cookie_name(char *name)
{
	ListCell *cell;

	foreach (cell, cookie_names)
		if (strcmp(lfirst(cell), name) == 0)
			return;
	cookie_names = lappend(cookie_names, name);
}

/*
 * next-auth v4 derives one key whatever the cookie is called, Auth.js v5 one for
 * each name, also where an application has kept v4's.
 */
static void
load_authjs_secret(SecretRow *row)
{
	char *secret = load_secret(row->secret, "an Auth.js secret");
	TokenBinding *binding = bind_secret(row, "authjs");
	bool v4 = false;
	ListCell *cell;

	foreach (cell, row->cookie_names)
	{
		add_cookie_name(lfirst(cell));
		if (secret)
			add_jwe_key(JWE_AUTHJS_V5, secret, lfirst(cell), binding);
		if (strstr(lfirst(cell), "next-auth"))
			v4 = true;
	}
	if (secret && v4)
		add_jwe_key(JWE_NEXTAUTH_V4, secret, NULL, binding);
}

/* The key of the kind's signed tokens; its first row is theirs. */
static void
add_token_key(const char *kind, const char *secret)
{
	FrameworkKey *key = palloc0(sizeof(FrameworkKey));
	FrameworkOptions options = { 0 };
	const Framework *row = framework_next(kind, NULL);

	if (row == NULL ||
		framework_derive(key, row, &options, slice_of(NULL), slice_of(secret), NULL) != RESULT_OK)
		retry_later();
	else
		cookie_secrets = lappend(cookie_secrets, key);
}

static void
load_cookie_secret(SecretRow *row)
{
	char *secret = load_secret(row->secret, "a cookie secret");
	TokenBinding *binding;

	if (secret == NULL)
		return;
	add_token_key(row->kind, secret);
	if (strcmp(row->kind, "better-auth") != 0)
		return;
	binding = bind_secret(row, "better-auth");
	binding->role_claim = "user.role";
	binding->session_cache = true;
	add_jwe_key(JWE_BETTER_AUTH, secret, NULL, binding);
}

static size_t
count_jwe_keys(List *authjs, List *cookies)
{
	size_t n = list_length(cookies);
	ListCell *cell;

	foreach (cell, authjs)
		n += list_length(((SecretRow *) lfirst(cell))->cookie_names) + 1;
	return n;
}

static void
load_secrets(void)
{
	List *authjs = catalog_authjs_secrets();
	List *cookies = catalog_cookie_secrets();
	size_t n = count_jwe_keys(authjs, cookies) + 1;
	ListCell *cell;

	proves_cookies = cookies != NIL;
	jwe_keys = palloc0(n * sizeof(JweKey));
	jwe_bindings = palloc0(n * sizeof(TokenBinding *));
	foreach (cell, authjs)
		load_authjs_secret(lfirst(cell));
	foreach (cell, cookies)
		load_cookie_secret(lfirst(cell));
}

/*
 * Follow what has been committed.  What is invalidated while this loads is
 * loaded again at the next call, as the count is taken before.
 */
void
keys_accept_changes(void)
{
	uint64 seen;
	MemoryContext old;

	AcceptInvalidationMessages();
	if (likely(loaded_changes == changes_of[CHANGED_KEYS]) &&
		(likely(retry_at == DT_NOEND) || clock_now() < retry_at))
		return;
	reset_keys();
	loaded_changes = 0;
	retry_at = DT_NOEND;
	seen = changes_of[CHANGED_KEYS];
	old = MemoryContextSwitchTo(keys_context);
	load_keys();
	load_secrets();
	MemoryContextSwitchTo(old);
	loaded_changes = seen;
}

/* ------------------------------------------------------------------------ using */

/* As long as this stays the same, so does all that was asked for. */
uint64
keys_generation(void)
{
	return loaded_changes;
}

List *
keys_trusted(void)
{
	return trusted;
}

/* The key, or NULL when its text does not make one. */
CryptoKey *
keys_parsed(TrustedKey *key)
{
	if (key->key == NULL && !key->unusable)
	{
		key->unusable =
			key->text == NULL ||
			jwk_key_from_text(key->alg, key->text, strlen(key->text), &key->key, NULL) != RESULT_OK;
		if (key->unusable)
			retry_later();
	}
	return key->unusable ? NULL : key->key;
}

const JweKey *
keys_jwe(size_t *n)
{
	*n = n_jwe_keys;
	return jwe_keys;
}

const TokenBinding *
keys_jwe_binding(size_t which)
{
	return jwe_bindings[which];
}

List *
keys_cookie_secrets(void)
{
	return cookie_secrets;
}

/* Whether the application's framework signs its cookies, so that no bare token is its. */
bool
keys_prove_cookies(void)
{
	return proves_cookies;
}

List *
keys_cookie_names(void)
{
	return cookie_names;
}

/* What an origin names, or NULL when it is no longer trusted. */
const TokenBinding *
keys_find_binding(const char *origin)
{
	ListCell *cell;

	foreach (cell, trusted)
	{
		TrustedKey *key = lfirst(cell);

		if (strcmp(key->binding.origin, origin) == 0)
			return &key->binding;
	}
	for (size_t i = 0; i < n_jwe_keys; i++)
		if (strcmp(jwe_bindings[i]->origin, origin) == 0)
			return jwe_bindings[i];
	return NULL;
}
