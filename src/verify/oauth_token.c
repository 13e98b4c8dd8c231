/*
 * oauth_token.c
 *		Judges a bearer token by the server's settings alone.
 *
 * Invariants: no database is selected yet, so no table, no function of SQL and no
 * encoding is asked, and no network either.  Issuer, audience and scopes are demanded
 * always: where the settings leave one open, nothing is accepted.  Secrets in the key set
 * are passed over: who serves the set could sign with them.
 *
 * The set is read for each login, which has a process of its own.
 */
#include "postgres.h"

#include "base/clock.h"
#include "base/errors.h"
#include "base/oauth_settings.h"
#include "base/settings.h"
#include "pure/base64.h"
#include "pure/claim_shapes.h"
#include "pure/claims.h"
#include "pure/jwk.h"
#include "pure/jws.h"
#include "pure/limits.h"
#include "pure/name_rules.h"
#include "verify/oauth_token.h"
#include "verify/secret_file.h"

/* ------------------------------------------------------------------- the settings */

static ResultCode
not_set_up(const char *why)
{
	result_explain("%s", why);
	return RESULT_NOT_SET_UP;
}

static ResultCode
scan(const char *text, size_t len, JsonDoc *doc)
{
	return json_scan(doc, text, len, palloc(JSON_NODES_FOR(len) * sizeof(JsonNode)),
					 JSON_NODES_FOR(len));
}

static const JsonDoc *
required_claims(void)
{
	JsonDoc *doc = palloc(sizeof(JsonDoc));

	if (scan(setting_oauth_required_claims, strlen(setting_oauth_required_claims), doc) !=
		RESULT_OK)
		elog(ERROR, "session_auth.oauth_required_claims cannot be read");
	return doc->nodes[0].size > 0 ? doc : NULL;
}

static Slice
text_or(const char *text, const char *otherwise)
{
	const char *chosen = text[0] != '\0' ? text : otherwise;

	return slice_make(chosen, chosen ? strlen(chosen) : 0);
}

/* All but where the roles come from, which only a database says. */
void
oauth_bind(TokenBinding *binding, const OAuthDemands *demands)
{
	Slice *audience = palloc(sizeof(Slice));

	memset(binding, 0, sizeof(*binding));
	*audience = slice_make(setting_oauth_audience, strlen(setting_oauth_audience));
	binding->kind = "jws";
	binding->issuer = text_or(setting_oauth_issuer, demands->issuer);
	binding->audiences = audience;
	binding->n_audiences = 1;
	binding->role_claim = setting_oauth_role_claim[0] != '\0' ? setting_oauth_role_claim : NULL;
	binding->role_source = ROLES_FROM_GRANTS;
	binding->user_claim =
		strcmp(setting_oauth_user_claim, "sub") != 0 ? setting_oauth_user_claim : NULL;
	binding->required = required_claims();
	binding->valid_from = binding->since = DT_NOBEGIN;
	binding->valid_until = DT_NOEND;
}

/* -------------------------------------------------------------------- the signature */

/* A key without a kid is for tokens without one. */
static bool
is_named(const JwsHeader *header, const JwkInfo *info)
{
	if (!header->has_kid || !info->has_kid)
		return header->has_kid == info->has_kid;
	return slice_equals(slice_make(header->kid, header->kid_len),
						slice_make(info->kid, info->kid_len));
}

static ResultCode
verify_with(const JsonDoc *set, const JsonNode *jwk, const Jws *jws)
{
	JwkInfo info;
	CryptoKey *key;
	const char *why;
	ResultCode result;

	if (jwk_describe(set, jwk, &info) != RESULT_OK || !info.for_signatures ||
		info.alg != jws->header.alg || crypto_alg_type(info.alg) == CRYPTO_TYPE_SECRET ||
		!is_named(&jws->header, &info))
		return RESULT_UNKNOWN_KEY;
	result = jwk_key(set, jwk, info.alg, &key, &why);
	if (result != RESULT_OK)
		return result;
	result = jws_verify(jws, key);
	crypto_key_free(key);
	return result;
}

static ResultCode
verify_by_set(const JsonDoc *set, const Jws *jws)
{
	const JsonNode *keys;
	const char *why = NULL;
	ResultCode result = RESULT_UNKNOWN_KEY;

	if (jwk_set(set, &keys, &why) != RESULT_OK)
		return not_set_up("The file of session_auth.oauth_key_file holds no good key set.");
	for (const JsonNode *jwk = json_first(keys); jwk && result != RESULT_OK;
		 jwk = json_next(set, keys, jwk))
	{
		ResultCode answer = verify_with(set, jwk, jws);

		if (answer != RESULT_UNKNOWN_KEY)
			result = answer;
	}
	return result;
}

static ResultCode
verify_by_file(const Jws *jws)
{
	char *text = secret_resolve(psprintf("%s%s", SECRET_FILE_PREFIX, setting_oauth_key_file));
	JsonDoc set;

	if (text == NULL || scan(text, strlen(text), &set) != RESULT_OK)
		return not_set_up("The file of session_auth.oauth_key_file cannot be read as a key set.");
	return verify_by_set(&set, jws);
}

/* ----------------------------------------------------------------------- the claims */

typedef struct Search
{
	Slice wanted;
	bool found;
} Search;

