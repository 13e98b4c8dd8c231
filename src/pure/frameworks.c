/*
 * frameworks.c
 *		The table of web frameworks; see frameworks.h.
 *
 * Cookie names stand with __Host- and __Secure- first: a browser takes such a
 * cookie only over https and from the site itself, so nobody can plant one.  Rows of
 * one kind stand together.
 */
#include "pure/framework_internal.h"

#include <string.h>

#include "pure/time_units.h"
#include "pure/token.h"

#define PBKDF2_KEY 32 /* bytes; Rails signs with 64 */
#define TWO_WEEKS  1209600
#define ONE_MONTH  2678400 /* 31 days */
#define ONE_DAY    86400

/* The clocks that frameworks compare with. */
#define MICROSECOND 1
#define MILLISECOND US_PER_MS
#define SECOND      US_PER_SECOND

/* The cookie that React Router's sessions and Remix' have in common. */
#define COOKIE_STORAGE                                                                             \
	.cookie_names = { "__session" }, .escapes = COOKIE_ESCAPES_URI, .proof = PROOF_MAC,            \
	.separator = ".", .mac_hash = CRYPTO_HASH_SHA256, .payload = PAYLOAD_BASE64_JSON

const Framework frameworks[] = {
	/* Auth.js 5: one key for each name */
	{ .kind = "authjs",
	  .cookie_names = { "__Secure-authjs.session-token", "authjs.session-token",
						"__Secure-next-auth.session-token", "next-auth.session-token" },
	  .name_counts = true,
	  .chunks = COOKIE_AUTHJS,
	  .escapes = COOKIE_ESCAPES_URI,
	  .derivation = DERIVE_JWE,
	  .salting = SALT_NAME,
	  .jwe = JWE_AUTHJS_V5,
	  .proof = PROOF_JWE,
	  .payload = PAYLOAD_CLAIMS,
	  .id_path = { "sub" },
	  .time = TIME_IN_PAYLOAD,
	  .skew_s = 15,
	  .ends = FRAMEWORK_ENDS },

	/* next-auth 4: one key, whatever the cookie is called */
	{ .kind = "authjs",
	  .cookie_names = { "__Secure-next-auth.session-token", "next-auth.session-token" },
	  .chunks = COOKIE_AUTHJS,
	  .escapes = COOKIE_ESCAPES_URI,
	  .derivation = DERIVE_JWE,
	  .jwe = JWE_NEXTAUTH_V4,
	  .proof = PROOF_JWE,
	  .payload = PAYLOAD_CLAIMS,
	  .id_path = { "sub" },
	  .time = TIME_IN_PAYLOAD,
	  .skew_s = 15,
	  .ends = FRAMEWORK_ENDS },

	{ .kind = "better-auth",
	  .cookie_names = { "__Secure-better-auth.session_token", "better-auth.session_token" },
	  .escapes = COOKIE_ESCAPES_URI,
	  .proof = PROOF_MAC,
	  .separator = ".",
	  .mac_hash = CRYPTO_HASH_SHA256,
	  .mac_text = MAC_BASE64,
	  .yields = YIELDS_TOKEN,
	  .yields_path = YIELDS_TOKEN },

	/* Its cache of the session, worth nothing without the signed token */
	{ .kind = "better-auth",
	  .cookie_names = { "__Secure-better-auth.session_data", "better-auth.session_data" },
	  .chunks = COOKIE_BETTER_AUTH,
	  .escapes = COOKIE_ESCAPES_URI,
	  .companion_from = "session_data",
	  .companion_to = "session_token",
	  .derivation = DERIVE_JWE,
	  .jwe = JWE_BETTER_AUTH,
	  .proof = PROOF_CACHE,
	  .separator = ".",
	  .mac_hash = CRYPTO_HASH_SHA256,
	  .mac_text = MAC_BASE64,
	  .payload = PAYLOAD_CACHE,
	  .role_claim = "user.role",
	  .tenant_claim = "session.activeOrganizationId",
	  .actor_claim = "session.impersonatedBy",
	  .hidden_claim = "session.token",
	  .yields = YIELDS_TOKEN,
	  .yields_path = YIELDS_TOKEN,
	  .time = TIME_IN_PAYLOAD },

	/* express-session and cookie-signature 1; s: is not signed */
	{ .kind = "express",
	  .cookie_names = { "connect.sid" },
	  .escapes = COOKIE_ESCAPES_URI,
	  .proof = PROOF_MAC,
	  .prefix = TOKEN_EXPRESS_PREFIX,
	  .separator = ".",
	  .mac_hash = CRYPTO_HASH_SHA256,
	  .mac_text = MAC_BASE64_UNPADDED,
	  .yields = YIELDS_TOKEN,
	  .yields_path = YIELDS_TOKEN },

	/* Lucia's example, and sessions of one's own: the row has the proof */
	{ .kind = "lucia",
	  .cookie_names = { "__Host-session", "session", "SESSION" },
	  .escapes = COOKIE_ESCAPES_URI,
	  .proof = PROOF_ROW,
	  .yields = YIELDS_TOKEN,
	  .yields_path = YIELDS_TOKEN },

	/* @fastify/session */
	{ .kind = "fastify",
	  .cookie_names = { "sessionId" },
	  .escapes = COOKIE_ESCAPES_URI,
	  .proof = PROOF_MAC,
	  .separator = ".",
	  .mac_hash = CRYPTO_HASH_SHA256,
	  .mac_text = MAC_BASE64_UNPADDED,
	  .yields = YIELDS_TOKEN,
	  .yields_path = YIELDS_TOKEN },

	/* @fastify/secure-session; its own default adds a second to the day, its time is rounded */
	{ .kind = "fastify-secure",
	  .cookie_names = { "session" },
	  .escapes = COOKIE_ESCAPES_URI,
	  .derivation = DERIVE_BYTES,
	  .proof = PROOF_SECRETBOX,
	  .separator = ";",
	  .payload = PAYLOAD_JSON,
	  .id_path = { "user_id" },
	  .time = TIME_CREATED_S,
	  .time_member = "__ts",
	  .rounds_us = SECOND / 2,
	  .max_age_s = ONE_DAY + 1 },

	/* signed_cookies; with FRAMEWORK_DJANGO_ROW_SALT session_data of the other backends */
	{ .kind = "django",
	  .cookie_names = { "__Host-sessionid", "__Secure-sessionid", "sessionid" },
	  .chunks = COOKIE_WHOLE_LAST,
	  .escapes = COOKIE_ESCAPES_PYTHON,
	  .derivation = DERIVE_HASH,
	  .salting = SALT_OPTIONAL,
	  .salt = "django.contrib.sessions.backends.signed_cookies",
	  .key_hashes = { CRYPTO_HASH_SHA256 },
	  .n_key_hashes = 1,
	  .proof = PROOF_MAC,
	  .separator = ":",
	  .mac_hash = CRYPTO_HASH_SHA256,
	  .mac_text = MAC_BASE64URL,
	  .payload = PAYLOAD_PYTHON_JSON,
	  .id_path = { "_auth_user_id" },
	  .time = TIME_BASE62,
	  .tick_us = MICROSECOND,
	  .max_age_s = TWO_WEEKS },

	/* get_signed_cookie: the salt is the cookie's name and the argument of that name */
	{ .kind = "django",
	  .name_counts = true,
	  .chunks = COOKIE_WHOLE_LAST,
	  .escapes = COOKIE_ESCAPES_PYTHON,
	  .derivation = DERIVE_HASH,
	  .salting = SALT_NAME,
	  .secret_prefix = "django.http.cookies",
	  .key_hashes = { CRYPTO_HASH_SHA256 },
	  .n_key_hashes = 1,
	  .proof = PROOF_MAC,
	  .separator = ":",
	  .mac_hash = CRYPTO_HASH_SHA256,
	  .mac_text = MAC_BASE64URL,
	  .payload = PAYLOAD_RAW,
	  .bare = true,
	  .time = TIME_BASE62,
	  .tick_us = MICROSECOND,
	  .max_age_s = TWO_WEEKS },

	{ .kind = "flask",
	  .cookie_names = { "__Host-session", "__Secure-session", "session" },
	  .escapes = COOKIE_ESCAPES_WERKZEUG,
	  .derivation = DERIVE_HMAC_SALT,
	  .salting = SALT_OPTIONAL,
	  .salt = "cookie-session",
	  .key_hashes = { CRYPTO_HASH_SHA1 },
	  .n_key_hashes = 1,
	  .proof = PROOF_MAC,
	  .separator = ".",
	  .mac_hash = CRYPTO_HASH_SHA1,
	  .mac_text = MAC_BASE64URL,
	  .payload = PAYLOAD_PYTHON_JSON,
	  .id_path = { "_user_id" },
	  .tagged = true,
	  .time = TIME_BIG_ENDIAN,
	  .tick_us = SECOND,
	  .refuses_future = true,
	  .max_age_s = ONE_MONTH },

	/* Flask-Login's remember_token: nothing in it ends */
	{ .kind = "flask-login",
	  .cookie_names = { "remember_token" },
	  .escapes = COOKIE_ESCAPES_WERKZEUG,
	  .proof = PROOF_MAC,
	  .separator = "|",
	  .mac_hash = CRYPTO_HASH_SHA512,
	  .mac_text = MAC_HEX },

	/* SessionMiddleware: itsdangerous as Flask has it, with that library's own defaults */
	{ .kind = "starlette",
	  .cookie_names = { "__Host-session", "__Secure-session", "session" },
	  .chunks = COOKIE_WHOLE_LAST,
	  .escapes = COOKIE_ESCAPES_PYTHON,
	  .derivation = DERIVE_HASH,
	  .salting = SALT_OPTIONAL,
	  .salt = "itsdangerous.Signer",
	  .key_hashes = { CRYPTO_HASH_SHA1 },
	  .n_key_hashes = 1,
	  .proof = PROOF_MAC,
	  .separator = ".",
	  .mac_hash = CRYPTO_HASH_SHA1,
	  .mac_text = MAC_BASE64URL,
	  .payload = PAYLOAD_BASE64_JSON,
	  .id_path = { "user_id" },
	  .time = TIME_BIG_ENDIAN,
	  .tick_us = SECOND,
	  .refuses_future = true,
	  .max_age_s = TWO_WEEKS },

	/* The cookie store; 7.0 derives with SHA-256, 6.1 and before with SHA-1 */
	{ .kind = "rails",
	  .name_counts = true,
	  .escapes = COOKIE_ESCAPES_FORM,
	  .derivation = DERIVE_PBKDF2,
	  .salting = SALT_OPTIONAL,
	  .salt = "authenticated encrypted cookie",
	  .key_hashes = { CRYPTO_HASH_SHA256, CRYPTO_HASH_SHA1 },
	  .n_key_hashes = 2,
	  .key_len = PBKDF2_KEY,
	  .proof = PROOF_GCM_PARTS,
	  .separator = "--",
	  .payload = PAYLOAD_RAILS,
	  .id_path = { "user_id" },
	  .time = TIME_IN_PAYLOAD },

	/* cookies.signed, as generated authentication keeps the id of its sessions' row in */
	{ .kind = "rails-signed",
	  .cookie_names = { "session_id" },
	  .name_counts = true,
	  .escapes = COOKIE_ESCAPES_FORM,
	  .derivation = DERIVE_PBKDF2,
	  .salting = SALT_OPTIONAL,
	  .salt = "signed cookie",
	  .key_hashes = { CRYPTO_HASH_SHA256, CRYPTO_HASH_SHA1 },
	  .n_key_hashes = 2,
	  .key_len = 2 * PBKDF2_KEY,
	  .proof = PROOF_MAC,
	  .separator = "--",
	  .mac_hash = CRYPTO_HASH_SHA1,
	  .mac_text = MAC_HEX,
	  .payload = PAYLOAD_RAILS,
	  .yields = YIELDS_SESSION_ID,
	  .time = TIME_IN_PAYLOAD },

	{ .kind = "laravel",
	  .cookie_names = { "laravel_session", "laravel-session" },
	  .name_counts = true,
	  .escapes = COOKIE_ESCAPES_URI,
	  .derivation = DERIVE_BYTES,
	  .proof = PROOF_LARAVEL,
	  .payload = PAYLOAD_NAMED_RAW,
	  .yields = YIELDS_TOKEN,
	  .yields_path = YIELDS_TOKEN },

	/* Plug.Session's cookie store, signed; phx.gen.auth keeps its token in it */
	{ .kind = "phoenix",
	  .derivation = DERIVE_PBKDF2,
	  .secret_min = 64,
	  .salting = SALT_FIRST,
	  .key_hashes = { CRYPTO_HASH_SHA256 },
	  .n_key_hashes = 1,
	  .key_len = PBKDF2_KEY,
	  .proof = PROOF_MAC,
	  .prefix = "SFMyNTY.",
	  .prefix_counts = true,
	  .separator = ".",
	  .mac_hash = CRYPTO_HASH_SHA256,
	  .mac_text = MAC_BASE64URL,
	  .payload = PAYLOAD_ERLANG,
	  .id_path = { "user_token" },
	  .yields = YIELDS_BYTES },

	/* The same, encrypted */
	{ .kind = "phoenix",
	  .derivation = DERIVE_PBKDF2,
	  .secret_min = 64,
	  .salting = SALT_LAST,
	  .key_hashes = { CRYPTO_HASH_SHA256 },
	  .n_key_hashes = 1,
	  .key_len = PBKDF2_KEY,
	  .proof = PROOF_XCHACHA,
	  .prefix = "XCP.",
	  .payload = PAYLOAD_ERLANG,
	  .id_path = { "user_token" },
	  .yields = YIELDS_BYTES },

	/* Phoenix.Token, and Plug's signed cookies (phx.gen.auth's remember_me) */
	{ .kind = "phoenix-token",
	  .derivation = DERIVE_PBKDF2,
	  .secret_min = 20,
	  .salting = SALT_NAME_COOKIE,
	  .key_hashes = { CRYPTO_HASH_SHA256 },
	  .n_key_hashes = 1,
	  .key_len = PBKDF2_KEY,
	  .proof = PROOF_MAC,
	  .prefix = "SFMyNTY.",
	  .prefix_counts = true,
	  .separator = ".",
	  .mac_hash = CRYPTO_HASH_SHA256,
	  .mac_text = MAC_BASE64URL,
	  .payload = PAYLOAD_ERLANG_TOKEN,
	  .time = TIME_IN_PAYLOAD,
	  .tick_us = MILLISECOND,
	  .ends = FRAMEWORK_ENDS },

	/* cookie-session over keygrip */
	{ .kind = "cookie-session",
	  .cookie_names = { "session" },
	  .name_counts = true,
	  .companion_suffix = ".sig",
	  .proof = PROOF_BESIDE,
	  .mac_hash = CRYPTO_HASH_SHA1,
	  .mac_text = MAC_BASE64URL,
	  .payload = PAYLOAD_BASE64_JSON,
	  .id_path = { "passport", "user" } },

	/* koa-session over keygrip */
	{ .kind = "koa",
	  .cookie_names = { "koa.sess" },
	  .name_counts = true,
	  .companion_suffix = ".sig",
	  .proof = PROOF_BESIDE,
	  .mac_hash = CRYPTO_HASH_SHA1,
	  .mac_text = MAC_BASE64URL,
	  .payload = PAYLOAD_BASE64_JSON,
	  .id_path = { "user_id" },
	  .time = TIME_EXPIRES_MS,
	  .time_member = "_expire",
	  .age_member = "_maxAge",
	  .tick_us = MILLISECOND,
	  .ends = FRAMEWORK_ENDS_BY_ITSELF },

	/* cookieSessionStorage, whose payload is the session ... */
	{ .kind = "react-router",
	  COOKIE_STORAGE,
	  .mac_text = MAC_BASE64_FORGIVEN,
	  .id_path = { "userId" },
	  .flash = "__flash_" },

	/* ... and createSessionStorage, whose payload is the id of one kept elsewhere */
	{ .kind = "react-router",
	  COOKIE_STORAGE,
	  .mac_text = MAC_BASE64_FORGIVEN,
	  .bare = true,
	  .yields = YIELDS_TOKEN,
	  .yields_path = YIELDS_TOKEN },

	/* Remix writes the same, and compares a signature's text where React Router decodes it */
	{ .kind = "remix",
	  COOKIE_STORAGE,
	  .mac_text = MAC_BASE64_UNPADDED,
	  .id_path = { "userId" },
	  .flash = "__flash_" },

	{ .kind = "remix",
	  COOKIE_STORAGE,
	  .mac_text = MAC_BASE64_UNPADDED,
	  .bare = true,
	  .yields = YIELDS_TOKEN,
	  .yields_path = YIELDS_TOKEN },

	/* ~2 lies outside the MAC; 8 reads a seal without it as one of before, in another shape */
	{ .kind = "iron-session",
	  .escapes = COOKIE_ESCAPES_URI,
	  .derivation = DERIVE_PER_COOKIE,
	  .secret_min = 32,
	  .proof = PROOF_IRON,
	  .prefix = "Fe26.2*",
	  .prefix_counts = true,
	  .suffix = "~2",
	  .payload = PAYLOAD_JSON,
	  .id_path = { "user", "id" },
	  .time = TIME_IN_PAYLOAD,
	  .skew_s = 60,
	  .ends = FRAMEWORK_ENDS_BY_ITSELF },

	/* h3's sessions, so Nuxt's; the seal ends only where maxAge is set */
	{ .kind = "h3",
	  .cookie_names = { "nuxt-session", "h3" },
	  .escapes = COOKIE_ESCAPES_URI,
	  .derivation = DERIVE_PER_COOKIE,
	  .secret_min = 32,
	  .proof = PROOF_IRON,
	  .prefix = "Fe26.2*",
	  .prefix_counts = true,
	  .payload = PAYLOAD_JSON,
	  .id_path = { "data", "user", "id" },
	  .time = TIME_CREATED_MS,
	  .time_member = "createdAt",
	  .tick_us = MILLISECOND,
	  .skew_s = 60 },
};

