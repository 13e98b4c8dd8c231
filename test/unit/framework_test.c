/*
 * framework_test.c: the table of frameworks at its edges: keys, ends, clocks, names, texts.
 *
 * Cookies are those of web_frameworks.json, so each was made by the library that its vector names;
 * here they are judged at other instants, under other names and with other options.
 * Its sibling web_frameworks_test.c judges them as they are.
 */
#include <string.h>

#include "pure/frameworks.h"
#include "pure/crypto_sodium.h"
#include "pure/base64.h"
#include "pure/php_value.h"
#include "tap.h"
#include "vectors.h"

#define US      INT64_C(1000000)
#define SECONDS (US)
#define NOW     (INT64_C(1900000000) * US)
#define DAY     (INT64_C(86400) * US)

static JsonDoc doc;
static char arena[FRAMEWORK_ARENA];
static FrameworkProof proof;
static FrameworkOptions options; /* of the tests that follow */

static const JsonNode *
vector(const char *id)
{
	return vector_of(&doc, doc.nodes, id);
}

/* A string, or the first of several. */
static Slice
secret_of(const JsonNode *v)
{
	const JsonNode *secret = member(&doc, v, "secret");

	if (secret->kind == JSON_KIND_ARRAY)
		secret = secret + 1;
	else if (secret->kind == JSON_KIND_OBJECT)
		secret = secret + 2;
	return text_of(&doc, secret);
}

/* What a kind's rows answer to a text: the first that knows its form. */
static ResultCode
open_text(const char *kind, Slice name, Slice secret, Slice text, int64_t now_us)
{
	static char buf[FRAMEWORK_COOKIE_MAX];
	const Framework *row = NULL;
	ResultCode result = RESULT_UNKNOWN_FORM;

	while (result == RESULT_UNKNOWN_FORM && (row = framework_next(kind, row)) != NULL)
	{
		FrameworkKey key;
		FrameworkCookie cookie;

		if (!framework_applies(row, &options))
			continue;
		result = framework_derive(&key, row, &options, name, secret, NULL);
		if (result == RESULT_OK)
			result = framework_cookie_of_text(row, name, text, buf, sizeof(buf), &cookie);
		if (result == RESULT_OK)
			result = framework_open(&key, &options, &cookie, now_us, arena, sizeof(arena), &proof);
		framework_key_clear(&key);
	}
	return result;
}

/* A vector's header, or its value where it came bare. */
static ResultCode
open_vector(const char *kind, const char *id, int64_t now_us)
{
	const JsonNode *v = vector(id);

	return open_text(kind, text_at(&doc, v, "cookie_name"), secret_of(v),
					 text_at(&doc, v, "cookie_header"), now_us);
}

/* The file in which each library judges its cookies. */
static const char *
source_of(const char *kind)
{
	static const char *const sources[][2] = {
		{ "django", "django/core/signing.py" },
		{ "flask", "itsdangerous/timed.py" },
		{ "starlette", "itsdangerous/timed.py" },
		{ "flask-login", "flask_login/utils.py" },
		{ "rails", "action_dispatch/middleware/cookies.rb" },
		{ "koa", "koa-session/src/context.ts" },
		{ "fastify-secure", "@fastify/secure-session/index.js" },
		{ "iron-session", "iron-webcrypto/dist/index.js" },
		{ "h3", "h3/dist/index.mjs" },
		{ "cookie-session", "cookies/index.js" },
	};

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (strcmp(kind, sources[i][0]) == 0)
			return sources[i][1];
	return "of a source that is not named";
}

static void
at(const char *kind, const char *id, int64_t now_us, ResultCode expected, const char *what)
{
	const JsonNode *v = vector(id);

	is_int(open_vector(kind, id, now_us), expected, "%s %.*s, %s: %s", kind,
		   (int) text_at(&doc, v, "version").len, text_at(&doc, v, "version").data, source_of(kind),
		   what);
}

