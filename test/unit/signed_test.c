/* signed_test.c: signed cookies and better-auth's cache, at their edges. */
#include <string.h>

#include "pure/base64.h"
#include "pure/better_auth.h"
#include "pure/lucia.h"
#include "signed.h"
#include "tap.h"
#include "vectors.h"

#define SECRET "a secret of any length"

/* value.signature, with or without padding. */
static Slice
sign(const char *prefix, const char *value, bool padded)
{
	unsigned char mac[CRYPTO_SHA256_LEN];
	char *text = keep(1024);
	Slice token = { text, 0 };

	crypto_hmac_sha256(SECRET, strlen(SECRET), value, strlen(value), mac);
	strcpy(text, prefix);
	strcat(text, value);
	strcat(text, ".");
	token.len = strlen(text);
	token.len += base64_encode(mac, sizeof(mac), text + token.len);
	if (!padded)
		token.len--;
	return token;
}

static ResultCode
verify(const char *kind, Slice token, const char *secret)
{
	Slice value;

	return signed_open(kind, token, to_slice(secret), &value);
}

static void
cookies(void)
{
	char long_value[600];
	Slice value;

	memset(long_value, 'a', 599);
	long_value[599] = '\0';
	is_int(verify("better-auth", sign("", "tok", true), SECRET), RESULT_OK, "better-auth");
	is_int(verify("better-auth", sign("", "tok", true), "other"), RESULT_BAD_SIGNATURE,
		   "another secret");
	is_int(verify("better-auth", sign("", "tok", true), ""), RESULT_BAD_KEY, "no secret");
	is_int(verify("better-auth", sign("", "tok", false), SECRET), RESULT_UNKNOWN_FORM,
		   "no padding");
	is_int(verify("better-auth", sign("", "", true), SECRET), RESULT_UNKNOWN_FORM, "no value");
	is_int(verify("better-auth", to_slice("tok"), SECRET), RESULT_UNKNOWN_FORM, "no dot");
	is_int(verify("better-auth", to_slice("tok."), SECRET), RESULT_UNKNOWN_FORM, "no signature");
	is_int(verify("better-auth", to_slice(""), SECRET), RESULT_NO_TOKEN, "nothing");
	is_int(verify("better-auth", sign("", "a%41", true), SECRET), RESULT_BAD_SIGNATURE,
		   "what is signed is the decoded value");
	is_int(verify("better-auth", sign("", long_value, true), SECRET), RESULT_OK, "a long value");
	is_int(verify("express", sign("s:", "sid", false), SECRET), RESULT_OK, "express");
	is_int(verify("express", sign("s%3A", "sid", false), SECRET), RESULT_OK, "percent-encoded");
	is_int(verify("express", sign("", "sid", false), SECRET), RESULT_UNKNOWN_FORM, "no prefix");
	is_int(verify("express", sign("s:", "sid", true), SECRET), RESULT_UNKNOWN_FORM, "padding");
	is_int(verify("express", sign("s:", "", false), SECRET), RESULT_UNKNOWN_FORM, "no sid");
	/* The prefix is not signed: s:x must not pass for a better-auth token named so. */
	is_int(verify("better-auth", sign("s:", "sid", true), SECRET), RESULT_BAD_SIGNATURE,
		   "express for better-auth");
	signed_open("express", sign("s%3a", "a.b", false), to_slice(SECRET), &value);
	is_bytes(value.data, value.len, "a.b", 3, "the sid up to the last dot");
}

static void
lucia(void)
{
	unsigned char hash[CRYPTO_SHA256_LEN];
	unsigned char expected[CRYPTO_SHA256_LEN];
	char zeros[32] = { 0 };
	Slice id;

	crypto_sha256(zeros, 32, expected);
	is_int(lucia_split(to_slice("id.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), &id, hash),
		   RESULT_OK, "Lucia");
	ok(slice_is(id, "id") && crypto_equal(hash, expected, 32), "id and hash");
	is_int(lucia_split(to_slice("id.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D"), &id, hash),
		   RESULT_OK, "percent-encoded");
	is_int(lucia_split(to_slice("id.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB="), &id, hash),
		   RESULT_UNKNOWN_FORM, "not canonical");
	is_int(lucia_split(to_slice("id.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), &id, hash),
		   RESULT_UNKNOWN_FORM, "no padding");
	is_int(lucia_split(to_slice("id.AAAA"), &id, hash), RESULT_UNKNOWN_FORM, "three bytes");
	is_int(lucia_split(to_slice("a.b.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), &id, hash),
		   RESULT_UNKNOWN_FORM, "three parts");
}

#define SESSION(expires)                                                                           \
	"{\"session\":{\"userId\":\"u\",\"token\":\"t\",\"expiresAt\":" expires                        \
	"},\"user\":{\"id\":\"u\"}}"

static BetterAuthCache cache;

static ResultCode
payload(const char *json)
{
	static JsonNode nodes[64];
	static JsonDoc doc;

	if (json_scan(&doc, json, strlen(json), nodes, 64) != RESULT_OK)
		return RESULT_MALFORMED;
	return better_auth_cache_read(&cache, &doc, doc.nodes);
}

static void
caches(void)
{
	is_int(payload(SESSION("\"2026-01-01T00:00:00.000Z\"")), RESULT_OK, "a payload");
	is_int(cache.expires_us, 1767225600000000, "its expiry");
	payload(SESSION("\"2024-02-29T12:34:56.789Z\""));
	is_int(cache.expires_us, 1709210096789000, "a leap day");
	is_int(better_auth_cache_check(&cache, 1709210096789000), RESULT_EXPIRED,
		   "expired at its expiry");
	is_int(better_auth_cache_check(&cache, 1709210096788999), RESULT_OK, "and not before");
	is_int(payload(SESSION("\"2026-01-01T00:00:00Z\"")), RESULT_MALFORMED, "another form");
	is_int(payload(SESSION("\"2026-13-01T00:00:00.000Z\"")), RESULT_MALFORMED, "a 13th month");
	is_int(payload(SESSION("\"2026-01-01T24:00:00.000Z\"")), RESULT_MALFORMED, "a 25th hour");
	is_int(payload(SESSION("1767225600000")), RESULT_MALFORMED, "a number");
	is_int(payload("{\"session\":{\"userId\":\"u\",\"token\":\"t\",\"expiresAt\":"
				   "\"2026-01-01T00:00:00.000Z\"},\"user\":{\"id\":\"v\"}}"),
		   RESULT_NO_SUBJECT, "another user's session");
	is_int(payload("{\"session\":{\"userId\":\"\",\"token\":\"t\"},\"user\":{\"id\":\"\"}}"),
		   RESULT_NO_SUBJECT, "an empty user");
	is_int(payload("{\"session\":{}}"), RESULT_NO_SUBJECT, "no user");
	is_int(payload("{\"session\":5,\"user\":6}"), RESULT_NO_SUBJECT, "no objects");
	is_int(payload("[]"), RESULT_NO_SUBJECT, "an array");
}

int
main(void)
{
	cookies();
	lucia();
	caches();
	return tap_done();
}
