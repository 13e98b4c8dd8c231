/*
 * crypto.h
 *		The only door to OpenSSL.
 *
 * Invariant: OpenSSL's error queue is empty after every call, and no type or
 * constant of OpenSSL is visible through this header.  Failures are answered,
 * never raised; nothing here logs.
 *
 * What is fetched from OpenSSL's providers is fetched once per process and kept.
 * The functions are for one thread, as a PostgreSQL backend is.
 */
#ifndef SESSION_AUTH_CRYPTO_H
#define SESSION_AUTH_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

#include "result.h"

#define CRYPTO_SHA256_LEN 32

bool crypto_sha256(const void *data, size_t len, unsigned char out[CRYPTO_SHA256_LEN]);

/* Random bytes for secrets, from OpenSSL's private generator. */
bool crypto_random(void *out, size_t len);

/* Compares in a time that depends on len alone. */
bool crypto_equal(const void *a, const void *b, size_t len);

/* Overwrites p in a way that the compiler keeps. */
void crypto_cleanse(void *p, size_t len);

#endif /* SESSION_AUTH_CRYPTO_H */
