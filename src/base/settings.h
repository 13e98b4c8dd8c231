/*
 * settings.h
 *		The settings that a DBA can change; see settings.c for what each means.
 */
#ifndef SESSION_AUTH_SETTINGS_H
#define SESSION_AUTH_SETTINGS_H

/* seconds; 0 is off where settings.c says so */
extern int setting_session_lifetime;
extern int setting_absolute_lifetime;
extern int setting_idle_timeout;
extern int setting_rotation_grace;
extern int setting_touch_interval;
extern int setting_clock_skew;
extern int setting_event_retention;
extern int setting_purge_interval;

extern int setting_max_sessions_per_user;
extern int setting_record_denials; /* rows a minute and database */
extern int setting_purge_delay;    /* ms */
extern int setting_statistics_databases;
extern int setting_max_token_length;   /* bytes */
extern int setting_replica_wait;       /* ms */
extern int setting_role_cache_size;    /* kB */
extern int setting_session_cache_size; /* kB */
extern char *setting_node_name;        /* empty: it has none */
extern bool setting_log_denials;
extern bool setting_warn_literal_tokens;
extern bool setting_gate_policies;
extern bool setting_fold_filters;
extern bool setting_connection_scope;
extern bool setting_guard_protection;
extern bool setting_require_identity;

/* What pre_request does with a token that is refused. */
enum
{
	PRE_REQUEST_ERROR,
	PRE_REQUEST_NOBODY
};
extern int setting_pre_request_refused;

/* What a query gets that policies written by hand deny as a whole. */
enum
{
	DENIED_EMPTY,
	DENIED_ERROR
};
extern int setting_denied_policies;

extern void settings_init(void);

#endif /* SESSION_AUTH_SETTINGS_H */
