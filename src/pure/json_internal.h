/*
 * json_internal.h
 *		What the files behind json.h share: the characters of a string.
 */
#ifndef SESSION_AUTH_JSON_INTERNAL_H
#define SESSION_AUTH_JSON_INTERNAL_H

#include "pure/json.h"

/* Walks through the characters of a string, unescaping. */
typedef struct JsonWalker
{
	const char *text;
	size_t pos;
	size_t end;
} JsonWalker;

#define JSON_CHAR_END        (-1)
#define JSON_IS_SURROGATE(c) ((c) >= 0xd800 && (c) <= 0xdfff)
#define JSON_ESCAPE_LEN      6 /* of \uXXXX */

extern JsonWalker json_walk_through(const JsonDoc *doc, const JsonNode *node);

/* The next character of a string that was checked before; a lone surrogate is itself. */
extern int json_walk(JsonWalker *w);

/* What stands for the letter behind a backslash, or -1. */
extern int json_short_escape(char c);

/* The value of four hex digits, or -1. */
extern int json_hex4(const char *s);

/* Have two names or strings the same text, however they are escaped? */
extern bool json_same_unescaped(const JsonDoc *doc_a, const JsonNode *a, const JsonDoc *doc_b,
								const JsonNode *b);

#endif /* SESSION_AUTH_JSON_INTERNAL_H */
