/*
 * surprises_test.c: where a good guess about a framework's cookie is wrong.
 *
 * Each case takes a cookie that the library of its vector made, and says in which of the library's
 * files the rule stands.  A second cookie, made as one would guess and signed with the right key,
 * has to be refused.  Clocks, ages and salts: framework_test.c, which judges the same vectors.
 */
#include <stdio.h>
#include <string.h>

#include "pure/base64.h"
#include "pure/cookie.h"
#include "pure/frameworks.h"
#include "pure/hex.h"
#include "tap.h"
#include "vectors.h"

#define US       INT64_C(1000000)
#define NOW      (INT64_C(1900000000) * US)
#define TEXT_MAX 4096

static JsonDoc doc;
static char arena[FRAMEWORK_ARENA];
static FrameworkProof proof;
static FrameworkOptions options = { .without_end = true };

/* What a case is about: a vector, its kind, and what stands where in the library. */
typedef struct Surprise
{
	const char *vector;
	const char *kind;
	const char *what;
	const char *source;
} Surprise;

static const JsonNode *
vector(const char *id)
{
	return vector_of(&doc, doc.nodes, id);
}

/* The newest of several secrets, with which new cookies are signed. */
static Slice
secret_of(const JsonNode *v)
{
	const JsonNode *secret = member(&doc, v, "secret");

	return text_of(&doc, secret->kind == JSON_KIND_ARRAY ? secret + 1 : secret);
}

static FrameworkKey
key_of(const Surprise *s)
{
	const JsonNode *v = vector(s->vector);
	FrameworkKey key;

	if (framework_derive(&key, framework_next(s->kind, NULL), &options,
						 text_at(&doc, v, "cookie_name"), secret_of(v), NULL) != RESULT_OK)
		printf("# no key for %s\n", s->vector);
	return key;
}

static ResultCode
open_value(const Surprise *s, Slice value, int64_t now_us)
{
	FrameworkKey key = key_of(s);
	FrameworkCookie cookie = { .value = value };
	ResultCode result =
		framework_open(&key, &options, &cookie, now_us, arena, sizeof(arena), &proof);

	framework_key_clear(&key);
	return result;
}

/* The cookie of the vector, without what the header escapes. */
static Slice
value_of(const Surprise *s)
{
	Slice text = text_at(&doc, vector(s->vector), "cookie_value");
	char *out = keep(text.len);
	Slice value = { out, 0 };

	if (cookie_unescape(text, COOKIE_ESCAPES_URI, out, text.len, &value.len) != RESULT_OK)
		printf("# %s has another escape\n", s->vector);
	return value;
}

static void
accepts(const Surprise *s, Slice value, int64_t now_us)
{
	Slice version = text_at(&doc, vector(s->vector), "version");

	is_int(open_value(s, value, now_us), RESULT_OK, "%s %.*s, %s: %s", s->kind, (int) version.len,
		   version.data, s->source, s->what);
}

static void
refuses(const Surprise *s, Slice value, int64_t now_us, ResultCode expected, const char *what)
{
	is_int(open_value(s, value, now_us), expected, "… and not %s", what);
}

/* Bytes, which may be zero. */
static Slice
joined(Slice a, const char *between, Slice b)
{
	size_t middle = strlen(between);
	char *text = keep(a.len + middle + b.len);

	memcpy(text, a.data, a.len);
	memcpy(text + a.len, between, middle);
	memcpy(text + a.len + middle, b.data, b.len);
	return slice_make(text, a.len + middle + b.len);
}

static Slice
decoded(Slice text)
{
	unsigned char *out = keep(text.len + 1);
	Slice bytes = { (const char *) out, 0 };

	if (base64_decode(text.data, text.len, out, text.len, &bytes.len) != RESULT_OK)
		printf("# no base64: %.*s\n", (int) text.len, text.data);
	return bytes;
}

static Slice
encoded(Slice bytes)
{
	char *out = keep(2 * bytes.len + 8);

	return slice_make(out, base64_encode((const unsigned char *) bytes.data, bytes.len, out));
}

