/*
 * login_token.h
 *		The token that somebody logged in with, and the identity that comes of it.
 */
#ifndef SESSION_AUTH_LOGIN_TOKEN_H
#define SESSION_AUTH_LOGIN_TOKEN_H

#include "verify/oauth_token.h"

/* What an identity's origin is called that a login proved. */
#define LOGIN_ORIGIN "login"

extern void login_token_keep(const OAuthToken *token, const OAuthDemands *demands);
extern void login_token_forget(void);
extern const TokenBinding *login_token_binding(void);

#endif /* SESSION_AUTH_LOGIN_TOKEN_H */