static void
with_salt(const char *salt)
{
	static Slice salts[1];

	memset(&options, 0, sizeof(options));
	options.without_end = true;
	salts[0] = to_slice(salt == NULL ? "" : salt);
	options.salts = salts;
	options.n_salts = salt == NULL ? 0 : 1;
}

/* ----------------------------------------------------------------------------- clocks */

static void
clocks(void)
{
	with_salt(NULL);
	at("django", "django-000", NOW + 14 * DAY, RESULT_OK, "exactly its age");
	at("django", "django-000", NOW + 14 * DAY + 1, RESULT_EXPIRED, "a microsecond more");
	at("django", "django-000", NOW - DAY, RESULT_OK, "signed tomorrow: accepted");
	at("flask", "flask-044", NOW + 31 * DAY + SECONDS - 1, RESULT_OK,
	   "its age, and a part of a second");
	at("flask", "flask-044", NOW + 31 * DAY + SECONDS, RESULT_EXPIRED, "a whole second more");
	at("flask", "flask-044", NOW - 1, RESULT_NOT_YET_VALID, "signed in the future: refused");
	at("starlette", "starlette-060", NOW + 14 * DAY + SECONDS, RESULT_EXPIRED, "a second more");
	at("starlette", "starlette-060", NOW - 1, RESULT_NOT_YET_VALID, "signed in the future");
	at("koa", "koa-session-194", NOW + DAY, RESULT_OK, "at its _expire");
	at("koa", "koa-session-194", NOW + DAY + 1000, RESULT_EXPIRED, "a millisecond after");
	at("iron-session", "iron-session-214", NOW + 14 * DAY + 60 * SECONDS - 1, RESULT_OK,
	   "within the skew");
	at("iron-session", "iron-session-214", NOW + 14 * DAY + 60 * SECONDS, RESULT_EXPIRED,
	   "at the skew's end");
	if (sodium_is_here())
	{
		options.max_age_us = DAY;
		at("fastify-secure", "fastify-secure-session-208", NOW + DAY - 1, RESULT_OK,
		   "before its expiry");
		at("fastify-secure", "fastify-secure-session-208", NOW + DAY, RESULT_EXPIRED,
		   "at its expiry: refused");
	}
	options.max_age_us = 3600 * SECONDS;
	at("h3", "h3--nuxt-auth-utils-236", NOW + 3600 * SECONDS, RESULT_OK,
	   "an age that the seal does not know: at it");
	at("h3", "h3--nuxt-auth-utils-236", NOW + 3600 * SECONDS + 1000, RESULT_EXPIRED,
	   "a millisecond after, by createdAt");
	options.max_age_us = FRAMEWORK_MAX_AGE_NONE;
	at("django", "django-000", NOW + 1000 * DAY, RESULT_OK, "without an age");
	options.max_age_us = 10 * SECONDS;
	at("django", "django-000", NOW + 11 * SECONDS, RESULT_EXPIRED, "with an age of its own");
}

/* ------------------------------------------------------------------------------- ends */

static void
ends_of(const char *kind, FrameworkEnd plain, FrameworkEnd aged)
{
	const Framework *row = framework_next(kind, NULL);

	memset(&options, 0, sizeof(options));
	is_int(framework_ends(row, &options), plain, "%s ends", kind);
	options.max_age_us = DAY;
	is_int(framework_ends(row, &options), aged, "%s ends, with an age", kind);
}

