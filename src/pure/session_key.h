/*
 * session_key.h
 *		What a session is found by whose key in the application's table is no secret.
 */
#ifndef SESSION_AUTH_SESSION_KEY_H
#define SESSION_AUTH_SESSION_KEY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The token_hash (32 bytes) of the session with this id: a number, a short name.
 * No token has it, so only who has proved a cookie that names the id may ask for
 * it.  False when the cryptographic library failed, or the id is too long.
 */
#define SESSION_ID_MAX 255

extern bool session_key_of_id(const char *id, size_t len, unsigned char *hash);

#endif /* SESSION_AUTH_SESSION_KEY_H */
