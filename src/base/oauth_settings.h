/*
 * oauth_settings.h
 *		The settings of logins by OAuth.
 */
#ifndef SESSION_AUTH_OAUTH_SETTINGS_H
#define SESSION_AUTH_OAUTH_SETTINGS_H

/* An empty text is none; oauth_settings.c says what each means. */
extern char *setting_oauth_key_file;
extern char *setting_oauth_issuer;
extern char *setting_oauth_audience;
extern char *setting_oauth_scopes;
extern char *setting_oauth_user_claim;
extern char *setting_oauth_role_claim;
extern char *setting_oauth_required_claims;

extern void oauth_settings_init(void);

#endif /* SESSION_AUTH_OAUTH_SETTINGS_H */
