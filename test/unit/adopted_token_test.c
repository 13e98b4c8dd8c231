/* adopted_token_test.c: what a column of tokens says, in each form that it can have. */
#include <stdio.h>
#include <string.h>

#include "tap.h"
#include "pure/adopted_token.h"
#include "pure/crypto.h"
#include "pure/session_key.h"

#define TOKEN  "k3Jd82mQpZx7Vb1nLr5TwYc9Hf0Gs4Ae"
#define HEX    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" /* of "test" */
#define BASE64 "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="
#define URL    "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"

typedef struct Case
{
	const char *form;
	const char *value;
	size_t len; /* 0: of the text */
	TokenFitness fitness;
	const char *token; /* that it is found by; NULL: "test" */
	const char *what;
} Case;

static const Case cases[] = {
	{ "plain", TOKEN, 0, TOKEN_FITS, TOKEN, "a token" },
	{ "plain", "91a9b1f1-6d86-4b05-ae1f-4eabef6016ed", 0, TOKEN_FITS,
	  "91a9b1f1-6d86-4b05-ae1f-4eabef6016ed", "a uuid" },
	{ "plain", HEX, 0, TOKEN_LIKE_A_HASH, NULL, "64 hexadecimal digits" },
	{ "plain", "short", 0, TOKEN_WEAK, NULL, "a short one" },
	{ "plain", "", 0, TOKEN_WEAK, NULL, "nothing" },
	{ "bytea", HEX, 0, TOKEN_FITS, HEX, "64 hexadecimal digits that are the token" },
	{ "bytea", "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", 15, TOKEN_WEAK, NULL,
	  "15 bytes" },
	{ "bytea", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0, TOKEN_WEAK, NULL, "one letter" },
	{ "bytea", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16, TOKEN_WEAK,
	  NULL, "one byte again and again" },
	{ "sha256-hex", HEX, 0, TOKEN_FITS, NULL, "its digest" },
	{ "sha256-hex", "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08", 0,
	  TOKEN_FITS, NULL, "in upper case" },
	{ "sha256-hex", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a0", 0,
	  TOKEN_NO_HASH, NULL, "63 digits" },
	{ "sha256-hex", "xf86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", 0,
	  TOKEN_NO_HASH, NULL, "what is no digit" },
	{ "sha256-hex", "0000000000000000000000000000000000000000000000000000000000000000", 0,
	  TOKEN_NO_HASH, NULL, "zeros" },
	{ "sha256-base64", BASE64, 0, TOKEN_FITS, NULL, "base64" },
	{ "sha256-base64", "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg", 0, TOKEN_FITS, NULL,
	  "without padding" },
	{ "sha256-base64", URL, 0, TOKEN_NO_HASH, NULL, "of the other alphabet" },
	{ "sha256-base64", "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgh=", 0, TOKEN_NO_HASH, NULL,
	  "with bits that belong to nothing" },
	{ "sha256-base64", "", 0, TOKEN_NO_HASH, NULL, "nothing" },
	{ "sha256-base64url", URL, 0, TOKEN_FITS, NULL, "base64url" },
	{ "sha256-base64url", URL "=", 0, TOKEN_FITS, NULL, "with padding" },
	{ "sha256-base64url", URL "==", 0, TOKEN_NO_HASH, NULL, "with too much" },
	{ "sha256-bytea", HEX, 0, TOKEN_NO_HASH, NULL, "64 bytes" },
	{ "sha256-bytea", "0123456789abcdef0123456789abcde", 0, TOKEN_NO_HASH, NULL, "31 bytes" },
	{ "id", "", 0, TOKEN_WEAK, NULL, "no id" },
};

static void
check(const Case *c)
{
	unsigned char expected[CRYPTO_SHA256_LEN];
	unsigned char hash[CRYPTO_SHA256_LEN];
	const char *token = c->token ? c->token : "test";
	Slice value = { c->value, c->len ? c->len : strlen(c->value) };
	TokenStorage storage;
	TokenFitness fitness;

	ok(token_storage_named(c->form, &storage) && crypto_sha256(token, strlen(token), expected),
	   "%s is a form", c->form);
	fitness = adopted_token_hash(storage, value, hash);
	ok(fitness == c->fitness &&
		   (fitness != TOKEN_FITS || memcmp(hash, expected, sizeof(hash)) == 0),
	   "%s: %s", c->form, c->what);
}

static void
check_ids(void)
{
	unsigned char one[CRYPTO_SHA256_LEN];
	unsigned char other[CRYPTO_SHA256_LEN];
	char longest[SESSION_ID_MAX + 1];

	memset(longest, 'x', sizeof(longest));
	ok(adopted_token_hash(STORED_ID, (Slice){ "1", 1 }, one) == TOKEN_FITS &&
		   session_key_of_id("1", 1, other) && memcmp(one, other, sizeof(one)) == 0,
	   "an id is found by its key");
	ok(crypto_sha256("1", 1, other) && memcmp(one, other, sizeof(one)) != 0, "and not as a token");
	ok(session_key_of_id("2", 1, other) && memcmp(one, other, sizeof(one)) != 0,
	   "each has its own");
	ok(session_key_of_id(longest, SESSION_ID_MAX, one), "the longest");
	ok(!session_key_of_id(longest, SESSION_ID_MAX + 1, one), "one too long");
	ok(!session_key_of_id("", 0, one), "none");
}

int
main(void)
{
	TokenStorage storage;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&cases[i]);
	check_ids();
	ok(!token_storage_named("sha512-hex", &storage) && !token_storage_named("", &storage),
	   "other forms are none");
	return tap_done();
}
