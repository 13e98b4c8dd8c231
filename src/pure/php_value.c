/*
 * php_value.c
 *		PHP's serialize(); see php_value.h.
 *
 * As in erlang_term.c values that are still to come are counted; but an array ends with a brace,
 * which is due when its last value was read: a short stack of counts says where.
 */
#include "pure/php_value.h"

#include <stdbool.h>
#include <string.h>

#define DEPTH_MAX  32
#define DIGITS_MAX 20

static bool
take_char(Slice *bytes, char c)
{
	if (bytes->len == 0 || bytes->data[0] != c)
		return false;
	bytes->data++;
	bytes->len--;
	return true;
}

/* Up to a character, and that too. */
static bool
take_until(Slice *bytes, char c, size_t max, Slice *taken)
{
	const char *end = bytes->len == 0 ? NULL : memchr(bytes->data, c, bytes->len);

	return end != NULL && (size_t) (end - bytes->data) <= max &&
		   slice_take(bytes, (size_t) (end - bytes->data), taken) && take_char(bytes, c);
}

static bool
take_count(Slice *bytes, uint32_t *count)
{
	Slice digits;

	*count = 0;
	if (!take_until(bytes, ':', 9, &digits) || digits.len == 0)
		return false;
	for (size_t i = 0; i < digits.len; i++)
	{
		if (digits.data[i] < '0' || digits.data[i] > '9')
			return false;
		*count = *count * 10 + (uint32_t) (digits.data[i] - '0');
	}
	return true;
}

static bool
take_integer(Slice *bytes, PhpValue *value)
{
	size_t i;

	value->kind = PHP_INTEGER;
	if (!take_until(bytes, ';', DIGITS_MAX, &value->text))
		return false;
	i = value->text.len > 0 && value->text.data[0] == '-' ? 1 : 0;
	if (i == value->text.len)
		return false;
	for (; i < value->text.len; i++)
		if (value->text.data[i] < '0' || value->text.data[i] > '9')
			return false;
	return true;
}

/* 5:"bytes" */
static bool
take_quoted(Slice *bytes, Slice *text)
{
	uint32_t len;

	return take_count(bytes, &len) && take_char(bytes, '"') && slice_take(bytes, len, text) &&
		   take_char(bytes, '"');
}

/* 2:{ */
static bool
take_opening(Slice *bytes, PhpValue *value)
{
	if (!take_count(bytes, &value->size) || !take_char(bytes, '{'))
		return false;
	value->inside = *bytes;
	return true;
}

/* 8:"ClassName":2:{ */
static bool
take_object(Slice *bytes, PhpValue *value)
{
	value->kind = PHP_OBJECT;
	return take_quoted(bytes, &value->text) && take_char(bytes, ':') && take_opening(bytes, value);
}

/* 3:"Foo":5:{bytes}, of a class with a format of its own */
static bool
take_custom(Slice *bytes)
{
	uint32_t len;
	Slice part;

	return take_quoted(bytes, &part) && take_char(bytes, ':') && take_count(bytes, &len) &&
		   take_char(bytes, '{') && slice_take(bytes, len, &part) && take_char(bytes, '}');
}

static bool
take_boolean(Slice *bytes, PhpValue *value)
{
	Slice digit;

	if (!take_until(bytes, ';', 1, &digit))
		return false;
	value->kind = slice_is(digit, "1") ? PHP_TRUE : PHP_OTHER;
	return slice_is(digit, "1") || slice_is(digit, "0");
}

static bool
take_null(Slice *bytes, PhpValue *value)
{
	value->kind = PHP_NULL;
	return take_char(bytes, ';');
}

/* A value up to the first of those inside it; *opens says that there may be some. */
static bool
take_head(Slice *bytes, PhpValue *value, bool *opens)
{
	Slice tag;

	memset(value, 0, sizeof(*value));
	value->kind = PHP_OTHER;
	*opens = false;
	if (!slice_take(bytes, 1, &tag))
		return false;
	if (tag.data[0] == 'N')
		return take_null(bytes, value);
	if (!take_char(bytes, ':'))
		return false;
	switch (tag.data[0])
	{
		case 'i':
			return take_integer(bytes, value);
		case 's':
			value->kind = PHP_STRING;
			return take_quoted(bytes, &value->text) && take_char(bytes, ';');
		case 'b':
			return take_boolean(bytes, value);
		case 'd':
		case 'r':
		case 'R':
			return take_until(bytes, ';', 64, &tag);
		case 'E':
			return take_quoted(bytes, &tag) && take_char(bytes, ';');
		case 'C':
			return take_custom(bytes);
		case 'a':
			value->kind = PHP_ARRAY;
			*opens = true;
			return take_opening(bytes, value);
		case 'O':
			*opens = true;
			return take_object(bytes, value);
		default:
			return false;
	}
}