static bool
compare(Slice name, void *arg)
{
	Search *search = arg;

	search->found = search->found || slice_equals(name, search->wanted);
	return true;
}

static bool
has_scope(const JsonDoc *doc, const char *claim, Slice wanted)
{
	const JsonNode *node = json_member(doc, &doc->nodes[0], claim, strlen(claim));
	Search search = { wanted, false };

	return claim_names(doc, node, claim, compare, &search) == RESULT_OK && search.found;
}

/* Both names that issuers use. */
static bool
has_scope_of_either(const JsonDoc *doc, Slice wanted)
{
	return has_scope(doc, "scope", wanted) || has_scope(doc, "scp", wanted);
}

static ResultCode
check_scopes(const JsonDoc *doc, Slice demanded)
{
	const char *end = demanded.data + demanded.len;
	int n = 0;

	for (const char *at = demanded.data; at < end; at++)
	{
		const char *start = at;

		while (at < end && *at != ' ')
			at++;
		if (at == start)
			continue;
		n++;
		if (!has_scope_of_either(doc, slice_make(start, at - start)))
		{
			result_explain("The scope is \"%.*s\".", (int) Min(at - start, 100), start);
			return RESULT_CLAIM_MISSING;
		}
	}
	return n > 0 ? RESULT_OK : not_set_up("No scope is demanded.");
}

static ResultCode
check_required(const JsonDoc *doc, const JsonDoc *required)
{
	Slice missing = { NULL, 0 };

	if (required == NULL || claims_fulfil(doc, required, &missing))
		return RESULT_OK;
	result_explain("The claim is \"%.*s\".", (int) Min(missing.len, 100), missing.data);
	return RESULT_CLAIM_MISSING;
}

static ResultCode
check_claims(Claims *claims, const TokenBinding *binding)
{
	ClaimsPolicy policy = { .now_us = clock_to_unix(clock_now()),
							.skew_us = clock_skew_us(),
							.issuer = binding->issuer,
							.audiences = binding->audiences,
							.n_audiences = binding->n_audiences,
							.subject_optional = binding->user_claim != NULL };
	ResultCode result = claims_check(claims, &policy);

	return result == RESULT_OK ? check_required(claims->doc, binding->required) : result;
}

/* It becomes a name of the log and of SYSTEM_USER: no control characters, not huge. */
static ResultCode
read_user(const Claims *claims, const TokenBinding *binding, char **user_id)
{
	const JsonDoc *doc = claims->doc;
	char buffer[USER_ID_MAX];
	Slice user = claims->sub;

	if (binding->user_claim &&
		claim_user(
			doc, json_lookup(doc, &doc->nodes[0], binding->user_claim, strlen(binding->user_claim)),
			buffer, &user) != RESULT_OK)
		return RESULT_CLAIM_TYPE;
	switch (name_fault(user, USER_ID_MAX))
	{
		case NAME_FITS:
			*user_id = pnstrdup(user.data, user.len);
			return RESULT_OK;
		case NAME_HAS_CONTROL:
			return RESULT_MALFORMED;
		default:
			return RESULT_NO_SUBJECT;
	}
}

static ResultCode
judge_claims(const JsonDoc *doc, const OAuthDemands *demands, OAuthToken *token)
{
	TokenBinding binding;
	Claims claims;
	ResultCode result;

	oauth_bind(&binding, demands);
	if (binding.issuer.len == 0)
		return not_set_up("No issuer is demanded.");
	result = claims_read(&claims, doc);
	if (result == RESULT_OK)
		result = check_claims(&claims, &binding);
	if (result == RESULT_OK)
		result = check_scopes(doc, text_or(setting_oauth_scopes, demands->scopes));
	return result == RESULT_OK ? read_user(&claims, &binding, &token->user_id) : result;
}

/* ------------------------------------------------------------------------ the token */

static ResultCode
decode_claims(const Jws *jws, OAuthToken *token, JsonDoc *doc)
{
	size_t cap = BASE64_DECODED_MAX(jws->payload.len);
	char *payload = palloc(cap);
	ResultCode result = jws_payload(jws, payload, cap, &token->claims.len);

	token->claims.data = payload;
	if (result == RESULT_OK)
		result = scan(token->claims.data, token->claims.len, doc);
	if (result == RESULT_OK && doc->nodes[0].kind != JSON_KIND_OBJECT)
		result = RESULT_MALFORMED;
	return result;
}

/* With RESULT_OK it says who may log in; otherwise result_explained says why nobody may. */
ResultCode
oauth_judge(const char *text, const OAuthDemands *demands, OAuthToken *token)
{
	size_t len = strlen(text);
	Jws *jws = palloc(sizeof(Jws));
	JsonDoc doc;
	ResultCode result;

	result_explain_nothing();
	if (setting_oauth_key_file[0] == '\0' || setting_oauth_audience[0] == '\0')
		return not_set_up(
			"session_auth.oauth_key_file and session_auth.oauth_audience must be set.");
	if (len > (size_t) setting_max_token_length)
		return RESULT_TOO_LONG;
	result = jws_parse(jws, text, len);
	if (result == RESULT_OK)
		result = verify_by_file(jws);
	if (result == RESULT_OK)
		result = decode_claims(jws, token, &doc);
	return result == RESULT_OK ? judge_claims(&doc, demands, token) : result;
}