static void
ends(void)
{
	ends_of("express", FRAMEWORK_ENDS, FRAMEWORK_ENDS);
	ends_of("laravel", FRAMEWORK_ENDS, FRAMEWORK_ENDS);
	ends_of("phoenix", FRAMEWORK_ENDS, FRAMEWORK_ENDS);
	ends_of("phoenix-token", FRAMEWORK_ENDS, FRAMEWORK_ENDS);
	ends_of("rails-signed", FRAMEWORK_ENDS, FRAMEWORK_ENDS);
	ends_of("better-auth", FRAMEWORK_ENDS, FRAMEWORK_ENDS);
	ends_of("django", FRAMEWORK_ENDS, FRAMEWORK_ENDS);
	ends_of("flask", FRAMEWORK_ENDS, FRAMEWORK_ENDS);
	ends_of("starlette", FRAMEWORK_ENDS, FRAMEWORK_ENDS);
	ends_of("fastify-secure", FRAMEWORK_ENDS, FRAMEWORK_ENDS);
	ends_of("flask-login", FRAMEWORK_ENDS_NEVER, FRAMEWORK_ENDS_NEVER);
	ends_of("cookie-session", FRAMEWORK_ENDS_NEVER, FRAMEWORK_ENDS_NEVER);
	ends_of("react-router", FRAMEWORK_ENDS_NEVER, FRAMEWORK_ENDS_NEVER);
	ends_of("remix", FRAMEWORK_ENDS_NEVER, FRAMEWORK_ENDS_NEVER);
	ends_of("rails", FRAMEWORK_ENDS_NEVER, FRAMEWORK_ENDS_BY_ITSELF);
	ends_of("koa", FRAMEWORK_ENDS_BY_ITSELF, FRAMEWORK_ENDS_BY_ITSELF);
	ends_of("iron-session", FRAMEWORK_ENDS_BY_ITSELF, FRAMEWORK_ENDS_BY_ITSELF);
	ends_of("h3", FRAMEWORK_ENDS_NEVER, FRAMEWORK_ENDS);
	memset(&options, 0, sizeof(options));
	at("rails", "rails-089", NOW, RESULT_NO_EXPIRY, "exp is null: without_end has to be said");
	at("iron-session", "iron-session-217", NOW, RESULT_NO_EXPIRY, "a seal without an end");
	at("h3", "h3--nuxt-auth-utils-236", NOW, RESULT_NO_EXPIRY, "seals have none without maxAge");
	at("h3", "h3--nuxt-auth-utils-238", NOW, RESULT_OK, "and one with it");
	at("flask-login", "flask-login-078", NOW, RESULT_NO_EXPIRY, "no time in a remember_token");
	at("koa", "koa-session-194", NOW, RESULT_OK, "koa's _expire is an end");
	is_int(proof.issued_us, NOW, "koa: made when _maxAge says, before it");
	at("django", "django-000", NOW, RESULT_OK, "Django's age is an end");
	is_int(proof.expires_us, NOW + 14 * DAY + 1, "the first instant at which Django refuses");
	is_int(proof.issued_us, NOW, "when it was signed");
	if (!sodium_is_here())
		return;
	at("fastify-secure", "fastify-secure-session-208", NOW, RESULT_OK, "secure-session's time");
	is_int(proof.issued_us, NOW - SECONDS / 2, "is rounded: it may have been made before it");
	is_int(proof.expires_us, NOW + DAY + SECONDS, "its age counts from the time that it says");
}

/* ------------------------------------------------------------------------------- keys */

