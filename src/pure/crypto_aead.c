/*
 * crypto_aead.c
 *		Opening what was encrypted and authenticated; see crypto.h.
 */
#include "pure/crypto_internal.h"

#include <limits.h>
#include <stdint.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#define AES_BLOCK 16

typedef enum Cipher
{
	CIPHER_CBC,
	CIPHER_GCM,
	N_CIPHERS
} Cipher;

static EVP_CIPHER *
fetch_cipher(Cipher cipher)
{
	static EVP_CIPHER *ciphers[N_CIPHERS];
	static const char *const names[N_CIPHERS] = { "AES-256-CBC", "AES-256-GCM" };

	if (ciphers[cipher] == NULL)
		ciphers[cipher] = EVP_CIPHER_fetch(NULL, names[cipher], NULL);
	return ciphers[cipher];
}

static EVP_CIPHER_CTX *
cipher_context(void)
{
	static EVP_CIPHER_CTX *ctx = NULL;

	if (ctx == NULL)
		ctx = EVP_CIPHER_CTX_new();
	return ctx;
}

/*
 * The key, the tag and what is authenticated alone: nothing of this can fail by the input.  Without
 * aes the context has its key.
 */
static bool
begin_cipher(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *aes, const unsigned char *key,
			 const unsigned char *iv, Slice aad, const unsigned char *tag)
{
	int n;

	if (aad.len > INT_MAX || EVP_DecryptInit_ex2(ctx, aes, key, iv, NULL) != 1)
		return false;
	if (tag == NULL)
		return true;
	return EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, CRYPTO_GCM_TAG_LEN,
							   (void *) (uintptr_t) tag) == 1 &&
		   (aad.len == 0 ||
			EVP_DecryptUpdate(ctx, NULL, &n, (const unsigned char *) aad.data, (int) aad.len) == 1);
}

/* Decrypts what has begun; with a tag (GCM) it is checked in the last step. */
static ResultCode
finish_cipher(EVP_CIPHER_CTX *ctx, Slice in, unsigned char *out, size_t *out_len)
{
	int n = 0;
	int last = 0;

	if (in.len > 0 &&
		EVP_DecryptUpdate(ctx, out, &n, (const unsigned char *) in.data, (int) in.len) != 1)
		return RESULT_CRYPTO_FAILED;
	if (EVP_DecryptFinal_ex(ctx, out + n, &last) != 1)
		return RESULT_BAD_SIGNATURE;
	*out_len = (size_t) n + (size_t) last;
	return RESULT_OK;
}

static ResultCode
refuse_ciphertext(unsigned char *out, size_t len, size_t *out_len, ResultCode result)
{
	crypto_cleanse(out, len);
	*out_len = 0;
	return result;
}

/* out is zero unless RESULT_OK. */
static ResultCode
decrypt_in(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *aes, const unsigned char *key,
		   const unsigned char *iv, Slice aad, Slice in, const unsigned char *tag,
		   unsigned char *out, size_t *out_len)
{
	ResultCode result = RESULT_CRYPTO_FAILED;

	if (in.len <= INT_MAX - AES_BLOCK && begin_cipher(ctx, aes, key, iv, aad, tag))
		result = finish_cipher(ctx, in, out, out_len);
	if (result == RESULT_OK)
		return RESULT_OK;
	ERR_clear_error();
	return refuse_ciphertext(out, in.len, out_len, result);
}

/* With a key that is used once. */
static ResultCode
decrypt(Cipher cipher, const unsigned char *key, const unsigned char *iv, Slice aad, Slice in,
		const unsigned char *tag, unsigned char *out, size_t *out_len)
{
	EVP_CIPHER_CTX *ctx = cipher_context();
	EVP_CIPHER *aes = fetch_cipher(cipher);
	ResultCode result;

	if (ctx == NULL || aes == NULL)
	{
		ERR_clear_error();
		return refuse_ciphertext(out, in.len, out_len, RESULT_CRYPTO_FAILED);
	}
	result = decrypt_in(ctx, aes, key, iv, aad, in, tag, out, out_len);
	EVP_CIPHER_CTX_reset(ctx); /* no key stays behind */
	return result;
}

ResultCode
crypto_gcm_open(const unsigned char *key, const unsigned char *iv, Slice aad, Slice in,
				const unsigned char *tag, unsigned char *out, size_t *out_len)
{
	return decrypt(CIPHER_GCM, key, iv, aad, in, tag, out, out_len);
}

static bool
is_whole_blocks(Slice in)
{
	return in.len > 0 && in.len % AES_BLOCK == 0;
}

ResultCode
crypto_cbc_decrypt(const unsigned char *key, const unsigned char *iv, Slice in, unsigned char *out,
				   size_t *out_len)
{
	const Slice no_aad = { NULL, 0 };

	if (!is_whole_blocks(in))
		return refuse_ciphertext(out, in.len, out_len, RESULT_BAD_SIGNATURE);
	return decrypt(CIPHER_CBC, key, iv, no_aad, in, NULL, out, out_len);
}

