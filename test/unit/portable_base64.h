/*
 * portable_base64.h
 *		Base64 as it is decoded where the processor has no AVX, beside that of this processor.
 */
#ifndef TEST_UNIT_PORTABLE_BASE64_H
#define TEST_UNIT_PORTABLE_BASE64_H

#include <stddef.h>

#include "pure/result.h"

ResultCode portable_base64url_decode(const char *in, size_t len, unsigned char *out, size_t cap,
									 size_t *out_len);
ResultCode portable_base64_decode(const char *in, size_t len, unsigned char *out, size_t cap,
								  size_t *out_len);

#endif /* TEST_UNIT_PORTABLE_BASE64_H */
