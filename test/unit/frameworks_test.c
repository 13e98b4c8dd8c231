/*
 * frameworks_test.c: the tokens of the real libraries, with their own verdicts.
 *
 * Each vector counts as accepted, refused as it should, or left out; where this
 * project answers differently from the library on purpose, the vector is named in
 * `choices` with the reason, and anything else is a failure.
 */
#include <string.h>
#include <time.h>

#include "pure/base64.h"
#include "pure/cookie.h"
#include "pure/jwk.h"
#include "pure/better_auth.h"
#include "pure/lucia.h"
#include "signed.h"
#include "tap.h"
#include "pure/token.h"
#include "vectors.h"
#include "verdict.h"

#define SKEW     15
#define US       INT64_C(1000000)
#define MAX_KEYS 4

typedef struct Choice
{
	const char *id; /* the end of the vector's id */
	bool accepted;  /* what we answer, against the library */
	const char *why;
} Choice;

static const Choice choices[] = {
	{ "/exp_missing", false, "exp is required" },
	{ "/empty_token_object", false, "no subject: nobody to be" },
	{ "/duplicate_key_last_wins", false, "duplicate names" },
	{ "nextauth_v4/secret_array_not_supported", true, "several secrets are for rotation" },
	{ "express_session/empty_sid", false, "an empty id is no session" },
	{ "iron_session/password_id_missing", true, "secrets are known here without their ids" },
};

/* Refused by the session's row, which pure code does not have. */
static const char *const by_row[] = { "better_auth_cookie/expired_row" };

typedef struct Row
{
	const char *kind;
	int accepted;
	int refused;
	int stricter; /* refused where the library is lax */
	int chosen;
	int left_out;
} Row;

static Row table[32];
static int n_rows = 0;
static JsonDoc doc;

static Row *
row_of(Slice kind)
{
	int i;

	for (i = 0; i < n_rows; i++)
		if (slice_is(kind, table[i].kind))
			return &table[i];
	memset(&table[i], 0, sizeof(Row));
	table[i].kind = memcpy(memset(keep(kind.len + 1), 0, kind.len + 1), kind.data, kind.len);
	n_rows++;
	return &table[i];
}

static Slice
at(const JsonNode *vector, const char *name)
{
	return text_at(&doc, vector, name);
}

static ClaimsPolicy
policy_of(const JsonNode *vector, int64_t skew)
{
	const JsonNode *options = member(&doc, vector, "verify_options");
	ClaimsPolicy policy;
	Slice *audience = keep(sizeof(Slice));

	*audience = text_at(&doc, options, "audience");
	policy.now_us = number_at(&doc, vector, "now", (long long) time(NULL)) * US;
	policy.skew_us = skew * US;
	policy.issuer = text_at(&doc, options, "issuer");
	policy.audiences = audience;
	policy.n_audiences = audience->data != NULL ? 1 : 0;
	policy.subject_optional = false;
	return policy;
}

/* Everything but numbers, which JavaScript rounds, and strings that cannot be read. */
static bool
same_json(const JsonDoc *da, const JsonNode *a, const JsonDoc *db, const JsonNode *b)
{
	const JsonNode *m;
	uint32_t i;

	if (b == NULL)
		return false;
	if (b->kind == JSON_KIND_NUMBER || (b->kind == JSON_KIND_STRING && b->unstorable))
		return true;
	if (a->kind != b->kind || (a->kind <= JSON_KIND_ARRAY && a->size != b->size))
		return false;
	if (a->kind == JSON_KIND_STRING)
		return json_same_text(da, a, db, b);
	if (a->kind > JSON_KIND_ARRAY)
		return true;
	for (i = 0, m = a + 1; i < a->size; i++)
	{
		if (a->kind == JSON_KIND_OBJECT)
		{
			JsonNode name = *m;
			Slice text;

			name.kind = JSON_KIND_STRING;
			text = text_of(da, &name);
			m++;
			if (!same_json(da, m, db, json_member(db, b, text.data, text.len)))
				return false;
		}
		else
		{
			const JsonNode *other = json_first(b);
			uint32_t j;

			for (j = 0; j < i; j++)
				other = json_next(db, b, other);
			if (!same_json(da, m, db, other))
				return false;
		}
		m = &da->nodes[m->next];
	}
	return true;
}

