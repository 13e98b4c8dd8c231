/*
 * session.h
 *		Sessions: found by a token, created, rotated, refreshed, ended.
 */
#ifndef SESSION_AUTH_SESSION_H
#define SESSION_AUTH_SESSION_H

#include "catalog/tables.h"
#include "pure/result.h"

/*
 * The version of the ids of sessions that were carried over from a table of the
 * application's; SQL asks for it in is_adopted().
 */
#define ADOPTED_SESSION_VERSION 8

/* Why a session ended; see session_end_name. */
typedef enum SessionEndReason
{
	END_SIGN_OUT,
	END_ADMINISTRATOR,
	END_LIMIT,
	END_THEFT
} SessionEndReason;

typedef struct FoundSession
{
	SessionRow row;
	bool rotated_away; /* found by a token that has a successor */
} FoundSession;

extern void session_init(void);

extern ResultCode session_find(const char *token, size_t len, FoundSession *found);
extern ResultCode session_find_hash(const unsigned char *hash, FoundSession *found);
/* By any of so many hashes, the first one that finds any. */
extern ResultCode session_find_any(const unsigned char (*hashes)[TOKEN_HASH_LEN], int n,
								   FoundSession *found);
extern bool session_is_adopted(const SessionRow *row);
extern bool session_needs_proof(const SessionRow *row);
extern ResultCode session_check(const SessionRow *row, TimestampTz now);
extern TimestampTz session_latest_end(const SessionRow *row);
extern TimestampTz session_expiry(const SessionRow *row);
extern TimestampTz session_lifetime_from(const SessionRow *row, TimestampTz start);
extern void session_touch(SessionRow *row, TimestampTz now);

extern void session_create(SessionRow *row, const char *actor);
extern ResultCode session_refresh(const pg_uuid_t *session_id, TimestampTz *expires_at);
extern ResultCode session_rotate(const pg_uuid_t *session_id, const unsigned char *old_hash,
								 const unsigned char *new_hash, const char *actor,
								 TimestampTz *expires_at);
extern bool session_end(const pg_uuid_t *session_id, SessionEndReason why, const char *actor);
extern bool session_end_own(const pg_uuid_t *session_id, const char *user_id, const char *actor);
extern int64 session_end_user(const char *user_id, const pg_uuid_t *except, SessionEndReason why,
							  const char *actor);
extern bool session_can_write(void);

#endif /* SESSION_AUTH_SESSION_H */
