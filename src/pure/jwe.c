/*
 * jwe.c
 *		Encrypted tokens; see jwe.h.
 */
#include "pure/jwe.h"

#include <string.h>

#include "pure/base64.h"

#define N_PARTS       5
#define AUTHJS_INFO   "Auth.js Generated Encryption Key ("
#define NEXTAUTH_INFO "NextAuth.js Generated Encryption Key"
#define BETTER_INFO   "BetterAuth.js Generated Encryption Key"
#define INFO_MAX      (sizeof(AUTHJS_INFO) + JWE_COOKIE_MAX + 1)

/* The info that goes into HKDF, and the salt where the scheme has its own. */
static Slice
hkdf_info(JweScheme scheme, Slice *salt, char *buf)
{
	size_t n = sizeof(AUTHJS_INFO) - 1;

	switch (scheme)
	{
		case JWE_NEXTAUTH_V4:
			*salt = slice_make(NULL, 0);
			return slice_make(NEXTAUTH_INFO, sizeof(NEXTAUTH_INFO) - 1);
		case JWE_BETTER_AUTH:
			*salt = slice_make(JWE_BETTER_SALT, sizeof(JWE_BETTER_SALT) - 1);
			return slice_make(BETTER_INFO, sizeof(BETTER_INFO) - 1);
		default:
			memcpy(buf, AUTHJS_INFO, n);
			memcpy(buf + n, salt->data, salt->len);
			n += salt->len;
			buf[n++] = ')';
			return slice_make(buf, n);
	}
}

/* The RFC 7638 thumbprint of an oct JWK in base64url. */
static bool
thumbprint(const unsigned char *key, size_t key_len, CryptoHash hash, char *out, size_t *out_len)
{
	static const char before[] = "{\"k\":\"";
	static const char after[] = "\",\"kty\":\"oct\"}";
	char json[sizeof(before) + sizeof(after) + BASE64URL_LEN(JWE_KEY_LEN)];
	unsigned char digest[CRYPTO_SHA512_LEN];
	size_t n = sizeof(before) - 1;
	bool ok;

	memcpy(json, before, n);
	n += base64url_encode(key, key_len, json + n);
	memcpy(json + n, after, sizeof(after) - 1);
	n += sizeof(after) - 1;
	ok = crypto_digest(hash, json, n, digest);
	crypto_cleanse(json, sizeof(json));
	if (ok)
		*out_len = base64url_encode(digest, crypto_hash_len(hash), out);
	return ok;
}

/*
 * Auth.js sizes the thumbprint's hash by the key's length, better-auth always
 * takes SHA-256, and next-auth v4 writes no kid.
 */
static bool
name_key(JweKey *key)
{
	switch (key->scheme)
	{
		case JWE_AUTHJS_V5:
			return thumbprint(key->key, CRYPTO_CBC_HS512_KEY_LEN, CRYPTO_HASH_SHA512,
							  key->kid[JWE_A256CBC_HS512], &key->kid_len[JWE_A256CBC_HS512]) &&
				   thumbprint(key->key, CRYPTO_GCM_KEY_LEN, CRYPTO_HASH_SHA256,
							  key->kid[JWE_A256GCM], &key->kid_len[JWE_A256GCM]);
		case JWE_BETTER_AUTH:
			return thumbprint(key->key, CRYPTO_CBC_HS512_KEY_LEN, CRYPTO_HASH_SHA256,
							  key->kid[JWE_A256CBC_HS512], &key->kid_len[JWE_A256CBC_HS512]);
		default:
			return true;
	}
}

/* What is computed once, not per token. */
static bool
prepare_key(JweKey *key)
{
	const size_t half = CRYPTO_CBC_HS512_KEY_LEN / 2;

	if (key->kid_len[JWE_A256CBC_HS512] == 0)
		return true;
	key->mac = crypto_mac_new(CRYPTO_HASH_SHA512, key->key, half);
	key->cipher = crypto_cbc_new(key->key + half);
	return key->mac != NULL && key->cipher != NULL;
}

