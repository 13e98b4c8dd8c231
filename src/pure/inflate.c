/*
 * inflate.c
 *		zlib's format; see inflate.h.
 */
#include "pure/inflate.h"

#include <stdint.h>

#include <zlib.h>

static voidpf
take_memory(voidpf arena, uInt items, uInt size)
{
	return arena_take(arena, (size_t) items * size);
}

/* The caller takes all of the arena back. */
static void
leave(voidpf arena, voidpf piece)
{
	(void) arena;
	(void) piece;
}

static size_t
output_limit(size_t in_len)
{
	size_t by_ratio = in_len * INFLATE_RATIO_MAX;

	return by_ratio < INFLATE_OUTPUT_MAX ? by_ratio : INFLATE_OUTPUT_MAX;
}

static ResultCode
finish(z_stream *stream)
{
	switch (inflate(stream, Z_FINISH))
	{
		case Z_STREAM_END:
			return stream->avail_in == 0 ? RESULT_OK : RESULT_MALFORMED;
		case Z_MEM_ERROR:
			return RESULT_NO_MEMORY;
		case Z_BUF_ERROR:
			return stream->avail_out == 0 ? RESULT_TOO_LONG : RESULT_MALFORMED;
		default:
			return RESULT_MALFORMED;
	}
}

ResultCode
inflate_zlib(Slice in, Arena *arena, Slice *out)
{
	size_t limit = output_limit(in.len);
	z_stream stream = { 0 };
	char *buf;
	ResultCode result;

	out->data = NULL;
	out->len = 0;
	if (in.len == 0)
		return RESULT_MALFORMED;
	if (in.len > INFLATE_INPUT_MAX)
		return RESULT_TOO_LONG;
	buf = arena_take(arena, limit);
	if (buf == NULL)
		return RESULT_NO_MEMORY;
	stream.zalloc = take_memory;
	stream.zfree = leave;
	stream.opaque = arena;
	stream.next_in = (Bytef *) (uintptr_t) in.data;
	stream.avail_in = (uInt) in.len;
	stream.next_out = (Bytef *) buf;
	stream.avail_out = (uInt) limit;
	if (inflateInit(&stream) != Z_OK)
		return RESULT_NO_MEMORY;
	result = finish(&stream);
	out->data = buf;
	out->len = limit - stream.avail_out;
	inflateEnd(&stream);
	return result;
}
