/*
 * crypto_internal.h
 *		What the files behind crypto.h share; nobody else includes this.
 */
#ifndef SESSION_AUTH_CRYPTO_INTERNAL_H
#define SESSION_AUTH_CRYPTO_INTERNAL_H

#include <openssl/evp.h>
#include <openssl/types.h>

#include "pure/crypto.h"

#define RSA_MAX_BITS 16384
#define ED25519_LEN  32

typedef struct AlgInfo
{
	const char *name;
	CryptoKeyType type;
	CryptoHash hash;
	int padding;       /* RSA */
	const char *group; /* EC: OpenSSL's name of the curve */
	const char *curve; /* JOSE's name of the curve */
	size_t number_len; /* EC: bytes of a coordinate */
} AlgInfo;

struct CryptoKey
{
	CryptoAlg alg;
	const AlgInfo *info;
	bool is_private;
	size_t sig_len;
	CryptoMac *mac;       /* HMAC */
	EVP_PKEY *pkey;       /* everything else */
	EVP_PKEY_CTX *verify; /* prepared for RSA and EC */
	EVP_PKEY_CTX *sign;   /* the same; NULL for public keys */
	BIGNUM *order;        /* EC: of the curve */
};

extern const AlgInfo *crypto_alg_info(CryptoAlg alg);

/* A constant text that says why the key is not fit for the algorithm, or NULL where it is. */
extern const char *openssl_key_fault(EVP_PKEY *pkey, const AlgInfo *info);

/* The public half of a key as PEM, without a NUL. */
extern ResultCode openssl_public_pem(EVP_PKEY *pkey, char *out, size_t cap, size_t *out_len);

/* End a call that failed: whatever OpenSSL noted is of no use to anybody. */
extern bool openssl_failed(void);
extern ResultCode openssl_failure(void);

extern const char *openssl_hash_name(CryptoHash hash);
extern EVP_MD *openssl_md(CryptoHash hash);

/* Stands for the prompt that OpenSSL would otherwise write to the terminal. */
extern int openssl_no_passphrase(char *buf, int size, int rwflag, void *arg);

#endif /* SESSION_AUTH_CRYPTO_INTERNAL_H */
