/*
 * base64.c
 *		Base64 in its two alphabets, strictly; see base64.h.
 *
 * Sixteen characters are gone through at once, in a vector, and what is done to one is done
 * to all: no table is looked into and no branch taken by what the bytes are, which may be a
 * secret's.  test/unit/constant_time.c shows it.
 *
 * Decoding, which is most of reading a token's form, has a second way where the processor has
 * AVX; BASE64_PORTABLE leaves it out.
 */
#include "pure/base64.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define CHARACTERS 16
#define BYTES      12

#if defined(__x86_64__) && !defined(BASE64_PORTABLE)
#include "pure/base64_avx.h"
#endif

/* Signed, as processors compare such; what is no ASCII is negative and in no range. */
typedef signed char Vector __attribute__((vector_size(CHARACTERS)));
typedef unsigned char Sums __attribute__((vector_size(CHARACTERS))); /* which wrap */
typedef uint16_t Pairs __attribute__((vector_size(CHARACTERS)));
typedef uint32_t Quads __attribute__((vector_size(CHARACTERS)));
typedef uint64_t Words __attribute__((vector_size(CHARACTERS)));

/* The two characters in which the alphabets differ. */
typedef struct Alphabet
{
	signed char c62;
	signed char c63;
} Alphabet;

static const Alphabet alphabet_url = { '-', '_' };
static const Alphabet alphabet_std = { '+', '/' };

/* As the bytes lie in memory, with the first one as the highest, and back. */
static inline uint64_t
turn_word(uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return __builtin_bswap64(word);
#else
	return word;
#endif
}

/* -------------------------------------------------------------------------- encoding */

/* Six bytes at the top of a word as eight values of six bits. */
static inline uint64_t
spread(uint64_t bits)
{
	uint64_t word = (bits >> 40 << 32) | (bits >> 16 & 0xffffff);

	word = (word & UINT64_C(0x00fff00000fff000)) << 4 | (word & UINT64_C(0x00000fff00000fff));
	return (word & UINT64_C(0x0fc00fc00fc00fc0)) << 2 | (word & UINT64_C(0x003f003f003f003f));
}

/* Vectors are compared with vectors, by few operations in an expression: cbmc needs it so. */
static inline Vector
all(int n)
{
	return (Vector) ((Sums){ 0 } + (unsigned char) n);
}

static inline Vector
values_to_characters(Vector values, Alphabet alphabet)
{
	Vector is_lower = (values >= all(26)) & (values < all(52));
	Vector is_digit = (values >= all(52)) & (values < all(62));
	Vector is_62 = values == all(62);
	Vector is_63 = values == all(63);
	Vector shift = (values < all(26)) & 'A';
	Sums sums = (Sums) values;

	shift |= is_lower & ('a' - 26);
	shift |= is_digit & ('0' - 52);
	shift |= is_62 & (signed char) (alphabet.c62 - 62);
	shift |= is_63 & (signed char) (alphabet.c63 - 63);
	sums += (Sums) shift;
	return (Vector) sums;
}

/* Twelve bytes as sixteen characters. */
static inline void
encode_vector(const unsigned char *in, char *out, Alphabet alphabet)
{
	uint64_t first;
	uint64_t second = 0;
	Words words;
	Vector characters;

	memcpy(&first, in, 8);
	memcpy(&second, in + 8, BYTES - 8);
	first = turn_word(first);
	second = first << 48 | turn_word(second) >> 16;
	words = (Words){ turn_word(spread(first)), turn_word(spread(second)) };
	characters = values_to_characters((Vector) words, alphabet);
	memcpy(out, &characters, CHARACTERS);
}

static size_t
encode(const unsigned char *in, size_t len, char *out, Alphabet alphabet)
{
	size_t n = BASE64URL_LEN(len);
	unsigned char rest[BYTES] = { 0 };
	char characters[CHARACTERS];

	for (; len >= BYTES; len -= BYTES, in += BYTES, out += CHARACTERS)
		encode_vector(in, out, alphabet);
	if (len > 0)
	{
		memcpy(rest, in, len);
		encode_vector(rest, characters, alphabet);
		memcpy(out, characters, BASE64URL_LEN(len));
	}
	return n;
}

size_t
base64url_encode(const unsigned char *in, size_t len, char *out)
{
	return encode(in, len, out, alphabet_url);
}

size_t
base64_encode(const unsigned char *in, size_t len, char *out)
{
	size_t n = encode(in, len, out, alphabet_std);

	while (n % 4 != 0)
		out[n++] = '=';
	return n;
}

/* -------------------------------------------------------------------------- decoding */

/* The values of characters; *sound loses bits where one is none of the alphabet. */
static inline Vector
characters_to_values(Vector characters, Alphabet alphabet, Vector *sound)
{
	Vector folded = characters | 0x20;
	Sums letters = (Sums) folded - 'a';
	Sums digits = (Sums) characters - '0';
	Vector is_letter = (Vector) (letters < (Sums) all(26));
	Vector is_digit = (Vector) (digits < (Sums) all(10));
	Vector is_62 = characters == all(alphabet.c62);
	Vector is_63 = characters == all(alphabet.c63);
	Vector is_small = characters > all('Z');
	Vector known = is_letter | is_digit;
	Vector values;

	known |= is_62;
	known |= is_63;
	*sound &= known;
	letters += (Sums) is_small & 26; /* which come second */
	digits += 52;
	values = is_letter & (Vector) letters;
	values |= is_digit & (Vector) digits;
	values |= is_62 & 62;
	values |= is_63 & 63;
	return values;
}

/* cbmc 6.6 shifts vectors wrongly to the right: test/proofs.d/base64.c divides instead. */
#ifndef SHIFT_RIGHT
#define SHIFT_RIGHT(x, n) ((x) >> (n))
#endif

