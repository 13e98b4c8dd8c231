/*
 * fuzz.h
 *		What all fuzz targets share.
 *
 * A target aborts when an invariant that a header promises does not hold; the
 * sanitizers watch for the rest.
 */
#ifndef TEST_FUZZ_FUZZ_H
#define TEST_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do                                                                                             \
	{                                                                                              \
		if (!(condition))                                                                          \
			abort();                                                                               \
	} while (0)

#endif /* TEST_FUZZ_FUZZ_H */
