/*
 * uuid_text.h
 *		A uuid in its usual form: 32 hexadecimal digits in five groups with dashes between.
 *
 * Pure: no PostgreSQL, no OpenSSL, no allocation.
 */
#ifndef SESSION_AUTH_UUID_TEXT_H
#define SESSION_AUTH_UUID_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define UUID_TEXT_LEN    36
#define UUID_TEXT_DIGITS 32

/* Is it a uuid in its usual form, of whatever version? */
extern bool is_uuid_text(const char *s, size_t len);

/* Its version, 0 when its variant is not RFC 9562's; -1 when it is no uuid in its usual form. */
extern int uuid_text_version(const char *s, size_t len);

/* Puts dashes between its digits, without NUL. */
extern void uuid_text_write(const char digits[UUID_TEXT_DIGITS], char text[UUID_TEXT_LEN]);

#endif /* SESSION_AUTH_UUID_TEXT_H */