/*
 * Of two halves that hold values, above which so many bits are unused, the first as it lies in
 * memory above the second.
 */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define JOIN(x, half, unused) (SHIFT_RIGHT((x) << (half), unused) | SHIFT_RIGHT(x, half))
#else
#define JOIN(x, half, unused)                                                                      \
	(SHIFT_RIGHT(x, half) << ((half) - (unused)) | SHIFT_RIGHT((x) << (half), half))
#endif

/* Sixteen characters as twelve bytes. */
static inline void
decode_vector(const unsigned char *in, unsigned char *out, Alphabet alphabet, Vector *sound)
{
	Vector characters;
	Pairs pairs;
	Quads quads;
	Words words;
	uint64_t first;
	uint64_t second;

	memcpy(&characters, in, CHARACTERS);
	pairs = (Pairs) characters_to_values(characters, alphabet, sound);
	quads = (Quads) JOIN(pairs, 8, 2);
	words = (Words) JOIN(quads, 16, 4);
	words = JOIN(words, 32, 8) << 16; /* six bytes at the top */
	first = turn_word(words[0] | words[1] >> 48);
	second = turn_word(words[1] << 16);
	memcpy(out, &first, 8);
	memcpy(out + 8, &second, BYTES - 8);
}

#define INLINE static inline __attribute__((always_inline))

/* By the way that is known where this is compiled. */
INLINE void
decode_by(bool avx, const unsigned char *in, unsigned char *out, Alphabet alphabet, Vector *sound)
{
#ifdef BASE64_AVX
	if (avx)
	{
		decode_vector_avx(in, out, alphabet.c63 == '/' ? &table_std : &table_url,
						  (__m128i *) sound);
		return;
	}
#endif
	(void) avx;
	decode_vector(in, out, alphabet, sound);
}

/* Fewer characters, at the end, whose unused bits are to be zero: those that are not. */
INLINE uint64_t
decode_rest(bool avx, const unsigned char *in, size_t len, unsigned char *out, size_t n_out,
			Alphabet alphabet, Vector *sound)
{
	unsigned char characters[CHARACTERS];
	unsigned char bytes[BYTES];
	uint64_t first;
	uint32_t last;

	memset(characters, 'A', sizeof(characters)); /* which stand for zeros */
	memcpy(characters, in, len);
	decode_by(avx, characters, bytes, alphabet, sound);
	memcpy(out, bytes, n_out);
	memset(bytes, 0, n_out);
	memcpy(&first, bytes, sizeof(first));
	memcpy(&last, bytes + sizeof(first), sizeof(last));
	return first | last;
}

/*
 * Decodes len characters that carry no padding.  Whether they were right is told in the end
 * alone, and by no branch.
 */
INLINE ResultCode
decode_all(bool avx, const char *text, size_t len, unsigned char *out, size_t cap, size_t *out_len,
		   Alphabet alphabet)
{
	const unsigned char *in = (const unsigned char *) text;
	size_t need = len / 4 * 3 + (len % 4 == 0 ? 0 : len % 4 - 1);
	const unsigned char *rest = in + len / CHARACTERS * CHARACTERS;
	Vector sound = ~(Vector){ 0 };
	uint64_t fault = 0;
	size_t is_faulty;

	*out_len = 0;
	if (len % 4 == 1)
		return RESULT_MALFORMED;
	if (need > cap)
		return RESULT_TOO_LONG;
	for (; in < rest; in += CHARACTERS, out += BYTES)
		decode_by(avx, in, out, alphabet, &sound);
	if (len % CHARACTERS > 0)
		fault = decode_rest(avx, in, len % CHARACTERS, out, need - len / CHARACTERS * BYTES,
							alphabet, &sound);
	fault |= ~(((Words) sound)[0] & ((Words) sound)[1]);
	is_faulty = (size_t) ((fault | (UINT64_C(0) - fault)) >> 63);
	*out_len = need * (is_faulty ^ 1);
	return (ResultCode) (is_faulty * RESULT_MALFORMED);
}

#ifdef BASE64_AVX
BASE64_AVX static ResultCode
decode_avx(const char *text, size_t len, unsigned char *out, size_t cap, size_t *out_len,
		   Alphabet alphabet)
{
	return alphabet.c63 == '/' ? decode_all(true, text, len, out, cap, out_len, alphabet_std)
							   : decode_all(true, text, len, out, cap, out_len, alphabet_url);
}

/*
 * The variable keeps PostgreSQL's JIT compiler from inlining this into a query, where the
 * compiler's own symbol that tells of the processor is not found.
 */
static inline bool
has_avx(void)
{
	static int known = -1;

	if (known < 0)
		known = __builtin_cpu_supports("avx") ? 1 : 0;
	return known > 0;
}
#endif

static ResultCode
decode(const char *text, size_t len, unsigned char *out, size_t cap, size_t *out_len,
	   Alphabet alphabet)
{
#ifdef BASE64_AVX
	if (has_avx())
		return decode_avx(text, len, out, cap, out_len, alphabet);
#endif
	return decode_all(false, text, len, out, cap, out_len, alphabet);
}

ResultCode
base64url_decode(const char *in, size_t len, unsigned char *out, size_t cap, size_t *out_len)
{
	return decode(in, len, out, cap, out_len, alphabet_url);
}

ResultCode
base64_decode(const char *in, size_t len, unsigned char *out, size_t cap, size_t *out_len)
{
	size_t padding = 0;

	*out_len = 0;
	if (len % 4 != 0)
		return RESULT_MALFORMED;
	while (padding < 2 && padding < len && in[len - 1 - padding] == '=')
		padding++;
	return decode(in, len - padding, out, cap, out_len, alphabet_std);
}
