/*
 * token.c
 *		What kind of token these bytes are; see token.h.
 */
#include "pure/token.h"

#include <stdint.h>
#include <string.h>

#include "pure/percent.h"
#include "pure/uuid_text.h"

#define MIN_DISTINCT_BYTES 8

#define MAC_CHARS          43  /* base64 of 32 bytes, without its '=' */
#define WITH_MAC_MAX       512 /* of a value and its MAC, perhaps percent-encoded */

/* What the characters of a token are; one byte can be several of these. */
enum
{
	C_DIGIT = 1,
	C_LOWER_HEX = 2,
	C_UPPER_HEX = 4,
	C_LOWER = 8,
	C_UPPER = 16,
	C_URL = 32,  /* '-' and '_' */
	C_OTHER = 64 /* '~', '+', '/', '=' and ',' */
};

/* 0 for what belongs to no token. */
static const unsigned char classes[256] = {
	['0' ... '9'] = C_DIGIT, ['a' ... 'f'] = C_LOWER | C_LOWER_HEX,
	['g' ... 'z'] = C_LOWER, ['A' ... 'F'] = C_UPPER | C_UPPER_HEX,
	['G' ... 'Z'] = C_UPPER, ['-'] = C_URL,
	['_'] = C_URL,           ['~'] = C_OTHER,
	['+'] = C_OTHER,         ['/'] = C_OTHER,
	['='] = C_OTHER,         [','] = C_OTHER,
};

static unsigned int
class_of_char(char c)
{
	return classes[(unsigned char) c];
}

/* Sixteen characters at once, as tokens are long. */
typedef unsigned char Chars __attribute__((vector_size(16)));

static inline Chars
all(unsigned char c)
{
	return (Chars){ 0 } + c;
}

static bool
are_base64url(const char *s)
{
	Chars c;
	Chars letter;
	Chars digit;
	Chars good;
	uint64_t halves[2];

	memcpy(&c, s, sizeof(c));
	letter = c | 0x20;
	letter -= 'a';
	digit = c - '0';
	good = (Chars) (letter < all(26));
	good |= (Chars) (digit < all(10));
	good |= (Chars) (c == all('-'));
	good |= (Chars) (c == all('_'));
	memcpy(halves, &good, sizeof(halves));
	return (halves[0] & halves[1]) == UINT64_MAX;
}

static bool
is_base64url(const char *s, size_t len)
{
	char rest[sizeof(Chars)];

	for (; len >= sizeof(rest); s += sizeof(rest), len -= sizeof(rest))
		if (!are_base64url(s))
			return false;
	memset(rest, 'A', sizeof(rest));
	memcpy(rest, s, len);
	return are_base64url(rest);
}

static bool
is_opaque(const char *s, size_t len)
{
	if (len < TOKEN_OPAQUE_MIN || len > TOKEN_OPAQUE_MAX)
		return false;
	if (memcmp(s, TOKEN_PREFIX, TOKEN_PREFIX_LEN) == 0)
		return (len == TOKEN_OWN_LEN || len == TOKEN_TIMED_LEN) && is_base64url(s, len);
	for (size_t i = 0; i < len; i++)
		if (class_of_char(s[i]) == 0)
			return false;
	return true;
}

/* The character at s[*i], percent-decoded; moves *i behind it; -1 when malformed. */
static int
next_char(const char *s, size_t len, size_t *i)
{
	int c = (unsigned char) s[*i];

	if (c == '%')
	{
		c = percent_byte(s + *i, len - *i);
		*i += 2;
	}
	*i += 1;
	return c;
}

/* 43 characters of base64 and as many '=' as asked for, perhaps percent-encoded. */
static bool
is_mac(const char *s, size_t len, int padding)
{
	size_t i = 0;
	int n = 0;

	while (i < len)
	{
		int c = next_char(s, len, &i);

		if (c < 0 || c > 126 || ++n > MAC_CHARS + padding)
			return false;
		if (n > MAC_CHARS)
		{
			if (c != '=')
				return false;
		}
		else if (class_of_char((char) c) == 0 || strchr("-_~=,", c) != NULL)
			return false;
	}
	return n == MAC_CHARS + padding;
}