/* One SECRET_KEY makes a key for each use, and none opens another's cookie. */
static void
salts(void)
{
	const JsonNode *v = vector("django-016");
	const JsonNode *rows = member(&doc, member(&doc, v, "rows"), "django_session");
	Slice data = text_at(&doc, json_first(rows), "session_data");
	Slice none = { NULL, 0 };
	static Slice no_path[1];

	with_salt(NULL);
	is_int(open_text("django", none, secret_of(v), data, NOW), RESULT_BAD_SIGNATURE,
		   "django: a row's session_data is no cookie");
	with_salt(FRAMEWORK_DJANGO_ROW_SALT);
	is_int(open_text("django", none, secret_of(v), data, NOW), RESULT_OK,
		   "django: with the salt of rows it is read");
	ok(slice_is(proof.user_id, "42"), "django: the user in session_data");
	at("django", "django-000", NOW, RESULT_BAD_SIGNATURE, "a cookie is no session_data");
	with_salt(NULL);
	options.id_path = no_path;
	at("django", "django-014", NOW, RESULT_OK, "get_signed_cookie's salt is the name");
	ok(slice_is(proof.user_id, "42"), "django: the value itself is the user");
	at("django", "django-000", NOW, RESULT_BAD_SIGNATURE, "a session is no signed cookie");
	with_salt("uid");
	options.id_path = no_path;
	at("django", "django-014", NOW, RESULT_OK, "the name may be given as the salt");
	with_salt("other");
	options.id_path = no_path;
	is_int(open_text("django", to_slice("name"), secret_of(vector("django-014")),
					 text_at(&doc, vector("django-014"), "cookie_value"), NOW),
		   RESULT_BAD_SIGNATURE, "django: a value that was signed for another name");
	with_salt("id");
	options.id_path = no_path;
	is_int(open_text("django", to_slice("u"), secret_of(vector("django-014")),
					 text_at(&doc, vector("django-014"), "cookie_value"), NOW),
		   RESULT_OK, "django: the salt follows the name, as in Django");
	with_salt("uid");
	options.id_path = no_path;
	is_int(open_text("django", to_slice("name"), secret_of(vector("django-014")),
					 text_at(&doc, vector("django-014"), "cookie_value"), NOW),
		   RESULT_BAD_SIGNATURE, "django: a salt does not stand in for the name");
	with_salt("other");
	options.id_path = no_path;
	at("django", "django-014", NOW, RESULT_BAD_SIGNATURE, "another salt");
	with_salt(NULL);
	v = vector("flask-044");
	is_int(open_text("starlette", none, secret_of(v), text_at(&doc, v, "cookie_value"), NOW),
		   RESULT_BAD_SIGNATURE, "flask's cookie is none of starlette's, with the same secret");
}

#define PHOENIX_SECRET "phoenix-fixed-test-secret-key-base-phoenix-fixed-test-secret-key-base-"

static void
derives(const char *kind, const char *name, const char *secret, ResultCode expected,
		const char *what)
{
	FrameworkKey key;
	FrameworkFault fault = { NULL, NULL, 0 };
	ResultCode result = framework_derive(&key, framework_next(kind, NULL), &options, to_slice(name),
										 to_slice(secret), &fault);

	is_int(result, expected, "%s: %s", kind, what);
	ok((result == RESULT_BAD_KEY) == (fault.reason != NULL && fault.argument != NULL),
	   "%s: a reason with RESULT_BAD_KEY alone", kind);
	framework_key_clear(&key);
}

static void
keys(void)
{
	static char long_text[SECRET_MAX + 2];

	memset(long_text, 'a', sizeof(long_text) - 1);
	with_salt(NULL);
	derives("express", "", "x", RESULT_OK, "a short secret");
	derives("express", "", "", RESULT_BAD_KEY, "no secret");
	derives("express", "", long_text, RESULT_BAD_KEY, "a long secret");
	derives("rails", "", "x", RESULT_BAD_KEY, "no name, though it counts");
	derives("rails", "_app_session", "x", RESULT_OK, "a name");
	derives("phoenix", "", PHOENIX_SECRET, RESULT_BAD_KEY, "no salt");
	derives("phoenix-token", "", PHOENIX_SECRET, RESULT_BAD_KEY, "neither salt nor name");
	derives("phoenix-token", "uid", "twenty letters of it", RESULT_OK, "a name for the salt");
	derives("phoenix-token", "uid", "nineteen of letters", RESULT_BAD_KEY, "a short secret");
	derives("lucia", "", "x", RESULT_BAD_KEY, "needs no secret");
	derives("iron-session", "", "31 characters, which are too few", RESULT_OK, "32 characters");
	derives("iron-session", "", "31 characters, which are too fe", RESULT_BAD_KEY, "31 of them");
	derives("laravel", "s", "base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", RESULT_OK,
			"base64:");
	derives("laravel", "s", "base64:MDEyMzQ1Njc4OWFiY2RlZg==", RESULT_BAD_KEY, "16 bytes");
	derives("laravel", "s", "0123456789abcdef0123456789abcdef", RESULT_OK, "32 bytes");
	derives("laravel", "s", "password", RESULT_BAD_KEY, "a password");
	derives("fastify-secure", "", "password",
			sodium_is_here() ? RESULT_BAD_KEY : RESULT_UNSUPPORTED, "a password");
	with_salt("salt");
	derives("express", "", "x", RESULT_BAD_KEY, "a salt that is not used");
	ok(framework_next("symfony", NULL) == NULL, "an unknown kind has no row");
}

