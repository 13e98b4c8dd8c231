/*
 * sql_key.c
 *		What the administration of keys, which is in SQL, needs of C.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_authid.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/string_list.h"
#include "catalog/tables.h"
#include "pure/base64.h"
#include "pure/guessable.h"
#include "pure/jwk.h"
#include "pure/limits.h"
#include "pure/name_rules.h"
#include "sql/arguments.h"
#include "verify/secret_file.h"

#define STORED_KEY_MAX                                                                             \
	8000 /* fits into its row, so none lies beside the table; files may be larger */
#define FINGERPRINT_LEN BASE64URL_LEN(CRYPTO_SHA256_LEN)

#define TOO_LARGE       "It is too large."
#define IS_SECRET       "It is a secret or a private key, and a set is for public ones."
#define NO_SET          "It must be an object with an array \"keys\" of JWKs (RFC 7517)."

/* `why` is a place that the call before has filled, or left NULL; `allowed` serves then. */
static void
require_ok(ResultCode result, const char *what, const char *const *why, const char *allowed)
{
	if (result == RESULT_OK)
		return;
	if (result == RESULT_NO_MEMORY || result == RESULT_CRYPTO_FAILED)
		result_raise(result);
	argument_refuse_secret(what, why && *why ? *why : allowed);
}

/* ------------------------------------------------------------------------ public */

/* The public half of a key as PEM, and its thumbprint; NULLs for a secret. */
static void
describe_key(CryptoKey *key, Datum *pem, Datum *fingerprint, bool *is_secret)
{
	char text[PUBLIC_PEM_MAX];
	unsigned char thumbprint[CRYPTO_SHA256_LEN];
	char encoded[FINGERPRINT_LEN];
	size_t len;

	*is_secret = crypto_alg_type(crypto_key_alg(key)) == CRYPTO_TYPE_SECRET;
	if (*is_secret)
		return;
	require_ok(crypto_key_public_pem(key, text, sizeof(text), &len), "key", NULL, TOO_LARGE);
	*pem = PointerGetDatum(cstring_to_text_with_len(text, len));
	require_ok(jwk_thumbprint(key, thumbprint), "key", NULL, TOO_LARGE);
	len = base64url_encode(thumbprint, sizeof(thumbprint), encoded);
	*fingerprint = PointerGetDatum(cstring_to_text_with_len(encoded, len));
}

static CryptoAlg
require_algorithm(text *name)
{
	CryptoAlg alg;

	if (!crypto_alg_by_name(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &alg))
		argument_refuse_secret("algorithm",
							   "It must be HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, "
							   "PS512, ES256, ES384, ES512, EdDSA or Ed25519.");
	return alg;
}

SQL_FUNCTION(session_auth_read_key);

