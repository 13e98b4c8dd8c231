/*
 * jwk.c
 *		Keys as text; see jwk.h.
 */
#include "pure/jwk.h"

#include <string.h>

#include "pure/base64.h"
#include "pure/crypto_certificate.h"
#include "pure/limits.h"

#define MEMBER(doc, node, name)  json_member(doc, node, name, sizeof(name) - 1)
#define TEXT_IS(doc, node, text) json_text_is(doc, node, text, sizeof(text) - 1)
#define NODES_MAX                256
#define BYTES_MAX                16384 /* the numbers of a private RSA key of 16384 bits */
#define CERTIFICATE_MAX          8192
#define CERTIFICATE_MARK         "-----BEGIN CERTIFICATE-----"
#define PUBLIC_MAX               (BASE64URL_LEN(CRYPTO_SIGNATURE_MAX) + 256)

/* Where decoded numbers lie until the key is made. */
typedef struct Bytes
{
	size_t used;
	unsigned char data[BYTES_MAX];
} Bytes;

static ResultCode
bad_key(const char **why, const char *reason)
{
	if (why != NULL)
		*why = reason;
	return RESULT_BAD_KEY;
}

/* Decodes a member that holds bytes; an absent one is empty.  False when malformed. */
static bool
read_bytes(const JsonDoc *doc, const JsonNode *jwk, const char *name, Bytes *bytes, Slice *out)
{
	const JsonNode *node = json_member(doc, jwk, name, strlen(name));
	Slice raw;

	out->data = (const char *) bytes->data + bytes->used;
	out->len = 0;
	if (node == NULL)
		return true;
	raw = json_raw(doc, node);
	if (node->kind != JSON_KIND_STRING || raw.len == 0 ||
		base64url_decode(raw.data, raw.len, bytes->data + bytes->used, BYTES_MAX - bytes->used,
						 &out->len) != RESULT_OK)
		return false;
	bytes->used += out->len;
	return true;
}

static bool
curve_alg(const JsonDoc *doc, const JsonNode *jwk, CryptoAlg *alg)
{
	static const CryptoAlg curves[] = { CRYPTO_ALG_ES256, CRYPTO_ALG_ES384, CRYPTO_ALG_ES512,
										CRYPTO_ALG_EDDSA };
	const JsonNode *crv = MEMBER(doc, jwk, "crv");

	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
	{
		const char *name = crypto_alg_curve(curves[i]);

		if (json_text_is(doc, crv, name, strlen(name)))
		{
			*alg = curves[i];
			return true;
		}
	}
	return false;
}

static bool
kty_fits(const JsonDoc *doc, const JsonNode *jwk, CryptoAlg alg)
{
	static const char *const names[] = { [CRYPTO_TYPE_SECRET] = "oct",
										 [CRYPTO_TYPE_RSA] = "RSA",
										 [CRYPTO_TYPE_EC] = "EC",
										 [CRYPTO_TYPE_ED25519] = "OKP" };
	const char *name = names[crypto_alg_type(alg)];

	return json_text_is(doc, MEMBER(doc, jwk, "kty"), name, strlen(name));
}

static bool
read_alg(const JsonDoc *doc, const JsonNode *node, CryptoAlg *alg)
{
	Slice raw = json_raw(doc, node);

	if (node->kind != JSON_KIND_STRING || node->escaped)
		return false;
	return crypto_alg_by_name(raw.data, raw.len, alg);
}

/* May the key verify (or sign, when it can) by its use and key_ops? */
static bool
is_for_signatures(const JsonDoc *doc, const JsonNode *jwk)
{
	const JsonNode *use = MEMBER(doc, jwk, "use");
	const JsonNode *ops = MEMBER(doc, jwk, "key_ops");
	const JsonNode *op;

	if (use != NULL && !TEXT_IS(doc, use, "sig"))
		return false;
	if (ops == NULL)
		return true;
	for (op = json_first(ops); op != NULL; op = json_next(doc, ops, op))
		if (TEXT_IS(doc, op, "verify") || TEXT_IS(doc, op, "sign"))
			return true;
	return false;
}

