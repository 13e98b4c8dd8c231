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

/* The key, the tag and what is authenticated alone: nothing of this can fail by the input. */
static bool
begin_cipher(EVP_CIPHER_CTX *ctx, Cipher cipher, const unsigned char *key, const unsigned char *iv,
			 Slice aad, const unsigned char *tag)
{
	EVP_CIPHER *aes = fetch_cipher(cipher);
	int n;

	if (aes == NULL || aad.len > INT_MAX || EVP_DecryptInit_ex2(ctx, aes, key, iv, NULL) != 1)
		return false;
	return tag == NULL ||
		   (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, CRYPTO_GCM_TAG_LEN,
								(void *) (uintptr_t) tag) == 1 &&
			EVP_DecryptUpdate(ctx, NULL, &n, (const unsigned char *) aad.data, (int) aad.len) == 1);
}

/* Decrypts; with a tag (GCM) it is checked in the last step.  out is zero unless RESULT_OK. */
static ResultCode
decrypt(Cipher cipher, const unsigned char *key, const unsigned char *iv, Slice aad, Slice in,
		const unsigned char *tag, unsigned char *out, size_t *out_len)
{
	EVP_CIPHER_CTX *ctx = cipher_context();
	ResultCode result = RESULT_CRYPTO_FAILED;
	int n = 0;
	int last = 0;

	*out_len = 0;
	if (ctx != NULL && in.len <= INT_MAX - AES_BLOCK &&
		begin_cipher(ctx, cipher, key, iv, aad, tag) &&
		(in.len == 0 ||
		 EVP_DecryptUpdate(ctx, out, &n, (const unsigned char *) in.data, (int) in.len) == 1))
		result = EVP_DecryptFinal_ex(ctx, out + n, &last) == 1 ? RESULT_OK : RESULT_BAD_SIGNATURE;
	if (ctx != NULL)
		EVP_CIPHER_CTX_reset(ctx); /* no key stays behind */
	if (result == RESULT_OK)
	{
		*out_len = (size_t) n + (size_t) last;
		return RESULT_OK;
	}
	crypto_cleanse(out, in.len);
	ERR_clear_error();
	return result;
}

ResultCode
crypto_gcm_open(const unsigned char *key, const unsigned char *iv, Slice aad, Slice in,
				const unsigned char *tag, unsigned char *out, size_t *out_len)
{
	return decrypt(CIPHER_GCM, key, iv, aad, in, tag, out, out_len);
}

static ResultCode
refuse_ciphertext(unsigned char *out, size_t len, size_t *out_len, ResultCode result)
{
	crypto_cleanse(out, len);
	*out_len = 0;
	return result;
}

ResultCode
crypto_cbc_decrypt(const unsigned char *key, const unsigned char *iv, Slice in, unsigned char *out,
				   size_t *out_len)
{
	Slice no_aad = { NULL, 0 };

	if (in.len == 0 || in.len % AES_BLOCK != 0)
		return refuse_ciphertext(out, in.len, out_len, RESULT_BAD_SIGNATURE);
	return decrypt(CIPHER_CBC, key, iv, no_aad, in, NULL, out, out_len);
}

/* RFC 7518, 5.2: the first half of the key is the MAC's, the second the cipher's. */
ResultCode
crypto_cbc_hs512_open(const unsigned char *key, const unsigned char *iv, Slice aad, Slice in,
					  const unsigned char *tag, unsigned char *out, size_t *out_len)
{
	unsigned char mac[CRYPTO_SHA512_LEN];
	unsigned char aad_bits[8];
	const size_t half = CRYPTO_CBC_HS512_KEY_LEN / 2;
	Slice parts[4];

	for (int i = 0; i < 8; i++)
		aad_bits[i] = (unsigned char) ((uint64_t) aad.len * 8 >> (56 - 8 * i) & 0xff);
	parts[0] = aad;
	parts[1].data = (const char *) iv;
	parts[1].len = CRYPTO_CBC_HS512_IV_LEN;
	parts[2] = in;
	parts[3].data = (const char *) aad_bits;
	parts[3].len = sizeof(aad_bits);
	if (!crypto_hmac_parts(CRYPTO_HASH_SHA512, key, half, parts, 4, mac))
		return refuse_ciphertext(out, in.len, out_len, RESULT_CRYPTO_FAILED);
	if (!crypto_equal(mac, tag, CRYPTO_CBC_HS512_TAG_LEN))
		return refuse_ciphertext(out, in.len, out_len, RESULT_BAD_SIGNATURE);
	return crypto_cbc_decrypt(key + half, iv, in, out, out_len);
}
