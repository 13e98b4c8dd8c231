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

static char arena[FRAMEWORK_ARENA];
static char out[FRAMEWORK_COOKIE_MAX * 2];
static char buf[FRAMEWORK_COOKIE_MAX * 2];

/* PBKDF2's rows are left to payload_fuzz: a name of the input's own would cost them a key each. */
static bool
make_key(const Framework *row, const char *secret, Slice name, const FrameworkOptions *options,
		 FrameworkKey *key)
{
	Slice text = { secret, strlen(secret) };

	return row->derivation != DERIVE_PBKDF2 &&
		   framework_derive(key, row, options, name, text, NULL) == RESULT_OK;
}

static void
open_text(const FrameworkKey *key, const FrameworkOptions *options, Slice name, Slice text)
{
	static FrameworkProof proof;
	FrameworkCookie cookie;

	if (framework_cookie_of_text(key->row, name, text, buf, sizeof(buf), &cookie) != RESULT_OK)
		return;
	(void) framework_looks_like(key->row, cookie.value);
	if (framework_open(key, options, &cookie, INT64_C(1900000000000000), arena, sizeof(arena),
					   &proof) == RESULT_OK)
		REQUIRE(proof.user_id.len > 0 || proof.id.len > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FrameworkOptions options = { .without_end = true };
	const char *end = size == 0 ? NULL : memchr(data, '\n', size);
	const Framework *row = NULL;
	Slice name = { (const char *) data, 0 };
	Slice header;
	FrameworkKey key;
	size_t i;

	if (end == NULL || size > FRAMEWORK_COOKIE_MAX)
		return 0;
	name.len = (size_t) (end - name.data);
	header.data = end + 1;
	header.len = size - name.len - 1;
	while ((row = framework_next(NULL, row)) != NULL)
		for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		{
			Slice text = { out, 0 };

			if (!make_key(row, secrets[i], name, &options, &key))
				continue;
			open_text(&key, &options, name, header);
			if (framework_cookie_text(row, name, header, out, sizeof(out), &text.len) == RESULT_OK)
				open_text(&key, &options, name, text);
		}
	return 0;
}
