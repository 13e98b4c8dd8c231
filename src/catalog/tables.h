/*
 * tables.h
 *		The extension's tables, as the rest of the code sees them.
 */
#ifndef SESSION_AUTH_TABLES_H
#define SESSION_AUTH_TABLES_H

#include "access/tupdesc.h"
#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "utils/array.h"
#include "storage/itemptr.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

#define SCHEMA_NAME    "session_auth"
#define TOKEN_HASH_LEN 32

/* Whether a session's token opens it by itself, or in a cookie that was proved alone. */
typedef enum ProofRule
{
	PROOF_BY_SETUP, /* of an adopted session: once a framework's secret is set up */
	PROOF_NEEDED,
	PROOF_NOT_NEEDED
} ProofRule;

/* What a session's row says.  Strings and metadata live in the caller's context. */
typedef struct SessionRow
{
	ItemPointerData place; /* of the version that was read, of a row that was found */
	pg_uuid_t session_id;
	unsigned char token_hash[TOKEN_HASH_LEN];
	char *user_id;
	TimestampTz created_at;
	TimestampTz expires_at;
	TimestampTz last_seen_at;
	Interval lifetime;
	bool ended;
	TimestampTz ended_at;
	const char *ended_by;
	Jsonb *metadata; /* NULL when it is the empty object */
	char *tenant;    /* that it is bound to, "" for none; NULL: it is not bound */
	ProofRule proof;
	ArrayType *permissions; /* that it is narrowed to; NULL: it is not */
	char *actor;            /* who acts in it as the user; NULL: the user */
	TimestampTz rotated_at; /* when its token replaced another; 0: it has its first */
} SessionRow;

/* What shall be written to last_seen_at, and where the session's row was found. */
typedef struct PendingTouch
{
	ItemPointerData place;
	pg_uuid_t session_id;
	TimestampTz seen_at;
} PendingTouch;

/* Changes a row that is locked in its newest version; false leaves it as it is. */
typedef bool (*SessionEdit)(SessionRow *row, void *arg);

typedef struct UserRole
{
	int64 grant_id;
	char *role;
} UserRole;

typedef enum PermissionEffect
{
	EFFECT_ALLOW = 1,
	EFFECT_DENY = 2
} PermissionEffect;

/* One row of permissions; the texts are valid during the call alone. */
typedef void (*PermissionVisitor)(const text *action, const text *resource, PermissionEffect effect,
								  void *arg);
typedef void (*RoleVisitor)(const char *role, void *arg);

extern bool catalog_is_installed(void);
extern bool catalog_lock_sessions_now(void);
extern const char *catalog_changed_table(void);
extern void catalog_warm_up(void);

extern bool catalog_find_session(const unsigned char *token_hash, SessionRow *row);
extern bool catalog_find_session_by_id(const pg_uuid_t *session_id, SessionRow *row);
extern List *catalog_sessions_of_user(const char *user_id);
extern bool catalog_find_rotated_token(const unsigned char *token_hash, pg_uuid_t *session_id,
									   TimestampTz *rotated_at);
extern void catalog_insert_session(const SessionRow *row);
extern Datum catalog_new_session(const SessionRow *row, TupleDesc type);
extern bool catalog_edit_session(const pg_uuid_t *session_id, bool wait, SessionEdit edit,
								 void *arg);
extern bool catalog_touch_session(const PendingTouch *touch, SessionEdit edit);
extern void catalog_insert_rotated_token(const unsigned char *token_hash,
										 const pg_uuid_t *session_id, TimestampTz rotated_at);
extern void catalog_insert_event(const char *event, const char *user_id,
								 const pg_uuid_t *session_id, const char *actor, Jsonb *detail);

extern List *catalog_user_roles(const char *user_id, const char *tenant);
/*
 * Roles, inheritance and permissions as one instant has them all: a denial that
 * was committed together with a grant is never read without it.
 */
typedef struct RoleReading RoleReading;

extern RoleReading *catalog_begin_reading(void);
extern void catalog_end_reading(RoleReading *reading);
extern uint64 catalog_reading_changes(const RoleReading *reading);
extern bool catalog_role_exists(RoleReading *reading, const char *role);
extern void catalog_visit_roles(RoleReading *reading, RoleVisitor visit, void *arg);
extern void catalog_visit_parents(RoleReading *reading, const char *role, RoleVisitor visit,
								  void *arg);
extern void catalog_visit_permissions(RoleReading *reading, const char *role,
									  PermissionVisitor visit, void *arg);
extern bool catalog_visit_some_permissions(RoleReading *reading, const char *role,
										   const char *action, int64 limit, PermissionVisitor visit,
										   void *arg);
extern void catalog_visit_permission(RoleReading *reading, const char *role, const char *action,
									 const char *resource, PermissionVisitor visit, void *arg);

/* A trusted key as it is stored; NULLs as in its row. */
typedef struct KeyRow
{
	int64 key_id;
	char *kid;
	char *algorithm;
	char *issuer;
	List *audiences; /* of char * */
	char *role_claim;
	char *tenant_claim;
	char *role_source;
	char *state;
	TimestampTz valid_from;  /* DT_NOBEGIN without one */
	TimestampTz valid_until; /* DT_NOEND without one */
	char *public_key;
	char *user_claim;
	char *required_claims; /* JSON text */
	char *scope_claim;
	char *fingerprint;
	bool seals;
	char *secret; /* or private key, or file:..., or NULL; NULL also when it was not asked for */
} KeyRow;

/* A secret of the application's, for cookies. */
typedef struct SecretRow
{
	int64 secret_id;
	char *kind;         /* of cookie secrets; NULL for Auth.js */
	char *secret;       /* or file:... */
	List *cookie_names; /* of char * */
	char *role_claim;
	char *role_source;     /* NULL: automatic */
	char *user_claim;      /* Auth.js alone */
	char *required_claims; /* JSON text; Auth.js alone */
	char *scope_claim;     /* Auth.js alone */

	/* of cookie secrets */
	int64 max_age_us; /* 0: the framework's own */
	bool has_id_path;
	List *id_path; /* of char * */
	List *salts;   /* of char * */
	char *tenant_claim;
	bool without_end;
	TimestampTz since;
} SecretRow;

/* A server that identities are carried to, and the foreign table that they are written to there. */
typedef struct NodeRow
{
	Oid carrier;
	char *audience;
} NodeRow;

extern bool catalog_is_protected(Oid relid);
extern bool catalog_audience_is_allowed(const char *audience);
extern List *catalog_nodes(void);
extern bool catalog_token_secret(unsigned char secret[TOKEN_HASH_LEN]);
extern bool catalog_roles_are_adopted(void);
extern List *catalog_keys(bool with_secrets);
extern List *catalog_authjs_secrets(void);
extern List *catalog_cookie_secrets(void);
extern bool catalog_some_token_revoked(void);
extern bool catalog_some_user_revoked(void);
extern bool catalog_some_user_banned(void);
extern TimestampTz catalog_user_banned_until(const char *user_id);
extern bool catalog_token_revoked(const char *jti, const char *issuer);
extern void catalog_insert_revoked_token(const char *jti, const char *issuer, TimestampTz until);
extern TimestampTz catalog_user_not_before(const char *user_id);
extern void catalog_insert_user_revocation(const char *user_id, TimestampTz not_before);

#endif /* SESSION_AUTH_TABLES_H */
