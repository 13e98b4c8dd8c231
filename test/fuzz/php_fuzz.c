/* php_fuzz.c: PHP's serialize(), and Symfony's sessions; every part that is read lies in the input. */
#include "fuzz.h"
#include "pure/php_value.h"
#include "pure/symfony.h"

static void
require_inside(Slice part, Slice whole)
{
	REQUIRE(part.data == NULL ||
			(part.data >= whole.data && part.data + part.len <= whole.data + whole.len));
}

static void
read_session(Slice bytes)
{
	const Slice path[] = { { "_security_main", 14 }, { "id", 2 } };
	SymfonySession session;

	if (symfony_session_read(bytes, path, 2, &session) != RESULT_OK)
		return;
	REQUIRE(session.user.data != NULL);
	require_inside(session.user, bytes);
	require_inside(session.actor, bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Slice bytes = { (const char *) data, size };
	Slice prefix = { "login_", 6 };
	PhpValue value;
	PhpValue user;

	read_session(bytes);
	if (php_read(bytes, &value) != RESULT_OK)
		return 0;
	require_inside(value.text, bytes);
	require_inside(value.inside, bytes);
	require_inside(value.rest, bytes);
	if (php_member(&value, prefix, &user) == RESULT_OK)
		require_inside(user.text, bytes);
	return 0;
}
