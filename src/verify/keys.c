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
#include "base/string_list.h"
#include "catalog/changes.h"
#include "catalog/tables.h"
#include "pure/jwk.h"
#include "verify/keys.h"
#include "verify/login_token.h"
#include "verify/secret_file.h"

#define RETRY_SECONDS 10

static MemoryContext keys_context = NULL;
static List *trusted = NIL;        /* of TrustedKey */
static List *cookie_secrets = NIL; /* of CookieSecret, the newest first */
static List *cookie_keys = NIL;    /* of CookieKey, likewise */
static List *framework_keys = NIL; /* of FrameworkKey, to be wiped */
static bool proves_sessions;       /* some cookie secret proves them, even one that is away */
static List *authjs_names = NIL;   /* of char *, of Auth.js's cookies */
static List *secret_texts = NIL;   /* of char *, to be wiped */
static JweKey *jwe_keys = NULL;
static TokenBinding **jwe_bindings = NULL;
static List **jwe_names = NULL; /* of char *: the cookies that the key serves */
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
	foreach (cell, framework_keys)
		framework_key_clear(lfirst(cell));
	for (size_t i = 0; i < n_jwe_keys; i++)
		jwe_key_clear(&jwe_keys[i]);
	trusted = cookie_secrets = cookie_keys = framework_keys = authjs_names = secret_texts = NIL;
	jwe_keys = NULL;
	jwe_names = NULL;
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

static Slice *
slices_of(List *texts)
{
	Slice *slices = palloc((list_length(texts) + 1) * sizeof(Slice));
	int n = 0;
	ListCell *cell;

	foreach (cell, texts)
		slices[n++] = slice_of(lfirst(cell));
	return slices;
}

/* What was sealed just now has the roles that count, unless somebody said that they are granted here. */
static RoleSource
role_source_of_seals(const char *name)
{
	return strcmp(name, "automatic") == 0 ? ROLES_FROM_CLAIMS : role_source_by_name(name);
}

static void
bind_key(TokenBinding *binding, const KeyRow *row)
{
	binding->origin = psprintf("key " INT64_FORMAT, row->key_id);
	binding->kind = "jws";
	binding->issuer = slice_of(row->issuer);
	binding->audiences = slices_of(row->audiences);
	binding->n_audiences = list_length(row->audiences);
	binding->role_claim = row->role_claim;
	binding->tenant_claim = row->tenant_claim;
	binding->role_source = role_source_by_name(row->role_source);
	binding->user_claim = user_claim_of(row->user_claim);
	binding->required = read_required(row->required_claims);
	binding->scope_claim = row->scope_claim;
	binding->seals = row->seals;
	binding->sealed_roles = role_source_of_seals(row->role_source);
	binding->since = DT_NOBEGIN;
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
add_jwe_key(JweScheme scheme, const char *secret, const char *salt, List *names,
			TokenBinding *binding)
{
	JweKey *key = &jwe_keys[n_jwe_keys];

	if (jwe_key_derive(key, scheme, slice_of(secret), slice_of(salt)) != RESULT_OK)
	{
		retry_later();
		return;
	}
	jwe_names[n_jwe_keys] = names;
	jwe_bindings[n_jwe_keys++] = binding;
}

static TokenBinding *
bind_secret(const SecretRow *row, const char *origin)
{
	TokenBinding *binding = palloc0(sizeof(TokenBinding));

	binding->origin = psprintf("%s " INT64_FORMAT, origin, row->secret_id);
	binding->kind = "jwe";
	binding->role_claim = row->role_claim;
	binding->role_source = role_source_by_name(row->role_source);
	binding->scope_claim = row->scope_claim;
	if (row->user_claim)
	{
		binding->user_claim = user_claim_of(row->user_claim);
		binding->required = read_required(row->required_claims);
	}
	binding->valid_from = binding->since = DT_NOBEGIN;
	binding->valid_until = DT_NOEND;
	return binding;
}

static void
add_authjs_name(char *name)
{
	if (!string_list_has(authjs_names, name))
		authjs_names = lappend(authjs_names, name);
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
		add_authjs_name(lfirst(cell));
		if (secret)
			add_jwe_key(JWE_AUTHJS_V5, secret, lfirst(cell), list_make1(lfirst(cell)), binding);
		if (strstr(lfirst(cell), "next-auth"))
			v4 = true;
	}
	if (secret && v4)
		add_jwe_key(JWE_NEXTAUTH_V4, secret, NULL, row->cookie_names, binding);
}

