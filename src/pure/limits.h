/*
 * limits.h
 *		Lengths that several rooms keep to, in bytes.
 */
#ifndef SESSION_AUTH_LIMITS_H
#define SESSION_AUTH_LIMITS_H

#define USER_ID_MAX 1024
#define TENANT_MAX  1024
#define SECRET_MAX  4096 /* an application's secret: a password, not a key's text */

#endif /* SESSION_AUTH_LIMITS_H */
