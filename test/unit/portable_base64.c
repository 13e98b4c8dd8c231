/*
 * portable_base64.c
 *		The portable way of base64.c, under names of its own; see portable_base64.h.
 */
#include "portable_base64.h"

#define BASE64_PORTABLE
#define base64url_encode portable_base64url_encode
#define base64_encode    portable_base64_encode
#define base64url_decode portable_base64url_decode
#define base64_decode    portable_base64_decode

#include "pure/base64.c"
