/*
 * rails_test.c: Rails' envelope, as Rails writes it, which is known by its bytes, and as other JSON
 * has it; both mean the same.  framework_test.c and web_frameworks_test.c have Rails' own cookies.
 */
#include <stdio.h>
#include <string.h>

#include "pure/base64.h"
#include "pure/frameworks.h"
#include "pure/hex.h"
#include "tap.h"
#include "vectors.h"

#define SECRET  "a secret of any length"
#define MESSAGE "IjQyIg==" /* "42" */

static char arena[FRAMEWORK_ARENA];
static FrameworkProof proof;

/* The envelope in base64, with its MAC. */
static Slice
sign(const FrameworkKey *key, const char *envelope)
{
	char *text = keep(2048);
	Slice value = { text, 0 };
	unsigned char mac[CRYPTO_HASH_MAX];

	value.len = base64_encode((const unsigned char *) envelope, strlen(envelope), text);
	crypto_hmac_parts(CRYPTO_HASH_SHA1, key->keys[0].bytes, key->keys[0].len, &value, 1, mac);
	memcpy(text + value.len, "--", 2);
	hex_encode(mac, crypto_hash_len(CRYPTO_HASH_SHA1), text + value.len + 2);
	value.len += 2 + 2 * crypto_hash_len(CRYPTO_HASH_SHA1);
	return value;
}

static void
opens(const char *name, const char *envelope, ResultCode expected, const char *what)
{
	FrameworkOptions options = { .without_end = true };
	FrameworkCookie cookie = { 0 };
	FrameworkKey key;
	ResultCode result = framework_derive(&key, framework_next("rails-signed", NULL), &options,
										 to_slice(name), to_slice(SECRET), NULL);

	if (result == RESULT_OK)
	{
		cookie.value = sign(&key, envelope);
		result = framework_open(&key, &options, &cookie, 0, arena, sizeof(arena), &proof);
	}
	is_int(result, expected, "%s", what);
	if (expected == RESULT_OK)
		is_bytes(proof.id.data, proof.id.len, "42", 2, "whose is it");
	framework_key_clear(&key);
}

#define ENVELOPE(members) "{\"_rails\":{" members "}}"
#define USUAL(message, purpose)                                                                    \
	ENVELOPE("\"message\":\"" message "\",\"exp\":null,\"pur\":" purpose)

static void
usual_envelopes(void)
{
	opens("sid", USUAL(MESSAGE, "\"cookie.sid\""), RESULT_OK, "as Rails writes it");
	opens("sid", USUAL(MESSAGE, "\"cookie.uid\""), RESULT_BAD_SIGNATURE, "for another cookie");
	opens("sid", USUAL(MESSAGE, "\"cookie.sids\""), RESULT_BAD_SIGNATURE, "for a longer name");
	opens("sid", USUAL(MESSAGE, "null"), RESULT_BAD_SIGNATURE, "for none");
	opens("sid", USUAL("IjQyIg", "\"cookie.sid\""), RESULT_MALFORMED, "no padding");
	opens("sid", USUAL("", "\"cookie.sid\""), RESULT_MALFORMED, "no message");
	opens("sid", USUAL("IjQyIg==\\u0041", "\"cookie.sid\""), RESULT_MALFORMED, "an escape");
	opens("sid", USUAL(MESSAGE "\",\"message\":\"" MESSAGE, "\"cookie.sid\""), RESULT_MALFORMED,
		  "two messages");
	opens("sid", USUAL(MESSAGE "\",\"exp\":\"1969-12-31T23:59:59Z", "\"cookie.sid\""),
		  RESULT_MALFORMED, "two ends");
	opens("sid", "{\"_rails\":{\"message\":\",\"exp\":null,\"pur\":\"cookie.sid\"}}",
		  RESULT_MALFORMED, "begin and end that overlap");
}

static void
other_envelopes(void)
{
	opens("sid", ENVELOPE("\"message\":\"" MESSAGE "\",\"pur\":\"cookie.sid\""), RESULT_OK,
		  "without exp");
	opens("sid", ENVELOPE("\"pur\":\"cookie.sid\",\"exp\":null, \"message\":\"" MESSAGE "\""),
		  RESULT_OK, "in another order");
	opens("sid", USUAL(MESSAGE, "\"cookie.\\u0073id\""), RESULT_OK, "escaped");
	opens("sid", USUAL(MESSAGE, "\"cookie.sid\"") "\n", RESULT_OK, "with a space behind it");
	opens("sid",
		  ENVELOPE("\"message\":\"" MESSAGE
				   "\",\"exp\":\"1969-12-31T23:59:59.000Z\",\"pur\":\"cookie.sid\""),
		  RESULT_EXPIRED, "with an end");
	opens("sid", ENVELOPE("\"data\":\"42\",\"exp\":null,\"pur\":\"cookie.sid\""), RESULT_OK,
		  "data");
	opens(
		"sid",
		ENVELOPE("\"message\":\"" MESSAGE "\",\"data\":\"42\",\"exp\":null,\"pur\":\"cookie.sid\""),
		RESULT_MALFORMED, "both");
}

/* Names that have to be escaped in JSON, or are in none. */
static void
names(void)
{
	char name[FRAMEWORK_NAME_MAX + 1];
	char envelope[2 * FRAMEWORK_NAME_MAX];

	opens("s\"d\\", USUAL(MESSAGE, "\"cookie.s\\\"d\\\\\""), RESULT_OK, "a quote and a backslash");
	opens("s\xc3\xa9", USUAL(MESSAGE, "\"cookie.s\xc3\xa9\""), RESULT_OK, "in UTF-8");
	opens("s\xe9", USUAL(MESSAGE, "\"cookie.s\xe9\""), RESULT_MALFORMED, "in another encoding");
	memset(name, 'n', FRAMEWORK_NAME_MAX);
	name[FRAMEWORK_NAME_MAX] = '\0';
	snprintf(envelope, sizeof(envelope), USUAL(MESSAGE, "\"cookie.%s\""), name);
	opens(name, envelope, RESULT_OK, "the longest");
	memset(name, '"', FRAMEWORK_NAME_MAX);
	opens(name, envelope, RESULT_BAD_SIGNATURE, "one whose escapes have no place");
}

int
main(void)
{
	usual_envelopes();
	other_envelopes();
	names();
	return tap_done();
}
