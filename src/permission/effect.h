/*
 * effect.h
 *		What a stored permission covers, and what grants and denials mean together.
 *
 * This is the only place that knows either.  The verdict, the explanation, the
 * enumeration and whatever else judges permissions ask here.
 *
 * A permission's action is a name, or * for every action.  Its resource is a name, or
 * * for every resource, or a pattern that ends in a colon or a slash and a star, and covers what begins with
 * all before its star.
 */
#ifndef SESSION_AUTH_EFFECT_H
#define SESSION_AUTH_EFFECT_H

#include "postgres.h"

#include "catalog/tables.h"

/* Effects of several permissions are the bits of PermissionEffect, one ORed to the other. */

/* A denial wins over every grant; where there is neither, nothing is in force. */
static inline PermissionEffect
effect_in_force(uint32 effects)
{
	return (effects & EFFECT_DENY) ? EFFECT_DENY : (PermissionEffect) effects;
}

static inline bool
effects_allow(uint32 effects)
{
	return effect_in_force(effects) == EFFECT_ALLOW;
}

static inline bool
is_everything(const char *name, size_t len)
{
	return len == 1 && name[0] == '*';
}

/* Whether a permission's action, by its own name, covers that of a question. */
static inline bool
action_covers(const char *action, size_t len, const char *asked, size_t asked_len)
{
	return is_everything(action, len) || (len == asked_len && memcmp(action, asked, len) == 0);
}

static inline bool
ends_prefix(char c)
{
	return c == ':' || c == '/';
}

/* Whether a permission's resource is a pattern: what it covers begins with all but its star. */
static inline bool
is_prefix_pattern(const char *resource, size_t len)
{
	return len >= 2 && resource[len - 1] == '*' && ends_prefix(resource[len - 2]);
}

/* Whether a permission's resource covers another, which may be a pattern itself. */
static inline bool
pattern_covers(const char *resource, size_t len, const char *other, size_t other_len)
{
	if (is_everything(resource, len))
		return true;
	if (is_prefix_pattern(resource, len))
		return other_len >= len - 1 && memcmp(resource, other, len - 1) == 0;
	return len == other_len && memcmp(resource, other, len) == 0;
}

/*
 * The length of the shortest prefix of a resource that is longer than `after` and that a
 * pattern could have; 0 when there is none.
 */
static inline size_t
next_prefix(const char *resource, size_t len, size_t after)
{
	for (size_t i = after; i < len; i++)
		if (ends_prefix(resource[i]))
			return i + 1;
	return 0;
}

#endif /* SESSION_AUTH_EFFECT_H */
