/*
 * framework_key.c
 *		From an application's secret to the keys of its cookies; see frameworks.h.
 */
#include <string.h>

#include "pure/base64.h"
#include "pure/crypto_sodium.h"
#include "pure/framework_internal.h"
#include "pure/hex.h"

#define PBKDF2_ROUNDS 1000
#define SIGNER        "signer"
#define BYTES_LEN     32
#define BYTES_PREFIX  "base64:"
#define NAME_SUFFIX   "v2" /* Laravel's */

/* The salts that are tried, in order. */
typedef struct Salts
{
	Slice salts[FRAMEWORK_KEYS_MAX];
	size_t n;
	char text[FRAMEWORK_KEYS_MAX][FRAMEWORK_NAME_MAX + FRAMEWORK_SALT_MAX];
} Salts;

static ResultCode
bad_key(FrameworkFault *fault, const char *argument, const char *reason)
{
	if (fault != NULL)
	{
		fault->argument = argument;
		fault->reason = reason;
		fault->secret_min = 0;
	}
	return RESULT_BAD_KEY;
}

static ResultCode
short_secret(FrameworkFault *fault, size_t secret_min)
{
	ResultCode result = bad_key(fault, "secret", "The framework itself refuses one so short.");

	if (fault != NULL)
		fault->secret_min = secret_min;
	return result;
}

static void
add_salt(Salts *salts, Slice salt)
{
	salts->salts[salts->n++] = salt;
}

static void
add_joined(Salts *salts, Slice name, Slice rest)
{
	char *text = salts->text[salts->n];
	Slice salt = { text, name.len + rest.len };

	memcpy(text, name.data, name.len);
	if (rest.len > 0)
		memcpy(text + name.len, rest.data, rest.len);
	add_salt(salts, salt);
}

/* One of the options'; where the name is part of the salt, a salt that is the name adds nothing. */
static void
add_given(const Framework *row, Slice name, Slice salt, Salts *salts)
{
	if (row->salting != SALT_NAME || slice_equals(salt, name))
		add_salt(salts, salt);
	if (row->salting == SALT_NAME)
		add_joined(salts, name, salt);
}

static ResultCode
check_salts(const Framework *row, const FrameworkOptions *options, Slice name,
			FrameworkFault *fault)
{
	if (row->salting == SALT_NONE && options->n_salts > 0)
		return bad_key(fault, "salts", "Keys of this kind are made without a salt.");
	if (options->n_salts > FRAMEWORK_KEYS_MAX / 2)
		return bad_key(fault, "salts", "At most four salts can be given.");
	for (size_t i = 0; i < options->n_salts; i++)
		if (options->salts[i].len > FRAMEWORK_SALT_MAX)
			return bad_key(fault, "salts", "A salt has at most 512 bytes.");
	if (options->n_salts == 0 && (row->salting == SALT_FIRST || row->salting == SALT_LAST))
		return bad_key(fault, "salts",
					   "Every application of this kind has salts of its own: give them.");
	if (options->n_salts == 0 && row->salting == SALT_NAME_COOKIE && name.len == 0)
		return bad_key(fault, "salts", "Keys of this kind need a salt or the cookie's name.");
	return RESULT_OK;
}

static void
choose_salts(const Framework *row, const FrameworkOptions *options, Slice name, Salts *salts)
{
	static const Slice cookie = { "_cookie", 7 };
	Slice none = { NULL, 0 };
	Slice own = { row->salt, row->salt == NULL ? 0 : strlen(row->salt) };
	size_t n = options->n_salts;

	salts->n = 0;
	if (row->salting == SALT_FIRST)
		add_salt(salts, options->salts[0]);
	else if (row->salting == SALT_LAST)
		add_salt(salts, options->salts[n - 1]);
	else if (row->salting == SALT_NAME && n == 0)
		add_joined(salts, name, none);
	else if (row->salting == SALT_NAME_COOKIE && n == 0)
		add_joined(salts, name, cookie);
	else if (n == 0)
		add_salt(salts, own);
	else
		for (size_t i = 0; i < n; i++)
			add_given(row, name, options->salts[i], salts);
}

/* hash(salt + "signer" + prefix + secret) */
static bool
hash_key(const Framework *row, CryptoHash hash, Slice salt, Slice secret, unsigned char *out)
{
	char text[FRAMEWORK_NAME_MAX + FRAMEWORK_SALT_MAX + sizeof(SIGNER) + 64 + SECRET_MAX];
	size_t prefix_len = row->secret_prefix == NULL ? 0 : strlen(row->secret_prefix);
	size_t n = salt.len;
	bool ok;

	if (n > 0)
		memcpy(text, salt.data, n);
	memcpy(text + n, SIGNER, sizeof(SIGNER) - 1);
	n += sizeof(SIGNER) - 1;
	if (prefix_len > 0)
		memcpy(text + n, row->secret_prefix, prefix_len);
	n += prefix_len;
	memcpy(text + n, secret.data, secret.len);
	n += secret.len;
	ok = crypto_digest(hash, text, n, out);
	crypto_cleanse(text, sizeof(text));
	return ok;
}

