/*
 * narrowing.h
 *		What is left of what roles may do, for an identity that may do less.
 *
 * A narrowing is the text of narrowing_text.h, or NULL.
 */
#ifndef SESSION_AUTH_NARROWING_H
#define SESSION_AUTH_NARROWING_H

#include "permission/permission.h"

extern ActionRules narrowing_rules(const char *narrowing, ActionRules rules, const char *action,
								   size_t len);
extern bool narrowing_covers(const char *narrowing, const char *action, const char *resource);
extern List *narrowing_resources(const char *narrowing, const char *action, List *resources);

#endif /* SESSION_AUTH_NARROWING_H */
