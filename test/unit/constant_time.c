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
#include "pure/frameworks.h"
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

/* Likewise in OpenSSL itself, which compares tags of GCM by this; valgrind puts it there. */
extern int I_WRAP_SONAME_FNNAME_ZU(libcryptoZdsoZa, CRYPTO_memcmp)(const void *a, const void *b,
																   size_t len);

int
I_WRAP_SONAME_FNNAME_ZU(libcryptoZdsoZa, CRYPTO_memcmp)(const void *a, const void *b, size_t len)
{
	OrigFn original;
	int differs;

	VALGRIND_GET_ORIG_FN(original);
	CALL_FN_W_WWW(differs, original, a, b, len);
	PUBLIC(&differs, sizeof(differs));
	return differs;
}

/* A key's text is base64 or refused, which whoever has given it is told. */
extern ResultCode __real_base64_decode(const char *in, size_t len, unsigned char *out, size_t cap,
									   size_t *out_len);
extern ResultCode __wrap_base64_decode(const char *in, size_t len, unsigned char *out, size_t cap,
									   size_t *out_len);

ResultCode
__wrap_base64_decode(const char *in, size_t len, unsigned char *out, size_t cap, size_t *out_len)
{
	ResultCode result = __real_base64_decode(in, len, out, cap, out_len);

	PUBLIC(out_len, sizeof(*out_len));
	PUBLIC(&result, sizeof(result));
	return result;
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

/* ------------------------------------------------------------------------ tags and keys */

/* A tag that is right, with the key of sixteen zeros twice, and one that is not. */
static bool
open_gcm(void)
{
	static const unsigned char iv[CRYPTO_GCM_IV_LEN];
	static const unsigned char ciphertext[] = { 0xce, 0xa7, 0x40, 0x3d, 0x4d, 0x60, 0x6b, 0x6e,
												0x07, 0x4e, 0xc5, 0xd3, 0xba, 0xf3, 0x9d, 0x18 };
	unsigned char tag[] = { 0xd0, 0xd1, 0xc8, 0xa7, 0x99, 0x99, 0x6b, 0xf0,
							0x26, 0x5b, 0x98, 0xb5, 0xd4, 0x8a, 0xb9, 0x19 };
	const Slice in = { (const char *) ciphertext, sizeof(ciphertext) };
	const Slice no_aad = { NULL, 0 };
	unsigned char out[sizeof(ciphertext)];
	size_t len;

	memset(secret, 0, sizeof(secret));
	SECRET(secret, sizeof(secret));
	if (crypto_gcm_open(secret, iv, no_aad, in, tag, out, &len) != RESULT_OK ||
		len != sizeof(ciphertext))
		return false;
	tag[0] ^= 1;
	return crypto_gcm_open(secret, iv, no_aad, in, tag, out, &len) == RESULT_BAD_SIGNATURE;
}

/* A tag that is not right: behind one that is, what was decrypted is checked. */
static bool
refuse_cbc_hs512(void)
{
	static const unsigned char iv[CRYPTO_CBC_HS512_IV_LEN];
	static const unsigned char tag[CRYPTO_CBC_HS512_TAG_LEN];
	const Slice aad = { "header", 6 };
	const Slice in = { "sixteen bytes...", 16 };
	unsigned char out[16];
	size_t len;

	return crypto_cbc_hs512_open(secret, iv, aad, in, tag, out, &len) == RESULT_BAD_SIGNATURE;
}

/* The same with a key that is kept, prepared from the secret's halves. */
static bool
refuse_cbc_hs512_kept(void)
{
	static const unsigned char iv[CRYPTO_CBC_HS512_IV_LEN];
	static const unsigned char tag[CRYPTO_CBC_HS512_TAG_LEN];
	const Slice aad = { "header", 6 };
	const Slice in = { "sixteen bytes...", 16 };
	CryptoMac *mac = crypto_mac_new(CRYPTO_HASH_SHA512, secret, 32);
	CryptoCipher *cipher = crypto_cbc_new(secret + 32);
	unsigned char out[16];
	size_t len;
	bool refused = mac != NULL && cipher != NULL &&
				   crypto_cbc_hs512_open_with(mac, cipher, iv, aad, in, tag, out, &len) ==
					   RESULT_BAD_SIGNATURE;

	crypto_mac_free(mac);
	crypto_cipher_free(cipher);
	return refused;
}

static bool
derive_for(const Framework *row, Slice application_secret)
{
	const Slice salts[] = { { "salt", 4 }, { "encryption", 10 } };
	const FrameworkOptions options = { .salts = salts,
									   .n_salts = row->salting == SALT_FIRST  ? 1
												  : row->salting == SALT_LAST ? 2
																			  : 0 };
	const Slice name = { "cookie", 6 };
	FrameworkKey key;
	ResultCode result = framework_derive(&key, row, &options, name, application_secret, NULL);

	if (result == RESULT_OK)
		framework_key_clear(&key);
	return result == RESULT_OK || (result == RESULT_UNSUPPORTED && row->proof != PROOF_MAC);
}

/* Of each row; keys of 32 bytes as they are, and as Laravel's .env has them. */
static bool
derive_for_frameworks(void)
{
	bool ok = true;

	memcpy(text, "base64:", 7);
	base64_encode(secret, 32, text + 7);
	PUBLIC(text + 7 + 42, 2); /* where the padding begins */
	for (size_t i = 0; i < n_frameworks; i++)
	{
		const Framework *row = &frameworks[i];

		if (row->derivation == DERIVE_BYTES)
			ok = ok && derive_for(row, (Slice){ text, 7 + 44 }) &&
				 derive_for(row, (Slice){ (const char *) secret, 32 });
		else if (row->proof != PROOF_ROW)
			ok = ok && derive_for(row, (Slice){ (const char *) secret, sizeof(secret) });
	}
	return ok;
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
	{ "gcm", open_gcm },
	{ "cbc-hs512", refuse_cbc_hs512 },
	{ "cbc-hs512-kept", refuse_cbc_hs512_kept },
	{ "derive-for-frameworks", derive_for_frameworks },
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
