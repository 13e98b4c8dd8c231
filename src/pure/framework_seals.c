/*
 * framework_seals.c
 *		Values that are encrypted and then authenticated: Laravel's and iron's.
 *
 * Invariant: nothing is decrypted before its MAC was compared, in constant time; both MACs cover
 * texts, so that no second text of the same bytes passes.
 */
#include <string.h>

#include "pure/base64.h"
#include "pure/framework_internal.h"
#include "pure/hex.h"

#define CBC_IV_LEN 16
#define CBC_KEY    32

static ResultCode
proof_fault(ResultCode result)
{
	return result == RESULT_MALFORMED ? RESULT_BAD_SIGNATURE : result;
}

/* Decodes what a MAC has shown to be genuine, and makes room for what is sealed in it. */
static ResultCode
decode_cbc(const Opening *o, Slice *iv, Slice *value, bool url, unsigned char **out, Slice *content)
{
	ResultCode result = framework_decode(o, *iv, url, iv);

	if (result == RESULT_OK)
		result = framework_decode(o, *value, url, value);
	if (result != RESULT_OK)
		return proof_fault(result);
	if (iv->len != CBC_IV_LEN)
		return RESULT_BAD_SIGNATURE;
	*out = framework_room(o, value->len + 1, content);
	return *out == NULL ? RESULT_TOO_LONG : RESULT_OK;
}

/* ------------------------------------------------------------------------ Laravel */

typedef struct LaravelSeal
{
	Slice iv;
	Slice value;
	Slice mac;
	Slice tag; /* empty for AES-CBC */
} LaravelSeal;

/* A member that is a string; missing, unless it has to be there. */
static bool
laravel_member(const Opening *o, const JsonDoc *doc, const char *name, bool required, Slice *text)
{
	const JsonNode *node = json_member(doc, doc->nodes, name, strlen(name));
	char *buf;

	text->data = "";
	text->len = 0;
	if (node == NULL)
		return !required;
	buf = arena_take(o->arena, node->end - node->start + 1);
	return buf != NULL && json_text(doc, node, buf, node->end - node->start + 1, text) == RESULT_OK;
}

static ResultCode
read_laravel(const Opening *o, LaravelSeal *seal)
{
	Slice json;
	JsonDoc doc;
	ResultCode result;

	if (!framework_looks_like(o->row, o->cookie->value))
		return RESULT_UNKNOWN_FORM;
	result = framework_decode(o, o->cookie->value, false, &json);
	if (result == RESULT_OK)
		result = framework_scan(o, json, &doc);
	if (result == RESULT_OK && doc.unpaired) /* which PHP's reader refuses */
		result = RESULT_MALFORMED;
	if (result != RESULT_OK)
		return proof_fault(result);
	return laravel_member(o, &doc, "iv", true, &seal->iv) &&
				   laravel_member(o, &doc, "value", true, &seal->value) &&
				   laravel_member(o, &doc, "mac", true, &seal->mac) &&
				   laravel_member(o, &doc, "tag", false, &seal->tag)
			   ? RESULT_OK
			   : RESULT_BAD_SIGNATURE;
}

static ResultCode
open_laravel_gcm(const Opening *o, const LaravelSeal *seal, Slice *content)
{
	const Slice no_aad = { NULL, 0 };
	Slice iv;
	Slice tag;
	Slice value;
	unsigned char *out;
	ResultCode result = framework_decode(o, seal->iv, false, &iv);

	if (result == RESULT_OK)
		result = framework_decode(o, seal->tag, false, &tag);
	if (result == RESULT_OK)
		result = framework_decode(o, seal->value, false, &value);
	if (result != RESULT_OK)
		return proof_fault(result);
	if (iv.len != CRYPTO_GCM_IV_LEN || tag.len != CRYPTO_GCM_TAG_LEN)
		return RESULT_BAD_SIGNATURE;
	out = framework_room(o, value.len + 1, content);
	if (out == NULL)
		return RESULT_TOO_LONG;
	return crypto_gcm_open(o->key->keys[0].bytes, (const unsigned char *) iv.data, no_aad, value,
						   (const unsigned char *) tag.data, out, &content->len);
}

static ResultCode
open_laravel_cbc(const Opening *o, const LaravelSeal *seal, Slice *content)
{
	const Slice parts[] = { seal->iv, seal->value };
	Slice iv = seal->iv;
	Slice value = seal->value;
	unsigned char *out = NULL;
	ResultCode result;
	unsigned char mac[CRYPTO_SHA256_LEN];
	char expected[2 * CRYPTO_SHA256_LEN];

	if (!crypto_mac_parts(o->key->keys[0].mac, parts, 2, mac))
		return RESULT_CRYPTO_FAILED;
	hex_encode(mac, sizeof(mac), expected);
	if (seal->mac.len != sizeof(expected) ||
		!crypto_equal(expected, seal->mac.data, sizeof(expected)))
		return RESULT_BAD_SIGNATURE;
	result = decode_cbc(o, &iv, &value, false, &out, content);
	return result == RESULT_OK
			   ? crypto_cbc_decrypt_with(o->key->keys[0].cipher, (const unsigned char *) iv.data,
										 value, out, &content->len)
			   : result;
}

