/*
 * base64_avx.h
 *		Sixteen characters of base64 as twelve bytes, as x86 processors of the last decade do it
 *		with a third of the instructions; only base64.c includes this.
 *
 * A character's upper four bits are its row in the table of ASCII, the lower four its column.
 * What is looked up by them is looked up in registers, so that here, too, no address and no
 * branch depends on the bytes.
 */
#ifndef SESSION_AUTH_BASE64_AVX_H
#define SESSION_AUTH_BASE64_AVX_H

#include <immintrin.h>
#include <string.h>

#define BASE64_AVX __attribute__((target("avx")))

/* Rows 2 to 7 have a bit each; the others, in which there is no character, share one. */
#define ROW(n) (1 << ((n) -2))
#define OTHERS (1 << 6)

typedef struct Table
{
	signed char faults[16];    /* by column: the rows that have no character there */
	signed char distances[16]; /* by row: from its characters to their values ... */
	signed char c63;           /* ... but for this one, */
	signed char beyond;        /* which is so far from where its row's distance leads */
} Table;

/* Letters begin in column 1 of their rows and end in A; digits are in row 3, up to column 9. */
#define COLUMN_0 (OTHERS | ROW(2) | ROW(4) | ROW(6))
#define COLUMN_1 (OTHERS | ROW(2))
#define COLUMN_A (OTHERS | ROW(2) | ROW(3))
#define COLUMN_B (OTHERS | ROW(2) | ROW(3) | ROW(5) | ROW(7))
#define COLUMNS_0_TO_A                                                                             \
	COLUMN_0, COLUMN_1, COLUMN_1, COLUMN_1, COLUMN_1, COLUMN_1, COLUMN_1, COLUMN_1, COLUMN_1,      \
		COLUMN_1, COLUMN_A

/* + and / are B and F of row 2. */
static const Table table_std = {
	.faults = { COLUMNS_0_TO_A, COLUMN_B - ROW(2), COLUMN_B, COLUMN_B, COLUMN_B,
				COLUMN_B - ROW(2) },
	.distances = { 0, 0, 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a' },
	.c63 = '/',
	.beyond = (63 - '/') - (62 - '+'),
};

/* - is D of row 2 and _ is F of row 5. */
static const Table table_url = {
	.faults = { COLUMNS_0_TO_A, COLUMN_B, COLUMN_B, COLUMN_B - ROW(2), COLUMN_B,
				COLUMN_B - ROW(5) },
	.distances = { 0, 0, 62 - '-', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a' },
	.c63 = '_',
	.beyond = (63 - '_') - -'A',
};

BASE64_AVX static inline __m128i
load_avx(const void *bytes)
{
	return _mm_loadu_si128(bytes);
}

/* *sound loses bits where a character is none of the table's. */
BASE64_AVX static inline __m128i
values_avx(__m128i characters, const Table *table, __m128i *sound)
{
	const __m128i rows =
		_mm_setr_epi8(OTHERS, OTHERS, ROW(2), ROW(3), ROW(4), ROW(5), ROW(6), ROW(7), OTHERS,
					  OTHERS, OTHERS, OTHERS, OTHERS, OTHERS, OTHERS, OTHERS);
	const __m128i low = _mm_set1_epi8(0x0f);
	__m128i row = _mm_and_si128(_mm_srli_epi16(characters, 4), low);
	__m128i column = _mm_and_si128(characters, low);
	__m128i is_63 = _mm_cmpeq_epi8(characters, _mm_set1_epi8(table->c63));
	__m128i faults = _mm_and_si128(_mm_shuffle_epi8(load_avx(table->faults), column),
								   _mm_shuffle_epi8(rows, row));
	__m128i distance = _mm_shuffle_epi8(load_avx(table->distances), row);

	*sound = _mm_andnot_si128(faults, *sound);
	distance = _mm_add_epi8(distance, _mm_and_si128(is_63, _mm_set1_epi8(table->beyond)));
	return _mm_add_epi8(characters, distance);
}

BASE64_AVX static inline void
decode_vector_avx(const unsigned char *in, unsigned char *out, const Table *table, __m128i *sound)
{
	const __m128i order = _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
	__m128i values = values_avx(load_avx(in), table, sound);
	__m128i pairs = _mm_maddubs_epi16(values, _mm_set1_epi16(0x0140));
	__m128i quads = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00011000));
	__m128i bytes = _mm_shuffle_epi8(quads, order);
	int last = _mm_extract_epi32(bytes, 2);

	_mm_storel_epi64((__m128i *) out, bytes);
	memcpy(out + 8, &last, sizeof(last));
}

#endif /* SESSION_AUTH_BASE64_AVX_H */