static Slice
hex_of(Slice bytes)
{
	char *out = keep(2 * bytes.len + 1);

	hex_encode((const unsigned char *) bytes.data, bytes.len, out);
	return slice_make(out, 2 * bytes.len);
}

/* Without the padding, and with the letters for addresses if `url`. */
static Slice
bare(Slice text, bool url)
{
	char *out = keep(text.len + 1);
	size_t len = text.len;

	memcpy(out, text.data, text.len);
	while (len > 0 && out[len - 1] == '=')
		len--;
	for (size_t i = 0; url && i < len; i++)
		out[i] = out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i];
	return slice_make(out, len);
}

/* The MAC with the cookie's own key. */
static Slice
mac(const Surprise *s, CryptoHash hash, Slice covered)
{
	FrameworkKey key = key_of(s);
	unsigned char *out = keep(CRYPTO_HASH_MAX);

	if (!crypto_hmac_parts(hash, key.keys[0].bytes, key.keys[0].len, &covered, 1, out))
		printf("# no MAC\n");
	framework_key_clear(&key);
	return slice_make((const char *) out, crypto_hash_len(hash));
}

/* Two parts at the last separator. */
static void
split(Slice value, const char *separator, Slice *text, Slice *rest)
{
	if (!slice_split_last(value, separator, text, rest))
		printf("# no %s\n", separator);
}

/* ----------------------------------------------------------------------------- Python */

/* payload.time, signed as itsdangerous does it */
static Slice
sign_timed(const Surprise *s, Slice payload, Slice time)
{
	Slice covered = joined(payload, ".", time);

	return joined(covered, ".", bare(encoded(mac(s, CRYPTO_HASH_SHA1, covered)), true));
}

static void
django_compresses(void)
{
	static const Surprise s = { "django-000", "django",
								"a plain login is compressed, and so begins with a dot",
								"contrib/sessions/backends/signed_cookies.py" };
	Slice value = value_of(&s);

	ok(begins_with(value, "."), "django: the cookie begins with a dot");
	accepts(&s, value, NOW);
	refuses(&s, slice_make(value.data + 1, value.len - 1), NOW, RESULT_BAD_SIGNATURE,
			"what it holds without the dot, which is signed, too");
}

/* What is compressed is looked at behind the proof: this would be longer than anything is allowed to be. */
static void
proof_comes_first(void)
{
	static const Surprise s = { "django-000", "django", "", "" };
	char *bomb = keep(TEXT_MAX);

	memset(bomb, 'A', TEXT_MAX);
	memcpy(bomb, ".eJz", 4);
	memcpy(bomb + TEXT_MAX - 43 - 8, ":24aCnI:", 8);
	is_int(open_value(&s, slice_make(bomb, TEXT_MAX), NOW), RESULT_BAD_SIGNATURE,
		   "django: nothing is inflated that is not proved");
}

static void
paddings(void)
{
	static const Surprise flask = { "flask-044", "flask",
									"its base64 has the letters for addresses and no padding",
									"itsdangerous/encoding.py, by flask/sessions.py" };
	static const Surprise starlette = { "starlette-060", "starlette",
										"its base64 is the usual one, with padding",
										"starlette/middleware/sessions.py" };
	static const char json[] = "{\"user_id\": \"4\"}";
	static const char own[] = "{\"_user_id\": \"4\"}";
	Slice padded = encoded(to_slice(json));
	Slice padded_own = encoded(to_slice(own));
	Slice rest;
	Slice time;
	Slice value;

	split(value_of(&flask), ".", &rest, &value);
	split(rest, ".", &value, &time);
	accepts(&flask, sign_timed(&flask, bare(padded_own, true), time), NOW + 31 * 86400 * US);
	refuses(&flask, sign_timed(&flask, padded_own, time), NOW + 31 * 86400 * US, RESULT_MALFORMED,
			"with padding, which nobody writes there");
	split(value_of(&starlette), ".", &rest, &value);
	split(rest, ".", &value, &time);
	accepts(&starlette, sign_timed(&starlette, padded, time), NOW + 14 * 86400 * US);
	refuses(&starlette, sign_timed(&starlette, bare(padded, false), time), NOW + 14 * 86400 * US,
			RESULT_MALFORMED, "without it");
}

