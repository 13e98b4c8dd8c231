/*
 * framework_proof.c
 *		Is a cookie's value genuine?  See frameworks.h and framework_internal.h.
 *
 * Invariant: the form of a value is looked at before anything is computed, and says only
 * whether the row may judge it; every fault of what has the form is RESULT_BAD_SIGNATURE.
 */
#include <string.h>

#include "pure/base64.h"
#include "pure/base64_forgive.h"
#include "pure/crypto_sodium.h"
#include "pure/framework_internal.h"
#include "pure/hex.h"

#define MAC_TEXT_MAX (2 * CRYPTO_HASH_MAX)
#define XCHACHA_AAD  "A128GCM"
#define XCHACHA_HEAD (SODIUM_IV_LEN + SODIUM_TAG_LEN)
#define PARTS_MAX    3

static Slice
without_front(Slice text, size_t n)
{
	return slice_make(text.data + n, text.len - n);
}

static bool
begins_with(Slice text, const char *word)
{
	return slice_begins_with(text, slice_make(word, strlen(word)));
}

unsigned char *
framework_room(const Opening *o, size_t len, Slice *content)
{
	unsigned char *room = arena_take(o->arena, len);

	content->data = (const char *) room;
	return room;
}

/* -------------------------------------------------------------------------- keys */

/*
 * Versions of a framework derive by different digests, and an application runs one of them: what
 * was right the last time is tried first.  This changes how long it takes and nothing else.
 */
static const FrameworkKey *latest_key;
static size_t latest_digest;

/* The n-th to be tried of a key's digests. */
static size_t
nth_digest(const FrameworkKey *key, size_t n)
{
	return key == latest_key ? (latest_digest + n) % key->n_keys : n;
}

static void
note_digest(const FrameworkKey *key, size_t i)
{
	latest_key = key;
	latest_digest = i;
}

/* -------------------------------------------------------------------------- MACs */

static size_t
mac_text_len(const Framework *row)
{
	size_t n = crypto_hash_len(row->mac_hash);

	switch (row->mac_text)
	{
		case MAC_HEX:
			return 2 * n;
		case MAC_BASE64:
			return BASE64_LEN(n);
		default:
			return BASE64URL_LEN(n);
	}
}

static void
write_mac(const Framework *row, const unsigned char *mac, char *text)
{
	size_t n = crypto_hash_len(row->mac_hash);

	switch (row->mac_text)
	{
		case MAC_HEX:
			hex_encode(mac, n, text);
			break;
		case MAC_BASE64URL:
			base64url_encode(mac, n, text);
			break;
		default:
			base64_encode(mac, n, text);
			break;
	}
}

/* Could a text of this length be a MAC's?  What is forgiven makes it longer, within reason. */
static bool
has_mac_len(const Framework *row, size_t len)
{
	size_t written = mac_text_len(row);

	return len == written ||
		   (row->mac_text == MAC_BASE64_FORGIVEN && len > written && len <= MAC_TEXT_MAX);
}

ResultCode
framework_check_mac(const Opening *o, const Slice *parts, int n_parts, Slice given)
{
	unsigned char mac[CRYPTO_HASH_MAX];
	char expected[MAC_TEXT_MAX];
	char forgiven[MAC_TEXT_MAX];
	size_t len = mac_text_len(o->row);

	if (o->row->mac_text == MAC_BASE64_FORGIVEN && given.len <= sizeof(forgiven))
		given = base64_forgive(given, forgiven);
	if (given.len != len)
		return RESULT_BAD_SIGNATURE;
	for (size_t n = 0; n < o->key->n_keys; n++)
	{
		size_t i = nth_digest(o->key, n);

		if (!crypto_mac_parts(o->key->keys[i].mac, parts, n_parts, mac))
			return RESULT_CRYPTO_FAILED;
		write_mac(o->row, mac, expected);
		if (!crypto_equal(expected, given.data, len))
			continue;
		note_digest(o->key, i);
		return RESULT_OK;
	}
	return RESULT_BAD_SIGNATURE;
}

