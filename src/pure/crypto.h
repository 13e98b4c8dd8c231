/*
 * crypto.h
 *		The only door to OpenSSL (and to libsodium, where there is one): crypto_primitives.c,
 *		crypto_mac.c, crypto_aead.c, crypto_alg.c, crypto_keys.c, crypto_key_faults.c,
 *		crypto_public.c, crypto_sign.c, crypto_agree.c and crypto_sodium.c.
 *
 * Invariant: OpenSSL's error queue is empty after every call, and no type or
 * constant of OpenSSL is visible through this header.  Failures are answered,
 * never raised; nothing here logs.  A CryptoKey is bound to one algorithm for
 * its whole life and was found fit for it when it was made; no other key exists.
 *
 * What is fetched from OpenSSL's providers is fetched once per process and kept,
 * and a key keeps its prepared contexts.  The functions are for one thread, as a
 * PostgreSQL backend is.
 */
#ifndef SESSION_AUTH_CRYPTO_H
#define SESSION_AUTH_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

#include "pure/result.h"
#include "pure/slice.h"

typedef enum CryptoHash
{
	CRYPTO_HASH_SHA1, /* for HMAC and derivation alone */
	CRYPTO_HASH_SHA256,
	CRYPTO_HASH_SHA384,
	CRYPTO_HASH_SHA512,
	CRYPTO_HASHES /* how many */
} CryptoHash;

#define CRYPTO_SHA256_LEN 32
#define CRYPTO_SHA512_LEN 64
#define CRYPTO_HASH_MAX   64

/* ------------------------------------------------------------ building blocks */

extern size_t crypto_hash_len(CryptoHash hash);

/* The block of its compression: a longer HMAC key counts as its digest. */
extern size_t crypto_hash_block(CryptoHash hash);

/* out holds crypto_hash_len(hash) bytes, here and below. */
extern bool crypto_digest(CryptoHash hash, const void *data, size_t len, unsigned char *out);
extern bool crypto_sha256(const void *data, size_t len, unsigned char out[CRYPTO_SHA256_LEN]);

/* HMAC-SHA256 with a key of any length: for cookies, whose secrets are passwords. */
extern bool crypto_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
							   unsigned char out[CRYPTO_SHA256_LEN]);

/* HMAC over several pieces, with a key of any length. */
extern bool crypto_hmac_parts(CryptoHash hash, const void *key, size_t key_len, const Slice *parts,
							  int n_parts, unsigned char *out);

/*
 * A key of HMAC that is used again and again: it is prepared once, which saves half of a short
 * one.  NULL when there is no memory.
 */
typedef struct CryptoMac CryptoMac;

extern CryptoMac *crypto_mac_new(CryptoHash hash, const void *key, size_t len);
extern void crypto_mac_free(CryptoMac *mac);
extern bool crypto_mac_parts(const CryptoMac *mac, const Slice *parts, int n_parts,
							 unsigned char *out);

#define CRYPTO_FINGERPRINT_LEN 16

/*
 * What bytes are known by in a table of this process and nowhere else: by a key that it has
 * drawn, so that nobody can make others with the same fingerprint.
 */
extern bool crypto_fingerprint(Slice bytes, unsigned char out[CRYPTO_FINGERPRINT_LEN]);

extern bool crypto_pbkdf2(CryptoHash hash, Slice password, Slice salt, unsigned int iterations,
						  unsigned char *out, size_t out_len);

/* HKDF-SHA256, extract and expand; false when out_len is more than 255 blocks. */
extern bool crypto_hkdf_sha256(Slice secret, Slice salt, Slice info, unsigned char *out,
							   size_t out_len);

/* Random bytes for secrets, from OpenSSL's private generator. */
extern bool crypto_random(void *out, size_t len);

/* Compares in a time that depends on len alone. */
extern bool crypto_equal(const void *a, const void *b, size_t len);

/* Whether the text is what this MAC is in base64url without padding; in constant time. */
extern bool crypto_is_base64url(const unsigned char mac[CRYPTO_SHA256_LEN], Slice text);

/* Overwrites p in a way that the compiler keeps. */
extern void crypto_cleanse(void *p, size_t len);

/* --------------------------------------------------- authenticated encryption */