/* ---------------------------------------------------------- secrets of cookies */

static void
read_options(const SecretRow *row, FrameworkOptions *options)
{
	memset(options, 0, sizeof(*options));
	options->n_salts = list_length(row->salts);
	options->salts = options->n_salts > 0 ? slices_of(row->salts) : NULL;
	options->n_id_path = list_length(row->id_path);
	options->id_path = row->has_id_path ? slices_of(row->id_path) : NULL;
	options->max_age_us = row->max_age_us > 0 ? row->max_age_us : FRAMEWORK_MAX_AGE_DEFAULT;
	options->without_end = row->without_end;
}

static const FrameworkKey *
derive_key(const Framework *framework, const FrameworkOptions *options, Slice name, Slice secret)
{
	FrameworkKey *key = palloc0(sizeof(FrameworkKey));

	if (framework_derive(key, framework, options, name, secret, NULL) != RESULT_OK)
	{
		retry_later();
		return NULL;
	}
	framework_keys = lappend(framework_keys, key);
	return key;
}

/* The same key for the next name, where the name is no part of the proof. */
static const FrameworkKey *
key_for_name(const CookieKey *before, const Framework *framework, const CookieSecret *secret,
			 Slice name, Slice text)
{
	if (before && before->row == framework && !framework->name_counts)
		return before->key;
	return derive_key(framework, &secret->options, name, text);
}

static void
add_cookie_keys(const CookieSecret *secret, const Framework *framework, List *names, Slice text)
{
	const CookieKey *before = NULL;
	ListCell *cell;

	foreach (cell, names)
	{
		CookieKey *key = palloc0(sizeof(CookieKey));

		key->secret = secret;
		key->row = framework;
		key->name = slice_of(lfirst(cell));
		key->key = key_for_name(before, framework, secret, key->name, text);
		if (key->key == NULL)
			return;
		key->first = before == NULL || before->key != key->key;
		cookie_keys = lappend(cookie_keys, key);
		before = key;
	}
}

/* Those of the secret, else the framework's; one that is not known where it has none. */
static List *
names_of(const SecretRow *row, const Framework *framework)
{
	List *names = row->cookie_names;

	for (int i = 0; row->cookie_names == NIL && i < FRAMEWORK_NAMES_MAX; i++)
		if (framework->cookie_names[i])
			names = lappend(names, unconstify(char *, framework->cookie_names[i]));
	return names == NIL ? list_make1("") : names;
}

static bool
needs_company(const Framework *framework)
{
	return framework->companion_suffix || framework->companion_from;
}

/* What needs a second cookie beside it says more than that one alone, and comes first. */
static void
add_rows(const SecretRow *row, const CookieSecret *secret, Slice text, bool in_company)
{
	const Framework *framework = NULL;

	while ((framework = framework_next(row->kind, framework)) != NULL)
		if (needs_company(framework) == in_company &&
			framework_applies(framework, &secret->options))
			add_cookie_keys(secret, framework, names_of(row, framework), text);
}

/* Django's other backends sign what they keep in their table with the same secret. */
static const FrameworkKey *
key_of_rows(const SecretRow *row, Slice text)
{
	static const Slice salt = { FRAMEWORK_DJANGO_ROW_SALT, sizeof(FRAMEWORK_DJANGO_ROW_SALT) - 1 };
	const FrameworkOptions options = { .salts = &salt, .n_salts = 1 };

	if (strcmp(row->kind, "django") != 0)
		return NULL;
	return derive_key(framework_next(row->kind, NULL), &options, slice_of(NULL), text);
}

