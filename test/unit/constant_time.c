/*
 * constant_time.c
 *		No branch and no address depends on a secret: what compares, encodes, decodes and
 *		derives runs under valgrind's memcheck with the secret marked undefined, of which
 *		memcheck reports each use in a condition or an address.
 *
 *		constant_time NAME runs one case; without a name it lists them.  Those that begin
 *		with "leaks" are what must be found.  test/t/constant_time.t runs them all.
 */
#include <stdio.h>
#include <string.h>

#include <valgrind/memcheck.h>

#include "portable_base64.h"
#include "pure/base64.h"
#include "pure/crypto.h"
#include "pure/hex.h"
#include "pure/timed_token.h"

#define SECRET(p, len) (void) VALGRIND_MAKE_MEM_UNDEFINED(p, len)
/* What everybody may learn: whether a token is accepted, and what is sent out. */
#define PUBLIC(p, len) (void) VALGRIND_MAKE_MEM_DEFINED(p, len)

static unsigned char secret[64];
static unsigned char other[64];
static char text[128];

static void
draw_secret(void)
{
	if (!crypto_random(secret, sizeof(secret)))
		fprintf(stderr, "no random bytes\n");
	memcpy(other, secret, sizeof(secret));
	SECRET(secret, sizeof(secret));
}

/* The result of a comparison is public, on which each caller branches. */
extern bool __real_crypto_equal(const void *a, const void *b, size_t len);
extern bool __wrap_crypto_equal(const void *a, const void *b, size_t len);

bool
__wrap_crypto_equal(const void *a, const void *b, size_t len)
{
	bool equal = __real_crypto_equal(a, b, len);

	PUBLIC(&equal, sizeof(equal));
	return equal;
}

static bool
compare(void)
{
	return crypto_equal(secret, other, sizeof(secret)) && !crypto_equal(secret, text, 64);
}

static bool
compare_with_text(void)
{
	size_t len = base64url_encode(other, 32, text);
	bool equal = crypto_is_base64url(secret, (Slice){ text, len });

	PUBLIC(&equal, sizeof(equal));
	return equal;
}

static bool
encode_and_decode(void)
{
	unsigned char bytes[64];
	size_t len = base64_encode(secret, sizeof(secret), text);
	/* where the padding begins tells the length, which is public */
	size_t n = 0;
	ResultCode result;

	PUBLIC(text + len - 2, 2);
	result = base64_decode(text, len, bytes, sizeof(bytes), &n);
	PUBLIC(&n, sizeof(n));
	PUBLIC(&result, sizeof(result));
	return result == RESULT_OK && n == sizeof(secret) && crypto_equal(bytes, other, n);
}

static bool
encode_and_decode_for_urls(void)
{
	unsigned char bytes[64];
	bool ok = true;

	for (size_t len = 1; len <= sizeof(secret); len++)
	{
		size_t n = 0;
		ResultCode result =
			base64url_decode(text, base64url_encode(secret, len, text), bytes, sizeof(bytes), &n);

		PUBLIC(&n, sizeof(n));
		PUBLIC(&result, sizeof(result));
		ok = ok && result == RESULT_OK && n == len && crypto_equal(bytes, other, n);
	}
	return ok;
}

/* As where the processor has no AVX. */
static bool
decode_portably(void)
{
	unsigned char bytes[64];
	size_t len = base64url_encode(secret, sizeof(secret), text);
	size_t n = 0;
	ResultCode result = portable_base64url_decode(text, len, bytes, sizeof(bytes), &n);

	PUBLIC(&n, sizeof(n));
	PUBLIC(&result, sizeof(result));
	return result == RESULT_OK && n == sizeof(secret) && crypto_equal(bytes, other, n);
}

static bool
encode_and_decode_in_hex(void)
{
	unsigned char bytes[64];
	bool sound;

	hex_encode(secret, sizeof(secret), text);
	sound = hex_decode(text, sizeof(text), bytes);
	PUBLIC(&sound, sizeof(sound));
	return sound && crypto_equal(bytes, other, sizeof(bytes));
}

static bool
derive(void)
{
	Slice key = { (const char *) secret, sizeof(secret) };
	Slice salt = { "salt", 4 };
	unsigned char out[CRYPTO_HASH_MAX];

	return crypto_sha256(secret, sizeof(secret), out) &&
		   crypto_hmac_sha256(secret, sizeof(secret), "a cookie", 8, out) &&
		   crypto_hmac_parts(CRYPTO_HASH_SHA512, secret, sizeof(secret), &salt, 1, out) &&
		   crypto_hmac_parts(CRYPTO_HASH_SHA1, secret, sizeof(secret), &salt, 1, out) &&
		   crypto_hkdf_sha256(key, salt, salt, out, sizeof(out)) &&
		   crypto_pbkdf2(CRYPTO_HASH_SHA256, key, salt, 10, out, sizeof(out)) &&
		   crypto_pbkdf2(CRYPTO_HASH_SHA1, key, salt, 10, out, sizeof(out));
}

/* The server's secret; the token is sent out. */
static bool
write_and_read_a_token(void)
{
	int64_t time = 0;

	if (timed_token_write(other, 42, secret, text) != RESULT_OK)
		return false;
	PUBLIC(text, TOKEN_TIMED_LEN);
	if (timed_token_read(text, TOKEN_TIMED_LEN, secret, &time) != RESULT_OK || time != 42)
		return false;
	text[10] ^= 1;
	return timed_token_read(text, TOKEN_TIMED_LEN, secret, &time) != RESULT_OK;
}

/* ---------------------------------------------------------------- what must be found */

static bool
leak_by_comparing(void)
{
	return memcmp(secret, other, sizeof(secret)) == 0;
}

static bool
leak_by_a_table(void)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (size_t i = 0; i < sizeof(secret); i++)
		text[i] = alphabet[secret[i] & 63];
	return text[0] != '\0';
}

static const struct
{
	const char *name;
	bool (*run)(void);
} cases[] = {
	{ "compare", compare },
	{ "compare-with-text", compare_with_text },
	{ "base64", encode_and_decode },
	{ "base64url", encode_and_decode_for_urls },
	{ "base64-portably", decode_portably },
	{ "hex", encode_and_decode_in_hex },
	{ "derive", derive },
	{ "timed-token", write_and_read_a_token },
	{ "leaks-by-comparing", leak_by_comparing },
	{ "leaks-by-a-table", leak_by_a_table },
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		if (argc < 2)
			puts(cases[i].name);
		else if (strcmp(argv[1], cases[i].name) == 0)
		{
			draw_secret();
			return cases[i].run() ? 0 : 1;
		}
	}
	return argc < 2 ? 0 : 2;
}
