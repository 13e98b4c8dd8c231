/*
 * base64_forgive.h
 *		The one text of base64 behind those that JavaScript's atob() reads alike.
 *
 * For what a library decodes before it compares.  Everything else is read by base64.h, strictly.
 *
 * Pure: no PostgreSQL, no OpenSSL, no allocation.
 */
#ifndef SESSION_AUTH_BASE64_FORGIVE_H
#define SESSION_AUTH_BASE64_FORGIVE_H

#include "pure/slice.h"

/*
 * The text without white space, without padding that fits, and with the unused low bits of its
 * last character zero; it lies in out, which has room for text.len.  What atob() refuses
 * stays what no encoding writes.
 */
extern Slice base64_forgive(Slice text, char *out);

#endif /* SESSION_AUTH_BASE64_FORGIVE_H */
