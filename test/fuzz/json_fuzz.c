/* json_fuzz.c: the reader, the claims, and better-auth's payloads. */
#include <string.h>

#include "pure/claims.h"
#include "fuzz.h"
#include "pure/json.h"
#include "pure/better_auth.h"

static void
read_everything(const JsonDoc *doc, char *buf)
{
	int64_t us;
	size_t i;

	for (i = 0; i < doc->n_nodes; i++)
	{
		const JsonNode *node = &doc->nodes[i];
		Slice text;
		Slice raw = json_raw(doc, node);

		REQUIRE(node->start <= node->end && node->end <= doc->len);
		if (node->kind != JSON_KIND_NAME)
			REQUIRE(node->next > i && node->next <= doc->n_nodes);
		if (json_text(doc, node, buf, doc->len, &text) == RESULT_OK)
			REQUIRE(text.len <= raw.len && json_text_is(doc, node, text.data, text.len));
		(void) json_date_us(doc, node, &us);
	}
}

/* Every member is found by its own name. */
static void
find_members(const JsonDoc *doc, char *buf)
{
	const JsonNode *name = doc->nodes + 1;
	uint32_t i;

	for (i = 0; doc->nodes[0].kind == JSON_KIND_OBJECT && i < doc->nodes[0].size && i < 50; i++)
	{
		JsonNode as_text = *name;
		Slice text;

		as_text.kind = JSON_KIND_STRING;
		REQUIRE(json_text(doc, &as_text, buf, doc->len, &text) == RESULT_OK);
		REQUIRE(json_member(doc, doc->nodes, text.data, text.len) == name + 1);
		REQUIRE(json_lookup(doc, doc->nodes, text.data, text.len) == name + 1);
		name = &doc->nodes[name[1].next];
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	JsonNode *nodes = malloc(JSON_NODES_FOR(size) * sizeof(JsonNode));
	char *copy = malloc(size + 1);
	char *buf = malloc(size + 1);
	ClaimsPolicy policy = { 0, 0, { "i", 1 }, NULL, 0, false };
	BetterAuthCache cache;
	Claims claims;
	JsonDoc doc;

	if (json_scan(&doc, (const char *) data, size, nodes, JSON_NODES_FOR(size)) == RESULT_OK)
	{
		read_everything(&doc, buf);
		find_members(&doc, buf);
		(void) json_lookup(&doc, doc.nodes, "a.b.c", 5);
		if (claims_read(&claims, &doc) == RESULT_OK)
			(void) claims_check(&claims, &policy);
		(void) better_auth_cache_read(&cache, &doc, doc.nodes);
		memcpy(copy, data, size);
		json_make_storable(&doc, copy);
		REQUIRE(json_scan(&doc, copy, size, nodes, JSON_NODES_FOR(size)) == RESULT_OK);
		REQUIRE(!doc.unstorable);
	}
	free(nodes);
	free(copy);
	free(buf);
	return 0;
}