static ResultCode
read_kid(const JsonDoc *doc, const JsonNode *jwk, JwkInfo *info)
{
	const JsonNode *node = MEMBER(doc, jwk, "kid");
	Slice kid;
	ResultCode result;

	info->has_kid = false;
	info->kid_len = 0;
	if (node == NULL)
		return RESULT_OK;
	result = json_text(doc, node, info->kid, KID_MAX, &kid);
	if (result != RESULT_OK || kid.len > KID_MAX)
		return RESULT_MALFORMED;
	memmove(info->kid, kid.data, kid.len);
	info->has_kid = true;
	info->kid_len = kid.len;
	return RESULT_OK;
}

ResultCode
jwk_describe(const JsonDoc *doc, const JsonNode *jwk, JwkInfo *info)
{
	const JsonNode *alg;
	const JsonNode *kty;
	ResultCode result;

	info->for_signatures = true;
	info->has_kid = false;
	result = jwk->kind == JSON_KIND_OBJECT ? read_kid(doc, jwk, info) : RESULT_MALFORMED;
	if (result != RESULT_OK)
		return result;
	alg = MEMBER(doc, jwk, "alg");
	kty = MEMBER(doc, jwk, "kty");
	if (kty == NULL || kty->kind != JSON_KIND_STRING ||
		(alg != NULL && alg->kind != JSON_KIND_STRING))
		return RESULT_MALFORMED;
	info->for_signatures = is_for_signatures(doc, jwk);
	if (!info->for_signatures)
		return RESULT_UNSUPPORTED;
	if (alg != NULL)
	{
		if (!read_alg(doc, alg, &info->alg))
			return RESULT_UNSUPPORTED;
	}
	else if (TEXT_IS(doc, kty, "RSA"))
		info->alg = CRYPTO_ALG_RS256;
	else if (!curve_alg(doc, jwk, &info->alg))
		return RESULT_UNSUPPORTED;
	if (!kty_fits(doc, jwk, info->alg))
		return RESULT_UNSUPPORTED;
	return RESULT_OK;
}

bool
jwk_is_secret(const JsonDoc *doc, const JsonNode *jwk)
{
	return jwk->kind == JSON_KIND_OBJECT && TEXT_IS(doc, MEMBER(doc, jwk, "kty"), "oct");
}

/* Which of two secrets a token means could not be told; of public keys the first counts. */
static bool
is_second_secret(const JsonDoc *doc, const JsonNode *keys, const JsonNode *jwk)
{
	const JsonNode *kid = MEMBER(doc, jwk, "kid");

	for (const JsonNode *other = json_first(keys); other != jwk;
		 other = json_next(doc, keys, other))
		if (jwk_is_secret(doc, other) && json_same_text(doc, kid, doc, MEMBER(doc, other, "kid")))
			return true;
	return false;
}

ResultCode
jwk_set_keys(const JsonDoc *doc, const JsonNode **keys, const char **why)
{
	const JsonNode *array = MEMBER(doc, doc->nodes, "keys");

	if (array == NULL || array->kind != JSON_KIND_ARRAY)
		return RESULT_MALFORMED;
	if (array->size > JWK_SET_MAX)
		return bad_key(why, "The set has more than 256 keys.");
	*keys = array;
	return RESULT_OK;
}

ResultCode
jwk_set(const JsonDoc *doc, const JsonNode **keys, const char **why)
{
	const JsonNode *array;
	const JsonNode *key;
	size_t secrets = 0;
	ResultCode result = jwk_set_keys(doc, &array, why);

	if (result != RESULT_OK)
		return result;
	for (key = json_first(array); key != NULL; key = json_next(doc, array, key))
	{
		if (!jwk_is_secret(doc, key))
			continue;
		secrets++;
		if (is_second_secret(doc, array, key))
			return bad_key(why, "Two secrets of the set have the same kid.");
	}
	if (secrets > 0 && secrets < array->size)
		return bad_key(why, "The set mixes secrets with public keys.");
	*keys = array;
	return RESULT_OK;
}