bool
framework_split_mac(const Framework *row, Slice value, Slice *covered, Slice *content, Slice *mac)
{
	size_t prefix = row->prefix == NULL ? 0 : strlen(row->prefix);

	if (prefix > 0 && !begins_with(value, row->prefix))
		return false;
	if (!slice_split_last(without_front(value, prefix), row->separator, content, mac) ||
		content->len == 0 || !has_mac_len(row, mac->len))
		return false;
	covered->data = row->prefix_counts ? value.data : value.data + prefix;
	covered->len = row->prefix_counts ? prefix + content->len : content->len;
	return true;
}

static ResultCode
prove_mac(const Opening *o, Slice *content)
{
	Slice covered;
	Slice mac;

	if (!framework_split_mac(o->row, o->cookie->value, &covered, content, &mac))
		return RESULT_UNKNOWN_FORM;
	return framework_check_mac(o, &covered, 1, mac);
}

/* The MAC in a second cookie, over name=value: such a cookie never comes bare. */
static ResultCode
prove_beside(const Opening *o, Slice *content)
{
	const Slice parts[] = { slice_make(o->key->name, o->key->name_len), slice_make("=", 1),
							o->cookie->value };

	*content = o->cookie->value;
	if (o->cookie->name.data == NULL)
		return RESULT_UNKNOWN_FORM;
	if (o->cookie->beside.data == NULL)
		return RESULT_BAD_SIGNATURE;
	return framework_check_mac(o, parts, 3, o->cookie->beside);
}

/* ------------------------------------------------------------------------ ciphers */

/* The last n - 1 parts, and what stands before them; a separator in there is no base64. */
static bool
split_parts(Slice text, const char *separator, Slice *parts, int n)
{
	for (int i = n - 1; i > 0; i--)
		if (!slice_split_last(text, separator, &text, &parts[i]))
			return false;
	parts[0] = text;
	return true;
}

/* The parts in standard base64. */
static ResultCode
decode_parts(const Opening *o, Slice *parts, int n)
{
	for (int i = 0; i < n; i++)
	{
		ResultCode result = framework_decode(o, parts[i], false, &parts[i]);

		if (result != RESULT_OK)
			return result == RESULT_MALFORMED ? RESULT_BAD_SIGNATURE : result;
	}
	return RESULT_OK;
}

static const unsigned char *
bytes_of(Slice s)
{
	return (const unsigned char *) s.data;
}

static ResultCode
prove_gcm_parts(const Opening *o, Slice *content)
{
	Slice parts[PARTS_MAX];
	unsigned char *out;
	ResultCode result;
	size_t i = 0;
	size_t n;

	if (!split_parts(o->cookie->value, o->row->separator, parts, 3))
		return RESULT_UNKNOWN_FORM;
	result = decode_parts(o, parts, 3);
	if (result != RESULT_OK)
		return result;
	if (parts[1].len != CRYPTO_GCM_IV_LEN || parts[2].len != CRYPTO_GCM_TAG_LEN)
		return RESULT_BAD_SIGNATURE;
	out = framework_room(o, parts[0].len + 1, content);
	if (out == NULL)
		return RESULT_TOO_LONG;
	for (n = 0, result = RESULT_BAD_SIGNATURE; n < o->key->n_keys && result == RESULT_BAD_SIGNATURE;
		 n++)
	{
		i = nth_digest(o->key, n);
		result = crypto_gcm_open_with(o->key->keys[i].cipher, bytes_of(parts[1]), parts[0],
									  bytes_of(parts[2]), out, &content->len);
	}
	if (result == RESULT_OK)
		note_digest(o->key, i);
	return result;
}

