/*
 * payload_fuzz.c: what stands behind a proof that holds: times, JSON, Rails' envelope, terms.
 *
 * The first byte chooses the row; the rest is what its proof has covered.
 */
#include <string.h>

#include "fuzz.h"
#include "pure/framework_internal.h"

static char arena[FRAMEWORK_ARENA];

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FrameworkKey key;
	static FrameworkProof proof;
	FrameworkOptions options = { 0 };
	FrameworkCookie cookie = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
	Arena memory = { arena, sizeof(arena), 0 };
	Slice content;
	Opening o;

	if (size < 1 || size > FRAMEWORK_COOKIE_MAX)
		return 0;
	content.data = (const char *) data + 1;
	content.len = size - 1;
	key.row = &frameworks[data[0] % n_frameworks];
	key.name_len = 10;
	memcpy(key.name, "session_id", 10);
	o = (Opening){ key.row, &key, &options, &cookie, INT64_C(1900000000000000), &memory, &proof };
	proof.issued_us = proof.expires_us = FRAMEWORK_NO_TIME;
	proof.yields = framework_yields(key.row, &options);
	proof.id.len = proof.user_id.len = 0;
	if (framework_take_time(&o, &content) != RESULT_OK || framework_read(&o, content) != RESULT_OK)
		return 0;
	REQUIRE(proof.yields == YIELDS_USER ? proof.user_id.len > 0 : proof.id.len > 0);
	REQUIRE(proof.user_id.len <= USER_ID_MAX && proof.id.len <= USER_ID_MAX);
	(void) framework_check_time(&o);
	return 0;
}