/* Some issuers publish a certificate alone (RFC 7517, 4.7): its first one holds the key. */
static ResultCode
key_of_certificate(const JsonDoc *doc, const JsonNode *jwk, CryptoAlg alg, CryptoKey **key,
				   const char **why)
{
	const JsonNode *chain = MEMBER(doc, jwk, "x5c");
	const JsonNode *first = chain && chain->kind == JSON_KIND_ARRAY ? json_first(chain) : NULL;
	unsigned char der[CERTIFICATE_MAX];
	char pem[PUBLIC_PEM_MAX];
	size_t len;
	Slice text;

	if (first == NULL || first->kind != JSON_KIND_STRING)
		return bad_key(why, "The JWK has neither numbers nor a certificate.");
	text = json_raw(doc, first);
	if (base64_decode(text.data, text.len, der, sizeof(der), &len) != RESULT_OK ||
		crypto_certificate_key((Slice){ (const char *) der, len }, pem, sizeof(pem), &len) !=
			RESULT_OK)
		return bad_key(why, "The JWK's certificate (x5c) cannot be read.");
	return crypto_key_from_pem(alg, pem, len, key, why);
}

static ResultCode
make_rsa(const JsonDoc *doc, const JsonNode *jwk, CryptoAlg alg, Bytes *bytes, CryptoKey **key,
		 const char **why)
{
	CryptoRsaParts parts;

	if (!read_bytes(doc, jwk, "n", bytes, &parts.n) ||
		!read_bytes(doc, jwk, "e", bytes, &parts.e) ||
		!read_bytes(doc, jwk, "d", bytes, &parts.d) ||
		!read_bytes(doc, jwk, "p", bytes, &parts.p) ||
		!read_bytes(doc, jwk, "q", bytes, &parts.q) ||
		!read_bytes(doc, jwk, "dp", bytes, &parts.dp) ||
		!read_bytes(doc, jwk, "dq", bytes, &parts.dq) ||
		!read_bytes(doc, jwk, "qi", bytes, &parts.qi))
		return bad_key(why, "A number of the JWK is not canonical base64url.");
	if (parts.n.len == 0 && parts.e.len == 0 && parts.d.len == 0)
		return key_of_certificate(doc, jwk, alg, key, why);
	if (parts.d.len == 0 &&
		parts.p.len + parts.q.len + parts.dp.len + parts.dq.len + parts.qi.len > 0)
		return bad_key(why, "The JWK holds private numbers, but no private exponent.");
	return crypto_key_from_rsa(alg, &parts, key, why);
}

static ResultCode
make_curve(const JsonDoc *doc, const JsonNode *jwk, CryptoAlg alg, Bytes *bytes, CryptoKey **key,
		   const char **why)
{
	CryptoAlg expected;
	Slice x;
	Slice y;
	Slice d;

	if (!curve_alg(doc, jwk, &expected) || expected != alg)
		return bad_key(why, "The key's curve does not fit the algorithm.");
	if (!read_bytes(doc, jwk, "x", bytes, &x) || !read_bytes(doc, jwk, "y", bytes, &y) ||
		!read_bytes(doc, jwk, "d", bytes, &d))
		return bad_key(why, "A number of the JWK is not canonical base64url.");
	if (x.len == 0 && y.len == 0 && d.len == 0)
		return key_of_certificate(doc, jwk, alg, key, why);
	if (alg == CRYPTO_ALG_EDDSA)
		return crypto_key_from_ed25519(x, d, key, why);
	return crypto_key_from_ec(alg, x, y, d, key, why);
}