#define CRYPTO_CBC_HS512_KEY_LEN 64
#define CRYPTO_CBC_HS512_IV_LEN  16
#define CRYPTO_CBC_HS512_TAG_LEN 32
#define CRYPTO_GCM_KEY_LEN       32
#define CRYPTO_GCM_IV_LEN        12
#define CRYPTO_GCM_TAG_LEN       16

/*
 * Open a ciphertext into out, which holds in.len bytes; it is all zero unless
 * RESULT_OK.  The tag is compared in constant time, and for CBC before anything
 * is decrypted.  iv and tag have the lengths above.  RESULT_BAD_SIGNATURE for
 * every fault of the input, RESULT_CRYPTO_FAILED for those of the machine.
 */
extern ResultCode crypto_cbc_hs512_open(const unsigned char *key, const unsigned char *iv,
										Slice aad, Slice in, const unsigned char *tag,
										unsigned char *out, size_t *out_len);
extern ResultCode crypto_gcm_open(const unsigned char *key, const unsigned char *iv, Slice aad,
								  Slice in, const unsigned char *tag, unsigned char *out,
								  size_t *out_len);

/*
 * AES-256-CBC alone: only for what a MAC has shown to be genuine.  Results and lengths as
 * above; RESULT_BAD_SIGNATURE when the padding or the length is wrong.
 */
extern ResultCode crypto_cbc_decrypt(const unsigned char *key, const unsigned char *iv, Slice in,
									 unsigned char *out, size_t *out_len);

/*
 * A key of AES-256 that is used again and again: it is prepared once, which takes longer than
 * opening a cookie.  NULL where OpenSSL fails.  Results and lengths as above.
 */
typedef struct CryptoCipher CryptoCipher;

extern CryptoCipher *crypto_gcm_new(const unsigned char *key);
extern CryptoCipher *crypto_cbc_new(const unsigned char *key);
extern void crypto_cipher_free(CryptoCipher *cipher);
extern ResultCode crypto_gcm_open_with(const CryptoCipher *cipher, const unsigned char *iv,
									   Slice in, const unsigned char *tag, unsigned char *out,
									   size_t *out_len);
extern ResultCode crypto_cbc_decrypt_with(const CryptoCipher *cipher, const unsigned char *iv,
										  Slice in, unsigned char *out, size_t *out_len);

/* A256CBC-HS512 with both halves of its key: HMAC-SHA512 with the first, CBC with the second. */
extern ResultCode crypto_cbc_hs512_open_with(const CryptoMac *mac, const CryptoCipher *cipher,
											 const unsigned char *iv, Slice aad, Slice in,
											 const unsigned char *tag, unsigned char *out,
											 size_t *out_len);

/* ------------------------------------------------------------- signature keys */

typedef enum CryptoAlg
{
	CRYPTO_ALG_HS256,
	CRYPTO_ALG_HS384,
	CRYPTO_ALG_HS512,
	CRYPTO_ALG_RS256,
	CRYPTO_ALG_RS384,
	CRYPTO_ALG_RS512,
	CRYPTO_ALG_PS256,
	CRYPTO_ALG_PS384,
	CRYPTO_ALG_PS512,
	CRYPTO_ALG_ES256,
	CRYPTO_ALG_ES384,
	CRYPTO_ALG_ES512,
	CRYPTO_ALG_EDDSA
} CryptoAlg;

typedef enum CryptoKeyType
{
	CRYPTO_TYPE_SECRET, /* oct */
	CRYPTO_TYPE_RSA,
	CRYPTO_TYPE_EC,
	CRYPTO_TYPE_ED25519 /* OKP */
} CryptoKeyType;

typedef struct CryptoKey CryptoKey;

/* The longest signature of any algorithm: RSA with 16384 bits. */
#define CRYPTO_SIGNATURE_MAX 2048

/* Names as JOSE has them, exactly, RFC 9864's Ed25519 too; false for others, "none" among them. */
extern bool crypto_alg_by_name(const char *name, size_t len, CryptoAlg *alg);
extern const char *crypto_alg_name(CryptoAlg alg);
extern CryptoKeyType crypto_alg_type(CryptoAlg alg);
/* "P-256", "P-384", "P-521" or "Ed25519"; NULL for algorithms without a curve. */
extern const char *crypto_alg_curve(CryptoAlg alg);

