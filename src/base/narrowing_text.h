/*
 * narrowing_text.h
 *		How what an identity is narrowed to is written.
 *
 * A narrowing is a text of layers, and all of them have to cover what is asked.  A layer is
 * permissions, action:resource, each with a line feed behind it, of which one has to cover
 * it, and an empty line.  No name holds a control character.  NULL is no narrowing; a layer
 * without permissions covers nothing.
 */
#ifndef SESSION_AUTH_NARROWING_TEXT_H
#define SESSION_AUTH_NARROWING_TEXT_H

#include "lib/stringinfo.h"
#include "utils/array.h"

#define NARROWING_END '\n'

/* Of all its layers. */
#define NARROWING_MAX (64 * 1024)

extern void narrowing_text_add(StringInfo text, const char *permission, size_t len);
extern void narrowing_text_end_layer(StringInfo text);
extern char *narrowing_text_of_array(ArrayType *permissions);
extern const char *narrowing_text_join(const char *first, const char *second);

#endif /* SESSION_AUTH_NARROWING_TEXT_H */