static ResultCode
make_secret(const JsonDoc *doc, const JsonNode *jwk, CryptoAlg alg, Bytes *bytes, CryptoKey **key,
			const char **why)
{
	Slice k;

	if (!read_bytes(doc, jwk, "k", bytes, &k))
		return bad_key(why, "The JWK's secret is not canonical base64url.");
	return crypto_key_from_secret(alg, k.data, k.len, key, why);
}

ResultCode
jwk_key(const JsonDoc *doc, const JsonNode *jwk, CryptoAlg alg, CryptoKey **key, const char **why)
{
	const JsonNode *stated;
	CryptoAlg stated_alg;
	Bytes bytes;
	ResultCode result;

	*key = NULL;
	if (jwk->kind != JSON_KIND_OBJECT || !kty_fits(doc, jwk, alg))
		return bad_key(why, "The JWK's kty does not fit the algorithm.");
	stated = MEMBER(doc, jwk, "alg");
	if (stated != NULL && (!read_alg(doc, stated, &stated_alg) || stated_alg != alg))
		return bad_key(why, "The JWK's alg is another algorithm.");
	if (!is_for_signatures(doc, jwk))
		return bad_key(why, "The JWK's use or key_ops does not allow signatures.");
	bytes.used = 0;
	switch (crypto_alg_type(alg))
	{
		case CRYPTO_TYPE_SECRET:
			result = make_secret(doc, jwk, alg, &bytes, key, why);
			break;
		case CRYPTO_TYPE_RSA:
			result = make_rsa(doc, jwk, alg, &bytes, key, why);
			break;
		default:
			result = make_curve(doc, jwk, alg, &bytes, key, why);
			break;
	}
	crypto_cleanse(bytes.data, bytes.used);
	return result;
}

