/*
 * claim_shapes.c
 *		The shapes in which issuers write claims; see claim_shapes.h.
 */
#include "pure/claim_shapes.h"

#include <string.h>

#include "pure/limits.h"

/* ------------------------------------------------------------------------- names */

bool
claim_is_scope(const char *path)
{
	const char *last;

	if (path == NULL)
		return false;
	last = strrchr(path, '.');
	last = last ? last + 1 : path;
	return strcmp(last, "scope") == 0 || strcmp(last, "scp") == 0;
}

static bool
visit_words(Slice text, ClaimNameVisitor visit, void *arg)
{
	size_t start = 0;

	while (start < text.len)
	{
		const char *from = text.data + start;
		const char *space = memchr(from, ' ', text.len - start);
		size_t len = space ? (size_t) (space - from) : text.len - start;

		if (len > 0 && !visit((Slice){ from, len }, arg))
			return false;
		start += len + 1;
	}
	return true;
}

static bool
visit_text(const JsonDoc *doc, const JsonNode *node, bool words, ClaimNameVisitor visit, void *arg)
{
	char buffer[CLAIM_NAME_MAX];
	Slice text;

	/* a list of words is longer than a name, and has nothing to escape */
	if (words && node->kind == JSON_KIND_STRING && !node->escaped)
		return visit_words(json_raw(doc, node), visit, arg);
	return json_text(doc, node, buffer, sizeof(buffer), &text) == RESULT_OK && visit(text, arg);
}

static bool
visit_element(const JsonDoc *doc, const JsonNode *node, ClaimNameVisitor visit, void *arg)
{
	if (node->kind == JSON_KIND_OBJECT)
		node = json_member(doc, node, "name", strlen("name"));
	return node && node->kind == JSON_KIND_STRING && visit_text(doc, node, false, visit, arg);
}

/* An object's keys: its members are a name and a value each. */
static bool
visit_keys(const JsonDoc *doc, const JsonNode *object, ClaimNameVisitor visit, void *arg)
{
	const JsonNode *name = object + 1;

	for (uint32_t i = 0; i < object->size; i++)
	{
		char buffer[CLAIM_NAME_MAX];
		Slice text;

		if (json_name(doc, name, buffer, sizeof(buffer), &text) != RESULT_OK || !visit(text, arg))
			return false;
		name = json_next_name(doc, name);
	}
	return true;
}

ResultCode
claim_names(const JsonDoc *doc, const JsonNode *node, const char *path, ClaimNameVisitor visit,
			void *arg)
{
	bool fits = false;

	if (node == NULL || node->kind == JSON_KIND_NULL)
		return RESULT_OK;
	if (node->kind == JSON_KIND_STRING)
		fits = visit_text(doc, node, claim_is_scope(path), visit, arg);
	else if (node->kind == JSON_KIND_OBJECT)
		fits = visit_keys(doc, node, visit, arg);
	else if (node->kind == JSON_KIND_ARRAY)
	{
		fits = true;
		for (const JsonNode *element = json_first(node); element && fits;
			 element = json_next(doc, node, element))
			fits = visit_element(doc, element, visit, arg);
	}
	return fits ? RESULT_OK : RESULT_CLAIM_TYPE;
}

/* -------------------------------------------------------------------------- user */

ResultCode
claim_user(const JsonDoc *doc, const JsonNode *node, char *buf, Slice *user)
{
	*user = (Slice){ NULL, 0 };
	if (node == NULL || node->kind == JSON_KIND_NULL)
		return RESULT_OK;
	if (node->kind == JSON_KIND_NUMBER)
	{
		if (!json_is_whole(doc, node))
			return RESULT_CLAIM_TYPE;
		*user = json_raw(doc, node);
		return RESULT_OK;
	}
	return json_text(doc, node, buf, USER_ID_MAX, user) == RESULT_OK ? RESULT_OK
																	 : RESULT_CLAIM_TYPE;
}

/* ---------------------------------------------------------------------- required */

static bool
is_scalar(const JsonNode *node)
{
	return node->kind == JSON_KIND_STRING || node->kind == JSON_KIND_NUMBER ||
		   node->kind == JSON_KIND_TRUE || node->kind == JSON_KIND_FALSE;
}

static bool
same_scalar(const JsonDoc *doc_a, const JsonNode *a, const JsonDoc *doc_b, const JsonNode *b)
{
	if (a->kind != b->kind || !is_scalar(a))
		return false;
	if (a->kind == JSON_KIND_STRING)
		return json_same_text(doc_a, a, doc_b, b);
	if (a->kind == JSON_KIND_NUMBER)
		return json_same_number(doc_a, a, doc_b, b);
	return true;
}

/* Is the scalar the other value, or one of its elements? */
static bool
is_among_elements(const JsonDoc *doc_a, const JsonNode *a, const JsonDoc *doc_b, const JsonNode *b)
{
	if (b->kind != JSON_KIND_ARRAY)
		return same_scalar(doc_a, a, doc_b, b);
	for (const JsonNode *element = json_first(b); element; element = json_next(doc_b, b, element))
		if (same_scalar(doc_a, a, doc_b, element))
			return true;
	return false;
}

/* Is some element of the one some element of the other?  A scalar is its own only one. */
static bool
have_common_element(const JsonDoc *doc_a, const JsonNode *a, const JsonDoc *doc_b,
					const JsonNode *b)
{
	if (a->kind != JSON_KIND_ARRAY)
		return is_among_elements(doc_a, a, doc_b, b);
	for (const JsonNode *element = json_first(a); element; element = json_next(doc_a, a, element))
		if (is_among_elements(doc_a, element, doc_b, b))
			return true;
	return false;
}

bool
claims_fulfil(const JsonDoc *payload, const JsonDoc *required, Slice *missing)
{
	const JsonNode *name = required->nodes + 1;

	for (uint32_t i = 0; i < required->nodes[0].size; i++)
	{
		char buffer[CLAIM_NAME_MAX];
		Slice path;
		const JsonNode *claim;

		if (json_name(required, name, buffer, sizeof(buffer), &path) != RESULT_OK)
			return false;
		claim = json_lookup(payload, payload->nodes, path.data, path.len);
		if (claim == NULL || !have_common_element(required, name + 1, payload, claim))
		{
			*missing = json_raw(required, name);
			return false;
		}
		name = json_next_name(required, name);
	}
	return true;
}
