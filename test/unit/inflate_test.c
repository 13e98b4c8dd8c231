/* inflate_test.c: what is bounded and what is refused when something is inflated. */
#include <string.h>

#include <zlib.h>

#include "pure/inflate.h"
#include "tap.h"
#include "vectors.h"

#define ARENA_LEN (512 * 1024)

static char memory[ARENA_LEN];
static Slice out;

static Slice
deflated(const char *text, size_t len)
{
	uLongf n = compressBound((uLong) len);
	Slice packed = { keep(n), 0 };

	compress2((Bytef *) packed.data, &n, (const Bytef *) text, (uLong) len, 9);
	packed.len = n;
	return packed;
}

static ResultCode
inflate_in(Slice in, size_t cap)
{
	Arena arena = { memory, cap, 0 };

	return inflate_zlib(in, &arena, &out);
}

/* Text that no compression makes much shorter than a fourth. */
static char *
varied(size_t len)
{
	char *text = keep(len);
	unsigned int state = 1;
	size_t i;

	for (i = 0; i < len; i++)
	{
		state = state * 1103515245 + 12345;
		text[i] = "abcd"[state >> 16 & 3];
	}
	return text;
}

static void
refused(void)
{
	Slice packed = deflated("{\"a\":1}", 7);
	char *copy = keep(packed.len + 1);
	Slice changed = { copy, packed.len };

	is_int(inflate_in(packed, ARENA_LEN), RESULT_OK, "a stream");
	is_bytes(out.data, out.len, "{\"a\":1}", 7, "its text");
	changed.len = packed.len - 1;
	memcpy(copy, packed.data, packed.len);
	is_int(inflate_in(changed, ARENA_LEN), RESULT_MALFORMED, "cut off");
	copy[packed.len] = 'x';
	changed.len = packed.len + 1;
	is_int(inflate_in(changed, ARENA_LEN), RESULT_MALFORMED, "something behind it");
	changed.len = packed.len;
	copy[packed.len - 1] ^= 1;
	is_int(inflate_in(changed, ARENA_LEN), RESULT_MALFORMED, "another checksum");
	copy[packed.len - 1] ^= 1;
	copy[1] |= 0x20;
	is_int(inflate_in(changed, ARENA_LEN), RESULT_MALFORMED, "a dictionary is asked for");
	changed.len = 0;
	is_int(inflate_in(changed, ARENA_LEN), RESULT_MALFORMED, "nothing");
	is_int(inflate_in(packed, 1024), RESULT_NO_MEMORY, "a small arena");
	is_int(inflate_in(packed, 16), RESULT_NO_MEMORY, "none at all");
}

static void
bounded(void)
{
	static char zeros[INFLATE_OUTPUT_MAX + 1];
	char *text = varied(INFLATE_OUTPUT_MAX + 1);
	Slice long_input = { text, INFLATE_INPUT_MAX + 1 };
	Slice many = deflated(text, INFLATE_OUTPUT_MAX);

	ok(many.len > INFLATE_INPUT_MAX, "varied text stays long");
	is_int(inflate_in(many, ARENA_LEN), RESULT_TOO_LONG, "more input than a cookie has");
	is_int(inflate_in(deflated(text, 40000), ARENA_LEN), RESULT_OK, "a long text");
	is_bytes(out.data, out.len, text, 40000, "the same text");
	is_int(inflate_in(deflated(zeros, 4000), ARENA_LEN), RESULT_TOO_LONG,
		   "a ratio that no session has");
	is_int(inflate_in(deflated(zeros, sizeof(zeros)), ARENA_LEN), RESULT_TOO_LONG, "a bomb");
	memcpy(zeros, text, 20000);
	is_int(inflate_in(deflated(zeros, INFLATE_OUTPUT_MAX), ARENA_LEN), RESULT_OK,
		   "as long as it may become");
	is_int(inflate_in(deflated(zeros, sizeof(zeros)), ARENA_LEN), RESULT_TOO_LONG, "a byte longer");
	is_int(inflate_in(long_input, ARENA_LEN), RESULT_TOO_LONG, "long input is not looked at");
}

int
main(void)
{
	refused();
	bounded();
	return tap_done();
}
