/*
 * percent.h
 *		Percent-encoding, as cookies and URLs have it.
 */
#ifndef SESSION_AUTH_PERCENT_H
#define SESSION_AUTH_PERCENT_H

#include "pure/result.h"
#include "pure/slice.h"

/* The byte that an escape at p stands for, of which n characters are there, or -1. */
extern int percent_byte(const char *p, size_t n);

/*
 * Percent-decodes; RESULT_MALFORMED when an escape is incomplete or the bytes
 * behind escapes are no UTF-8, RESULT_TOO_LONG when out is too small.
 */
extern ResultCode percent_decode(Slice in, char *out, size_t cap, size_t *out_len);

/* The same for forms, where a plus stands for a space. */
extern ResultCode percent_decode_form(Slice in, char *out, size_t cap, size_t *out_len);

#endif /* SESSION_AUTH_PERCENT_H */