static bool
claims_match(const JsonNode *vector, const Verdict *verdict)
{
	const JsonNode *claims = member(&doc, vector, "claims");

	return claims == NULL || same_json(&doc, claims, &verdict->doc, verdict->doc.nodes);
}

static CryptoKey *
jws_key(const JsonNode *vector, CryptoAlg alg, bool pem)
{
	const JsonNode *jwk = member(&doc, vector, "jwk");
	const char *why = "none";
	CryptoKey *key = NULL;
	Slice text;

	if (jwk == NULL)
	{
		text = at(vector, "secret");
		crypto_key_from_secret(alg, text.data, text.len, &key, &why);
	}
	else if (pem)
	{
		text = at(vector, "pem");
		crypto_key_from_pem(alg, text.data, text.len, &key, &why);
	}
	else
		jwk_key(&doc, jwk, alg, &key, &why);
	if (key == NULL)
		diag("no key: %s", why);
	return key;
}

static bool
accept_jws(const JsonNode *vector)
{
	Slice name = at(vector, "alg");
	ClaimsPolicy policy = policy_of(vector, SKEW);
	Verdict verdict;
	Verdict again;
	CryptoAlg alg;
	CryptoKey *key;

	if (!crypto_alg_by_name(name.data, name.len, &alg) ||
		(key = jws_key(vector, alg, false)) == NULL)
		return false;
	verdict_jws(&verdict, at(vector, "token"), key, &policy);
	crypto_key_free(key);
	key = jws_key(vector, alg, true);
	verdict_jws(&again, at(vector, "token"), key, &policy);
	crypto_key_free(key);
	if (verdict.result != again.result)
		diag("JWK and PEM differ");
	return verdict.result == RESULT_OK && again.result == RESULT_OK &&
		   claims_match(vector, &verdict);
}

/* The keys of one secret or of several. */
static size_t
derive(const JsonNode *vector, JweScheme scheme, Slice salt, JweKey *keys)
{
	const JsonNode *secret = member(&doc, vector, "secret");
	const JsonNode *element;
	size_t n = 0;

	if (secret->kind == JSON_KIND_STRING)
		return jwe_key_derive(keys, scheme, text_of(&doc, secret), salt) == RESULT_OK ? 1 : 0;
	for (element = json_first(secret); element != NULL && n < MAX_KEYS;
		 element = json_next(&doc, secret, element))
		if (jwe_key_derive(&keys[n], scheme, text_of(&doc, element), salt) == RESULT_OK)
			n++;
	return n;
}

/* The key and kid that the library derived. */
static bool
derived_match(const JsonNode *vector, const JweKey *keys, size_t n_keys)
{
	const JsonNode *derived = member(&doc, vector, "derived");
	const JsonNode *element;
	size_t i = 0;

	for (element = json_first(derived); element != NULL && i < n_keys;
		 element = json_next(&doc, derived, element), i++)
	{
		Slice hex = hex_at(&doc, element, "key_hex");
		Slice kid = text_at(&doc, element, "kid");
		JweEnc enc = hex.len == JWE_KEY_LEN ? JWE_A256CBC_HS512 : JWE_A256GCM;

		if (memcmp(hex.data, keys[i].key, hex.len) != 0 ||
			(kid.data != NULL &&
			 (kid.len != keys[i].kid_len[enc] || memcmp(kid.data, keys[i].kid[enc], kid.len) != 0)))
			return false;
	}
	return true;
}

