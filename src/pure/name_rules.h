/*
 * name_rules.h
 *		What the names of users, roles and tenants have in common: there is something, not
 *		too much, and no control characters.
 *
 * Pure: no PostgreSQL, no OpenSSL, no allocation.
 */
#ifndef SESSION_AUTH_NAME_RULES_H
#define SESSION_AUTH_NAME_RULES_H

#include <stdbool.h>

#include "pure/slice.h"

typedef enum NameFault
{
	NAME_FITS,
	NAME_EMPTY,
	NAME_TOO_LONG,
	NAME_HAS_CONTROL
} NameFault;

static inline bool
is_control_character(char c)
{
	return (unsigned char) c < 0x20 || c == 0x7f;
}

extern bool has_control_character(Slice text);
extern NameFault name_fault(Slice name, size_t max);

#endif /* SESSION_AUTH_NAME_RULES_H */
