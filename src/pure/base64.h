/*
 * base64.h
 *		Base64 in its two alphabets, strictly.
 *
 * Invariant: decoding accepts exactly what encoding writes.  One sequence of
 * bytes has one text: no whitespace, no other alphabet, no missing or
 * surplus padding, and the unused low bits of the last character are zero.
 * Otherwise one token could be written in several ways.
 *
 * Pure: no PostgreSQL, no OpenSSL, no allocation.
 */
#ifndef SESSION_AUTH_BASE64_H
#define SESSION_AUTH_BASE64_H

#include <stddef.h>

#include "pure/result.h"

/* Characters that n bytes need: base64url without padding, base64 with it. */
#define BASE64URL_LEN(n) (((n) / 3) * 4 + ((n) % 3 == 0 ? 0 : (n) % 3 + 1))
#define BASE64_LEN(n)    ((((n) + 2) / 3) * 4)

/* Enough bytes for the decoded form of n characters. */
#define BASE64_DECODED_MAX(n) (((n) / 4) * 3 + 3)

/* base64url without padding and without NUL; returns the characters written. */
extern size_t base64url_encode(const unsigned char *in, size_t len, char *out);

/* Standard base64 with padding and without NUL; returns the characters written. */
extern size_t base64_encode(const unsigned char *in, size_t len, char *out);

/*
 * RESULT_MALFORMED when not canonical, RESULT_TOO_LONG when out is too small;
 * then *out_len is 0.  in and out must not overlap.
 */
extern ResultCode base64url_decode(const char *in, size_t len, unsigned char *out, size_t cap,
								   size_t *out_len);

/* The same for the standard alphabet, whose padding is required. */
extern ResultCode base64_decode(const char *in, size_t len, unsigned char *out, size_t cap,
								size_t *out_len);

#endif /* SESSION_AUTH_BASE64_H */