static bool
accept_jwe_token(const JsonNode *vector, Slice token, JweScheme scheme, Slice salt,
				 Verdict *verdict)
{
	ClaimsPolicy policy = policy_of(vector, SKEW);
	JweKey keys[MAX_KEYS];
	size_t n_keys = derive(vector, scheme, salt, keys);

	policy.subject_optional = scheme == JWE_BETTER_AUTH;
	if (n_keys > 0 && !derived_match(vector, keys, n_keys))
		ok(false, "derived key of %.*s", (int) at(vector, "id").len, at(vector, "id").data);
	verdict_jwe(verdict, token, keys, n_keys, &policy);
	for (size_t i = 0; i < n_keys; i++)
		jwe_key_clear(&keys[i]);
	return verdict->result == RESULT_OK;
}

static bool
accept_jwe(const JsonNode *vector, JweScheme scheme)
{
	Verdict verdict;

	return accept_jwe_token(vector, at(vector, "token"), scheme, at(vector, "salt"), &verdict) &&
		   claims_match(vector, &verdict);
}

/* The token of a request: cookie first. */
static Slice
request_token(const JsonNode *vector, CookieChunks chunks)
{
	const JsonNode *headers = member(&doc, vector, "headers");
	Slice cookie = text_at(&doc, headers, "cookie");
	Slice authorization = text_at(&doc, headers, "authorization");
	size_t cap = cookie.len + authorization.len + 1;
	char *out = keep(cap);
	Slice token = { NULL, 0 };
	size_t len;

	if (cookie_value(cookie, at(vector, "cookie_name"), chunks, COOKIE_ESCAPES_URI, out, cap,
					 &len) != RESULT_OK &&
		bearer_token(authorization, out, cap, &len) != RESULT_OK)
		return token;
	token.data = out;
	token.len = len;
	return token;
}

static bool
accept_request(const JsonNode *vector, JweScheme scheme)
{
	Slice token = request_token(vector, COOKIE_AUTHJS);
	Slice expected = at(vector, "token");
	Verdict verdict;

	if ((token.data == NULL) != (expected.data == NULL) || !slice_equals(token, expected))
		ok(false, "token of %.*s", (int) at(vector, "id").len, at(vector, "id").data);
	return token.data != NULL &&
		   accept_jwe_token(vector, token, scheme, at(vector, "cookie_name"), &verdict) &&
		   claims_match(vector, &verdict);
}

/* The payload's user, session and version; the library's default version is "1". */
static bool
cache_fits(const JsonNode *vector, const BetterAuthCache *cache, int64_t now_us)
{
	Slice version = at(vector, "version");
	const JsonNode *claims = member(&doc, vector, "claims");
	const JsonNode *session = member(&doc, claims, "session");

	if (better_auth_cache_check(cache, now_us) != RESULT_OK ||
		!slice_equals(cache->version, version.data != NULL ? version : to_slice("1")))
		return false;
	return session == NULL || (slice_equals(cache->user_id, text_at(&doc, session, "userId")) &&
							   slice_equals(cache->token, text_at(&doc, session, "token")));
}

static bool
accept_cache(const JsonNode *vector, Slice kind)
{
	Slice token = request_token(vector, COOKIE_BETTER_AUTH);
	Slice secret = at(vector, "secret");
	ClaimsPolicy policy = policy_of(vector, 0);
	BetterAuthCache cache;
	Verdict verdict;
	CryptoKey *key;
	ResultCode result;

	policy.subject_optional = true;
	if (token.data == NULL)
		return false;
	if (slice_is(at(vector, "expect"), "ok") && !slice_equals(token, at(vector, "token")))
		ok(false, "token of %.*s", (int) at(vector, "id").len, at(vector, "id").data);
	if (ends_with(kind, "_compact"))
	{
		size_t cap = 2 * BASE64_DECODED_MAX(token.len);
		JsonNode *nodes = keep(token.len * sizeof(JsonNode));

		result = better_auth_cache_compact(&cache, token, secret, keep(cap), cap, &verdict.doc,
										   nodes, token.len);
		return result == RESULT_OK && cache_fits(vector, &cache, policy.now_us);
	}
	if (ends_with(kind, "_jwt"))
	{
		crypto_key_from_secret(CRYPTO_ALG_HS256, secret.data, secret.len, &key, NULL);
		verdict_jws(&verdict, token, key, &policy);
		crypto_key_free(key);
	}
	else
		accept_jwe_token(vector, token, JWE_BETTER_AUTH, to_slice(""), &verdict);
	return verdict.result == RESULT_OK &&
		   better_auth_cache_read(&cache, &verdict.doc, verdict.doc.nodes) == RESULT_OK &&
		   cache_fits(vector, &cache, policy.now_us) && claims_match(vector, &verdict);
}

