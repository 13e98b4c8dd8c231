/* token_fuzz.c: forms, base64, Lucia and Spring. */
#include <string.h>

#include "pure/base64.h"
#include "fuzz.h"
#include "pure/lucia.h"
#include "pure/spring.h"
#include "pure/token.h"

/* What decodes is what encodes to the same text. */
static void
check_base64(const char *text, size_t len)
{
	unsigned char *bytes = malloc(BASE64_DECODED_MAX(len));
	char *back = malloc(len + 4);
	size_t n;

	if (base64url_decode(text, len, bytes, BASE64_DECODED_MAX(len), &n) == RESULT_OK)
		REQUIRE(base64url_encode(bytes, n, back) == len && memcmp(back, text, len) == 0);
	if (base64_decode(text, len, bytes, BASE64_DECODED_MAX(len), &n) == RESULT_OK)
		REQUIRE(base64_encode(bytes, n, back) == len && memcmp(back, text, len) == 0);
	free(bytes);
	free(back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char hash[CRYPTO_SHA256_LEN];
	char id[SPRING_ID_LEN];
	Slice token = { (const char *) data, size };
	Slice value;
	TokenForm form = token_form_of(token.data, token.len);
	int bits = token_entropy_bits(token.data, token.len);

	REQUIRE(bits >= 0 && bits <= 6 * TOKEN_OPAQUE_MAX);
	REQUIRE(bits == 0 || form == TOKEN_FORM_OPAQUE);
	check_base64(token.data, token.len);
	if (spring_session_id(token, id))
		REQUIRE(id[8] == '-' && id[23] == '-');
	if (lucia_split(token, &value, hash) == RESULT_OK)
		REQUIRE(value.data == token.data && value.len < token.len);
	return 0;
}
