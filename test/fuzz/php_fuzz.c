/* php_fuzz.c: PHP's serialize(); every part that is read lies in the input. */
#include "fuzz.h"
#include "pure/php_value.h"

static void
require_inside(Slice part, Slice whole)
{
	REQUIRE(part.data == NULL ||
			(part.data >= whole.data && part.data + part.len <= whole.data + whole.len));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Slice bytes = { (const char *) data, size };
	Slice prefix = { "login_", 6 };
	PhpValue value;
	PhpValue user;

	if (php_read(bytes, &value) != RESULT_OK)
		return 0;
	require_inside(value.text, bytes);
	require_inside(value.inside, bytes);
	require_inside(value.rest, bytes);
	if (php_member(&value, prefix, &user) == RESULT_OK)
		require_inside(user.text, bytes);
	return 0;
}