/* ------------------------------------------------------------------------------- Rails */

static void
rails_signs_with_sha1(void)
{
	static const Surprise s = {
		"rails-128", "rails-signed",
		"cookies are signed with SHA-1, though keys are derived with SHA-256",
		"action_dispatch/middleware/cookies.rb"
	};
	Slice value = value_of(&s);
	Slice text;
	Slice old;

	split(value, "--", &text, &old);
	accepts(&s, value, NOW);
	is_bytes(old.data, old.len, hex_of(mac(&s, CRYPTO_HASH_SHA1, text)).data, 40,
			 "rails: SHA-1, with the key of 7.0's derivation");
	refuses(&s, joined(text, "--", hex_of(mac(&s, CRYPTO_HASH_SHA256, text))), NOW,
			RESULT_UNKNOWN_FORM, "with SHA-256");
	ok(begins_with(decoded(text), "{\"_rails\":{\"message\":\""),
	   "rails 7.2.2.2, active_support/messages/metadata.rb: the envelope still says message");
}

/* ----------------------------------------------------------------------------- Laravel */

/* {iv, value, mac} in base64 */
static Slice
laravel_cookie(Slice iv, Slice value, Slice proof_of_both)
{
	char *json = keep(TEXT_MAX);
	int len =
		snprintf(json, TEXT_MAX,
				 "{\"iv\":\"%.*s\",\"value\":\"%.*s\",\"mac\":\"%.*s\",\"tag\":\"\"}", (int) iv.len,
				 iv.data, (int) value.len, value.data, (int) proof_of_both.len, proof_of_both.data);

	return encoded(slice_make(json, (size_t) len));
}

static void
laravel_signs_texts(void)
{
	static const Surprise s = { "laravel-156", "laravel",
								"the MAC covers iv and value as base64 has them",
								"Illuminate/Encryption/Encrypter.php" };
	Slice json = decoded(value_of(&s));
	JsonNode *nodes = keep(16 * sizeof(JsonNode));
	JsonDoc cookie;
	Slice iv;
	Slice value;

	is_int(json_scan(&cookie, json.data, json.len, nodes, 16), RESULT_OK,
		   "laravel: JSON in base64");
	iv = text_at(&cookie, cookie.nodes, "iv");
	value = text_at(&cookie, cookie.nodes, "value");
	accepts(&s,
			laravel_cookie(iv, value, hex_of(mac(&s, CRYPTO_HASH_SHA256, joined(iv, "", value)))),
			NOW);
	refuses(&s,
			laravel_cookie(
				iv, value,
				hex_of(mac(&s, CRYPTO_HASH_SHA256, joined(decoded(iv), "", decoded(value))))),
			NOW, RESULT_BAD_SIGNATURE, "of the bytes that they stand for");
}

/* ------------------------------------------------------------------------- React Router */

static void
react_router_signs_base64(void)
{
	static const Surprise s = { "react-router-259", "react-router",
								"the value is JSON in base64, and the MAC is over that text",
								"lib/server-runtime/cookies.ts" };
	Slice value = value_of(&s);
	Slice text;
	Slice old;

	split(value, ".", &text, &old);
	accepts(&s, joined(text, ".", bare(encoded(mac(&s, CRYPTO_HASH_SHA256, text)), false)), NOW);
	refuses(&s, joined(text, ".", bare(encoded(mac(&s, CRYPTO_HASH_SHA256, decoded(text))), false)),
			NOW, RESULT_BAD_SIGNATURE, "over the JSON");
}

int
main(void)
{
	if (!vectors_open("web_frameworks.json", &doc))
	{
		skip("web_frameworks.json is not here");
		return tap_done();
	}
	django_compresses();
	proof_comes_first();
	paddings();
	rails_signs_with_sha1();
	laravel_signs_texts();
	react_router_signs_base64();
	return tap_done();
}