static bool
holds_private_numbers(const JsonDoc *doc, const JsonNode *jwk)
{
	static const char *const names[] = { "d", "p", "q", "dp", "dq", "qi", "oth" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (json_member(doc, jwk, names[i], strlen(names[i])) != NULL)
			return true;
	return false;
}

static ResultCode
make_public_rsa(const JsonDoc *doc, const JsonNode *jwk, CryptoKey **key)
{
	CryptoRsaParts parts = { .n.len = 0 };
	Bytes bytes = { .used = 0 };

	if (!read_bytes(doc, jwk, "n", &bytes, &parts.n) ||
		!read_bytes(doc, jwk, "e", &bytes, &parts.e))
		return RESULT_BAD_KEY;
	return crypto_key_from_rsa(CRYPTO_ALG_RS256, &parts, key, NULL);
}

static ResultCode
make_public_curve(const JsonDoc *doc, const JsonNode *jwk, CryptoKey **key)
{
	const Slice none = { NULL, 0 };
	Bytes bytes = { .used = 0 };
	CryptoAlg alg;
	Slice x;
	Slice y;

	if (!curve_alg(doc, jwk, &alg) || !kty_fits(doc, jwk, alg) ||
		!read_bytes(doc, jwk, "x", &bytes, &x) || !read_bytes(doc, jwk, "y", &bytes, &y))
		return RESULT_BAD_KEY;
	if (alg == CRYPTO_ALG_EDDSA)
		return crypto_key_from_ed25519(x, none, key, NULL);
	return crypto_key_from_ec(alg, x, y, none, key, NULL);
}

ResultCode
jwk_exposed_key(const JsonDoc *doc, const JsonNode *jwk, CryptoKey **key)
{
	*key = NULL;
	if (jwk->kind != JSON_KIND_OBJECT || !holds_private_numbers(doc, jwk))
		return RESULT_BAD_KEY;
	if (TEXT_IS(doc, MEMBER(doc, jwk, "kty"), "RSA"))
		return make_public_rsa(doc, jwk, key);
	return make_public_curve(doc, jwk, key);
}

static ResultCode
key_of_certificate_pem(CryptoAlg alg, const char *text, size_t len, CryptoKey **key,
					   const char **why)
{
	char pem[PUBLIC_PEM_MAX];
	size_t pem_len;

	if (crypto_certificate_pem_key((Slice){ text, len }, pem, sizeof(pem), &pem_len) != RESULT_OK)
		return bad_key(why, "The certificate cannot be read.");
	return crypto_key_from_pem(alg, pem, pem_len, key, why);
}

ResultCode
jwk_key_from_text(CryptoAlg alg, const char *text, size_t len, CryptoKey **key, const char **why)
{
	JsonNode nodes[NODES_MAX];
	JsonDoc doc;

	*key = NULL;
	if (len == 0 || len > JWK_TEXT_MAX)
		return bad_key(why, "The key is empty or longer than 32 kB.");
	/* A random secret may start with a brace, but it is no JSON. */
	if (*text == '{' && json_scan(&doc, text, len, nodes, NODES_MAX) == RESULT_OK)
		return jwk_key(&doc, doc.nodes, alg, key, why);
	if (crypto_alg_type(alg) == CRYPTO_TYPE_SECRET)
		return crypto_key_from_secret(alg, text, len, key, why);
	if (*text == '{')
		return bad_key(why, "The JWK is not valid JSON.");
	if (len > strlen(CERTIFICATE_MARK) &&
		memcmp(text, CERTIFICATE_MARK, strlen(CERTIFICATE_MARK)) == 0)
		return key_of_certificate_pem(alg, text, len, key, why);
	return crypto_key_from_pem(alg, text, len, key, why);
}

/* Appends a text that must fit, as the caller has made out big enough. */
static void
append(char *out, size_t *len, const char *text)
{
	size_t n = strlen(text);

	memcpy(out + *len, text, n);
	*len += n;
}

static void
append_bytes(char *out, size_t *len, const char *before, const unsigned char *bytes, size_t n)
{
	append(out, len, before);
	*len += base64url_encode(bytes, n, out + *len);
	append(out, len, "\"");
}

/* The required members in the order of RFC 7638: no space, names sorted. */
static ResultCode
write_required(const CryptoKey *key, char *out, size_t *len)
{
	unsigned char a[CRYPTO_SIGNATURE_MAX];
	unsigned char b[CRYPTO_SIGNATURE_MAX];
	size_t a_len;
	size_t b_len;
	ResultCode result = crypto_key_public_parts(key, a, sizeof(a), &a_len, b, sizeof(b), &b_len);
	CryptoKeyType type = crypto_alg_type(crypto_key_alg(key));

	*len = 0;
	if (result != RESULT_OK)
		return result;
	append(out, len, "{");
	if (type == CRYPTO_TYPE_RSA)
	{
		if (b_len > 64)
			return RESULT_BAD_KEY;
		append_bytes(out, len, "\"e\":\"", b, b_len);
		append_bytes(out, len, ",\"kty\":\"RSA\",\"n\":\"", a, a_len);
	}
	else
	{
		append(out, len, "\"crv\":\"");
		append(out, len, crypto_alg_curve(crypto_key_alg(key)));
		append(out, len, type == CRYPTO_TYPE_EC ? "\",\"kty\":\"EC\"" : "\",\"kty\":\"OKP\"");
		append_bytes(out, len, ",\"x\":\"", a, a_len);
		if (type == CRYPTO_TYPE_EC)
			append_bytes(out, len, ",\"y\":\"", b, b_len);
	}
	append(out, len, "}");
	return RESULT_OK;
}

ResultCode
jwk_thumbprint(const CryptoKey *key, unsigned char out[CRYPTO_SHA256_LEN])
{
	char text[PUBLIC_MAX];
	size_t len;
	ResultCode result = write_required(key, text, &len);

	if (result != RESULT_OK)
		return result;
	return crypto_sha256(text, len, out) ? RESULT_OK : RESULT_CRYPTO_FAILED;
}
