/* inflate_fuzz.c: streams of any kind, within their bounds. */
#include <string.h>

#include "fuzz.h"
#include "pure/inflate.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Arena arena = { malloc(256 * 1024), 256 * 1024, 0 };
	Slice in = { (const char *) data, size };
	Slice out;

	if (inflate_zlib(in, &arena, &out) == RESULT_OK)
	{
		REQUIRE(out.len <= INFLATE_OUTPUT_MAX && out.len <= size * INFLATE_RATIO_MAX);
		REQUIRE(out.data >= arena.data && out.data + out.len <= arena.data + arena.cap);
	}
	arena.used = arena.cap - 4096 < arena.cap ? arena.cap - 4096 : 0;
	REQUIRE(inflate_zlib(in, &arena, &out) != RESULT_OK || out.len <= 4096);
	free(arena.data);
	return 0;
}