/* What the MAC of A256CBC-HS512 covers (RFC 7518, 5.2); bits is where the last part lies. */
static void
cover_cbc_hs512(Slice parts[4], const unsigned char *iv, Slice aad, Slice in, unsigned char bits[8])
{
	for (int i = 0; i < 8; i++)
		bits[i] = (unsigned char) ((uint64_t) aad.len * 8 >> (56 - 8 * i) & 0xff);
	parts[0] = aad;
	parts[1] = slice_make(iv, CRYPTO_CBC_HS512_IV_LEN);
	parts[2] = in;
	parts[3] = slice_make(bits, 8);
}

/* The first half of the key is the MAC's, the second the cipher's. */
ResultCode
crypto_cbc_hs512_open(const unsigned char *key, const unsigned char *iv, Slice aad, Slice in,
					  const unsigned char *tag, unsigned char *out, size_t *out_len)
{
	unsigned char mac[CRYPTO_SHA512_LEN];
	unsigned char bits[8];
	const size_t half = CRYPTO_CBC_HS512_KEY_LEN / 2;
	Slice parts[4];

	cover_cbc_hs512(parts, iv, aad, in, bits);
	if (!crypto_hmac_parts(CRYPTO_HASH_SHA512, key, half, parts, 4, mac))
		return refuse_ciphertext(out, in.len, out_len, RESULT_CRYPTO_FAILED);
	if (!crypto_equal(mac, tag, CRYPTO_CBC_HS512_TAG_LEN))
		return refuse_ciphertext(out, in.len, out_len, RESULT_BAD_SIGNATURE);
	return crypto_cbc_decrypt(key + half, iv, in, out, out_len);
}

/* --------------------------------------------------------------------- a key that is kept */

struct CryptoCipher
{
	EVP_CIPHER_CTX *ctx; /* holds the key, ready to be used */
};

static CryptoCipher *
new_cipher(Cipher cipher, const unsigned char *key)
{
	CryptoCipher *kept = OPENSSL_zalloc(sizeof(CryptoCipher));
	EVP_CIPHER *aes = fetch_cipher(cipher);

	if (kept != NULL)
		kept->ctx = EVP_CIPHER_CTX_new();
	if (kept != NULL && kept->ctx != NULL && aes != NULL &&
		EVP_DecryptInit_ex2(kept->ctx, aes, key, NULL, NULL) == 1)
		return kept;
	crypto_cipher_free(kept);
	ERR_clear_error();
	return NULL;
}

CryptoCipher *
crypto_gcm_new(const unsigned char *key)
{
	return new_cipher(CIPHER_GCM, key);
}

CryptoCipher *
crypto_cbc_new(const unsigned char *key)
{
	return new_cipher(CIPHER_CBC, key);
}

void
crypto_cipher_free(CryptoCipher *cipher)
{
	if (cipher == NULL)
		return;
	EVP_CIPHER_CTX_free(cipher->ctx);
	OPENSSL_free(cipher);
}

ResultCode
crypto_gcm_open_with(const CryptoCipher *cipher, const unsigned char *iv, Slice in,
					 const unsigned char *tag, unsigned char *out, size_t *out_len)
{
	const Slice no_aad = { NULL, 0 };

	return decrypt_in(cipher->ctx, NULL, NULL, iv, no_aad, in, tag, out, out_len);
}

ResultCode
crypto_cbc_decrypt_with(const CryptoCipher *cipher, const unsigned char *iv, Slice in,
						unsigned char *out, size_t *out_len)
{
	const Slice no_aad = { NULL, 0 };

	if (!is_whole_blocks(in))
		return refuse_ciphertext(out, in.len, out_len, RESULT_BAD_SIGNATURE);
	return decrypt_in(cipher->ctx, NULL, NULL, iv, no_aad, in, NULL, out, out_len);
}

ResultCode
crypto_cbc_hs512_open_with(const CryptoMac *mac, const CryptoCipher *cipher,
						   const unsigned char *iv, Slice aad, Slice in, const unsigned char *tag,
						   unsigned char *out, size_t *out_len)
{
	unsigned char computed[CRYPTO_SHA512_LEN];
	unsigned char bits[8];
	Slice parts[4];

	cover_cbc_hs512(parts, iv, aad, in, bits);
	if (!crypto_mac_parts(mac, parts, 4, computed))
		return refuse_ciphertext(out, in.len, out_len, RESULT_CRYPTO_FAILED);
	if (!crypto_equal(computed, tag, CRYPTO_CBC_HS512_TAG_LEN))
		return refuse_ciphertext(out, in.len, out_len, RESULT_BAD_SIGNATURE);
	return crypto_cbc_decrypt_with(cipher, iv, in, out, out_len);
}
