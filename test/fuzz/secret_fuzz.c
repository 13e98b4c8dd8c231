/* secret_fuzz.c: a text and a secret of any kind: the text keeps its length, and the secret is gone from it. */
#define _GNU_SOURCE
#include <string.h>

#include "fuzz.h"
#include "pure/secret_in_text.h"

/* The first byte says how much of the rest is the secret. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t secret_len = size > 0 ? data[0] % size : 0;
	size_t len = size > 0 ? size - 1 - secret_len : 0;
	Slice secret = { (const char *) data + 1, secret_len };
	char *text = malloc(len + 1);

	if (len > 0)
		memcpy(text, data + 1 + secret_len, len);
	if (secret_mask(text, len, secret) && secret.len >= SECRET_SHORT &&
		memchr(secret.data, SECRET_MASK, secret.len) == NULL)
		REQUIRE(memmem(text, len, secret.data, secret.len) == NULL);
	for (size_t i = 0; i < len; i++)
		REQUIRE(text[i] == SECRET_MASK || text[i] == (char) data[1 + secret_len + i]);
	free(text);
	return 0;
}