ResultCode
jwe_key_derive(JweKey *key, JweScheme scheme, Slice secret, Slice salt)
{
	char buf[INFO_MAX];
	Slice info;

	memset(key, 0, sizeof(*key));
	key->scheme = scheme;
	if (secret.len == 0 || secret.len > SECRET_MAX)
		return RESULT_BAD_KEY;
	if (scheme == JWE_AUTHJS_V5 && (salt.len == 0 || salt.len > JWE_COOKIE_MAX))
		return RESULT_BAD_KEY;
	info = hkdf_info(scheme, &salt, buf);
	/* HKDF's output of 32 bytes is the front of that of 64. */
	if (!crypto_hkdf_sha256(secret, salt, info, key->key, JWE_KEY_LEN) || !name_key(key) ||
		!prepare_key(key))
	{
		jwe_key_clear(key);
		return RESULT_CRYPTO_FAILED;
	}
	return RESULT_OK;
}

void
jwe_key_clear(JweKey *key)
{
	crypto_mac_free(key->mac);
	crypto_cipher_free(key->cipher);
	crypto_cleanse(key, sizeof(*key));
}

static bool
header_is(const char *text, size_t len, const char *expected)
{
	return slice_is(slice_make(text, len), expected);
}

ResultCode
jwe_parse(Jwe *jwe, const char *token, size_t len)
{
	Slice parts[N_PARTS];
	ResultCode result = jose_split(token, len, parts, N_PARTS);

	if (result != RESULT_OK)
		return result;
	jwe->aad = parts[0];
	jwe->iv = parts[2];
	jwe->ciphertext = parts[3];
	jwe->tag = parts[4];
	result = jose_read_header(&jwe->header, parts[0]);
	if (result != RESULT_OK)
		return result;
	if (!header_is(jwe->header.alg, jwe->header.alg_len, "dir"))
		return RESULT_UNSUPPORTED;
	if (header_is(jwe->header.enc, jwe->header.enc_len, "A256CBC-HS512"))
		jwe->enc = JWE_A256CBC_HS512;
	else if (header_is(jwe->header.enc, jwe->header.enc_len, "A256GCM"))
		jwe->enc = JWE_A256GCM;
	else
		return RESULT_UNSUPPORTED;
	return parts[1].len == 0 ? RESULT_OK : RESULT_MALFORMED; /* dir has no encrypted key */
}

/* The token's parts as bytes. */
typedef struct Sealed
{
	unsigned char iv[CRYPTO_CBC_HS512_IV_LEN];
	unsigned char tag[CRYPTO_CBC_HS512_TAG_LEN];
	Slice ciphertext;
	bool sound; /* all canonical, of the lengths that enc has */
} Sealed;

static void
unpack(const Jwe *jwe, Sealed *sealed, char *scratch, size_t cap)
{
	bool gcm = jwe->enc == JWE_A256GCM;
	size_t iv_len;
	size_t tag_len;
	size_t len;

	memset(sealed->iv, 0, sizeof(sealed->iv));
	memset(sealed->tag, 0, sizeof(sealed->tag));
	sealed->sound = base64url_decode(jwe->iv.data, jwe->iv.len, sealed->iv, sizeof(sealed->iv),
									 &iv_len) == RESULT_OK &&
					base64url_decode(jwe->tag.data, jwe->tag.len, sealed->tag, sizeof(sealed->tag),
									 &tag_len) == RESULT_OK &&
					iv_len == (gcm ? CRYPTO_GCM_IV_LEN : CRYPTO_CBC_HS512_IV_LEN) &&
					tag_len == (gcm ? CRYPTO_GCM_TAG_LEN : CRYPTO_CBC_HS512_TAG_LEN);
	if (base64url_decode(jwe->ciphertext.data, jwe->ciphertext.len, (unsigned char *) scratch, cap,
						 &len) != RESULT_OK)
		sealed->sound = false;
	sealed->ciphertext = slice_make(scratch, len);
}

