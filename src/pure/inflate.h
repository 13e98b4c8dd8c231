/*
 * inflate.h
 *		zlib's format, for payloads whose proof holds.
 *
 * Invariant: what comes out is the whole stream, whose checksum was right, with nothing
 * behind it; never more than INFLATE_OUTPUT_MAX bytes, nor more than INFLATE_RATIO_MAX for each
 * byte that went in.
 *
 * The only file that includes zlib.h.  Its memory is the arena's.
 */
#ifndef SESSION_AUTH_INFLATE_H
#define SESSION_AUTH_INFLATE_H

#include "pure/arena.h"
#include "pure/result.h"
#include "pure/slice.h"

#define INFLATE_INPUT_MAX  16384
#define INFLATE_OUTPUT_MAX 65536
#define INFLATE_RATIO_MAX  100

/* RESULT_MALFORMED, RESULT_TOO_LONG, or RESULT_NO_MEMORY when the arena is too small. */
extern ResultCode inflate_zlib(Slice in, Arena *arena, Slice *out);

#endif /* SESSION_AUTH_INFLATE_H */