static bool
derive_one(const Framework *row, CryptoHash hash, Slice salt, Slice secret, FrameworkKey *key)
{
	unsigned char *out = key->keys[key->n_keys].bytes;
	size_t *len = &key->keys[key->n_keys].len;
	bool ok;

	*len = crypto_hash_len(hash);
	switch (row->derivation)
	{
		case DERIVE_HASH:
			ok = hash_key(row, hash, salt, secret, out);
			break;
		case DERIVE_HMAC_SALT:
			ok = crypto_hmac_parts(hash, secret.data, secret.len, &salt, 1, out);
			break;
		default:
			*len = row->key_len;
			ok = crypto_pbkdf2(hash, secret, salt, PBKDF2_ROUNDS, out, *len);
			break;
	}
	key->n_keys++;
	return ok;
}

static ResultCode
derive_salted(FrameworkKey *key, const FrameworkOptions *options, Slice name, Slice secret)
{
	const Framework *row = key->row;
	Salts salts;

	choose_salts(row, options, name, &salts);
	for (size_t i = 0; i < salts.n; i++)
		for (size_t j = 0; j < row->n_key_hashes; j++)
			if (!derive_one(row, row->key_hashes[j], salts.salts[i], secret, key))
				return RESULT_CRYPTO_FAILED;
	return RESULT_OK;
}

/* HMAC takes the digest of a key that is longer than a block: so do we, once. */
static ResultCode
keep_secret(FrameworkKey *key, CryptoHash hash, Slice secret)
{
	key->n_keys = 1;
	key->keys[0].len = secret.len;
	if (secret.len <= crypto_hash_block(hash))
	{
		memcpy(key->keys[0].bytes, secret.data, secret.len);
		return RESULT_OK;
	}
	key->keys[0].len = crypto_hash_len(hash);
	return crypto_digest(hash, secret.data, secret.len, key->keys[0].bytes) ? RESULT_OK
																			: RESULT_CRYPTO_FAILED;
}

/* Exactly 32 bytes: as they are, as 64 hex digits, or in base64 with or without its mark. */
static bool
read_bytes(Slice secret, unsigned char out[BYTES_LEN])
{
	size_t mark = sizeof(BYTES_PREFIX) - 1;
	size_t len;

	if (secret.len == BYTES_LEN)
	{
		memcpy(out, secret.data, BYTES_LEN);
		return true;
	}
	if (secret.len == 2 * BYTES_LEN)
		return hex_decode(secret.data, secret.len, out);
	if (secret.len > mark && memcmp(secret.data, BYTES_PREFIX, mark) == 0)
	{
		secret.data += mark;
		secret.len -= mark;
	}
	return base64_decode(secret.data, secret.len, out, BYTES_LEN, &len) == RESULT_OK &&
		   len == BYTES_LEN;
}

static ResultCode
derive_bytes(FrameworkKey *key, Slice secret, FrameworkFault *fault)
{
	key->n_keys = 1;
	key->keys[0].len = BYTES_LEN;
	if (read_bytes(secret, key->keys[0].bytes))
		return RESULT_OK;
	return bad_key(fault, "secret",
				   "The secret must be 32 bytes, as they are, in hex, or in base64.");
}

static ResultCode
derive_jwe(FrameworkKey *key, Slice name, Slice secret)
{
	ResultCode result = keep_secret(key, CRYPTO_HASH_SHA256, secret);

	return result == RESULT_OK ? jwe_key_derive(&key->jwe, key->row->jwe, secret, name) : result;
}

static ResultCode
derive(FrameworkKey *key, const FrameworkOptions *options, Slice name, Slice secret,
	   FrameworkFault *fault)
{
	switch (key->row->derivation)
	{
		case DERIVE_RAW:
			return keep_secret(key, key->row->mac_hash, secret);
		case DERIVE_PER_COOKIE:
			return keep_secret(key, CRYPTO_HASH_SHA1, secret);
		case DERIVE_BYTES:
			return derive_bytes(key, secret, fault);
		case DERIVE_JWE:
			return derive_jwe(key, name, secret);
		default:
			return derive_salted(key, options, name, secret);
	}
}

/* --------------------------------------------------- what is computed once, not per cookie */

/* Is a cookie of the row proved by an HMAC with the key itself, and with which hash? */
static bool
proves_by_mac(const Framework *row, CryptoHash *hash)
{
	*hash = row->proof == PROOF_LARAVEL ? CRYPTO_HASH_SHA256 : row->mac_hash;
	return row->proof == PROOF_MAC || row->proof == PROOF_BESIDE || row->proof == PROOF_CACHE ||
		   row->proof == PROOF_LARAVEL;
}

