/*
 * adopted_token.c
 *		What a token column of an application's own table says of a session.
 *
 * Invariant: the hash is that of what a client presents.  Where the table keeps
 * digests the digest is the hash itself, so that the stored text, hashed once
 * more, leads nowhere: who reads the table has no token.
 *
 * Pure: no PostgreSQL.
 */
#include "pure/adopted_token.h"

#include <string.h>

#include "pure/base64.h"
#include "pure/crypto.h"
#include "pure/hex.h"
#include "pure/limits.h"
#include "pure/session_key.h"
#include "pure/token.h"

#define HASH_LEN CRYPTO_SHA256_LEN

static const struct
{
	const char *name;
	TokenStorage storage;
} storages[] = {
	{ "plain", STORED_PLAIN },
	{ "bytea", STORED_BYTES },
	{ "sha256-hex", STORED_SHA256_HEX },
	{ "sha256-base64", STORED_SHA256_BASE64 },
	{ "sha256-base64url", STORED_SHA256_BASE64URL },
	{ "sha256-bytea", STORED_SHA256_BYTES },
	{ "id", STORED_ID },
};

bool
token_storage_named(const char *name, TokenStorage *storage)
{
	for (size_t i = 0; i < sizeof(storages) / sizeof(storages[0]); i++)
		if (strcmp(storages[i].name, name) == 0)
		{
			*storage = storages[i].storage;
			return true;
		}
	return false;
}

/* 64 hexadecimal digits as bytes; false when they are anything else. */
static bool
decode_hex(Slice value, unsigned char *out)
{
	return value.len == 2 * HASH_LEN && hex_decode(value.data, value.len, out);
}

/* Padding at the end of base64 is often left out, and at that of base64url left in. */
static bool
decode_base64(Slice value, bool url, unsigned char *out)
{
	char text[BASE64_LEN(HASH_LEN)];
	size_t len = value.len;
	size_t out_len;

	if (len == sizeof(text) && value.data[len - 1] == '=')
		len--;
	if (len != sizeof(text) - 1)
		return false;
	memcpy(text, value.data, len);
	text[len] = '=';
	return (url ? base64url_decode(text, len, out, HASH_LEN, &out_len)
				: base64_decode(text, len + 1, out, HASH_LEN, &out_len)) == RESULT_OK &&
		   out_len == HASH_LEN;
}

static TokenFitness
hash_bytes_of(Slice value, unsigned char *hash)
{
	return crypto_sha256(value.data, value.len, hash) ? TOKEN_FITS : TOKEN_UNHASHED;
}

/* Text, whose alphabet says how many bits it holds. */
static TokenFitness
hash_text(Slice value, unsigned char *hash)
{
	if (token_entropy_bits(value.data, value.len) < TOKEN_BITS_MIN)
		return TOKEN_WEAK;
	return hash_bytes_of(value, hash);
}

/* Bytes: where they read as a token's text they are judged as such. */
static TokenFitness
hash_binary(Slice value, unsigned char *hash)
{
	if (token_form_of(value.data, value.len) == TOKEN_FORM_OPAQUE)
		return hash_text(value, hash);
	if (value.len < TOKEN_BYTES_MIN || value.len > TOKEN_OPAQUE_MAX ||
		!token_is_varied(value.data, value.len))
		return TOKEN_WEAK;
	return hash_bytes_of(value, hash);
}

static TokenFitness
decode_hash(TokenStorage storage, Slice value, unsigned char *hash)
{
	bool decoded = false;

	if (storage == STORED_SHA256_HEX)
		decoded = decode_hex(value, hash);
	else if (storage == STORED_SHA256_BYTES)
	{
		decoded = value.len == HASH_LEN;
		if (decoded)
			memcpy(hash, value.data, HASH_LEN);
	}
	else
		decoded = decode_base64(value, storage == STORED_SHA256_BASE64URL, hash);
	/* an application's "no token" may be a hash of nothing but zeros */
	return decoded && token_is_varied((const char *) hash, HASH_LEN) ? TOKEN_FITS : TOKEN_NO_HASH;
}

static TokenFitness
hash_id(Slice value, unsigned char *hash)
{
	if (value.len == 0 || value.len > SESSION_ID_MAX)
		return TOKEN_WEAK;
	return session_key_of_id(value.data, value.len, hash) ? TOKEN_FITS : TOKEN_UNHASHED;
}

/* Whether the column is read as bytes where it is a bytea. */
bool
token_storage_is_binary(TokenStorage storage)
{
	return storage == STORED_BYTES || storage == STORED_SHA256_BYTES;
}

/* hash: where the SHA-256 of the token goes; what is there unless it fits says nothing. */
TokenFitness
adopted_token_hash(TokenStorage storage, Slice value, unsigned char *hash)
{
	switch (storage)
	{
		case STORED_PLAIN:
			if (decode_hex(value, hash))
				return TOKEN_LIKE_A_HASH;
			return hash_text(value, hash);
		case STORED_ANY_TEXT:
			return hash_text(value, hash);
		case STORED_BYTES:
			return hash_binary(value, hash);
		case STORED_ID:
			return hash_id(value, hash);
		default:
			return decode_hash(storage, value, hash);
	}
}