/* How many rows of a kind serve the options. */
static int
n_applying(const char *kind)
{
	const Framework *row = NULL;
	int n = 0;

	while ((row = framework_next(kind, row)) != NULL)
		n += framework_applies(row, &options);
	return n;
}

static void
rows(void)
{
	static Slice two[2];
	static Slice path[1];

	with_salt("signing");
	is_int(n_applying("phoenix"), sodium_is_here() ? 2 : 1,
		   "phoenix: one salt signs or, with libsodium, encrypts");
	two[0] = to_slice("signing");
	two[1] = to_slice("encryption");
	options.salts = two;
	options.n_salts = 2;
	is_int(n_applying("phoenix"), 1, "phoenix: with a second it encrypts alone");
	with_salt(NULL);
	is_int(n_applying("django"), 1, "django: a session");
	options.id_path = path;
	is_int(n_applying("django"), 1, "django: or a value, not both");
	is_int(n_applying("react-router"), 1, "react-router: the same");
	is_int(n_applying("remix"), 1, "remix: the same");
	is_int(n_applying("flask-login"), 1, "a kind that has one row alone keeps it");
	options.n_id_path = 1;
	is_int(n_applying("react-router"), 1, "a path is one of a session's");
}

/* ------------------------------------------------------------------------------ texts */

static void
text_is(const char *kind, const char *name, const char *header, const char *expected)
{
	char out[512];
	size_t len;
	const Framework *row = framework_next(kind, NULL);
	ResultCode result;

	while (row->companion_from == NULL && framework_next(kind, row) != NULL)
		row = framework_next(kind, row);
	result = framework_cookie_text(row, to_slice(name), to_slice(header), out, sizeof(out), &len);
	if (expected == NULL)
		is_int(result, RESULT_NO_TOKEN, "%s: no cookie in %s", kind, header);
	else
		is_bytes(out, result == RESULT_OK ? len : 0, expected, strlen(expected), "%s: text of %s",
				 kind, header);
}

static void
texts(void)
{
	text_is("koa", "koa.sess", "a=b; koa.sess=x%3D; koa.sess.sig=y; c=d",
			"koa.sess=x%3D; koa.sess.sig=y");
	text_is("koa", "koa.sess", "koa.sess.sig=y; koa.sess=x", "koa.sess=x; koa.sess.sig=y");
	text_is("koa", "koa.sess", "koa.sess=x", "koa.sess=x");
	text_is("koa", "koa.sess", "koa.sess.sig=y", NULL);
	text_is("better-auth", "__Secure-better-auth.session_data",
			"better-auth.session_token=no; __Secure-better-auth.session_token=t.s%3D; "
			"__Secure-better-auth.session_data.1=b; __Secure-better-auth.session_data.0=a",
			"__Secure-better-auth.session_data=ab; __Secure-better-auth.session_token=t.s%3D");
	text_is("rails", "_app", "_app=a%2Bb+c", "a+b c");
	text_is("rails", "_app", "_app=a+b", "a b");
	text_is("flask", "session", "session=a%2Bb", "a%2Bb");
	text_is("fastify", "sessionId", "sessionId=a%2Bb+c", "a+b+c");
}

/* A value brings no cookie of another name with it. */
static void
smuggled(void)
{
	const JsonNode *v = vector("cookie-session-185");
	Slice header = text_at(&doc, v, "cookie_header");
	char text[2048];
	Slice smuggled = { text, 0 };

	with_salt(NULL);
	at("cookie-session", "cookie-session-185", NOW, RESULT_OK, "value and .sig");
	memcpy(text, "x; ", 3);
	memcpy(text + 3, header.data, header.len);
	smuggled.len = header.len + 3;
	is_int(open_text("cookie-session", to_slice("session"), secret_of(v), smuggled, NOW),
		   RESULT_UNKNOWN_FORM, "a fragment begins with its name");
	is_int(open_text("cookie-session", to_slice("session"), secret_of(v),
					 text_at(&doc, v, "cookie_value"), NOW),
		   RESULT_UNKNOWN_FORM, "a bare value is none of a kind that is signed beside it");
	is_int(open_text("cookie-session", to_slice("sessio"), secret_of(v), header, NOW),
		   RESULT_UNKNOWN_FORM, "another name");
}