/* A value in front of the MAC: opaque characters and dots. */
static bool
is_value_before_mac(const char *s, size_t len)
{
	if (len == 0 || len > TOKEN_OPAQUE_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (class_of_char(s[i]) == 0 && s[i] != '.')
			return false;
	return true;
}

/* The length of express-session's prefix, perhaps percent-encoded; 0 without one. */
static size_t
express_prefix(const char *s, size_t len)
{
	const char *expected = TOKEN_EXPRESS_PREFIX;
	size_t i = 0;

	for (; *expected != '\0'; expected++)
		if (i >= len || next_char(s, len, &i) != *expected)
			return 0;
	return i;
}

static TokenForm
form_with_mac(const char *s, size_t len, size_t last_dot)
{
	const char *tail = s + last_dot + 1;
	size_t tail_len = len - last_dot - 1;
	size_t skip = len > WITH_MAC_MAX ? 0 : express_prefix(s, len);

	if (len > WITH_MAC_MAX)
		return TOKEN_FORM_UNKNOWN;
	if (skip > 0)
	{
		if (last_dot > skip && is_value_before_mac(s + skip, last_dot - skip) &&
			is_mac(tail, tail_len, 0))
			return TOKEN_FORM_EXPRESS;
		return TOKEN_FORM_UNKNOWN;
	}
	if (is_value_before_mac(s, last_dot) && is_mac(tail, tail_len, 1))
		return TOKEN_FORM_MAC;
	return TOKEN_FORM_UNKNOWN;
}

/* Are these nonempty parts of base64url, of which one (or none: -1) may be empty? */
static bool
is_compact(const char *s, const size_t *ends, int n, int may_be_empty)
{
	size_t start = 0;

	for (int i = 0; i < n; i++)
	{
		if ((ends[i] == start && i != may_be_empty) || !is_base64url(s + start, ends[i] - start))
			return false;
		start = ends[i] + 1;
	}
	return true;
}

#define PARTS_MAX 5

TokenForm
token_form_of(const char *token, size_t len)
{
	size_t ends[PARTS_MAX];
	size_t last_dot = len;
	int n = 0;
	const char *dot = len == 0 ? NULL : memchr(token, '.', len);

	if (dot == NULL)
		return is_opaque(token, len) ? TOKEN_FORM_OPAQUE : TOKEN_FORM_UNKNOWN;
	while (dot != NULL && n < PARTS_MAX)
	{
		last_dot = (size_t) (dot - token);
		ends[n++] = last_dot;
		dot = memchr(dot + 1, '.', len - last_dot - 1);
	}
	if (dot == NULL && n < PARTS_MAX)
	{
		ends[n++] = len;
		if (n == 5 && is_compact(token, ends, n, 1))
			return TOKEN_FORM_JWE;
		if (n == 3 && is_compact(token, ends, n, -1))
			return TOKEN_FORM_JWS;
	}
	for (last_dot = len; token[last_dot - 1] != '.'; last_dot--)
		;
	return form_with_mac(token, len, last_dot - 1);
}

bool
token_is_varied(const char *s, size_t len)
{
	uint64_t seen[4] = { 0, 0, 0, 0 };
	int n = 0;

	for (size_t i = 0; i < len; i++)
	{
		unsigned char u = (unsigned char) s[i];
		uint64_t bit = (uint64_t) 1 << (u % 64);

		if ((seen[u / 64] & bit) == 0)
			n++;
		seen[u / 64] |= bit;
	}
	return n >= MIN_DISTINCT_BYTES;
}

/* Bits of one character in the smallest usual alphabet, in thousandths, rounded down. */
static int
alphabet_millibits(const char *s, size_t len)
{
	unsigned int all = 0;
	bool lower_hex = true;
	bool upper_hex = true;

	for (size_t i = 0; i < len; i++)
	{
		unsigned int c = class_of_char(s[i]);

		all |= c;
		lower_hex = lower_hex && (c & (C_DIGIT | C_LOWER_HEX)) != 0;
		upper_hex = upper_hex && (c & (C_DIGIT | C_UPPER_HEX)) != 0;
	}
	if (all == C_DIGIT)
		return 3321;
	if (lower_hex || upper_hex)
		return 4000;
	if ((all & (C_URL | C_OTHER)) != 0)
		return 6000;
	if ((all & C_LOWER) != 0 && (all & C_UPPER) != 0)
		return 5954;
	return 5169;
}

int
token_entropy_bits(const char *token, size_t len)
{
	int version;

	if (token_form_of(token, len) != TOKEN_FORM_OPAQUE || !token_is_varied(token, len))
		return 0;
	if (memcmp(token, TOKEN_PREFIX, TOKEN_PREFIX_LEN) == 0)
		return 256;
	version = uuid_text_version(token, len);
	if (version >= 0)
		return version == 4 ? UUID_V4_BITS : version == 7 ? UUID_V7_BITS : 0;
	while (len > 0 && token[len - 1] == '=') /* padding is not random */
		len--;
	return (int) (len * (size_t) alphabet_millibits(token, len) / 1000);
}
