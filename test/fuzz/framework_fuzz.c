/*
 * framework_fuzz.c: whole cookies and Cookie headers, against every row, with the secrets of
 * the vectors: seeds open, what becomes of them is refused or means the same.
 *
 * The input is a cookie's name, a newline, and the header.
 */
#include <string.h>

#include "fuzz.h"
#include "pure/frameworks.h"

static const char *const secrets[] = {
	"django-insecure-fixed-test-secret-0123456789abcdefghijklm",
	"iron-fixed-test-password-0123456789abcdef",
	"base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
};

#define KEYS_MAX 96

static char arena[FRAMEWORK_ARENA];
static char out[FRAMEWORK_COOKIE_MAX * 2];
static char buf[FRAMEWORK_COOKIE_MAX * 2];

static FrameworkKey keys[KEYS_MAX];
static size_t n_keys = 0;
static char keys_name[FRAMEWORK_NAME_MAX];
static size_t keys_name_len = SIZE_MAX;
static const FrameworkOptions options = { .without_end = true };

/* PBKDF2's rows have one name for all inputs: each name would cost a key. */
#define SLOW_NAME "_app_session"
static FrameworkKey slow_keys[KEYS_MAX];
static size_t n_slow_keys = 0;

static void
make_slow_keys(void)
{
	static const Slice salt = { "a salt", 6 };
	static const FrameworkOptions salted = { .without_end = true, .salts = &salt, .n_salts = 1 };
	const Framework *row = NULL;
	Slice name = { SLOW_NAME, sizeof(SLOW_NAME) - 1 };
	Slice secret = { secrets[0], strlen(secrets[0]) };

	while ((row = framework_next(NULL, row)) != NULL)
	{
		if (row->derivation == DERIVE_PBKDF2 &&
			(framework_derive(&slow_keys[n_slow_keys], row, &options, name, secret, NULL) ==
				 RESULT_OK ||
			 framework_derive(&slow_keys[n_slow_keys], row, &salted, name, secret, NULL) ==
				 RESULT_OK))
			n_slow_keys++;
		REQUIRE(n_slow_keys < KEYS_MAX);
	}
	REQUIRE(n_slow_keys > 0);
}

static void
make_keys(Slice name)
{
	const Framework *row = NULL;
	size_t i;

	if (name.len == keys_name_len && memcmp(name.data, keys_name, name.len) == 0)
		return;
	while (n_keys > 0)
		framework_key_clear(&keys[--n_keys]);
	while ((row = framework_next(NULL, row)) != NULL)
		for (i = 0; row->derivation != DERIVE_PBKDF2 && i < sizeof(secrets) / sizeof(secrets[0]);
			 i++)
		{
			Slice secret = { secrets[i], strlen(secrets[i]) };

			REQUIRE(n_keys < KEYS_MAX);
			if (framework_derive(&keys[n_keys], row, &options, name, secret, NULL) == RESULT_OK)
				n_keys++;
		}
	keys_name_len = name.len < sizeof(keys_name) ? name.len : SIZE_MAX;
	memcpy(keys_name, name.data, name.len < sizeof(keys_name) ? name.len : 0);
}

static void
open_text(const FrameworkKey *key, Slice name, Slice text)
{
	static FrameworkProof proof;
	FrameworkCookie cookie;

	if (framework_cookie_of_text(key->row, name, text, buf, sizeof(buf), &cookie) != RESULT_OK)
		return;
	(void) framework_looks_like(key->row, cookie.value);
	if (framework_open(key, &options, &cookie, INT64_C(1900000000000000), arena, sizeof(arena),
					   &proof) == RESULT_OK)
		REQUIRE(proof.user_id.len > 0 || proof.id.len > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *end = size == 0 ? NULL : memchr(data, '\n', size);
	Slice name = { (const char *) data, 0 };
	Slice header;
	size_t i;

	if (end == NULL || size > FRAMEWORK_COOKIE_MAX)
		return 0;
	name.len = (size_t) (end - name.data);
	header.data = end + 1;
	header.len = size - name.len - 1;
	if (n_slow_keys == 0)
		make_slow_keys();
	for (i = 0; i < n_slow_keys; i++)
		open_text(&slow_keys[i], (Slice){ SLOW_NAME, sizeof(SLOW_NAME) - 1 }, header);
	make_keys(name);
	for (i = 0; i < n_keys; i++)
	{
		Slice text = { out, 0 };

		open_text(&keys[i], name, header);
		if (framework_cookie_text(keys[i].row, name, header, out, sizeof(out), &text.len) ==
			RESULT_OK)
			open_text(&keys[i], name, text);
	}
	return 0;
}