/* ----------------------------------------------------------------------------- payloads */

#define XCP                                                                                        \
	"XCP.JOOwt4RvpwLbyRsCOEnxm7A3MVZNXEyDyH0DrkXFub3K1YPeLbB4WFWwb0250Xa48U1vVBY0DsZLv1dVXnc-"     \
	"8KfSZyq4EIZF2aarAw5FptVIRZIgiqVqcg0ntZ4XBn8bP4SBTp3hk4Yjw4HiKtpByDKZPSLDoqbZBALOWFA"

static void
phoenix(void)
{
	const JsonNode *v = vector("phoenix-283");
	const Slice token = text_at(&doc, v, "cookie_value");
	const int64_t signed_at = INT64_C(1795767556) * US;
	Slice none = { NULL, 0 };

	if (sodium_is_here())
	{
		with_salt("encsalt");
		is_int(open_text("phoenix", none, to_slice(PHOENIX_SECRET), to_slice(XCP), NOW), RESULT_OK,
			   "phoenix (plug_crypto 2.1): encrypted with XChaCha20, the tag before the text");
		ok(proof.yields == YIELDS_BYTES && proof.id.len == 32 && proof.id.data[31] == 31,
		   "phoenix: 32 bytes of a token");
	}
	with_salt("user auth");
	is_int(open_text("phoenix-token", none, to_slice(PHOENIX_SECRET), token, signed_at), RESULT_OK,
		   "phoenix-token: fresh");
	ok(slice_is(proof.user_id, "42") && proof.issued_us == signed_at, "phoenix-token: an integer");
	is_int(proof.expires_us, signed_at + DAY + 1000, "phoenix-token: its own age");
	options.max_age_us = SECONDS;
	is_int(open_text("phoenix-token", none, to_slice(PHOENIX_SECRET), token,
					 signed_at + SECONDS + 1000),
		   RESULT_EXPIRED, "phoenix-token: the option's age");
	options.max_age_us = FRAMEWORK_MAX_AGE_NONE;
	is_int(open_text("phoenix-token", none, to_slice(PHOENIX_SECRET), token, signed_at + 9 * DAY),
		   RESULT_OK, "phoenix-token: no age");
}

/* A term as Plug signs it. */
static ResultCode
open_term(const char *kind, Slice term)
{
	static const char prefix[] = "SFMyNTY.";
	const Slice secret = to_slice(PHOENIX_SECRET);
	unsigned char key[32];
	unsigned char mac[CRYPTO_SHA256_LEN];
	char text[1024];
	Slice token = { text, sizeof(prefix) - 1 };
	Slice none = { NULL, 0 };

	with_salt("salt");
	crypto_pbkdf2(CRYPTO_HASH_SHA256, secret, to_slice("salt"), 1000, key, sizeof(key));
	memcpy(text, prefix, token.len);
	token.len += base64url_encode((const unsigned char *) term.data, term.len, text + token.len);
	crypto_hmac_sha256(key, sizeof(key), text, token.len, mac);
	text[token.len++] = '.';
	token.len += base64url_encode(mac, sizeof(mac), text + token.len);
	options.without_end = false;
	return open_text(kind, none, secret, token, INT64_C(1000) * US);
}

#define TERM(text) ((Slice){ text, sizeof(text) - 1 })