const size_t n_frameworks = sizeof(frameworks) / sizeof(frameworks[0]);

const Framework *
framework_next(const char *kind, const Framework *row)
{
	const Framework *end = frameworks + n_frameworks;

	for (row = row == NULL ? frameworks : row + 1; row < end; row++)
		if (kind == NULL || strcmp(row->kind, kind) == 0)
			return row;
	return NULL;
}

bool
framework_applies(const Framework *row, const FrameworkOptions *options)
{
	bool asked = options->id_path != NULL && options->n_id_path == 0;
	const Framework *other = NULL;

	if (row->salting == SALT_FIRST && options->n_salts > 1)
		return false;
	/* One salt signs or encrypts; it signs alone where the cipher is missing. */
	if (row->salting == SALT_LAST && options->n_salts < 2 && !framework_is_supported(row))
		return false;
	if (row->bare == asked)
		return true;
	while ((other = framework_next(row->kind, other)) != NULL)
		if (other->bare == asked)
			return false;
	return true;
}

FrameworkYield
framework_yields(const Framework *row, const FrameworkOptions *options)
{
	return options->id_path == NULL ? row->yields : row->yields_path;
}

bool
framework_is_aged(const Framework *row)
{
	return row->time == TIME_BASE62 || row->time == TIME_BIG_ENDIAN ||
		   row->time == TIME_CREATED_MS || row->time == TIME_CREATED_S;
}

/* An age that is given where the cookie has no time of issue says that it carries its end. */
FrameworkEnd
framework_ends(const Framework *row, const FrameworkOptions *options)
{
	bool aged = options->max_age_us > 0 ||
				(options->max_age_us == FRAMEWORK_MAX_AGE_DEFAULT && row->max_age_s > 0);

	if (framework_yields(row, options) != YIELDS_USER || (aged && framework_is_aged(row)))
		return FRAMEWORK_ENDS;
	if (options->max_age_us > 0 && row->time != TIME_NONE && row->ends == FRAMEWORK_ENDS_NEVER)
		return FRAMEWORK_ENDS_BY_ITSELF;
	return row->ends;
}