static ResultCode
open_with(const Jwe *jwe, const Sealed *sealed, const JweKey *key, char *out, size_t *out_len)
{
	if (jwe->enc == JWE_A256GCM)
		return crypto_gcm_open(key->key, sealed->iv, jwe->aad, sealed->ciphertext, sealed->tag,
							   (unsigned char *) out, out_len);
	if (key->mac != NULL)
		return crypto_cbc_hs512_open_with(key->mac, key->cipher, sealed->iv, jwe->aad,
										  sealed->ciphertext, sealed->tag, (unsigned char *) out,
										  out_len);
	return crypto_cbc_hs512_open(key->key, sealed->iv, jwe->aad, sealed->ciphertext, sealed->tag,
								 (unsigned char *) out, out_len);
}

/* Would the framework that derived this key try it on this token? */
static bool
is_candidate(const Jwe *jwe, const JweKey *key)
{
	const JoseHeader *header = &jwe->header;

	if (key->scheme == JWE_NEXTAUTH_V4)
		return jwe->enc == JWE_A256GCM;
	if (key->kid_len[jwe->enc] == 0)
		return false;
	return !header->has_kid || slice_equals(slice_make(header->kid, header->kid_len),
											slice_make(key->kid[jwe->enc], key->kid_len[jwe->enc]));
}

ResultCode
jwe_decrypt(const Jwe *jwe, const JweKey *keys, size_t n_keys, char *out, char *scratch, size_t cap,
			size_t *out_len, size_t *which)
{
	Sealed sealed;
	bool tried = false;
	ResultCode result;

	*out_len = 0;
	if (JWE_PLAIN_MAX(jwe) > cap)
		return RESULT_TOO_LONG;
	if (n_keys == 0)
		return RESULT_NOT_SET_UP;
	unpack(jwe, &sealed, scratch, cap);
	for (size_t i = 0; sealed.sound && i < n_keys; i++)
	{
		if (!is_candidate(jwe, &keys[i]))
			continue;
		tried = true;
		result = open_with(jwe, &sealed, &keys[i], out, out_len);
		if (result == RESULT_OK && which != NULL)
			*which = i;
		/* A library that fails says nothing about the token, and would fail again. */
		if (result != RESULT_BAD_SIGNATURE)
			return result;
	}
	/* A token that no key is for costs a tag as well; its outcome does not matter. */
	if (!tried)
	{
		(void) open_with(jwe, &sealed, &keys[0], out, out_len);
		crypto_cleanse(out, JWE_PLAIN_MAX(jwe));
		*out_len = 0;
	}
	return RESULT_BAD_SIGNATURE;
}

/* Equal strings, or arrays of equal strings. */
static bool
same_claim(const JsonDoc *doc_a, const JsonNode *a, const JsonDoc *doc_b, const JsonNode *b)
{
	const JsonNode *ea;
	const JsonNode *eb;

	if (b == NULL || a->kind != b->kind)
		return false;
	if (a->kind == JSON_KIND_STRING)
		return json_same_text(doc_a, a, doc_b, b);
	if (a->kind != JSON_KIND_ARRAY || a->size != b->size)
		return false;
	ea = json_first(a);
	eb = json_first(b);
	while (ea != NULL && eb != NULL)
	{
		if (!json_same_text(doc_a, ea, doc_b, eb))
			return false;
		ea = json_next(doc_a, a, ea);
		eb = json_next(doc_b, b, eb);
	}
	return true;
}

ResultCode
jwe_check_replicated(const Jwe *jwe, const JsonDoc *claims)
{
	static const char *const names[] = { "iss", "sub", "aud" };
	const JsonDoc *doc = &jwe->header.doc;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		const JsonNode *node = json_member(doc, doc->nodes, names[i], strlen(names[i]));

		if (node != NULL &&
			!same_claim(doc, node, claims,
						json_member(claims, claims->nodes, names[i], strlen(names[i]))))
			return RESULT_BAD_SIGNATURE;
	}
	return RESULT_OK;
}
