/*
 * json_structure.c
 *		Proofs of the JSON scanner as a whole, step by step: it ends, never deeper than it may be, and
 *		the nodes of what it accepts lie within the text and within each other, as json_read.c
 *		relies on.
 *
 * The scanner reads a value, then what is between values, and so on.  Each proof takes any state
 * that may be before its step, so that texts may be as long as they like: bounded are what the
 * state remembers of them, and the bytes that are left.  Strings, names and numbers are proved
 * apart (json_tokens.c, json_names.c); here in their place stands whatever takes as many bytes as
 * they do at the least.
 */
#include "proof.h"

#include "pure/json_internal.h"

/* Fewer than in json.h, so that the bound is met. */
#undef JSON_DEPTH_MAX
#define JSON_DEPTH_MAX 2

#include "pure/json_scan.c"
#include "pure/json_string.c"
#include "pure/utf8.c"

#define LEN   8
#define NODES 4

/* ------------------------------------------------------------------- in place of tokens */

static ResultCode
take_any(Scanner *s, JsonKind kind, size_t least, JsonNode **result)
{
	JsonNode *node = add_node(s, kind);
	size_t len;
	bool refused;

	if (node == NULL)
		return RESULT_TOO_LONG;
	if (refused || s->doc->len - s->pos < least)
		return RESULT_MALFORMED;
	ASSUME(len >= least && len <= s->doc->len - s->pos);
	s->pos += len;
	node->end = (uint32_t) s->pos;
	*result = node;
	return RESULT_OK;
}

/* Of its two quotes the node has neither. */
ResultCode
any_string(Scanner *s, JsonKind kind, JsonNode **result)
{
	ResultCode code = take_any(s, kind, 2, result);

	if (code == RESULT_OK)
	{
		(*result)->start++;
		(*result)->end--;
	}
	return code;
}

ResultCode
any_number(Scanner *s)
{
	JsonNode *node;

	return take_any(s, JSON_KIND_NUMBER, 1, &node);
}

bool
any_name(Scanner *s, JsonNode *name)
{
	bool is_new;

	(void) s;
	(void) name;
	return is_new;
}

void
any_space(Scanner *s)
{
	size_t len;

	ASSUME(len <= s->doc->len - s->pos);
	s->pos += len;
}

/* Of the tables of names, which nobody reads here. */
void *
unread(void *bytes, int c, size_t len)
{
	(void) c;
	PROVE(__CPROVER_w_ok(bytes, len), "a table of names");
	return bytes;
}

/* --------------------------------------------------------------------- what always holds */

static bool
is_container(const JsonNode *node)
{
	return node->kind == JSON_KIND_OBJECT || node->kind == JSON_KIND_ARRAY;
}

/* The number of the level that it opens, or -1. */
static int
open_level(const Scanner *s, uint32_t node)
{
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		if (i < s->depth && s->levels[i].container == node)
			return i;
	return -1;
}

/* The node behind so many members or elements, or 0. */
static uint32_t
behind(const Scanner *s, uint32_t container, uint32_t n)
{
	const JsonNode *nodes = s->doc->nodes;
	bool is_object = nodes[container].kind == JSON_KIND_OBJECT;
	uint32_t at = container + 1;

	for (int i = 0; i < NODES; i++)
	{
		if ((uint32_t) i == n)
			return at;
		if (is_object && (at >= s->doc->n_nodes || nodes[at++].kind != JSON_KIND_NAME))
			return 0;
		if (at >= s->doc->n_nodes || nodes[at].kind == JSON_KIND_NAME)
			return 0;
		at = nodes[at].next;
	}
	return 0;
}

/* Is a value due at this node, behind the members or elements that the container counts already? */
static bool
is_due(const Scanner *s, uint32_t container, uint32_t node)
{
	const JsonNode *c = &s->doc->nodes[container];
	uint32_t at = c->size == 0 ? 0 : behind(s, container, c->size - 1);

	if (c->kind == JSON_KIND_OBJECT)
		return at > 0 && at + 1 == node && s->doc->nodes[at].kind == JSON_KIND_NAME;
	return at > 0 && at == node;
}

static bool
is_node_sound(const Scanner *s, uint32_t i)
{
	const JsonNode *node = &s->doc->nodes[i];

	if (node->start > node->end || node->end > s->pos || node->kind > JSON_KIND_NULL)
		return false;
	if (node->kind == JSON_KIND_NAME)
		return node->end < s->pos;
	if (node->next <= i || node->next > s->doc->n_nodes)
		return false;
	if (!is_container(node))
		return node->next == i + 1;
	return open_level(s, i) >= 0 || behind(s, i, node->size) == node->next;
}

/* Is the second one inside the first, or behind it? */
static bool
is_pair_sound(const Scanner *s, uint32_t i, uint32_t j)
{
	const JsonNode *a = &s->doc->nodes[i];
	const JsonNode *b = &s->doc->nodes[j];

	if (a->kind == JSON_KIND_NAME)
		return a->end < b->start;
	if (open_level(s, i) >= 0)
		return a->start < b->start;
	if (j >= a->next)
		return a->end <= b->start;
	return a->start < b->start && b->end < a->end && open_level(s, j) < 0 &&
		   (b->kind == JSON_KIND_NAME || b->next <= a->next);
}