static void
terms(void)
{
	is_int(open_term("phoenix", TERM("\203t\0\0\0\1m\0\0\0\012user_tokenm\0\0\0\1x")), RESULT_OK,
		   "phoenix: a token in a session");
	ok(proof.yields == YIELDS_BYTES && slice_is(proof.id, "x"), "phoenix: its bytes");
	is_int(open_term("phoenix", TERM("\203t\0\0\0\1m\0\0\0\012user_tokena*")), RESULT_MALFORMED,
		   "phoenix: a number is no token, and nobody's id");
	is_int(open_term("phoenix", TERM("\203t\0\0\0\0")), RESULT_NO_SUBJECT,
		   "phoenix: nobody logged in");
	is_int(open_term("phoenix-token", TERM("\203h\3m\0\0\0\2u1a\0a\1")), RESULT_EXPIRED,
		   "phoenix-token: a second long, long ago");
	is_int(open_term("phoenix-token", TERM("\203h\3m\0\0\0\2u1a\0b\0\0\100\0")), RESULT_OK,
		   "phoenix-token: a text");
	ok(proof.yields == YIELDS_USER && slice_is(proof.user_id, "u1"), "phoenix-token: is a user");
	is_int(open_term("phoenix-token", TERM("\203h\3m\0\0\0\2\0\1a\0b\0\0\100\0")), RESULT_OK,
		   "phoenix-token: bytes");
	ok(proof.yields == YIELDS_BYTES && proof.id.len == 2, "phoenix-token: are a token");
	is_int(open_term("phoenix-token", TERM("\203h\2a*a\0")), RESULT_OK,
		   "phoenix-token: without an age: a day");
	is_int(open_term("phoenix-token", TERM("\203h\3a*a\0w\010infinity")), RESULT_NO_EXPIRY,
		   "phoenix-token: for ever");
	is_int(open_term("phoenix-token", TERM("\203h\3a*a\0w\3foo")), RESULT_MALFORMED,
		   "phoenix-token: an age that is none");
	is_int(open_term("phoenix-token", TERM("\203h\3a*a\0a\0")), RESULT_EXPIRED,
		   "phoenix-token: no age at all");
	is_int(open_term("phoenix-token", TERM("\203h\3w\3nila\0b\0\0\100\0")), RESULT_NO_SUBJECT,
		   "phoenix-token: nil");
}

/* What a MAC row accepts when its payload is this text. */
static ResultCode
open_signed(const char *kind, const char *payload)
{
	unsigned char mac[CRYPTO_SHA256_LEN];
	char text[1024];
	Slice token = { text, 0 };
	Slice none = { NULL, 0 };

	token.len = base64_encode((const unsigned char *) payload, strlen(payload), text);
	crypto_hmac_sha256("secret", 6, text, token.len, mac);
	text[token.len++] = '.';
	token.len += base64_encode(mac, sizeof(mac), text + token.len) - 1;
	return open_text(kind, none, to_slice("secret"), token, NOW);
}

static void
ids(void)
{
	static Slice path[3];

	with_salt(NULL);
	is_int(open_signed("react-router", "{\"userId\":\"Zo\\u00eb\"}"), RESULT_OK, "an escaped id");
	ok(slice_is(proof.user_id, "Zo\xc3\xab"), "it is unescaped");
	is_int(open_signed("react-router", "{\"userId\":-7}"), RESULT_OK, "a negative number");
	is_int(open_signed("react-router", "{\"userId\":1.5}"), RESULT_MALFORMED, "a fraction");
	is_int(open_signed("react-router", "{\"userId\":1e3}"), RESULT_MALFORMED, "an exponent");
	is_int(open_signed("react-router", "{\"userId\":\"\"}"), RESULT_NO_SUBJECT, "an empty id");
	is_int(open_signed("react-router", "{\"userId\":null}"), RESULT_NO_SUBJECT, "null");
	is_int(open_signed("react-router", "{\"userId\":false}"), RESULT_NO_SUBJECT, "false");
	is_int(open_signed("react-router", "{\"userId\":true}"), RESULT_MALFORMED, "true");
	is_int(open_signed("react-router", "{\"userId\":[1]}"), RESULT_MALFORMED, "a list");
	is_int(open_signed("react-router", "{\"userId\":{\" u\":\"0\"}}"), RESULT_MALFORMED,
		   "Flask's tag is Flask's alone");
	is_int(open_signed("react-router", "{\"userId\":\"a\\u0000b\"}"), RESULT_MALFORMED, "a NUL");
	is_int(open_signed("react-router", "{\"userId\":1,\"userId\":2}"), RESULT_MALFORMED,
		   "a name twice");
	is_int(open_signed("react-router", "{}"), RESULT_NO_SUBJECT, "nobody");
	path[0] = to_slice("a");
	path[1] = to_slice("1");
	path[2] = to_slice("b");
	options.id_path = path;
	options.n_id_path = 3;
	is_int(open_signed("react-router", "{\"a\":[{},{\"b\":42}]}"), RESULT_OK, "a path");
	ok(slice_is(proof.user_id, "42"), "through an array");
	is_int(open_signed("react-router", "{\"a\":[{}]}"), RESULT_NO_SUBJECT, "that ends early");
	options.n_id_path = 0;
	is_int(open_signed("react-router", "\"0123456789abcdef\""), RESULT_OK, "'{}': an id");
	ok(proof.yields == YIELDS_TOKEN && slice_is(proof.id, "0123456789abcdef"),
	   "of a session that is kept elsewhere");
}

