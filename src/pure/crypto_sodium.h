/*
 * crypto_sodium.h
 *		The only door to libsodium, for two ciphers that OpenSSL does not have.
 *
 * It stands beside crypto.h, not in it: libsodium calls some of its own functions as crypto.h does.
 *
 * Invariant: as crypto.h's; keys have 32 bytes.  Built without libsodium both ciphers answer
 * RESULT_UNSUPPORTED, so that a secret of a kind that needs them is refused when it is added.
 */
#ifndef SESSION_AUTH_CRYPTO_SODIUM_H
#define SESSION_AUTH_CRYPTO_SODIUM_H

#include <stdbool.h>

#include "pure/result.h"
#include "pure/slice.h"

#define SODIUM_KEY_LEN 32
#define SODIUM_IV_LEN  24
#define SODIUM_TAG_LEN 16

extern bool sodium_is_here(void);

/* XChaCha20-Poly1305.  out holds in.len bytes. */
extern ResultCode sodium_xchacha_open(const unsigned char *key, const unsigned char *iv, Slice aad,
									  Slice in, const unsigned char *tag, unsigned char *out,
									  size_t *out_len);

/* XSalsa20-Poly1305 (secretbox); the tag stands before the ciphertext. */
extern ResultCode sodium_xsalsa_open(const unsigned char *key, const unsigned char *iv, Slice in,
									 unsigned char *out, size_t *out_len);

#endif /* SESSION_AUTH_CRYPTO_SODIUM_H */
