/*
 * limits.h
 *		Lengths that several rooms keep to, in bytes.
 */
#ifndef SESSION_AUTH_LIMITS_H
#define SESSION_AUTH_LIMITS_H

#define USER_ID_MAX 1024
#define TENANT_MAX  1024

/* A token, as long as session_auth.max_token_length can be; verify/prove_cookie.c has room for it. */
#define TOKEN_MAX      (64 * 1024)

#define KID_MAX        255  /* a key's id, in a token, in a set and in SQL */
#define PUBLIC_PEM_MAX 8192 /* a public key's text */
#define SECRET_MAX     4096 /* an application's secret: a password, not a key's text */

#endif /* SESSION_AUTH_LIMITS_H */
