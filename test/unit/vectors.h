/*
 * vectors.h
 *		Reads the vector files with the reader under test.
 *
 * Invariant: what is read stays in memory until the program ends; tests are short.
 */
#ifndef TEST_UNIT_VECTORS_H
#define TEST_UNIT_VECTORS_H

#include <stdbool.h>

#include "pure/json.h"

/*
 * Looks in $SESSION_AUTH_VECTORS, test/vectors and ../shared/vectors; false when the
 * file is nowhere.
 */
bool vectors_open(const char *name, JsonDoc *doc);

/* The vector of this id in a list of them; NULL when there is none. */
const JsonNode *vector_of(const JsonDoc *doc, const JsonNode *vectors, const char *id);

/* Members of an object; absent or not readable: data NULL. */
const JsonNode *member(const JsonDoc *doc, const JsonNode *object, const char *name);
Slice text_of(const JsonDoc *doc, const JsonNode *node);
Slice text_at(const JsonDoc *doc, const JsonNode *object, const char *name);
Slice hex_at(const JsonDoc *doc, const JsonNode *object, const char *name);
/* The number at a name, or fallback. */
long long number_at(const JsonDoc *doc, const JsonNode *object, const char *name,
					long long fallback);

Slice to_slice(const char *text);
bool ends_with(Slice a, const char *text);
bool begins_with(Slice a, const char *text);

/* Memory for the rest of the program. */
void *keep(size_t size);

#endif /* TEST_UNIT_VECTORS_H */