static bool
accept_better_auth(const JsonNode *vector)
{
	Slice token = request_token(vector, COOKIE_WHOLE);
	Slice raw = at(vector, "cookie_value");
	Slice value;
	Slice again;

	if (token.data == NULL || token_form_of(token.data, token.len) != TOKEN_FORM_MAC ||
		signed_open("better-auth", token, at(vector, "secret"), &value) != RESULT_OK)
		return false;
	/* As it stands in the header it is worth the same. */
	return signed_open("better-auth", raw, at(vector, "secret"), &again) == RESULT_OK &&
		   slice_equals(value, again) &&
		   (at(vector, "session_token").data == NULL ||
			slice_equals(value, at(vector, "session_token")));
}

static bool
accept_express(const JsonNode *vector)
{
	const JsonNode *secret = member(&doc, vector, "secret");
	const JsonNode *element = json_first(secret);
	Slice token = at(vector, "cookie_value");
	Slice value;

	if (token_form_of(token.data, token.len) != TOKEN_FORM_EXPRESS)
		return false;
	if (secret->kind == JSON_KIND_STRING)
		return signed_open("express", token, text_of(&doc, secret), &value) == RESULT_OK &&
			   slice_equals(value, at(vector, "session_id"));
	for (; element != NULL; element = json_next(&doc, secret, element))
		if (signed_open("express", token, text_of(&doc, element), &value) == RESULT_OK)
			return slice_equals(value, at(vector, "session_id"));
	return false;
}

/* Here the row is part of the vector. */
static bool
accept_lucia(const JsonNode *vector)
{
	const JsonNode *row = member(&doc, vector, "row");
	long long verified = number_at(&doc, row, "token_last_verified_at", 0);
	Slice stored = hex_at(&doc, row, "secret_hash_hex");
	Slice token = at(vector, "token");
	unsigned char hash[CRYPTO_SHA256_LEN];
	Slice id;

	if (token_form_of(token.data, token.len) != TOKEN_FORM_MAC ||
		lucia_split(token, &id, hash) != RESULT_OK || !slice_equals(id, text_at(&doc, row, "id")) ||
		!crypto_equal(hash, stored.data, sizeof(hash)))
		return false;
	return number_at(&doc, vector, "now", 0) - verified <
		   number_at(&doc, row, "expires_in_seconds", 0);
}

/* Does this password open the seal, for the user that the vector names? */
static bool
opens_iron(const JsonNode *vector, Slice password)
{
	static char arena[FRAMEWORK_ARENA];
	static FrameworkProof proof;
	const Slice path = { "userId", 6 };
	const FrameworkOptions options = { .id_path = &path, .n_id_path = 1, .without_end = true };
	const FrameworkCookie cookie = { .value = at(vector, "token") };
	const Slice no_name = { NULL, 0 };
	int64_t now_us = number_at(&doc, vector, "now", (long long) time(NULL)) * US;
	Slice user = text_at(&doc, member(&doc, vector, "claims"), "userId");
	FrameworkKey key;

	return framework_derive(&key, framework_next("iron-session", NULL), &options, no_name, password,
							NULL) == RESULT_OK &&
		   framework_open(&key, &options, &cookie, now_us, arena, sizeof(arena), &proof) ==
			   RESULT_OK &&
		   (user.data == NULL || slice_equals(proof.user_id, user));
}