/*
 * Making keys.  RESULT_BAD_KEY when the key does not fit; then *why, if why is
 * not NULL, is a constant text that says why, fit for an error's detail.
 * RESULT_NO_MEMORY and RESULT_CRYPTO_FAILED are faults of the machine.  The
 * caller owns the key.
 */

/* At least as long as the hash; text that is a PEM or a JWK is refused. */
extern ResultCode crypto_key_from_secret(CryptoAlg alg, const void *secret, size_t len,
										 CryptoKey **key, const char **why);

/* SubjectPublicKeyInfo, PKCS#8, or the older private forms; unencrypted, one key. */
extern ResultCode crypto_key_from_pem(CryptoAlg alg, const char *pem, size_t len, CryptoKey **key,
									  const char **why);

/* Numbers are big-endian bytes.  Without d the key is public; then the rest is empty too. */
typedef struct CryptoRsaParts
{
	Slice n, e, d, p, q, dp, dq, qi;
} CryptoRsaParts;

extern ResultCode crypto_key_from_rsa(CryptoAlg alg, const CryptoRsaParts *parts, CryptoKey **key,
									  const char **why);

/* The curve is the algorithm's; x, y and d have exactly its length; d empty: public. */
extern ResultCode crypto_key_from_ec(CryptoAlg alg, Slice x, Slice y, Slice d, CryptoKey **key,
									 const char **why);

/* 32 bytes each; d empty: public. */
extern ResultCode crypto_key_from_ed25519(Slice x, Slice d, CryptoKey **key, const char **why);

extern void crypto_key_free(CryptoKey *key);

extern CryptoAlg crypto_key_alg(const CryptoKey *key);

/* Can it sign?  True for secrets. */
extern bool crypto_key_is_private(const CryptoKey *key);

/* The public half as PEM (no NUL); RESULT_BAD_KEY for secrets. */
extern ResultCode crypto_key_public_pem(const CryptoKey *key, char *out, size_t cap,
										size_t *out_len);

/*
 * The public numbers: n and e for RSA, x and y for EC, x for Ed25519; big-endian,
 * EC and Ed25519 at full length.  RESULT_BAD_KEY for secrets.
 */
extern ResultCode crypto_key_public_parts(const CryptoKey *key, unsigned char *a, size_t a_cap,
										  size_t *a_len, unsigned char *b, size_t b_cap,
										  size_t *b_len);

/* ------------------------------------------------------- signing and verifying */

/* The exact length of this key's signatures, as JOSE writes them. */
extern size_t crypto_signature_len(const CryptoKey *key);

/* sig holds crypto_signature_len(key) bytes.  RESULT_BAD_KEY when the key is public. */
extern ResultCode crypto_sign(CryptoKey *key, const void *data, size_t len, unsigned char *sig);

/*
 * RESULT_OK or RESULT_BAD_SIGNATURE.  Exact lengths; PS* salts as long as the
 * hash; ES* signatures are r and s, both in [1, n-1].
 */
extern ResultCode crypto_verify(CryptoKey *key, const void *data, size_t len,
								const unsigned char *sig, size_t sig_len);

/* ------------------------------------------------------------ agreeing on a key */

#define CRYPTO_AGREEMENT_LEN 32

/* One end of an agreement by X25519, with a private key for this once. */
typedef struct CryptoAgreement CryptoAgreement;

/* What the other end is to be told is in ours; NULL where the machine has no X25519. */
extern CryptoAgreement *crypto_agreement_begin(unsigned char ours[CRYPTO_AGREEMENT_LEN]);

/*
 * A secret for HS256 that only who has one of the two private keys can make; context goes
 * into it.  RESULT_BAD_KEY where what the other end has told is no public key.
 */
extern ResultCode crypto_agreement_end(CryptoAgreement *agreement,
									   const unsigned char theirs[CRYPTO_AGREEMENT_LEN],
									   Slice context, CryptoKey **key);

extern void crypto_agreement_free(CryptoAgreement *agreement);

#endif /* SESSION_AUTH_CRYPTO_H */
