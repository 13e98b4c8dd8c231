/*
 * symfony.c
 *		Who is logged in, in a session of PHP's that Symfony has written; see symfony.h.
 */
#include "pure/symfony.h"

#include <stdbool.h>
#include <string.h>

#include "pure/php_value.h"
#include "pure/utf8.h"

#define CORE     "Symfony\\Component\\Security\\Core\\Authentication\\Token\\"

#define SWITCHED CORE "SwitchUserToken"

static const char *const token_classes[] = {
	CORE "UsernamePasswordToken",
	CORE "PreAuthenticatedToken",
	CORE "RememberMeToken",
	SWITCHED,
	"Symfony\\Component\\Security\\Http\\Authenticator\\Token\\PostAuthenticationToken",
};

static bool
is_own_token(const PhpValue *value)
{
	size_t i;

	for (i = 0; value->kind == PHP_OBJECT && i < sizeof(token_classes) / sizeof(*token_classes);
		 i++)
		if (slice_is(value->text, token_classes[i]))
			return true;
	return false;
}

/* The value of a name in PHP's own format of a session. */
static ResultCode
find_variable(Slice data, const char *name, PhpValue *value)
{
	while (data.len > 0)
	{
		const char *bar = memchr(data.data, '|', data.len);
		Slice found;

		if (bar == NULL || !slice_take(&data, (size_t) (bar - data.data), &found))
			return RESULT_MALFORMED;
		data.data++;
		data.len--;
		if (php_read(data, value) != RESULT_OK)
			return RESULT_MALFORMED;
		if (slice_is(found, name))
			return RESULT_OK;
		data = value->rest;
	}
	return RESULT_NO_SUBJECT;
}

/*
 * What AbstractToken writes: the user, and whether it is authenticated.  It comes last in what
 * each class below writes, which for SwitchUserToken is a class in between.
 */
static ResultCode
find_user_object(const PhpValue *token, PhpValue *user)
{
	PhpValue part = *token;
	PhpValue authenticated;
	int i;

	for (i = 0; i < 2; i++)
	{
		ResultCode result =
			part.size == 0 ? RESULT_NO_SUBJECT : php_nth(&part, part.size - 1, &part);

		if (result == RESULT_OK)
			result = php_nth(&part, 0, user);
		if (result != RESULT_OK)
			return result;
		if (user->kind == PHP_OBJECT)
		{
			result = php_nth(&part, 1, &authenticated);
			return result == RESULT_OK && authenticated.kind != PHP_TRUE ? RESULT_NO_SUBJECT
																		 : result;
		}
	}
	return RESULT_NO_SUBJECT;
}

/* PHP's strings are bytes, and may hold zeros. */
static bool
can_be_named(const PhpValue *value)
{
	return value->kind == PHP_INTEGER ||
		   (value->kind == PHP_STRING && utf8_is_valid(value->text.data, value->text.len) &&
			memchr(value->text.data, '\0', value->text.len) == NULL);
}

static ResultCode
read_token_user(const PhpValue *token, const Slice *path, size_t n, Slice *user)
{
	PhpValue value;
	ResultCode result = is_own_token(token) ? find_user_object(token, &value) : RESULT_NO_SUBJECT;
	size_t i;

	for (i = 0; i < n && result == RESULT_OK; i++)
	{
		PhpValue container = value;

		result = php_property(&container, path[i], &value);
	}
	if (result != RESULT_OK)
		return result;
	if (!can_be_named(&value))
		return RESULT_NO_SUBJECT;
	*user = value.text;
	return RESULT_OK;
}

/* Who cannot be named must not pass for the user. */
static ResultCode
read_original_user(const PhpValue *token, const Slice *path, size_t n, Slice *actor)
{
	PhpValue original;
	ResultCode result;

	if (!slice_is(token->text, SWITCHED))
		return RESULT_OK;
	result = php_nth(token, 0, &original);
	return result == RESULT_OK ? read_token_user(&original, path, n, actor) : result;
}

ResultCode
symfony_session_read(Slice data, const Slice *path, size_t n, SymfonySession *session)
{
	PhpValue attributes;
	PhpValue text;
	PhpValue token;
	ResultCode result;

	memset(session, 0, sizeof(*session));
	if (data.len > SYMFONY_SESSION_MAX)
		return RESULT_TOO_LONG;
	if (n < 2)
		return RESULT_NO_SUBJECT;
	result = find_variable(data, "_sf2_attributes", &attributes);
	if (result == RESULT_OK)
		result = php_property(&attributes, path[0], &text);
	if (result == RESULT_OK)
		result = text.kind == PHP_STRING ? php_read(text.text, &token) : RESULT_NO_SUBJECT;
	if (result == RESULT_OK && token.rest.len > 0)
		result = RESULT_MALFORMED;
	if (result == RESULT_OK)
		result = read_token_user(&token, path + 1, n - 1, &session->user);
	if (result == RESULT_OK)
		result = read_original_user(&token, path + 1, n - 1, &session->actor);
	return result;
}
