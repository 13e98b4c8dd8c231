/*
 * json_scan.c
 *		From text to nodes; see json.h.
 *
 * The text becomes a flat array of nodes in the order of the text, each value
 * with the index behind its subtree.  The nesting is a small stack of indexes,
 * and each open object has a table of buckets in which the names met so far are
 * chained through their nodes: finding a duplicate costs no allocation.
 */
#include <string.h>

#include "pure/json_internal.h"
#include "pure/utf8.h"

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

static inline void
skip_space(Scanner *s)
{
	if ((unsigned char) peek(s) > ' ') /* as nearly always */
		return;
	while (s->pos < s->doc->len && (s->doc->text[s->pos] == ' ' || s->doc->text[s->pos] == '\t' ||
									s->doc->text[s->pos] == '\n' || s->doc->text[s->pos] == '\r'))
		s->pos++;
}

/*
 * Steps over one escape sequence; false when there is no such escape.  *doubtful is set where it
 * is a NUL or half of a pair of surrogates.
 */
static bool
skip_escape(Scanner *s, bool *doubtful)
{
	const char *p = s->doc->text + s->pos;
	size_t n = s->doc->len - s->pos;
	int c;

	if (n < 2)
		return false;
	if (p[1] != 'u')
	{
		s->pos += 2;
		return json_short_escape(p[1]) >= 0;
	}
	s->pos += JSON_ESCAPE_LEN;
	c = n >= JSON_ESCAPE_LEN ? json_hex4(p + 2) : -1;
	if (c == 0 || JSON_IS_SURROGATE(c))
		*doubtful = true;
	return c >= 0;
}

/* Does it hold a NUL or half of a pair of surrogates without the other half? */
static bool
is_unstorable(JsonDoc *doc, const JsonNode *node)
{
	JsonWalker w = json_walk_through(doc, node);
	bool found = false;
	int c;

	while ((c = json_walk(&w)) != JSON_CHAR_END)
	{
		found = found || c == 0 || JSON_IS_SURROGATE(c);
		doc->unpaired = doc->unpaired || JSON_IS_SURROGATE(c);
	}
	return found;
}

/* Of a string: a character of ASCII that stands for itself and does not end it. */
static bool
is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x80 && c != '"' && c != '\\';
}

#define WORD       sizeof(uint64_t)
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))
#define TOPS       EACH(0x80)

/* Eight characters, the first one lowest. */
static inline uint64_t
load_word(const char *text)
{
	uint64_t word;

	memcpy(&word, text, WORD);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

/*
 * How many of eight characters are plain before one that is not.  A byte below 0x80 from which too
 * much is taken gets its top bit; what it borrows makes only bytes above it look so as well.
 */
static inline size_t
count_plain(uint64_t word)
{
	uint64_t quote = word ^ EACH('"');
	uint64_t backslash = word ^ EACH('\\');
	uint64_t others =
		(word | (word - EACH(' ')) | (quote - EACH(1)) | (backslash - EACH(1))) & TOPS;

	return others == 0 ? WORD : (size_t) __builtin_ctzll(others) / 8;
}

static inline void
skip_plain(Scanner *s)
{
	const char *text = s->doc->text;
	size_t pos = s->pos;
	size_t n = WORD;

	while (n == WORD && s->doc->len - pos >= WORD)
	{
		n = count_plain(load_word(text + pos));
		pos += n;
	}
	while (n == WORD && pos < s->doc->len && is_plain((unsigned char) text[pos]))
		pos++;
	s->pos = pos;
}

/* From the opening quote to behind the closing one. */
static ResultCode
scan_string(Scanner *s, JsonKind kind, JsonNode **result)
{
	JsonDoc *doc = s->doc;
	bool doubtful = false;
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
			if (!skip_escape(s, &doubtful))
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
	if (doubtful && is_unstorable(doc, node))
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
innermost(const Scanner *s)
{
	if (s->depth == 0)
		return NULL;
	return &s->doc->nodes[s->levels[s->depth - 1].container];
}

static void
close_container(Scanner *s)
{
	JsonNode *node = innermost(s);

	s->pos++;
	node->end = (uint32_t) s->pos;
	node->next = (uint32_t) s->doc->n_nodes;
	s->depth--;
}

/* What the hash of a name is of; names so long that differ behind it are compared. */
#define HASHED_MAX       32
#define HASH(hash, word) (((hash) ^ (word)) * UINT64_C(0x9e3779b97f4a7c15))

/* Fewer than eight characters, in any order. */
static inline uint64_t
load_few(const char *text, size_t len)
{
	uint64_t word = 0;
	uint32_t first;
	uint32_t last;

	if (len >= sizeof(first))
	{
		memcpy(&first, text, sizeof(first));
		memcpy(&last, text + len - sizeof(last), sizeof(last));
		return (uint64_t) last << 32 | first;
	}
	for (size_t i = 0; i < len; i++)
		word = word << 8 | (unsigned char) text[i];
	return word;
}

static uint32_t
hash_bytes(const char *text, size_t len)
{
	uint64_t hash = len;

	for (; len >= WORD; len -= WORD, text += WORD)
	{
		hash = HASH(hash, load_word(text));
		hash ^= hash >> 32;
	}
	hash = HASH(hash, load_few(text, len));
	return (uint32_t) (hash >> 32);
}

/* Of the unescaped text, which few names have to be unescaped for. */
static uint32_t
hash_name(const JsonDoc *doc, const JsonNode *name)
{
	JsonWalker w;
	char text[HASHED_MAX + 4];
	size_t n = 0;
	int c;

	if (!name->escaped)
	{
		n = name->end - name->start;
		return hash_bytes(doc->text + name->start, n < HASHED_MAX ? n : HASHED_MAX);
	}
	w = json_walk_through(doc, name);
	while (n < HASHED_MAX && (c = json_walk(&w)) != JSON_CHAR_END)
		n += utf8_encode(c, text + n);
	return hash_bytes(text, n < HASHED_MAX ? n : HASHED_MAX);
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
		if (doc->nodes[other].size == name->size &&
			json_same_unescaped(doc, &doc->nodes[other], doc, name))
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
	while ((open = innermost(s)) != NULL)
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
	doc->unpaired = false;
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
