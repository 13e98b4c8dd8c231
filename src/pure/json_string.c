/*
 * json_string.c
 *		The characters of JSON's strings and names; see json_internal.h.
 */
#include "pure/json_internal.h"

#include <string.h>

#include "pure/hex.h"
#include "pure/utf8.h"

int
json_hex4(const char *s)
{
	int value = 0;

	for (int i = 0; i < 4; i++)
	{
		int digit = hex_digit(s[i]);

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

int
json_short_escape(char c)
{
	switch (c)
	{
		case '"':
		case '\\':
		case '/':
			return c;
		case 'b':
			return '\b';
		case 'f':
			return '\f';
		case 'n':
			return '\n';
		case 'r':
			return '\r';
		case 't':
			return '\t';
		default:
			return -1;
	}
}

int
json_walk(JsonWalker *w)
{
	const char *s = w->text + w->pos;
	size_t n = w->end - w->pos;
	int c;
	int low;

	if (n == 0)
		return JSON_CHAR_END;
	if (*s != '\\')
	{
		size_t len = utf8_len(s, n);

		w->pos += len;
		return utf8_decode(s, len);
	}
	if (s[1] != 'u')
	{
		w->pos += 2;
		return json_short_escape(s[1]);
	}
	w->pos += JSON_ESCAPE_LEN;
	c = json_hex4(s + 2);
	if (c < 0xd800 || c > 0xdbff || n < 2 * JSON_ESCAPE_LEN || s[6] != '\\' || s[7] != 'u')
		return c;
	low = json_hex4(s + 8);
	if (low < 0xdc00 || low > 0xdfff)
		return c;
	w->pos += JSON_ESCAPE_LEN;
	return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

JsonWalker
json_walk_through(const JsonDoc *doc, const JsonNode *node)
{
	JsonWalker w;

	w.text = doc->text;
	w.pos = node->start;
	w.end = node->end;
	return w;
}

bool
json_same_unescaped(const JsonDoc *doc_a, const JsonNode *a, const JsonDoc *doc_b,
					const JsonNode *b)
{
	JsonWalker wa = json_walk_through(doc_a, a);
	JsonWalker wb = json_walk_through(doc_b, b);
	int c;

	if (!a->escaped && !b->escaped)
		return a->end - a->start == b->end - b->start &&
			   memcmp(doc_a->text + a->start, doc_b->text + b->start, a->end - a->start) == 0;
	do
	{
		c = json_walk(&wa);
		if (c != json_walk(&wb))
			return false;
	} while (c != JSON_CHAR_END);
	return true;
}