/* read_key(algorithm, key): STRICT */
Datum
session_auth_read_key(PG_FUNCTION_ARGS)
{
	CryptoAlg alg = require_algorithm(PG_GETARG_TEXT_PP(0));
	char *material = secret_resolve(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	CryptoKey *key = NULL;
	const char *why = NULL;
	TupleDesc desc;
	Datum values[3] = { 0 };
	bool nulls[3] = { false };
	bool is_secret;

	if (material == NULL)
		argument_refuse_secret("key", "The file cannot be read, is empty or too long.");
	require_ok(jwk_key_from_text(alg, material, strlen(material), &key, &why), "key", &why,
			   "It must be a PEM, a JWK or, for HS*, a secret.");
	describe_key(key, &values[0], &values[1], &is_secret);
	values[2] = BoolGetDatum(crypto_key_is_private(key));
	crypto_key_free(key);
	nulls[0] = nulls[1] = is_secret;
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* -------------------------------------------------------------------------- sets */

/* A set that is being read, and the kids that its keys have had. */
typedef struct KeySet
{
	JsonDoc doc;
	List *kids;    /* of char * */
	List *exposed; /* thumbprints of keys whose private half is in the set, as char * */
	int nkeys;     /* that can be used */
	bool some_passed_over;
} KeySet;

/* Issuers change their sets as they like: a key that is no use must not stop the others. */
static void
pass_over(KeySet *set, const JwkInfo *info, const char *why)
{
	char *kid = pnstrdup(info->kid, info->has_kid ? info->kid_len : 0);

	for (char *c = kid; *c; c++)
		if (is_control_character(*c))
			*c = '?';
	set->some_passed_over = true;
	if (info->has_kid)
		ereport(WARNING, (errmsg("key \"%s\" of the set was passed over", kid),
						  errdetail("%s", why), errhidestmt(true)));
	else
		ereport(WARNING, (errmsg("a key without kid of the set was passed over"),
						  errdetail("%s", why), errhidestmt(true)));
}

static bool
is_second_of_its_kid(KeySet *set, const JwkInfo *info)
{
	char *kid = pnstrdup(info->kid, info->kid_len);

	if (!info->has_kid)
		return false;
	if (string_list_has(set->kids, kid))
		return true;
	set->kids = lappend(set->kids, kid);
	return false;
}

/* With a private key that everybody can read, everybody can sign. */
static void
note_exposed(KeySet *set, const JsonNode *jwk)
{
	CryptoKey *key = NULL;
	Datum pem;
	Datum fingerprint;
	bool is_secret;
	ResultCode result = jwk_exposed_key(&set->doc, jwk, &key);

	if (result == RESULT_NO_MEMORY || result == RESULT_CRYPTO_FAILED)
		result_raise(result);
	if (result != RESULT_OK)
		return;
	describe_key(key, &pem, &fingerprint, &is_secret);
	if (!is_secret)
		set->exposed = lappend(set->exposed, TextDatumGetCString(fingerprint));
	crypto_key_free(key);
}

static void
put_key_of_set(ReturnSetInfo *rsinfo, KeySet *set, const JwkInfo *info, CryptoKey *key)
{
	Datum values[4] = { 0 };
	bool nulls[4] = { false };
	bool is_secret;

	describe_key(key, &values[2], &values[3], &is_secret);
	crypto_key_free(key);
	if (string_list_has(set->exposed, TextDatumGetCString(values[3])))
	{
		pass_over(set, info, "Its private key is in the set, too.");
		return;
	}
	nulls[0] = !info->has_kid;
	if (info->has_kid)
		values[0] = PointerGetDatum(cstring_to_text_with_len(info->kid, info->kid_len));
	values[1] = CStringGetTextDatum(crypto_alg_name(info->alg));
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	set->nkeys++;
}

static void
put_jwk(ReturnSetInfo *rsinfo, KeySet *set, const JsonNode *jwk)
{
	JwkInfo info;
	CryptoKey *key = NULL;
	const char *why = NULL;
	ResultCode result = jwk_describe(&set->doc, jwk, &info);

	if (result == RESULT_UNSUPPORTED && !info.for_signatures)
		return;
	if (result == RESULT_UNSUPPORTED)
		pass_over(set, &info,
				  jwk_is_secret(&set->doc, jwk)
					  ? IS_SECRET
					  : "Its algorithm or curve is none that is supported.");
	else if (result == RESULT_MALFORMED)
		pass_over(set, &info, "It is no JWK (RFC 7517).");
	if (result != RESULT_OK)
		return;
	result = jwk_key(&set->doc, jwk, info.alg, &key, &why);
	if (result == RESULT_NO_MEMORY || result == RESULT_CRYPTO_FAILED)
		result_raise(result);
	if (result != RESULT_OK)
		pass_over(set, &info, why ? why : "It cannot be used.");
	else if (crypto_key_is_private(key) ||
			 crypto_alg_type(crypto_key_alg(key)) == CRYPTO_TYPE_SECRET)
	{
		crypto_key_free(key);
		pass_over(set, &info, IS_SECRET);
	}
	else if (is_second_of_its_kid(set, &info))
	{
		crypto_key_free(key);
		pass_over(set, &info, "A key before it has the same kid.");
	}
	else
		put_key_of_set(rsinfo, set, &info, key);
}

SQL_FUNCTION(session_auth_read_jwks);

/* read_jwks(jwks): the signature keys of a set */
Datum
session_auth_read_jwks(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	text *value;
	KeySet set = { 0 };
	JsonNode *nodes;
	const JsonNode *keys = NULL;
	const char *why = NULL;
	size_t len;

	if (PG_ARGISNULL(0))
		argument_refuse_secret("jwks", "It must not be null.");
	value = PG_GETARG_TEXT_PP(0);
	len = VARSIZE_ANY_EXHDR(value);
	if (len > 1024 * 1024)
		argument_refuse_secret("jwks", "It must not be larger than 1 MB.");
	nodes = palloc(JSON_NODES_FOR(len) * sizeof(JsonNode));
	require_ok(json_scan(&set.doc, VARDATA_ANY(value), len, nodes, JSON_NODES_FOR(len)), "jwks",
			   NULL, NO_SET);
	require_ok(jwk_set_keys(&set.doc, &keys, &why), "jwks", &why, NO_SET);
	InitMaterializedSRF(fcinfo, 0);
	for (const JsonNode *jwk = json_first(keys); jwk; jwk = json_next(&set.doc, keys, jwk))
		note_exposed(&set, jwk);
	for (const JsonNode *jwk = json_first(keys); jwk; jwk = json_next(&set.doc, keys, jwk))
		put_jwk(rsinfo, &set, jwk);
	if (set.nkeys == 0 && set.some_passed_over)
		argument_refuse_secret("jwks", "No key of the set can be used.");
	return (Datum) 0;
}

/* ----------------------------------------------------------------------- secrets */

/*
 * A file is named only by somebody who may read the server's files anyway: the
 * one who calls, not the owner of the function that we are called from.
 */
static char *
read_given_file(const char *what, const char *secret)
{
	const char *path = secret + strlen(SECRET_FILE_PREFIX);
	char *content;

	if (!is_absolute_path(path))
		argument_refuse_secret(what, "The name of a file must be absolute.");
	if (!has_privs_of_role(GetOuterUserId(), ROLE_PG_READ_SERVER_FILES))
	{
		hide_own_frames();
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("permission denied to name a file of the server"),
						errdetail("Only roles with privileges of pg_read_server_files may.")));
	}
	content = secret_resolve(secret);
	if (content == NULL)
		argument_refuse_secret(what, "The file cannot be read, is empty or too long.");
	return content;
}

