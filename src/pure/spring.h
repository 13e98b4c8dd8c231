/*
 * spring.h
 *		Spring Session's cookie: base64 of the session's id, which is a uuid.
 *
 * Pure: no PostgreSQL, no OpenSSL, no allocation.
 */
#ifndef SESSION_AUTH_SPRING_H
#define SESSION_AUTH_SPRING_H

#include <stdbool.h>

#include "pure/slice.h"
#include "pure/uuid_text.h"

#define SPRING_ID_LEN UUID_TEXT_LEN

/* The id that is written in the token; false when it is no such cookie. */
extern bool spring_session_id(Slice token, char id[SPRING_ID_LEN]);

#endif /* SESSION_AUTH_SPRING_H */
