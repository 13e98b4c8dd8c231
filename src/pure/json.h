/*
 * json.h
 *		A strict JSON reader for headers and claims (RFC 8259).
 *
 * Invariant: a JsonDoc that json_scan() accepted is one complete JSON text in
 * valid UTF-8, at most JSON_DEPTH_MAX deep, and no object in it has two members
 * of the same name, however the names are escaped.  Everything else here
 * relies on that and does no checks of its own.
 *
 * Names with an escaped NUL or a lone surrogate are refused.  String values may
 * have them, as JavaScript's JSON.parse accepts them; such a value cannot be
 * read (json_text() answers RESULT_MALFORMED), so it is refused where it is used
 * and harmless elsewhere.  json_make_storable() replaces them before the text
 * becomes a jsonb, which could not hold them.
 *
 * Numbers keep their text; those with more than JSON_NUMBER_MAX digits or a
 * larger exponent are refused, as numeric could not hold them all.
 *
 * Pure: no PostgreSQL, no OpenSSL, no allocation, no recursion; time linear in
 * the text, but for objects with many colliding names, where 16 kB cost a few
 * milliseconds at worst.
 */
#ifndef SESSION_AUTH_JSON_H
#define SESSION_AUTH_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pure/result.h"
#include "pure/slice.h"

#define JSON_DEPTH_MAX  32
#define JSON_NUMBER_MAX 1000
#define JSON_LEN_MAX    (16 * 1024 * 1024)

/* As many nodes as a text of len bytes can need. */
#define JSON_NODES_FOR(len) ((len) / 2 + 1)

typedef enum JsonKind
{
	JSON_KIND_OBJECT,
	JSON_KIND_ARRAY,
	JSON_KIND_NAME, /* of a member; its value is the next node */
	JSON_KIND_STRING,
	JSON_KIND_NUMBER,
	JSON_KIND_TRUE,
	JSON_KIND_FALSE,
	JSON_KIND_NULL
} JsonKind;

typedef struct JsonNode
{
	uint32_t start;  /* of the text; behind the quote of names and strings */
	uint32_t end;    /* behind the text; before the closing quote */
	uint32_t next;   /* values: the node behind this one and all inside it; names: internal */
	uint32_t size;   /* containers: how many members or elements; names: internal */
	uint8_t kind;    /* a JsonKind */
	bool escaped;    /* names and strings: holds a backslash */
	bool unstorable; /* strings: holds an escaped NUL or a lone surrogate */
} JsonNode;

typedef struct JsonDoc
{
	const char *text;
	size_t len;
	JsonNode *nodes; /* nodes[0] is the whole text's value */
	size_t n_nodes;
	bool unstorable; /* some string is */
	bool unpaired;   /* some string holds a lone surrogate */
} JsonDoc;

/*
 * Reads text into nodes, which the caller owns as it owns text; both must
 * outlive the doc.  RESULT_MALFORMED when it is not the JSON described above,
 * RESULT_TOO_LONG when nodes are too few.
 */
extern ResultCode json_scan(JsonDoc *doc, const char *text, size_t len, JsonNode *nodes,
							size_t n_nodes);

/* The value of a member with exactly this name, or NULL; NULL for what is no object. */
extern const JsonNode *json_member(const JsonDoc *doc, const JsonNode *object, const char *name,
								   size_t len);

/*
 * The value at a path such as `role` or `app_metadata.role`, or NULL.  At each
 * step a member with the whole remaining path as its name wins, then the longest
 * name that ends before a dot and belongs to an object; so names with dots in
 * them, as URLs have, need no quoting.
 */
extern const JsonNode *json_lookup(const JsonDoc *doc, const JsonNode *object, const char *path,
								   size_t len);

/* The first element of an array, and the one behind it; NULL at the end. */
extern const JsonNode *json_first(const JsonNode *array);
extern const JsonNode *json_next(const JsonDoc *doc, const JsonNode *array,
								 const JsonNode *element);

/* The name behind a name and its value; behind the last it is none. */
static inline const JsonNode *
json_next_name(const JsonDoc *doc, const JsonNode *name)
{
	return &doc->nodes[name[1].next];
}

/* What the kind of a node is called: "object", "text", ... */
extern const char *json_kind_name(const JsonNode *node);

/* The text of a node as it stands; strings without quotes, escapes untouched. */
extern Slice json_raw(const JsonDoc *doc, const JsonNode *node);

/*
 * The unescaped text of a string.  It lies in the doc itself when it holds no
 * escape, else at the front of buf.  RESULT_MALFORMED when it is no string or
 * unstorable, RESULT_TOO_LONG when buf is too small.
 */
extern ResultCode json_text(const JsonDoc *doc, const JsonNode *node, char *buf, size_t cap,
							Slice *out);

/* The unescaped name of a member, as json_text() has strings; RESULT_TOO_LONG alone. */
extern ResultCode json_name(const JsonDoc *doc, const JsonNode *name, char *buf, size_t cap,
							Slice *out);

/* Is this a string with exactly that text? */
extern bool json_text_is(const JsonDoc *doc, const JsonNode *node, const char *text, size_t len);

/* Are both strings, of the same text? */
extern bool json_same_text(const JsonDoc *doc_a, const JsonNode *a, const JsonDoc *doc_b,
						   const JsonNode *b);

/* Are both, which are numbers, of the same value? */
extern bool json_same_number(const JsonDoc *doc_a, const JsonNode *a, const JsonDoc *doc_b,
							 const JsonNode *b);

/*
 * A number whose text is the same wherever it is read and written again: whole, without an
 * exponent, and no "-0".  1e2, 100.0 and 100 would be three users here, and one in a library.
 */
extern bool json_is_whole(const JsonDoc *doc, const JsonNode *node);

/*
 * A NumericDate (seconds since 1970, perhaps with a fraction or an exponent) in
 * microseconds, rounded towards zero; what is beyond 64 bits becomes the
 * nearest value that fits.  RESULT_MALFORMED when it is no number, or one that
 * no double holds.
 */
extern ResultCode json_date_us(const JsonDoc *doc, const JsonNode *node, int64_t *us);

/* text, a copy of doc's, gets U+FFFD in the place of what jsonb cannot hold; same length. */
extern void json_make_storable(const JsonDoc *doc, char *text);

/*
 * Writes a string with its quotes, escaped; returns its length, or 0 when it
 * does not fit.  6 * len + 2 bytes are always enough.
 */
extern size_t json_quote(const char *in, size_t len, char *out, size_t cap);

#endif /* SESSION_AUTH_JSON_H */
