/*
 * vectors.c
 *		Reads the vector files; see vectors.h.
 */
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything that keep() gave out, so that no checker calls it lost. */
static void **kept = NULL;
static size_t n_kept = 0;

static void
release(void)
{
	while (n_kept > 0)
		free(kept[--n_kept]);
	free(kept);
	kept = NULL;
}

void *
keep(size_t size)
{
	void **more = realloc(kept, (n_kept + 1) * sizeof(void *));
	void *memory = malloc(size > 0 ? size : 1);

	if (memory == NULL || more == NULL)
	{
		fputs("out of memory\n", stderr);
		exit(2);
	}
	if (kept == NULL)
		atexit(release);
	kept = more;
	kept[n_kept++] = memory;
	return memory;
}

static char *
read_file(const char *folder, const char *name, size_t *len)
{
	char path[4096];
	FILE *file;
	char *text;
	long size;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	if (file == NULL)
		return NULL;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	text = keep((size_t) size);
	*len = fread(text, 1, (size_t) size, file);
	fclose(file);
	return text;
}

bool
vectors_open(const char *name, JsonDoc *doc)
{
	const char *folders[3];
	char *text = NULL;
	JsonNode *nodes;
	size_t len = 0;
	int i;

	folders[0] = getenv("SESSION_AUTH_VECTORS");
	folders[1] = "test/vectors";
	folders[2] = "../shared/vectors";
	for (i = 0; i < 3 && text == NULL; i++)
		if (folders[i] != NULL)
			text = read_file(folders[i], name, &len);
	if (text == NULL)
		return false;
	nodes = keep(JSON_NODES_FOR(len) * sizeof(JsonNode));
	if (json_scan(doc, text, len, nodes, JSON_NODES_FOR(len)) == RESULT_OK)
		return true;
	fprintf(stderr, "%s is no JSON\n", name);
	exit(2);
}

const JsonNode *
member(const JsonDoc *doc, const JsonNode *object, const char *name)
{
	return json_member(doc, object, name, strlen(name));
}

Slice
text_of(const JsonDoc *doc, const JsonNode *node)
{
	Slice text = { NULL, 0 };

	if (node == NULL || node->kind != JSON_KIND_STRING)
		return text;
	if (json_text(doc, node, node->escaped ? keep(node->end - node->start) : NULL,
				  node->end - node->start, &text) != RESULT_OK)
		text.data = NULL;
	return text;
}

Slice
text_at(const JsonDoc *doc, const JsonNode *object, const char *name)
{
	return text_of(doc, member(doc, object, name));
}

Slice
hex_at(const JsonDoc *doc, const JsonNode *object, const char *name)
{
	Slice hex = text_at(doc, object, name);
	char *bytes = keep(hex.len / 2);
	size_t i;

	for (i = 0; i < hex.len / 2; i++)
	{
		char pair[3] = { hex.data[2 * i], hex.data[2 * i + 1], '\0' };

		bytes[i] = (char) strtol(pair, NULL, 16);
	}
	hex.data = bytes;
	hex.len /= 2;
	return hex;
}

long long
number_at(const JsonDoc *doc, const JsonNode *object, const char *name, long long fallback)
{
	int64_t us;

	if (json_date_us(doc, member(doc, object, name), &us) != RESULT_OK)
		return fallback;
	return us / 1000000;
}

Slice
to_slice(const char *text)
{
	Slice s;

	s.data = text;
	s.len = strlen(text);
	return s;
}

bool
ends_with(Slice a, const char *text)
{
	size_t n = strlen(text);

	return a.len >= n && memcmp(a.data + a.len - n, text, n) == 0;
}

bool
begins_with(Slice a, const char *text)
{
	size_t n = strlen(text);

	return a.len >= n && memcmp(a.data, text, n) == 0;
}

const JsonNode *
vector_of(const JsonDoc *doc, const JsonNode *vectors, const char *id)
{
	const JsonNode *v = json_first(vectors);

	while (v != NULL && !slice_is(text_at(doc, v, "id"), id))
		v = json_next(doc, vectors, v);
	return v;
}