static void
bind_cookies(const SecretRow *row, const FrameworkOptions *options, TokenBinding *binding)
{
	const Framework *framework = NULL;

	*binding = *bind_secret(row, "cookie");
	binding->kind = row->kind;
	binding->says_who = true;
	binding->session_origin = psprintf("session by %s", binding->origin);
	binding->tenant_claim = row->tenant_claim;
	binding->since = row->since;
	while ((framework = framework_next(row->kind, framework)) != NULL)
	{
		if (binding->role_claim == NULL)
			binding->role_claim = framework->role_claim;
		if (binding->tenant_claim == NULL && framework->tenant_claim)
		{
			binding->tenant_claim = framework->tenant_claim;
			binding->tenant_may_lack = true;
		}
		if (binding->actor_claim == NULL)
			binding->actor_claim = framework->actor_claim;
		if (binding->hidden_claim == NULL)
			binding->hidden_claim = framework->hidden_claim;
		if (framework_applies(framework, options) &&
			framework_yields(framework, options) != YIELDS_USER)
			proves_sessions = true;
	}
}

static void
load_cookie_secret(SecretRow *row)
{
	CookieSecret *secret = palloc0(sizeof(CookieSecret));
	char *text;

	read_options(row, &secret->options);
	bind_cookies(row, &secret->options, &secret->binding);
	text = load_secret(row->secret, "a cookie secret");
	if (text == NULL)
		return;
	cookie_secrets = lappend(cookie_secrets, secret);
	secret->rows_key = key_of_rows(row, slice_of(text));
	add_rows(row, secret, slice_of(text), true);
	add_rows(row, secret, slice_of(text), false);
}

static size_t
count_jwe_keys(List *authjs)
{
	size_t n = 0;
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
	size_t n = count_jwe_keys(authjs) + 1;
	ListCell *cell;

	proves_sessions = false;
	jwe_keys = palloc0(n * sizeof(JweKey));
	jwe_names = palloc0(n * sizeof(List *));
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
	uint64 heard;
	MemoryContext old;

	AcceptInvalidationMessages();
	if (likely(loaded_changes == changes_of[CHANGED_KEYS]) &&
		(likely(retry_at == DT_NOEND) || clock_now() < retry_at))
		return;
	reset_keys();
	loaded_changes = 0;
	retry_at = DT_NOEND;
	heard = changes_of[CHANGED_KEYS];
	old = MemoryContextSwitchTo(keys_context);
	load_keys();
	load_secrets();
	MemoryContextSwitchTo(old);
	loaded_changes = heard;
}

/* ------------------------------------------------------------------------ using */

/* As long as this stays the same, so does all that was asked for. */
uint64
keys_changes(void)
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

/* Whether a cookie of this name may have been encrypted with the key. */
bool
keys_jwe_serves(size_t which, Slice cookie)
{
	ListCell *cell;

	foreach (cell, jwe_names[which])
		if (slice_is(cookie, lfirst(cell)))
			return true;
	return false;
}

List *
keys_authjs_names(void)
{
	return authjs_names;
}

List *
keys_cookies(void)
{
	return cookie_keys;
}

List *
keys_cookie_secrets(void)
{
	return cookie_secrets;
}

/* Whether a framework signs the tokens of its sessions, so that no bare token is its. */
bool
keys_prove_sessions(void)
{
	return proves_sessions;
}

static const TokenBinding *
find_cookie_binding(const char *origin)
{
	ListCell *cell;

	foreach (cell, cookie_secrets)
	{
		const TokenBinding *binding = &((CookieSecret *) lfirst(cell))->binding;

		if (strcmp(binding->origin, origin) == 0 || strcmp(binding->session_origin, origin) == 0)
			return binding;
	}
	return NULL;
}

/* What an origin names, or NULL when it is no longer trusted. */
const TokenBinding *
keys_find_binding(const char *origin)
{
	ListCell *cell;

	if (strcmp(origin, LOGIN_ORIGIN) == 0)
		return login_token_binding();
	foreach (cell, trusted)
	{
		TrustedKey *key = lfirst(cell);

		if (strcmp(key->binding.origin, origin) == 0)
			return &key->binding;
	}
	for (size_t i = 0; i < n_jwe_keys; i++)
		if (strcmp(jwe_bindings[i]->origin, origin) == 0)
			return jwe_bindings[i];
	return find_cookie_binding(origin);
}
