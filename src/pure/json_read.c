/*
 * json_read.c
 *		Looking into what was scanned, and writing strings; see json.h.
 */
#include <string.h>

#include "pure/hex.h"
#include "pure/json_internal.h"
#include "pure/utf8.h"

#define REPLACEMENT "\\ufffd"

/* text_is, of a name or string with escapes in it. */
static bool
unescaped_is(const JsonDoc *doc, const JsonNode *node, const char *text, size_t len)
{
	JsonWalker w = json_walk_through(doc, node);
	size_t pos = 0;
	int c;

	while ((c = json_walk(&w)) != JSON_CHAR_END)
	{
		char bytes[4];
		size_t n = utf8_encode(c, bytes);

		if (n > len - pos || memcmp(text + pos, bytes, n) != 0)
			return false;
		pos += n;
	}
	return pos == len;
}

static inline bool
text_is(const JsonDoc *doc, const JsonNode *node, const char *text, size_t len)
{
	if (node->escaped)
		return unescaped_is(doc, node, text, len);
	return node->end - node->start == len && memcmp(doc->text + node->start, text, len) == 0;
}

const JsonNode *
json_member(const JsonDoc *doc, const JsonNode *object, const char *name, size_t len)
{
	const JsonNode *member;
	uint32_t i;

	if (object == NULL || object->kind != JSON_KIND_OBJECT)
		return NULL;
	member = object + 1;
	for (i = 0; i < object->size; i++)
	{
		if (text_is(doc, member, name, len))
			return member + 1;
		member = json_next_name(doc, member);
	}
	return NULL;
}

const JsonNode *
json_lookup(const JsonDoc *doc, const JsonNode *object, const char *path, size_t len)
{
	while (object != NULL)
	{
		const JsonNode *found = json_member(doc, object, path, len);
		size_t head = len;

		if (found != NULL)
			return found;
		for (;;)
		{
			while (head > 0 && path[head - 1] != '.')
				head--;
			if (head == 0)
				return NULL;
			head--;
			found = json_member(doc, object, path, head);
			if (found != NULL && found->kind == JSON_KIND_OBJECT)
				break;
		}
		object = found;
		path += head + 1;
		len -= head + 1;
	}
	return NULL;
}

const JsonNode *
json_first(const JsonNode *array)
{
	if (array == NULL || array->kind != JSON_KIND_ARRAY || array->size == 0)
		return NULL;
	return array + 1;
}

const JsonNode *
json_next(const JsonDoc *doc, const JsonNode *array, const JsonNode *element)
{
	return element->next < array->next ? &doc->nodes[element->next] : NULL;
}

const char *
json_kind_name(const JsonNode *node)
{
	static const char *const names[] = {
		[JSON_KIND_OBJECT] = "object", [JSON_KIND_ARRAY] = "array",   [JSON_KIND_NAME] = "name",
		[JSON_KIND_STRING] = "text",   [JSON_KIND_NUMBER] = "number", [JSON_KIND_TRUE] = "boolean",
		[JSON_KIND_FALSE] = "boolean", [JSON_KIND_NULL] = "null"
	};

	return names[node->kind];
}

Slice
json_raw(const JsonDoc *doc, const JsonNode *node)
{
	Slice raw;

	raw.data = doc->text + node->start;
	raw.len = node->end - node->start;
	return raw;
}

static ResultCode
unescape(const JsonDoc *doc, const JsonNode *node, char *buf, size_t cap, Slice *out)
{
	JsonWalker w;
	size_t n = 0;
	int c;

	*out = json_raw(doc, node);
	if (!node->escaped)
		return RESULT_OK;
	w = json_walk_through(doc, node);
	while ((c = json_walk(&w)) != JSON_CHAR_END)
	{
		char bytes[4];
		size_t len = utf8_encode(c, bytes);

		if (len > cap - n)
			return RESULT_TOO_LONG;
		memcpy(buf + n, bytes, len);
		n += len;
	}
	out->data = buf;
	out->len = n;
	return RESULT_OK;
}

ResultCode
json_text(const JsonDoc *doc, const JsonNode *node, char *buf, size_t cap, Slice *out)
{
	if (node == NULL || node->kind != JSON_KIND_STRING || node->unstorable)
		return RESULT_MALFORMED;
	return unescape(doc, node, buf, cap, out);
}

ResultCode
json_name(const JsonDoc *doc, const JsonNode *name, char *buf, size_t cap, Slice *out)
{
	return unescape(doc, name, buf, cap, out);
}

bool
json_text_is(const JsonDoc *doc, const JsonNode *node, const char *text, size_t len)
{
	return node != NULL && node->kind == JSON_KIND_STRING && !node->unstorable &&
		   text_is(doc, node, text, len);
}

bool
json_same_text(const JsonDoc *doc_a, const JsonNode *a, const JsonDoc *doc_b, const JsonNode *b)
{
	return a != NULL && b != NULL && a->kind == JSON_KIND_STRING && b->kind == JSON_KIND_STRING &&
		   !a->unstorable && !b->unstorable && json_same_unescaped(doc_a, a, doc_b, b);
}

void
json_make_storable(const JsonDoc *doc, char *text)
{
	for (size_t i = 0; i < doc->n_nodes; i++)
	{
		JsonWalker w = json_walk_through(doc, &doc->nodes[i]);

		if (!doc->nodes[i].unstorable)
			continue;
		while (w.pos < w.end)
		{
			size_t start = w.pos;
			int c = json_walk(&w);

			if (c == 0 || JSON_IS_SURROGATE(c))
				memcpy(text + start, REPLACEMENT, JSON_ESCAPE_LEN);
		}
	}
}

size_t
json_quote(const char *in, size_t len, char *out, size_t cap)
{
	size_t n = 0;

	if (cap < 2)
		return 0;
	out[n++] = '"';
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) in[i];

		if (cap - n < JSON_ESCAPE_LEN + 1)
			return 0;
		if (c < 0x20)
		{
			memcpy(out + n, "\\u00", 4);
			hex_encode(&c, 1, out + n + 4);
			n += JSON_ESCAPE_LEN;
			continue;
		}
		if (c == '"' || c == '\\')
			out[n++] = '\\';
		out[n++] = (char) c;
	}
	out[n++] = '"';
	return n;
}
