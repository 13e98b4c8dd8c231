/*
 * require.h
 *		What require_permission() does, for other entry points.
 */
#ifndef SESSION_AUTH_REQUIRE_H
#define SESSION_AUTH_REQUIRE_H

extern void permission_require(const char *action, const char *resource);

#endif /* SESSION_AUTH_REQUIRE_H */