static ResultCode
prepare_macs(FrameworkKey *key)
{
	CryptoHash hash;

	if (!proves_by_mac(key->row, &hash))
		return RESULT_OK;
	for (size_t i = 0; i < key->n_keys; i++)
	{
		key->keys[i].mac = crypto_mac_new(hash, key->keys[i].bytes, key->keys[i].len);
		if (key->keys[i].mac == NULL)
			return RESULT_NO_MEMORY;
	}
	return RESULT_OK;
}

/* Laravel's default is CBC; its GCM cookies are opened with the bytes. */
static ResultCode
prepare_ciphers(FrameworkKey *key)
{
	const FrameworkProofKind proof = key->row->proof;

	if (proof != PROOF_GCM_PARTS && proof != PROOF_LARAVEL)
		return RESULT_OK;
	for (size_t i = 0; i < key->n_keys; i++)
	{
		key->keys[i].cipher =
			(proof == PROOF_LARAVEL ? crypto_cbc_new : crypto_gcm_new)(key->keys[i].bytes);
		if (key->keys[i].cipher == NULL)
			return RESULT_CRYPTO_FAILED;
	}
	return RESULT_OK;
}

/* hex(HMAC-SHA1(name + "v2", key)) and "|" */
static ResultCode
mark_name(FrameworkKey *key)
{
	const Slice parts[] = { slice_make(key->name, key->name_len),
							slice_make(NAME_SUFFIX, sizeof(NAME_SUFFIX) - 1) };
	unsigned char mac[CRYPTO_HASH_MAX];
	const size_t n = sizeof(key->name_mark) - 1;

	if (!crypto_hmac_parts(CRYPTO_HASH_SHA1, key->keys[0].bytes, key->keys[0].len, parts, 2, mac))
		return RESULT_CRYPTO_FAILED;
	hex_encode(mac, n / 2, key->name_mark);
	key->name_mark[n] = '|';
	return RESULT_OK;
}

static ResultCode
prepare(FrameworkKey *key)
{
	ResultCode result = prepare_macs(key);

	if (result == RESULT_OK)
		result = prepare_ciphers(key);
	if (key->row->payload == PAYLOAD_RAILS)
		framework_note_rails_end(key);
	return result == RESULT_OK && key->row->payload == PAYLOAD_NAMED_RAW ? mark_name(key) : result;
}

/* ------------------------------------------------------------------------------ the whole */

bool
framework_is_supported(const Framework *row)
{
	return (row->proof != PROOF_XCHACHA && row->proof != PROOF_SECRETBOX) || sodium_is_here();
}

static ResultCode
check_arguments(const Framework *row, const FrameworkOptions *options, Slice name, Slice secret,
				FrameworkFault *fault)
{
	if (row->proof == PROOF_ROW)
		return bad_key(fault, "kind",
					   "Sessions of this kind are proved by their row, without a secret.");
	if (!framework_is_supported(row))
		return RESULT_UNSUPPORTED;
	if (secret.len == 0 || secret.len > SECRET_MAX)
		return bad_key(fault, "secret", "A secret has 1 to 4096 bytes.");
	if (secret.len < row->secret_min)
		return short_secret(fault, row->secret_min);
	if (name.len > FRAMEWORK_NAME_MAX)
		return bad_key(fault, "cookie_names", "A cookie's name has at most 256 bytes.");
	if (row->name_counts && name.len == 0)
		return bad_key(fault, "cookie_names",
					   "Cookies of this kind are proved together with their name: give it.");
	return check_salts(row, options, name, fault);
}

ResultCode
framework_derive(FrameworkKey *key, const Framework *row, const FrameworkOptions *options,
				 Slice name, Slice secret, FrameworkFault *fault)
{
	ResultCode result = check_arguments(row, options, name, secret, fault);

	memset(key, 0, sizeof(*key));
	if (result != RESULT_OK)
		return result;
	key->row = row;
	if (row->name_counts)
	{
		key->name_len = name.len;
		memcpy(key->name, name.data, name.len);
	}
	result = derive(key, options, name, secret, fault);
	if (result == RESULT_OK)
		result = prepare(key);
	if (result != RESULT_OK)
		framework_key_clear(key);
	return result;
}

void
framework_key_clear(FrameworkKey *key)
{
	for (size_t i = 0; i < key->n_keys; i++)
	{
		crypto_mac_free(key->keys[i].mac);
		crypto_cipher_free(key->keys[i].cipher);
	}
	jwe_key_clear(&key->jwe);
	crypto_cleanse(key, sizeof(*key));
}