/* Of a secret that cookies are made with, which most frameworks take however short it is. */
static void
warn_of_guessable(const char *secret)
{
	if (secret_is_guessable(slice_make(secret, strlen(secret))))
		ereport(
			WARNING,
			(errmsg("the secret can be guessed"),
			 errdetail("It is shorter than %d bytes, or has fewer than %d different characters: "
					   "who has one cookie can find it by trying, and sign in as anybody.",
					   SECRET_MIN, SECRET_CHARACTERS_MIN),
			 errhint("Give the application a random one, for example of \"openssl rand "
					 "-base64 48\"."),
			 errhidestmt(true), errhidecontext(true)));
}

SQL_FUNCTION(session_auth_check_secret);

/* check_secret(what, secret) */
Datum
session_auth_check_secret(PG_FUNCTION_ARGS)
{
	char *what = argument_text_or_null(fcinfo, 0);
	char *secret;

	if (what == NULL)
		argument_refuse_secret("what", "It must not be null.");
	if (PG_ARGISNULL(1))
		argument_refuse_secret(what, "It must not be null.");
	secret = text_to_cstring(PG_GETARG_TEXT_PP(1));
	if (*secret == '\0')
		argument_refuse_secret(what, "It must not be empty.");
	if (strlen(secret) > (strcmp(what, "secret") == 0 ? SECRET_MAX : STORED_KEY_MAX))
		argument_refuse_secret(what, "It is too long.");
	if (secret_is_file(secret))
		secret = read_given_file(what, secret);
	if (strcmp(what, "secret") == 0)
		warn_of_guessable(secret);
	crypto_cleanse(secret, strlen(secret));
	PG_RETURN_VOID();
}
