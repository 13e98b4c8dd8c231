/*
 * json_build.h
 *		JSON objects of the server's (jsonb): made, and looked into.
 */
#ifndef SESSION_AUTH_JSON_BUILD_H
#define SESSION_AUTH_JSON_BUILD_H

#include "datatype/timestamp.h"
#include "utils/jsonb.h"

/*
 * An object that is being made.  Its members are given in any order; in that of jsonb, the
 * shorter names first, they need not be sorted, which costs more than all the rest.
 */
typedef struct JsonObject JsonObject;

extern JsonObject *json_object_begin(void);
extern void json_object_text(JsonObject *object, const char *name, const char *text);
extern void json_object_date(JsonObject *object, const char *name, TimestampTz at);
extern void json_object_begin_array(JsonObject *object, const char *name);
extern void json_object_add_element(JsonObject *object, const char *text);
extern void json_object_end_array(JsonObject *object);
extern Jsonb *json_object_end(JsonObject *object);

extern Jsonb *json_object_empty(void);
extern Jsonb *json_object_parse(const char *text);

extern bool json_object_has(const Jsonb *object, const char *name);
extern char *json_object_string(const Jsonb *object, const char *name);
extern text *json_object_shown(const Jsonb *object, const char *name, size_t len);

#endif /* SESSION_AUTH_JSON_BUILD_H */