static void
php(void)
{
	const char *text =
		"a:3:{s:6:\"_token\";s:2:\"x;\";s:1:\"o\";O:3:\"Foo\":1:{s:1:\"a\";a:1:{i:0;N;}}"
		"s:10:\"login_web_\";i:42;}";
	PhpValue value;
	PhpValue user;

	is_int(php_read(to_slice(text), &value), RESULT_OK, "php: an array with an object in it");
	is_int(php_member(&value, to_slice("login_web_"), &user), RESULT_OK, "php: the user");
	ok(user.kind == PHP_INTEGER && slice_is(user.text, "42"), "php: who it is");
	is_int(php_member(&value, to_slice("login_admin_"), &user), RESULT_NO_SUBJECT, "php: nobody");
	is_int(php_read(to_slice("a:1:{i:0;R:1;}"), &value), RESULT_OK, "php: a reference");
	is_int(php_nth(&value, 0, &user), RESULT_OK, "php: it is there");
	is_int(user.kind, PHP_OTHER, "php: and not followed");
	is_int(php_nth(&value, 1, &user), RESULT_NO_SUBJECT, "php: no second one");
	is_int(php_read(to_slice("a:99999999:{i:0;"), &value), RESULT_MALFORMED, "php: cut off");
	is_int(php_read(to_slice("s:5:\"abc\";"), &value), RESULT_MALFORMED, "php: a false length");
	is_int(php_read(to_slice("C:3:\"Foo\":3:{a:1}"), &value), RESULT_OK,
		   "php: a format of its own");
	is_int(value.kind, PHP_OTHER, "php: of which nothing is read");
	is_int(php_read(to_slice("C:3:\"Foo\":9:{a:1}"), &value), RESULT_MALFORMED, "php: cut off");
	is_int(php_read(to_slice("E:8:\"Suit:Two\";"), &value), RESULT_OK, "php: an enumeration");
	is_int(php_read(to_slice("b:2;"), &value), RESULT_MALFORMED, "php: no boolean");
	is_int(php_read(to_slice("O:3:\"Foo\":1:{s:1:\"a\";b:1;}"), &value), RESULT_OK,
		   "php: an object");
	ok(value.kind == PHP_OBJECT && slice_is(value.text, "Foo"), "php: its class");
	is_int(php_property(&value, to_slice("a"), &user), RESULT_OK, "php: a property");
	is_int(user.kind, PHP_TRUE, "php: true");
	is_int(php_member(&value, to_slice("a"), &user), RESULT_NO_SUBJECT, "php: which no array has");
}

int
main(void)
{
	if (!vectors_open("web_frameworks.json", &doc))
	{
		skip("web_frameworks.json is not here");
		return tap_done();
	}
	clocks();
	ends();
	salts();
	keys();
	rows();
	texts();
	smuggled();
	phoenix();
	terms();
	ids();
	php();
	return tap_done();
}
