/*
 * better_auth.h
 *		What better-auth keeps in its session_data cookie.
 *
 * The cookie comes in three strategies, and all hold the session and the user:
 *   compact  base64url of {"session":{session,user,updatedAt,version},
 *            "expiresAt":ms,"signature":…}, signed with HMAC-SHA256
 *   jwt      a JWS with HS256 and the application's secret
 *   jwe      a JWE with A256CBC-HS512 (JWE_BETTER_AUTH)
 *
 * Invariant: BetterAuthCache holds a user and a session token, both non-empty, and
 * the earliest of the expiries that the cookie names.
 *
 * Pure: no PostgreSQL; what is cryptography is crypto.h's.
 */
#ifndef SESSION_AUTH_BETTER_AUTH_H
#define SESSION_AUTH_BETTER_AUTH_H

#include <stdint.h>

#include "pure/crypto.h"
#include "pure/json.h"

#define BETTER_AUTH_TEXT_MAX 1024

typedef struct BetterAuthCache
{
	Slice user_id;
	Slice token;
	Slice version; /* data NULL: none, as the library's default "1" */
	int64_t expires_us;
	int64_t created_us;              /* of the session; INT64_MIN when it does not say */
	char text[BETTER_AUTH_TEXT_MAX]; /* behind slices that had to be unescaped: never copy */
} BetterAuthCache;

/*
 * Reads the payload of a jwt or jwe whose signature or tag was checked, or
 * the inner object of a compact one.  The session must belong to the user.
 * RESULT_MALFORMED or RESULT_NO_SUBJECT.
 */
extern ResultCode better_auth_cache_read(BetterAuthCache *cache, const JsonDoc *doc,
										 const JsonNode *payload);

/*
 * Verifies a compact cookie.  text is the cookie's value; json holds cap bytes for its
 * decoded form, which doc (with n_nodes nodes) and cache then point into.
 * What is signed is the text of the inner object with expiresAt appended, as
 * JSON.stringify writes it.
 */
extern ResultCode better_auth_cache_compact(BetterAuthCache *cache, Slice text, Slice secret,
											char *json, size_t cap, JsonDoc *doc, JsonNode *nodes,
											size_t n_nodes);

/* RESULT_EXPIRED or RESULT_OK; the library allows no skew here. */
extern ResultCode better_auth_cache_check(const BetterAuthCache *cache, int64_t now_us);

#endif /* SESSION_AUTH_BETTER_AUTH_H */