ResultCode
php_read(Slice bytes, PhpValue *value)
{
	uint64_t to_come[DEPTH_MAX];
	int depth = 0;
	PhpValue inner;
	bool opens;

	if (!take_head(&bytes, value, &opens))
		return RESULT_MALFORMED;
	if (opens)
		to_come[depth++] = (uint64_t) value->size * 2;
	while (depth > 0)
	{
		if (to_come[depth - 1] == 0)
		{
			depth--;
			if (!take_char(&bytes, '}'))
				return RESULT_MALFORMED;
			continue;
		}
		to_come[depth - 1]--;
		if (!take_head(&bytes, &inner, &opens) || (opens && depth == DEPTH_MAX))
			return RESULT_MALFORMED;
		if (opens)
			to_come[depth++] = (uint64_t) inner.size * 2;
	}
	value->rest = bytes;
	return RESULT_OK;
}

typedef bool (*KeyMatch)(const PhpValue *key, Slice name);

/* The one value whose key matches. */
static ResultCode
find_value(const PhpValue *container, KeyMatch matches, Slice name, PhpValue *value)
{
	Slice rest = container->inside;
	bool found = false;
	uint32_t i;

	for (i = 0; i < container->size; i++)
	{
		PhpValue key;
		PhpValue member;

		if (php_read(rest, &key) != RESULT_OK || php_read(key.rest, &member) != RESULT_OK)
			return RESULT_MALFORMED;
		rest = member.rest;
		if (!matches(&key, name))
			continue;
		if (found)
			return RESULT_MALFORMED;
		found = true;
		*value = member;
	}
	return found ? RESULT_OK : RESULT_NO_SUBJECT;
}

static bool
key_begins(const PhpValue *key, Slice prefix)
{
	return key->kind == PHP_STRING && slice_begins_with(key->text, prefix);
}

ResultCode
php_member(const PhpValue *array, Slice prefix, PhpValue *value)
{
	return array->kind == PHP_ARRAY ? find_value(array, key_begins, prefix, value)
									: RESULT_NO_SUBJECT;
}

static bool
key_is(const PhpValue *key, Slice name)
{
	return key->kind == PHP_STRING && slice_equals(key->text, name);
}

/* A private or protected property is written behind its class, or *, between zero bytes. */
static bool
property_is(const PhpValue *key, Slice name)
{
	Slice text = key->text;
	const char *end;

	if (key->kind == PHP_STRING && text.len > 0 && text.data[0] == '\0')
	{
		end = memchr(text.data + 1, '\0', text.len - 1);
		if (end == NULL)
			return false;
		text.len -= (size_t) (end + 1 - text.data);
		text.data = end + 1;
	}
	return key->kind == PHP_STRING && slice_equals(text, name);
}

ResultCode
php_property(const PhpValue *container, Slice name, PhpValue *value)
{
	if (container->kind == PHP_ARRAY)
		return find_value(container, key_is, name, value);
	if (container->kind == PHP_OBJECT)
		return find_value(container, property_is, name, value);
	return RESULT_NO_SUBJECT;
}

ResultCode
php_nth(const PhpValue *container, uint32_t n, PhpValue *value)
{
	Slice rest = container->inside;
	PhpValue key;
	uint32_t i;

	if ((container->kind != PHP_ARRAY && container->kind != PHP_OBJECT) || n >= container->size)
		return RESULT_NO_SUBJECT;
	for (i = 0; i <= n; i++)
	{
		if (php_read(rest, &key) != RESULT_OK || php_read(key.rest, value) != RESULT_OK)
			return RESULT_MALFORMED;
		rest = value->rest;
	}
	return RESULT_OK;
}