/* One password, or several by their ids. */
static bool
accept_iron(const JsonNode *vector)
{
	const JsonNode *password = member(&doc, vector, "password");
	const JsonNode *name = password + 1;
	uint32_t i;

	if (password->kind == JSON_KIND_STRING)
		return opens_iron(vector, text_of(&doc, password));
	for (i = 0; i < password->size; i++, name = &doc.nodes[name[1].next])
		if (opens_iron(vector, text_of(&doc, name + 1)))
			return true;
	return false;
}

static bool
accept(const JsonNode *vector, Slice kind)
{
	if (begins_with(kind, "jws_"))
		return accept_jws(vector);
	if (slice_is(kind, "authjs_v5_request"))
		return accept_request(vector, JWE_AUTHJS_V5);
	if (slice_is(kind, "nextauth_v4_request"))
		return accept_request(vector, JWE_NEXTAUTH_V4);
	if (begins_with(kind, "authjs_v5_"))
		return accept_jwe(vector, JWE_AUTHJS_V5);
	if (slice_is(kind, "nextauth_v4"))
		return accept_jwe(vector, JWE_NEXTAUTH_V4);
	if (begins_with(kind, "better_auth_cache_"))
		return accept_cache(vector, kind);
	if (slice_is(kind, "better_auth_cookie"))
		return accept_better_auth(vector);
	if (slice_is(kind, "express_session"))
		return accept_express(vector);
	if (slice_is(kind, "iron_session"))
		return accept_iron(vector);
	return accept_lucia(vector);
}

static const Choice *
choice_of(Slice id)
{
	size_t i;

	for (i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
		if (ends_with(id, choices[i].id))
			return &choices[i];
	return NULL;
}

static void
run(const JsonNode *vector)
{
	Slice id = at(vector, "id");
	Slice kind = at(vector, "kind");
	Row *row = row_of(kind);
	const JsonNode *lax = member(&doc, vector, "lax");
	bool expected = slice_is(at(vector, "expect"), "ok");
	const Choice *choice = choice_of(id);
	bool accepted;

	accepted = accept(vector, kind);
	if (slice_is(id, by_row[0]))
	{
		row->left_out++;
		ok(accepted, "%.*s: the signature holds, the row decides", (int) id.len, id.data);
	}
	else if (lax != NULL && lax->kind == JSON_KIND_TRUE)
	{
		row->stricter++;
		ok(!accepted, "%.*s: refused, though the library is lax", (int) id.len, id.data);
	}
	else if (choice != NULL)
	{
		row->chosen++;
		ok(accepted == choice->accepted, "%.*s: %s by choice, %s", (int) id.len, id.data,
		   choice->accepted ? "accepted" : "refused", choice->why);
	}
	else
	{
		*(expected ? &row->accepted : &row->refused) += 1;
		ok(accepted == expected, "%.*s: %s", (int) id.len, id.data,
		   expected ? "accepted" : "refused");
	}
}

int
main(void)
{
	const JsonNode *vectors;
	const JsonNode *vector;
	size_t i;

	if (!vectors_open("frameworks.json", &doc))
	{
		skip("frameworks.json is not here: all its vectors are left out");
		return tap_done();
	}
	vectors = member(&doc, doc.nodes, "vectors");
	for (vector = json_first(vectors); vector != NULL; vector = json_next(&doc, vectors, vector))
		run(vector);
	diag("%-26s %8s %8s %8s %8s %8s", "frameworks.json", "accepted", "refused", "stricter",
		 "choice", "left out");
	for (i = 0; i < (size_t) n_rows; i++)
		diag("%-26s %8d %8d %8d %8d %8d", table[i].kind, table[i].accepted, table[i].refused,
			 table[i].stricter, table[i].chosen, table[i].left_out);
	diag("stricter: marked lax, the library accepts them");
	for (i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
		diag("choice: %s is %s: %s", choices[i].id, choices[i].accepted ? "accepted" : "refused",
			 choices[i].why);
	diag("left out: what the session's row decides (%s)", by_row[0]);
	return tap_done();
}
