/*
 * json_build.c
 *		The one place that makes the server's JSON objects (jsonb) and looks into
 *		them; how PostgreSQL's functions differ from version to version is in compat.h.
 *
 * What is made and found is allocated in the caller's context.  The untrusted
 * JSON of tokens is read by pure/json_read.c, which knows no server.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "base/clock.h"
#include "base/compat.h"
#include "base/json_build.h"

struct JsonObject
{
	CompatJsonbState state;
};

/* --------------------------------------------------------------------- making */

JsonObject *
json_object_begin(void)
{
	JsonObject *object = palloc0(sizeof(JsonObject));

	compat_push_jsonb(&object->state, WJB_BEGIN_OBJECT, NULL);
	return object;
}

static JsonbValue
string_value(const char *bytes, size_t len)
{
	JsonbValue value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, bytes);
	value.val.string.len = len;
	return value;
}

static void
push_key(JsonObject *object, const char *name)
{
	JsonbValue key = string_value(name, strlen(name));

	compat_push_jsonb(&object->state, WJB_KEY, &key);
}

static void
push_member(JsonObject *object, const char *name, JsonbValue *value)
{
	push_key(object, name);
	compat_push_jsonb(&object->state, WJB_VALUE, value);
}

/* A string, or null when there is none.  Names and texts must live until the end. */
void
json_object_text(JsonObject *object, const char *name, const char *text)
{
	JsonbValue value = { .type = jbvNull };

	if (text)
		value = string_value(text, strlen(text));
	push_member(object, name, &value);
}

/* A NumericDate (RFC 7519), in whole seconds; an infinite one is left out. */
void
json_object_date(JsonObject *object, const char *name, TimestampTz at)
{
	JsonbValue value;
	int64 seconds = at / USECS_PER_SEC + CLOCK_UNIX_SHIFT / USECS_PER_SEC;

	if (TIMESTAMP_NOT_FINITE(at))
		return;
	value.type = jbvNumeric;
	value.val.numeric = DatumGetNumeric(DirectFunctionCall1(int8_numeric, Int64GetDatum(seconds)));
	push_member(object, name, &value);
}

/* An array of strings, which are added one by one. */
void
json_object_begin_array(JsonObject *object, const char *name)
{
	push_key(object, name);
	compat_push_jsonb(&object->state, WJB_BEGIN_ARRAY, NULL);
}

void
json_object_add_element(JsonObject *object, const char *text)
{
	JsonbValue value = string_value(text, strlen(text));

	compat_push_jsonb(&object->state, WJB_ELEM, &value);
}

void
json_object_end_array(JsonObject *object)
{
	compat_push_jsonb(&object->state, WJB_END_ARRAY, NULL);
}

Jsonb *
json_object_end(JsonObject *object)
{
	compat_push_jsonb(&object->state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(object->state.result);
}

Jsonb *
json_object_empty(void)
{
	return json_object_end(json_object_begin());
}

/* Raises what jsonb's input function raises. */
Jsonb *
json_object_parse(const char *text)
{
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

/* -------------------------------------------------------------------- looking */

/* The member of an object, or NULL; of what is no object, too. */
static JsonbValue *
find_member(const Jsonb *object, const char *name, size_t len)
{
	JsonbValue key = string_value(name, len);

	return findJsonbValueFromContainer(unconstify(JsonbContainer *, &object->root), JB_FOBJECT,
									   &key);
}

bool
json_object_has(const Jsonb *object, const char *name)
{
	return find_member(object, name, strlen(name)) != NULL;
}

/* A member that is a string, or NULL. */
char *
json_object_string(const Jsonb *object, const char *name)
{
	JsonbValue *value = find_member(object, name, strlen(name));

	return value && value->type == jbvString
			   ? pnstrdup(value->val.string.val, value->val.string.len)
			   : NULL;
}

/* A member as text: a string as it is, null and none as NULL, anything else as JSON. */
text *
json_object_shown(const Jsonb *object, const char *name, size_t len)
{
	JsonbValue *value = find_member(object, name, len);

	if (value == NULL || value->type == jbvNull)
		return NULL;
	if (value->type == jbvString)
		return cstring_to_text_with_len(value->val.string.val, value->val.string.len);
	return cstring_to_text(JsonbToCString(NULL, &JsonbValueToJsonb(value)->root, 0));
}