/* The tag's presence tells the cipher, as each refuses what the other needs. */
ResultCode
framework_prove_laravel(const Opening *o, Slice *content)
{
	LaravelSeal seal;
	ResultCode result = read_laravel(o, &seal);

	if (result != RESULT_OK)
		return result;
	return seal.tag.len > 0 ? open_laravel_gcm(o, &seal, content)
							: open_laravel_cbc(o, &seal, content);
}

/* --------------------------------------------------------------------------- iron */

enum
{
	IRON_PREFIX,
	IRON_PASSWORD_ID,
	IRON_SALT,
	IRON_IV,
	IRON_VALUE,
	IRON_EXPIRES,
	IRON_MAC_SALT,
	IRON_MAC,
	IRON_PARTS
};

/* Takes the suffix off, and the seal apart at its stars. */
static bool
split_iron(const Framework *row, Slice value, Slice *parts, Slice *covered)
{
	size_t suffix = row->suffix == NULL ? 0 : strlen(row->suffix);
	size_t prefix = strlen(row->prefix);

	if (value.len < prefix + suffix || memcmp(value.data, row->prefix, prefix) != 0 ||
		(suffix > 0 && memcmp(value.data + value.len - suffix, row->suffix, suffix) != 0))
		return false;
	value.len -= suffix;
	for (int i = IRON_PARTS - 1; i > 0; i--)
	{
		if (!slice_split_last(value, "*", &value, &parts[i]))
			return false;
		if (i == IRON_MAC_SALT)
			*covered = value;
	}
	parts[0] = value;
	return memchr(value.data, '*', value.len) == NULL;
}

bool
framework_is_iron(const Framework *row, Slice value)
{
	Slice parts[IRON_PARTS];
	Slice covered;

	return split_iron(row, value, parts, &covered);
}

/* The salt is used as the text that it is. */
static bool
iron_key(const Opening *o, Slice salt, unsigned char key[CBC_KEY])
{
	const Slice password = slice_make(o->key->keys[0].bytes, o->key->keys[0].len);

	return crypto_pbkdf2(CRYPTO_HASH_SHA1, password, salt, 1, key, CBC_KEY);
}

static ResultCode
check_iron_mac(const Opening *o, Slice covered, const Slice *parts)
{
	unsigned char key[CBC_KEY];
	unsigned char mac[CRYPTO_SHA256_LEN];
	bool ok = iron_key(o, parts[IRON_MAC_SALT], key) &&
			  crypto_hmac_parts(CRYPTO_HASH_SHA256, key, sizeof(key), &covered, 1, mac);

	crypto_cleanse(key, sizeof(key));
	if (!ok)
		return RESULT_CRYPTO_FAILED;
	return crypto_is_base64url(mac, parts[IRON_MAC]) ? RESULT_OK : RESULT_BAD_SIGNATURE;
}

/* Milliseconds in digits, or nothing: then the seal has no end. */
static ResultCode
note_iron_end(const Opening *o, Slice text)
{
	int64_t ms = 0;

	if (text.len == 0)
		return RESULT_OK;
	if (text.len > 15)
		return RESULT_MALFORMED;
	for (size_t i = 0; i < text.len; i++)
	{
		if (text.data[i] < '0' || text.data[i] > '9')
			return RESULT_MALFORMED;
		ms = ms * 10 + (text.data[i] - '0');
	}
	framework_note_end(o->proof, ms * US_PER_MS + o->row->skew_s * US_PER_SECOND);
	return RESULT_OK;
}

ResultCode
framework_prove_iron(const Opening *o, Slice *content)
{
	unsigned char key[CBC_KEY];
	Slice parts[IRON_PARTS];
	Slice covered;
	unsigned char *out;
	ResultCode result;

	if (!split_iron(o->row, o->cookie->value, parts, &covered))
		return RESULT_UNKNOWN_FORM;
	result = check_iron_mac(o, covered, parts);
	if (result == RESULT_OK)
		result = note_iron_end(o, parts[IRON_EXPIRES]);
	if (result != RESULT_OK)
		return result;
	result = decode_cbc(o, &parts[IRON_IV], &parts[IRON_VALUE], true, &out, content);
	if (result != RESULT_OK)
		return result;
	if (!iron_key(o, parts[IRON_SALT], key))
		return RESULT_CRYPTO_FAILED;
	result = crypto_cbc_decrypt(key, (const unsigned char *) parts[IRON_IV].data, parts[IRON_VALUE],
								out, &content->len);
	crypto_cleanse(key, sizeof(key));
	return result;
}