static ResultCode
prove_secretbox(const Opening *o, Slice *content)
{
	Slice parts[PARTS_MAX];
	unsigned char *out;
	ResultCode result;

	if (!split_parts(o->cookie->value, o->row->separator, parts, 2))
		return RESULT_UNKNOWN_FORM;
	result = decode_parts(o, parts, 2);
	if (result != RESULT_OK)
		return result;
	if (parts[1].len != SODIUM_IV_LEN)
		return RESULT_BAD_SIGNATURE;
	out = framework_room(o, parts[0].len + 1, content);
	if (out == NULL)
		return RESULT_TOO_LONG;
	return sodium_xsalsa_open(o->key->keys[0].bytes, bytes_of(parts[1]), parts[0], out,
							  &content->len);
}

/* XCP. and base64url of nonce, tag and ciphertext. */
static ResultCode
prove_xchacha(const Opening *o, Slice *content)
{
	const Slice aad = slice_make(XCHACHA_AAD, sizeof(XCHACHA_AAD) - 1);
	Slice sealed;
	unsigned char *out;
	ResultCode result = RESULT_BAD_SIGNATURE;
	size_t i = 0;
	size_t n;

	if (!begins_with(o->cookie->value, o->row->prefix))
		return RESULT_UNKNOWN_FORM;
	result =
		framework_decode(o, without_front(o->cookie->value, strlen(o->row->prefix)), true, &sealed);
	if (result == RESULT_MALFORMED || (result == RESULT_OK && sealed.len < XCHACHA_HEAD))
		return RESULT_BAD_SIGNATURE;
	if (result != RESULT_OK)
		return result;
	out = framework_room(o, sealed.len, content);
	if (out == NULL)
		return RESULT_TOO_LONG;
	for (n = 0, result = RESULT_BAD_SIGNATURE; n < o->key->n_keys && result == RESULT_BAD_SIGNATURE;
		 n++)
	{
		i = nth_digest(o->key, n);
		result = sodium_xchacha_open(o->key->keys[i].bytes, bytes_of(sealed), aad,
									 without_front(sealed, XCHACHA_HEAD),
									 bytes_of(sealed) + SODIUM_IV_LEN, out, &content->len);
	}
	if (result == RESULT_OK)
		note_digest(o->key, i);
	return result;
}

ResultCode
framework_prove(const Opening *o, Slice *content)
{
	switch (o->row->proof)
	{
		case PROOF_MAC:
			return prove_mac(o, content);
		case PROOF_BESIDE:
			return prove_beside(o, content);
		case PROOF_GCM_PARTS:
			return prove_gcm_parts(o, content);
		case PROOF_LARAVEL:
			return framework_prove_laravel(o, content);
		case PROOF_IRON:
			return framework_prove_iron(o, content);
		case PROOF_XCHACHA:
			return prove_xchacha(o, content);
		case PROOF_SECRETBOX:
			return prove_secretbox(o, content);
		case PROOF_JWE:
			return framework_prove_jwe(o, content);
		default:
			return RESULT_UNKNOWN_FORM;
	}
}

bool
framework_looks_like(const Framework *row, Slice value)
{
	Slice parts[PARTS_MAX];

	switch (row->proof)
	{
		case PROOF_MAC:
			return framework_split_mac(row, value, &parts[0], &parts[1], &parts[2]);
		case PROOF_GCM_PARTS:
			return split_parts(value, row->separator, parts, 3);
		case PROOF_SECRETBOX:
			return split_parts(value, row->separator, parts, 2);
		case PROOF_XCHACHA:
			return begins_with(value, row->prefix);
		case PROOF_LARAVEL:
			/* the base64 of {" */
			return begins_with(value, "eyJ") && memchr(value.data, '.', value.len) == NULL;
		case PROOF_IRON:
			return framework_is_iron(row, value);
		case PROOF_JWE:
			return jose_split(value.data, value.len, (Slice[5]){ { NULL, 0 } }, 5) == RESULT_OK;
		default:
			return false;
	}
}
