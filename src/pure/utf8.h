/*
 * utf8.h
 *		UTF-8, strictly: no surrogates, nothing beyond U+10FFFF, the shortest form alone.
 */
#ifndef SESSION_AUTH_UTF8_H
#define SESSION_AUTH_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the valid sequence at s, of which n bytes are there; 0 when invalid. */
extern size_t utf8_len(const char *s, size_t n);

extern bool utf8_is_valid(const char *text, size_t len);

/* The character of a valid sequence of this length. */
extern int utf8_decode(const char *s, size_t len);

/* Writes a character's one to four bytes and returns how many. */
extern size_t utf8_encode(int c, char *out);

#endif /* SESSION_AUTH_UTF8_H */
