/*
 * json_names.c
 *		Proofs of what JSON's strings say: each character is what its bytes or escapes stand for, and
 *		of an object no two members have one name, however it is escaped.
 */
#include "proof.h"

#include "pure/json_scan.c"
#include "pure/json_string.c"
#include "pure/utf8.c"

/* How long the character of a checked string is that begins here; 0 where none does. */
static size_t
character(const char *at, size_t n)
{
	if (n > 0 && *at == '\\')
	{
		if (n >= 6 && at[1] == 'u' && json_hex4(at + 2) >= 0)
			return 6;
		return n >= 2 && json_short_escape(at[1]) >= 0 ? 2 : 0;
	}
	return n == 0 || (unsigned char) *at < ' ' || *at == '"' ? 0 : utf8_len(at, n);
}

#define WALKED 12 /* two escapes */

PROOF(json_character, 6,
	  "a character of a string is what stands there, or its escape; halves of a pair are one, and "
	  "others themselves",
	  "12 bytes")
{
	char text[WALKED];
	JsonWalker w = { text, 0, WALKED };
	size_t len = character(text, WALKED);
	int value;
	int next;
	int c;

	/* What json_scan() has accepted goes on with another character, or ends. */
	ASSUME(len > 0 && (len == WALKED || character(text + len, WALKED - len) > 0));
	c = json_walk(&w);
	if (*text != '\\' || text[1] != 'u')
	{
		PROVE(w.pos == len, "its length");
		PROVE(c == (*text == '\\' ? json_short_escape(text[1]) : utf8_decode(text, len)), "itself");
		return;
	}
	value = json_hex4(text + 2);
	next = text[6] == '\\' && text[7] == 'u' ? json_hex4(text + 8) : -1;
	if (value >= 0xd800 && value <= 0xdbff && next >= 0xdc00 && next <= 0xdfff)
		PROVE(w.pos == 12 && c == 0x10000 + (value - 0xd800) * 0x400 + next - 0xdc00, "a pair");
	else
		PROVE(w.pos == 6 && c == value, "one escape");
}

/* ------------------------------------------------------------------------------- names */

#define LEN 7

/* Any function of the bytes: no proof may rely on which it is. */
uint32_t __CPROVER_uninterpreted_hash(uint64_t bytes, size_t len);

uint32_t
any_hash(const char *text, size_t len)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < LEN; i++)
		if (i < len)
			bytes = bytes << 8 | (unsigned char) text[i];
	return __CPROVER_uninterpreted_hash(bytes, len);
}

/*
 * What json_walk() answers at each place, which is proved above, and where it goes on; 0 where no
 * character begins.  There is no room for a pair.
 */
static int walked[LEN];
static size_t walked_to[LEN];

int
walk(JsonWalker *w)
{
	size_t at = w->pos;

	if (at >= w->end)
		return JSON_CHAR_END;
	w->pos = walked_to[at];
	return walked[at];
}

static void
walk_all(const char *text)
{
	for (size_t i = 0; i < LEN; i++)
	{
		size_t len = character(text + i, LEN - i);

		walked_to[i] = len == 0 ? 0 : i + len;
		if (len > 0)
			walked[i] = text[i] != '\\' ? utf8_decode(text + i, len)
						: len == 2      ? json_short_escape(text[i + 1])
										: json_hex4(text + i + 2);
	}
}

/* Its characters, -1 behind the last, of what json_scan() has accepted. */
static void
read_characters(const JsonNode *name, int *characters)
{
	JsonWalker w = { NULL, name->start, name->end };

	for (int i = 0; i < LEN; i++)
	{
		size_t at = w.pos;

		characters[i] = walk(&w);
		ASSUME(at >= w.end || (w.pos > at && w.pos <= w.end));
	}
}

INSTEAD(json_duplicate, hash_bytes, any_hash)
INSTEAD(json_duplicate, json_walk, walk)
PROOF(json_duplicate, 9,
	  "of two names of an object the second is refused if it is the first one, however each is "
	  "escaped, and else not",
	  "7 bytes for both")
{
	char text[LEN];
	size_t first;
	JsonNode nodes[3] = { { .kind = JSON_KIND_OBJECT },
						  { .kind = JSON_KIND_NAME },
						  { .kind = JSON_KIND_NAME } };
	JsonDoc doc = { .text = text, .len = LEN, .nodes = nodes, .n_nodes = 3 };
	Scanner s = { .doc = &doc, .depth = 1 };
	int a[LEN];
	int b[LEN];
	bool is_same = true;

	ASSUME(first <= LEN);
	nodes[1].end = (uint32_t) first;
	nodes[2].start = (uint32_t) first;
	nodes[2].end = LEN;
	nodes[1].escaped = memchr(text, '\\', first) != NULL;
	nodes[2].escaped = memchr(text + first, '\\', LEN - first) != NULL;
	walk_all(text);
	read_characters(&nodes[1], a);
	read_characters(&nodes[2], b);
	for (int i = 0; i < LEN; i++)
		is_same = is_same && a[i] == b[i];
	PROVE(remember_name(&s, &nodes[1]), "the first one is new");
	PROVE(remember_name(&s, &nodes[2]) ? !is_same : is_same, "each name once");
}
