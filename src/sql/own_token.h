/*
 * own_token.h
 *		Making the tokens and ids of one's own sessions, of random bits.
 */
#ifndef SESSION_AUTH_OWN_TOKEN_H
#define SESSION_AUTH_OWN_TOKEN_H

#include "utils/uuid.h"

#include "pure/timed_token.h"
#include "pure/token.h"

#define OWN_TOKEN_SIZE (TOKEN_TIMED_LEN + 1) /* the longer of its forms, and a NUL */

extern void make_token(char *token);
extern void make_session_id(pg_uuid_t *uuid);

#endif /* SESSION_AUTH_OWN_TOKEN_H */
