/*
 * json.c
 *		A strict JSON reader; see json.h.
 *
 * The text becomes a flat array of nodes in the order of the text, each value
 * with the index behind its subtree.  The nesting is a small stack of indexes,
 * and each open object has a table of buckets in which the names met so far are
 * chained through their nodes: finding a duplicate costs no allocation.
 */
#include "pure/json.h"

#include <string.h>

#define N_BUCKETS 64

typedef struct Level
{
	uint32_t container; /* its node */
	uint32_t buckets[N_BUCKETS];
} Level;

typedef struct Scanner
{
	JsonDoc *doc;
	size_t pos;
	size_t cap; /* of doc->nodes */
	int depth;
	Level levels[JSON_DEPTH_MAX];
} Scanner;

/* Walks through the characters of a string, unescaping. */
typedef struct Walker
{
	const char *text;
	size_t pos;
	size_t end;
} Walker;

#define CHAR_END             (-1)
#define CHAR_IS_SURROGATE(c) ((c) >= 0xd800 && (c) <= 0xdfff)
#define REPLACEMENT          "\\ufffd"
#define ESCAPE_LEN           6 /* of \uXXXX */

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The value of four hex digits, or -1. */
static int
hex4(const char *s)
{
	int value = 0;
	int i;

	for (i = 0; i < 4; i++)
	{
		int digit = hex_value(s[i]);

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

static bool
in_range(unsigned char c, unsigned char low, unsigned char high)
{
	return c >= low && c <= high;
}

/* The length of the valid UTF-8 sequence at s, of which n bytes are there; 0 when invalid. */
static size_t
utf8_len(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *) s;

	if (u[0] < 0x80)
		return 1;
	if (n < 2 || u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	if (u[0] < 0xe0)
		return in_range(u[1], 0x80, 0xbf) ? 2 : 0;
	if (!in_range(u[1],
				  u[0] == 0xe0   ? 0xa0
				  : u[0] == 0xf0 ? 0x90
								 : 0x80,
				  u[0] == 0xed   ? 0x9f
				  : u[0] == 0xf4 ? 0x8f
								 : 0xbf))
		return 0;
	if (n < 3 || !in_range(u[2], 0x80, 0xbf))
		return 0;
	if (u[0] < 0xf0)
		return 3;
	return n >= 4 && in_range(u[3], 0x80, 0xbf) ? 4 : 0;
}

static int
decode_utf8(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *) s;

	if (len == 1)
		return u[0];
	if (len == 2)
		return (u[0] & 0x1f) << 6 | (u[1] & 0x3f);
	if (len == 3)
		return (u[0] & 0x0f) << 12 | (u[1] & 0x3f) << 6 | (u[2] & 0x3f);
	return (u[0] & 0x07) << 18 | (u[1] & 0x3f) << 12 | (u[2] & 0x3f) << 6 | (u[3] & 0x3f);
}

static size_t
encode_utf8(int c, char *out)
{
	if (c < 0x80)
	{
		out[0] = (char) c;
		return 1;
	}
	if (c < 0x800)
	{
		out[0] = (char) (0xc0 | c >> 6);
		out[1] = (char) (0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000)
	{
		out[0] = (char) (0xe0 | c >> 12);
		out[1] = (char) (0x80 | (c >> 6 & 0x3f));
		out[2] = (char) (0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char) (0xf0 | c >> 18);
	out[1] = (char) (0x80 | (c >> 12 & 0x3f));
	out[2] = (char) (0x80 | (c >> 6 & 0x3f));
	out[3] = (char) (0x80 | (c & 0x3f));
	return 4;
}

/* What stands for the letter behind a backslash, or -1. */
static int
short_escape(char c)
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

/* The next character of a string that was checked before; a lone surrogate is itself. */
static int
walk(Walker *w)
{
	const char *s = w->text + w->pos;
	size_t n = w->end - w->pos;
	int c;
	int low;

	if (n == 0)
		return CHAR_END;
	if (*s != '\\')
	{
		size_t len = utf8_len(s, n);

		w->pos += len;
		return decode_utf8(s, len);
	}
	if (s[1] != 'u')
	{
		w->pos += 2;
		return short_escape(s[1]);
	}
	w->pos += ESCAPE_LEN;
	c = hex4(s + 2);
	if (c < 0xd800 || c > 0xdbff || n < 2 * ESCAPE_LEN || s[6] != '\\' || s[7] != 'u')
		return c;
	low = hex4(s + 8);
	if (low < 0xdc00 || low > 0xdfff)
		return c;
	w->pos += ESCAPE_LEN;
	return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

static Walker
walker(const JsonDoc *doc, const JsonNode *node)
{
	Walker w;

	w.text = doc->text;
	w.pos = node->start;
	w.end = node->end;
	return w;
}

/* A new node that starts here, or NULL when there are no more. */
static JsonNode *
add_node(Scanner *s, JsonKind kind)
{
	JsonNode *node;

	if (s->doc->n_nodes == s->cap)
		return NULL;
	node = &s->doc->nodes[s->doc->n_nodes++];
	node->start = (uint32_t) s->pos;
	node->end = (uint32_t) s->pos;
	node->next = (uint32_t) s->doc->n_nodes;
	node->size = 0;
	node->kind = (uint8_t) kind;
	node->escaped = false;
	node->unstorable = false;
	return node;
}

static char
peek(const Scanner *s)
{
	return s->pos < s->doc->len ? s->doc->text[s->pos] : '\0';
}

static void
skip_space(Scanner *s)
{
	while (s->pos < s->doc->len && (s->doc->text[s->pos] == ' ' || s->doc->text[s->pos] == '\t' ||
									s->doc->text[s->pos] == '\n' || s->doc->text[s->pos] == '\r'))
		s->pos++;
}

/* Steps over one escape sequence; false when there is no such escape. */
static bool
skip_escape(Scanner *s)
{
	const char *p = s->doc->text + s->pos;
	size_t n = s->doc->len - s->pos;

	if (n < 2)
		return false;
	if (p[1] != 'u')
	{
		s->pos += 2;
		return short_escape(p[1]) >= 0;
	}
	s->pos += ESCAPE_LEN;
	return n >= ESCAPE_LEN && hex4(p + 2) >= 0;
}

/* Does it hold a NUL or half of a pair of surrogates? */
static bool
is_unstorable(const JsonDoc *doc, const JsonNode *node)
{
	Walker w = walker(doc, node);
	int c;

	while ((c = walk(&w)) != CHAR_END)
		if (c == 0 || CHAR_IS_SURROGATE(c))
			return true;
	return false;
}

/* Of a string: characters of ASCII that stand for themselves and do not end it. */
static const bool is_plain[256] = {
	[' ' ... '!'] = true,
	['#' ... '['] = true,
	[']' ... 0x7f] = true,
};

static void
skip_plain(Scanner *s)
{
	const char *text = s->doc->text;
	size_t pos = s->pos;

	while (pos < s->doc->len && is_plain[(unsigned char) text[pos]])
		pos++;
	s->pos = pos;
}

/* From the opening quote to behind the closing one. */
static ResultCode
scan_string(Scanner *s, JsonKind kind, JsonNode **result)
{
	JsonDoc *doc = s->doc;
	JsonNode *node;

	s->pos++;
	node = add_node(s, kind);
	if (node == NULL)
		return RESULT_TOO_LONG;
	for (;;)
	{
		size_t len;

		skip_plain(s);
		if (s->pos >= doc->len)
			return RESULT_MALFORMED;
		if (doc->text[s->pos] == '"')
			break;
		if (doc->text[s->pos] == '\\')
		{
			node->escaped = true;
			if (!skip_escape(s))
				return RESULT_MALFORMED;
			continue;
		}
		len = (unsigned char) doc->text[s->pos] < 0x20
				  ? 0
				  : utf8_len(doc->text + s->pos, doc->len - s->pos);
		if (len == 0)
			return RESULT_MALFORMED;
		s->pos += len;
	}
	node->end = (uint32_t) s->pos++;
	if (node->escaped && is_unstorable(doc, node))
		node->unstorable = doc->unstorable = true;
	*result = node;
	return RESULT_OK;
}

static size_t
skip_digits(Scanner *s)
{
	size_t start = s->pos;

	while (s->pos < s->doc->len && peek(s) >= '0' && peek(s) <= '9')
		s->pos++;
	return s->pos - start;
}

/* Behind the 'e': a sign and an exponent no larger than JSON_NUMBER_MAX. */
static bool
skip_exponent(Scanner *s)
{
	int value = 0;
	size_t start;

	if (peek(s) == '+' || peek(s) == '-')
		s->pos++;
	start = s->pos;
	if (skip_digits(s) == 0)
		return false;
	for (; start < s->pos && value <= JSON_NUMBER_MAX; start++)
		value = value * 10 + (s->doc->text[start] - '0');
	return value <= JSON_NUMBER_MAX;
}

static ResultCode
scan_number(Scanner *s)
{
	JsonNode *node = add_node(s, JSON_KIND_NUMBER);
	size_t digits;

	if (node == NULL)
		return RESULT_TOO_LONG;
	if (peek(s) == '-')
		s->pos++;
	if (peek(s) == '0')
	{
		s->pos++;
		digits = 1;
	}
	else
		digits = skip_digits(s);
	if (digits == 0)
		return RESULT_MALFORMED;
	if (peek(s) == '.')
	{
		size_t fraction;

		s->pos++;
		fraction = skip_digits(s);
		if (fraction == 0)
			return RESULT_MALFORMED;
		digits += fraction;
	}
	if (digits > JSON_NUMBER_MAX)
		return RESULT_MALFORMED;
	if (peek(s) == 'e' || peek(s) == 'E')
	{
		s->pos++;
		if (!skip_exponent(s))
			return RESULT_MALFORMED;
	}
	node->end = (uint32_t) s->pos;
	return RESULT_OK;
}

static ResultCode
scan_word(Scanner *s, const char *word, JsonKind kind)
{
	size_t len = strlen(word);
	JsonNode *node = add_node(s, kind);

	if (node == NULL)
		return RESULT_TOO_LONG;
	if (s->doc->len - s->pos < len || memcmp(s->doc->text + s->pos, word, len) != 0)
		return RESULT_MALFORMED;
	s->pos += len;
	node->end = (uint32_t) s->pos;
	return RESULT_OK;
}

static ResultCode
open_container(Scanner *s, JsonKind kind)
{
	Level *level;

	if (s->depth == JSON_DEPTH_MAX)
		return RESULT_MALFORMED;
	if (add_node(s, kind) == NULL)
		return RESULT_TOO_LONG;
	level = &s->levels[s->depth++];
	level->container = (uint32_t) (s->doc->n_nodes - 1);
	if (kind == JSON_KIND_OBJECT)
		memset(level->buckets, 0, sizeof(level->buckets));
	s->pos++;
	return RESULT_OK;
}

/* The innermost container that is still open, or NULL. */
static JsonNode *
container(const Scanner *s)
{
	if (s->depth == 0)
		return NULL;
	return &s->doc->nodes[s->levels[s->depth - 1].container];
}

static void
close_container(Scanner *s)
{
	JsonNode *node = container(s);

	s->pos++;
	node->end = (uint32_t) s->pos;
	node->next = (uint32_t) s->doc->n_nodes;
	s->depth--;
}

#define HASH_START       2166136261U
#define HASH(hash, byte) (((hash) ^ (unsigned char) (byte)) * 16777619U)

/* FNV-1a over the unescaped text, which few names have to be unescaped for. */
static uint32_t
hash_name(const JsonDoc *doc, const JsonNode *name)
{
	Walker w = walker(doc, name);
	uint32_t hash = HASH_START;
	char bytes[4];
	int c;
	size_t i;

	if (!name->escaped)
		for (i = name->start; i < name->end; i++)
			hash = HASH(hash, doc->text[i]);
	else
		while ((c = walk(&w)) != CHAR_END)
		{
			size_t n = encode_utf8(c, bytes);

			for (i = 0; i < n; i++)
				hash = HASH(hash, bytes[i]);
		}
	return hash ^ hash >> 15;
}

static bool
same_text(const JsonDoc *doc_a, const JsonNode *a, const JsonDoc *doc_b, const JsonNode *b)
{
	Walker wa = walker(doc_a, a);
	Walker wb = walker(doc_b, b);
	int c;

	if (!a->escaped && !b->escaped)
		return a->end - a->start == b->end - b->start &&
			   memcmp(doc_a->text + a->start, doc_b->text + b->start, a->end - a->start) == 0;
	do
	{
		c = walk(&wa);
		if (c != walk(&wb))
			return false;
	} while (c != CHAR_END);
	return true;
}

/* Adds a name to its object's table; false when it is there already. */
static bool
remember_name(Scanner *s, JsonNode *name)
{
	JsonDoc *doc = s->doc;
	uint32_t *bucket;
	uint32_t other;

	/* Index 0 is the whole text, never a name: it ends the chain. */
	name->size = hash_name(doc, name);
	bucket = &s->levels[s->depth - 1].buckets[name->size % N_BUCKETS];
	for (other = *bucket; other != 0; other = doc->nodes[other].next)
		if (doc->nodes[other].size == name->size && same_text(doc, &doc->nodes[other], doc, name))
			return false;
	name->next = *bucket;
	*bucket = (uint32_t) (name - doc->nodes);
	return true;
}

/* A member's name and its colon. */
static ResultCode
scan_name(Scanner *s)
{
	JsonNode *name;
	ResultCode result;

	skip_space(s);
	if (peek(s) != '"')
		return RESULT_MALFORMED;
	result = scan_string(s, JSON_KIND_NAME, &name);
	if (result != RESULT_OK)
		return result;
	if (name->unstorable || !remember_name(s, name))
		return RESULT_MALFORMED;
	skip_space(s);
	if (peek(s) != ':')
		return RESULT_MALFORMED;
	s->pos++;
	return RESULT_OK;
}

/* A value, or the opening of a container. */
static ResultCode
scan_value(Scanner *s)
{
	JsonNode *node;

	skip_space(s);
	switch (peek(s))
	{
		case '{':
			return open_container(s, JSON_KIND_OBJECT);
		case '[':
			return open_container(s, JSON_KIND_ARRAY);
		case '"':
			return scan_string(s, JSON_KIND_STRING, &node);
		case 't':
			return scan_word(s, "true", JSON_KIND_TRUE);
		case 'f':
			return scan_word(s, "false", JSON_KIND_FALSE);
		case 'n':
			return scan_word(s, "null", JSON_KIND_NULL);
		default:
			return scan_number(s);
	}
}

/*
 * Behind a value or an opening bracket: closes what closes here, until another
 * value must follow (*more) or the text's own value is complete.
 */
static ResultCode
scan_between(Scanner *s, bool opened, bool *more)
{
	JsonNode *open;

	*more = false;
	while ((open = container(s)) != NULL)
	{
		skip_space(s);
		if (peek(s) == (open->kind == JSON_KIND_OBJECT ? '}' : ']'))
		{
			close_container(s);
			opened = false;
			continue;
		}
		if (!opened)
		{
			if (peek(s) != ',')
				return RESULT_MALFORMED;
			s->pos++;
		}
		open->size++;
		*more = true;
		return open->kind == JSON_KIND_OBJECT ? scan_name(s) : RESULT_OK;
	}
	return RESULT_OK;
}

ResultCode
json_scan(JsonDoc *doc, const char *text, size_t len, JsonNode *nodes, size_t n_nodes)
{
	Scanner s;
	bool more = true;

	doc->text = text;
	doc->len = len;
	doc->nodes = nodes;
	doc->n_nodes = 0;
	doc->unstorable = false;
	if (len > JSON_LEN_MAX)
		return RESULT_TOO_LONG;
	s.doc = doc;
	s.pos = 0;
	s.cap = n_nodes;
	s.depth = 0;
	while (more)
	{
		int depth = s.depth;
		ResultCode result = scan_value(&s);

		if (result == RESULT_OK)
			result = scan_between(&s, s.depth > depth, &more);
		if (result != RESULT_OK)
			return result;
	}
	skip_space(&s);
	return s.pos == len ? RESULT_OK : RESULT_MALFORMED;
}

/* text_is, of a name or string with escapes in it. */
static bool
unescaped_is(const JsonDoc *doc, const JsonNode *node, const char *text, size_t len)
{
	Walker w = walker(doc, node);
	size_t pos = 0;
	int c;

	while ((c = walk(&w)) != CHAR_END)
	{
		char bytes[4];
		size_t n = encode_utf8(c, bytes);

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
		member = &doc->nodes[member[1].next];
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
	Walker w = walker(doc, node);
	size_t n = 0;
	int c;

	*out = json_raw(doc, node);
	if (!node->escaped)
		return RESULT_OK;
	while ((c = walk(&w)) != CHAR_END)
	{
		char bytes[4];
		size_t len = encode_utf8(c, bytes);

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
		   !a->unstorable && !b->unstorable && same_text(doc_a, a, doc_b, b);
}

/* The digits of a number without its point: value = 0.DIGITS * 10^point. */
typedef struct Decimal
{
	bool negative;
	char digits[JSON_NUMBER_MAX]; /* without leading zeros */
	int n;
	int point;
} Decimal;

static void
read_decimal(const char *p, const char *end, Decimal *d)
{
	bool fraction = false;

	d->n = 0;
	d->point = 0;
	d->negative = *p == '-';
	for (p += d->negative; p < end && *p != 'e' && *p != 'E'; p++)
	{
		if (*p == '.')
		{
			fraction = true;
			continue;
		}
		if (d->n > 0 || *p != '0')
			d->digits[d->n++] = *p;
		if (fraction ? d->n == 0 : d->n > 0)
			d->point += fraction ? -1 : 1;
	}
	if (p < end)
	{
		int exponent = 0;
		bool minus = p[1] == '-';

		for (p += p[1] == '-' || p[1] == '+' ? 2 : 1; p < end; p++)
			exponent = exponent * 10 + (*p - '0');
		d->point += minus ? -exponent : exponent;
	}
}

/* Zeros at the end say nothing, and neither does the sign of zero. */
static void
reduce(Decimal *d)
{
	while (d->n > 0 && d->digits[d->n - 1] == '0')
		d->n--;
	if (d->n == 0)
	{
		d->negative = false;
		d->point = 0;
	}
}

bool
json_same_number(const JsonDoc *doc_a, const JsonNode *a, const JsonDoc *doc_b, const JsonNode *b)
{
	Decimal x;
	Decimal y;

	read_decimal(doc_a->text + a->start, doc_a->text + a->end, &x);
	read_decimal(doc_b->text + b->start, doc_b->text + b->end, &y);
	reduce(&x);
	reduce(&y);
	return x.negative == y.negative && x.n == y.n && x.point == y.point &&
		   memcmp(x.digits, y.digits, (size_t) x.n) == 0;
}

ResultCode
json_date_us(const JsonDoc *doc, const JsonNode *node, int64_t *us)
{
	Decimal d;
	int64_t value = 0;
	int i;

	if (node == NULL || node->kind != JSON_KIND_NUMBER)
		return RESULT_MALFORMED;
	read_decimal(doc->text + node->start, doc->text + node->end, &d);
	if (d.n > 0 && d.point > 308)
		return RESULT_MALFORMED;
	if (d.n > 0 && d.point + 6 > 19)
	{
		*us = d.negative ? INT64_MIN : INT64_MAX;
		return RESULT_OK;
	}
	for (i = 0; i < d.point + 6; i++)
	{
		int digit = i < d.n ? d.digits[i] - '0' : 0;

		if (value > (INT64_MAX - digit) / 10)
		{
			*us = d.negative ? INT64_MIN : INT64_MAX;
			return RESULT_OK;
		}
		value = value * 10 + digit;
	}
	*us = d.negative ? -value : value;
	return RESULT_OK;
}

void
json_make_storable(const JsonDoc *doc, char *text)
{
	size_t i;

	for (i = 0; i < doc->n_nodes; i++)
	{
		Walker w = walker(doc, &doc->nodes[i]);

		if (!doc->nodes[i].unstorable)
			continue;
		while (w.pos < w.end)
		{
			size_t start = w.pos;
			int c = walk(&w);

			if (c == 0 || CHAR_IS_SURROGATE(c))
				memcpy(text + start, REPLACEMENT, ESCAPE_LEN);
		}
	}
}

size_t
json_quote(const char *in, size_t len, char *out, size_t cap)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;
	size_t i;

	if (cap < 2)
		return 0;
	out[n++] = '"';
	for (i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) in[i];

		if (cap - n < ESCAPE_LEN + 1)
			return 0;
		if (c < 0x20)
		{
			memcpy(out + n, "\\u00", 4);
			out[n + 4] = hex[c >> 4];
			out[n + 5] = hex[c & 15];
			n += ESCAPE_LEN;
			continue;
		}
		if (c == '"' || c == '\\')
			out[n++] = '\\';
		out[n++] = (char) c;
	}
	out[n++] = '"';
	return n;
}
