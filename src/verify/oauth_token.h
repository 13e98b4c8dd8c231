/*
 * oauth_token.h
 *		Judges a bearer token by the server's settings alone.
 */
#ifndef SESSION_AUTH_OAUTH_TOKEN_H
#define SESSION_AUTH_OAUTH_TOKEN_H

#include "pure/result.h"
#include "verify/keys.h"

/* What the line of pg_hba.conf demands, where settings say nothing. */
typedef struct OAuthDemands
{
	const char *issuer;
	const char *scopes;
} OAuthDemands;

/* What was judged; the user is a text of its own. */
typedef struct OAuthToken
{
	Slice claims; /* JSON */
	char *user_id;
} OAuthToken;

extern ResultCode oauth_judge(const char *text, const OAuthDemands *demands, OAuthToken *token);
extern void oauth_bind(TokenBinding *binding, const OAuthDemands *demands);

#endif /* SESSION_AUTH_OAUTH_TOKEN_H */