static bool
are_levels_sound(const Scanner *s)
{
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
	{
		const Level *level = &s->levels[i];

		if (i >= s->depth)
			continue;
		if (level->container >= s->doc->n_nodes || !is_container(&s->doc->nodes[level->container]))
			return false;
		if (s->doc->nodes[level->container].start >= s->pos)
			return false;
		if (i == 0 ? level->container != 0 : level->container <= level[-1].container)
			return false;
		if (i > 0 && !is_due(s, level[-1].container, level->container))
			return false;
	}
	return true;
}

static bool
is_sound(const Scanner *s)
{
	if (s->pos > LEN || s->doc->n_nodes > s->cap || s->depth < 0 || s->depth > JSON_DEPTH_MAX)
		return false;
	if (!are_levels_sound(s))
		return false;
	for (uint32_t j = 0; j < NODES; j++)
		for (uint32_t i = 0; i <= j; i++)
			if (j < s->doc->n_nodes && !(i == j ? is_node_sound(s, j) : is_pair_sound(s, i, j)))
				return false;
	return true;
}

/* Before a value.  No more nodes than JSON_NODES_FOR has, of whatever is accepted. */
static bool
is_before_value(const Scanner *s)
{
	size_t n = s->doc->n_nodes;

	if (2 * n > s->pos + (size_t) s->depth)
		return false;
	return s->depth == 0 ? n == 0 : is_due(s, s->levels[s->depth - 1].container, (uint32_t) n);
}

/* Behind one, or behind the opening of a container. */
static bool
is_behind_value(const Scanner *s, bool opened)
{
	uint32_t n = (uint32_t) s->doc->n_nodes;
	const JsonNode *nodes = s->doc->nodes;
	uint32_t container;

	if (2 * n > s->pos + (size_t) s->depth + (opened ? 0 : 1))
		return false;
	if (s->depth == 0)
		return !opened && n > 0 && nodes[0].next == n;
	container = s->levels[s->depth - 1].container;
	return opened == (nodes[container].size == 0) &&
		   behind(s, container, nodes[container].size) == n;
}

/* Any state; what is not set here may be anything. */
static void
begin(Scanner *s, JsonDoc *doc, const char *text, JsonNode *nodes)
{
	s->doc = doc;
	s->cap = NODES;
	doc->text = text;
	doc->len = LEN;
	doc->nodes = nodes;
	ASSUME(is_sound(s));
}

INSTEAD(json_value, scan_string, any_string)
INSTEAD(json_value, scan_number, any_number)
INSTEAD(json_value, skip_space, any_space)
INSTEAD(json_value, memset, unread)
PROOF(json_value, 6,
	  "a value, or a container's beginning, goes on and becomes a node that lies in its place",
	  "8 bytes, 4 nodes, a depth of 2")
{
	Scanner s;
	JsonDoc doc;
	char text[LEN];
	JsonNode nodes[NODES];
	size_t pos;
	int depth;

	begin(&s, &doc, text, nodes);
	ASSUME(is_before_value(&s));
	pos = s.pos;
	depth = s.depth;
	if (scan_value(&s) != RESULT_OK)
		return;
	PROVE(s.pos > pos, "goes on");
	PROVE(is_sound(&s), "sound");
	PROVE(is_behind_value(&s, s.depth > depth), "in its place");
}

INSTEAD(json_between, scan_string, any_string)
INSTEAD(json_between, remember_name, any_name)
INSTEAD(json_between, skip_space, any_space)
PROOF(json_between, 6,
	  "behind a value containers end with all that is in them, and count it; then a value is due, "
	  "or all is read",
	  "8 bytes, 4 nodes, a depth of 2")
{
	Scanner s;
	JsonDoc doc;
	char text[LEN];
	JsonNode nodes[NODES];
	bool opened;
	bool more;

	opened = opened ? true : false;
	begin(&s, &doc, text, nodes);
	ASSUME(is_behind_value(&s, opened));
	if (scan_between(&s, opened, &more) != RESULT_OK)
		return;
	PROVE(is_sound(&s), "sound");
	PROVE(more ? is_before_value(&s) : s.depth == 0 && is_behind_value(&s, false), "in its place");
}

PROOF(json_ends, 6,
	  "it begins so, and where all is read there is one value of no more nodes than JSON_NODES_FOR",
	  "4 nodes")
{
	Scanner s;
	JsonDoc doc;
	char text[LEN];
	JsonNode nodes[NODES];

	begin(&s, &doc, text, nodes);
	if (s.depth == 0 && is_behind_value(&s, false))
		PROVE(doc.n_nodes <= JSON_NODES_FOR(s.pos) && nodes[0].next == doc.n_nodes, "one value");
	s.pos = 0;
	s.depth = 0;
	doc.n_nodes = 0;
	PROVE(is_sound(&s) && is_before_value(&s), "a beginning");
}
