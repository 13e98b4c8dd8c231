/*
 * oauth_settings.c
 *		The settings of logins by OAuth.
 *
 * They are the server's, as no database is selected yet when somebody logs in: a reload
 * changes them, and nothing else does.
 */
#include "postgres.h"

#include "utils/guc.h"

#include "base/compat.h"
#include "base/oauth_settings.h"
#include "pure/json.h"

char *setting_oauth_key_file;
char *setting_oauth_issuer;
char *setting_oauth_audience;
char *setting_oauth_scopes;
char *setting_oauth_user_claim;
char *setting_oauth_role_claim;
char *setting_oauth_required_claims;

#ifdef COMPAT_HAS_OAUTH

static void
define_text(const char *name, const char *description, const char *detail, char **variable,
			const char *fallback, GucStringCheckHook check)
{
	DefineCustomStringVariable(name, description, detail, variable, fallback, PGC_SIGHUP, 0, check,
							   NULL, NULL);
}

static bool
check_user_claim(char **newval, void **extra, GucSource source)
{
	return (*newval)[0] != '\0';
}

static bool
check_required_claims(char **newval, void **extra, GucSource source)
{
	size_t len = strlen(*newval);
	JsonDoc doc;
	JsonNode *nodes = palloc(JSON_NODES_FOR(len) * sizeof(JsonNode));
	bool good = json_scan(&doc, *newval, len, nodes, JSON_NODES_FOR(len)) == RESULT_OK &&
				doc.nodes[0].kind == JSON_KIND_OBJECT;

	pfree(nodes);
	if (!good)
		GUC_check_errdetail("It must be a JSON object of claims and their values.");
	return good;
}

void
oauth_settings_init(void)
{
	define_text("session_auth.oauth_key_file", "The file with the key set of the issuer.",
				"A JWKS with public keys. Without one no OAuth token is accepted.",
				&setting_oauth_key_file, "", NULL);
	define_text("session_auth.oauth_issuer", "What a token's iss must be.",
				"Empty: the issuer of the line of pg_hba.conf.", &setting_oauth_issuer, "", NULL);
	define_text("session_auth.oauth_audience", "What must be in a token's aud.",
				"Without one no OAuth token is accepted.", &setting_oauth_audience, "", NULL);
	define_text("session_auth.oauth_scopes", "The scopes that a token must have, with spaces.",
				"Empty: the scope of the line of pg_hba.conf.", &setting_oauth_scopes, "", NULL);
	define_text("session_auth.oauth_user_claim", "The claim that says who it is.",
				"Its value is what pg_ident.conf maps, and the identity's user.",
				&setting_oauth_user_claim, "sub", check_user_claim);
	define_text("session_auth.oauth_role_claim", "The claim that holds roles.",
				"Empty: roles are those that the database grants.", &setting_oauth_role_claim, "",
				NULL);
	define_text("session_auth.oauth_required_claims", "Claims that a token must have.",
				"As required_claims of add_key.", &setting_oauth_required_claims, "{}",
				check_required_claims);
}

#else

/* A server that has no such logins needs no settings for them. */
void
oauth_settings_init(void)
{
}

#endif
