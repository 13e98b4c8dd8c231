/* cookie_fuzz.c: request headers; the first line is the cookie's name, the rest the header. */
#include <string.h>

#include "pure/cookie.h"
#include "pure/percent.h"
#include "fuzz.h"
#include "pure/better_auth.h"

static void
check_cache(Slice text)
{
	JsonNode nodes[512];
	char json[8192];
	Slice secret = { "better-auth-vector-secret-0123456789", 36 };
	BetterAuthCache cache;
	JsonDoc doc;

	if (better_auth_cache_compact(&cache, text, secret, json, sizeof(json), &doc, nodes, 512) ==
		RESULT_OK)
		REQUIRE(cache.user_id.len > 0 && cache.token.len > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data;
	const char *newline = size > 0 ? memchr(text, '\n', size) : NULL;
	char *out = malloc(size + 1);
	Slice name;
	Slice header;
	size_t len;
	int i;

	name.data = text;
	name.len = newline == NULL ? 0 : (size_t) (newline - text);
	header.data = newline == NULL ? text : newline + 1;
	header.len = size - (size_t) (header.data - text);
	for (i = COOKIE_WHOLE; i <= COOKIE_BETTER_AUTH; i++)
		if (cookie_value(header, name, (CookieChunks) i, COOKIE_ESCAPES_URI, out, size, &len) ==
			RESULT_OK)
		{
			Slice value = { out, len };

			REQUIRE(len > 0 && len <= header.len);
			check_cache(value);
		}
	if (bearer_token(header, out, size, &len) == RESULT_OK)
		REQUIRE(len > 0 && len < header.len);
	if (percent_decode(header, out, size, &len) == RESULT_OK)
		REQUIRE(len <= header.len);
	check_cache(header);
	free(out);
	return 0;
}
