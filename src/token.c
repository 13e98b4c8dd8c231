/*
 * token.c
 *		What kind of token these bytes are; see token.h.
 */
#include "token.h"

#include <stdint.h>
#include <string.h>

#define SIGNATURE_CHARS 43 /* base64 of 32 bytes, without its '=' */
#define SIGNED_MAX      512

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

static unsigned int
class_of(char c)
{
	if (c >= '0' && c <= '9')
		return C_DIGIT;
	if (c >= 'a' && c <= 'z')
		return c <= 'f' ? C_LOWER | C_LOWER_HEX : C_LOWER;
	if (c >= 'A' && c <= 'Z')
		return c <= 'F' ? C_UPPER | C_UPPER_HEX : C_UPPER;
	if (c == '-' || c == '_')
		return C_URL;
	if (c == '~' || c == '+' || c == '/' || c == '=' || c == ',')
		return C_OTHER;
	return 0;
}

static bool
is_base64url(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
	{
		unsigned int c = class_of(s[i]);

		if (c == 0 || c == C_OTHER)
			return false;
	}
	return true;
}

static bool
is_opaque(const char *s, size_t len)
{
	size_t i;

	if (len < TOKEN_OPAQUE_MIN || len > TOKEN_OPAQUE_MAX)
		return false;
	for (i = 0; i < len; i++)
		if (class_of(s[i]) == 0)
			return false;
	if (memcmp(s, TOKEN_PREFIX, TOKEN_PREFIX_LEN) == 0)
		return len == TOKEN_OWN_LEN && is_base64url(s, len);
	return true;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The character at s[*i], percent-decoded; moves *i behind it; -1 when malformed. */
static int
next_char(const char *s, size_t len, size_t *i)
{
	int c = (unsigned char) s[*i];

	if (c == '%')
	{
		int hi = len - *i > 2 ? hex_digit(s[*i + 1]) : -1;
		int lo = len - *i > 2 ? hex_digit(s[*i + 2]) : -1;

		if (hi < 0 || lo < 0)
			return -1;
		*i += 3;
		return hi << 4 | lo;
	}
	*i += 1;
	return c;
}

/* 43 characters of base64 and as many '=' as asked for, perhaps percent-encoded. */
static bool
is_signature(const char *s, size_t len, int padding)
{
	size_t i = 0;
	int n = 0;

	while (i < len)
	{
		int c = next_char(s, len, &i);

		if (c < 0 || c > 126 || ++n > SIGNATURE_CHARS + padding)
			return false;
		if (n > SIGNATURE_CHARS)
		{
			if (c != '=')
				return false;
		}
		else if (class_of((char) c) == 0 || strchr("-_~=,", c) != NULL)
			return false;
	}
	return n == SIGNATURE_CHARS + padding;
}

/* A value in front of the signature: opaque characters and dots. */
static bool
is_signed_value(const char *s, size_t len)
{
	size_t i;

	if (len == 0 || len > TOKEN_OPAQUE_MAX)
		return false;
	for (i = 0; i < len; i++)
		if (class_of(s[i]) == 0 && s[i] != '.')
			return false;
	return true;
}

static TokenForm
signed_form(const char *s, size_t len, size_t last_dot)
{
	const char *tail = s + last_dot + 1;
	size_t tail_len = len - last_dot - 1;
	size_t skip = 0;

	if (len > SIGNED_MAX)
		return TOKEN_FORM_UNKNOWN;
	if (len > 2 && memcmp(s, "s:", 2) == 0)
		skip = 2;
	else if (len > 4 && (memcmp(s, "s%3A", 4) == 0 || memcmp(s, "s%3a", 4) == 0))
		skip = 4;
	if (skip > 0)
	{
		if (last_dot > skip && is_signed_value(s + skip, last_dot - skip) &&
			is_signature(tail, tail_len, 0))
			return TOKEN_FORM_EXPRESS;
		return TOKEN_FORM_UNKNOWN;
	}
	if (is_signed_value(s, last_dot) && is_signature(tail, tail_len, 1))
		return TOKEN_FORM_SIGNED;
	return TOKEN_FORM_UNKNOWN;
}

/* Cuts at the dots; false when there are not exactly `want` parts, all but one nonempty. */
static bool
is_compact(const char *s, size_t len, int want, int may_be_empty)
{
	size_t start = 0;
	int part = 0;
	size_t i;

	for (i = 0; i <= len; i++)
	{
		if (i < len && s[i] != '.')
			continue;
		if (part == want || (i == start && part != may_be_empty) ||
			!is_base64url(s + start, i - start))
			return false;
		part++;
		start = i + 1;
	}
	return part == want;
}

TokenForm
token_form(const char *token, size_t len)
{
	size_t last_dot = 0;
	int dots = 0;
	size_t i;

	for (i = 0; i < len; i++)
		if (token[i] == '.')
		{
			last_dot = i;
			if (dots < 5)
				dots++;
		}
	if (dots == 0)
		return is_opaque(token, len) ? TOKEN_FORM_OPAQUE : TOKEN_FORM_UNKNOWN;
	if (dots == 4 && is_compact(token, len, 5, 1))
		return TOKEN_FORM_JWE;
	if (dots == 2 && is_compact(token, len, 3, -1))
		return TOKEN_FORM_JWS;
	return signed_form(token, len, last_dot);
}

/* The version of a uuid in its usual form, 0 when its variant is not RFC 9562's, -1 otherwise. */
static int
uuid_version(const char *s, size_t len)
{
	size_t i;
	int variant;

	if (len != 36)
		return -1;
	for (i = 0; i < len; i++)
	{
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s[i] != '-' : hex_digit(s[i]) < 0)
			return -1;
	}
	variant = hex_digit(s[19]);
	return variant >= 8 && variant <= 11 ? hex_digit(s[14]) : 0;
}

static int
distinct_chars(const char *s, size_t len)
{
	uint64_t seen[4] = { 0, 0, 0, 0 };
	int n = 0;
	size_t i;

	for (i = 0; i < len; i++)
	{
		unsigned char u = (unsigned char) s[i];
		uint64_t bit = (uint64_t) 1 << (u % 64);

		if ((seen[u / 64] & bit) == 0)
			n++;
		seen[u / 64] |= bit;
	}
	return n;
}

/* Bits of one character in the smallest usual alphabet, in thousandths, rounded down. */
static int
alphabet_millibits(const char *s, size_t len)
{
	unsigned int all = 0;
	bool lower_hex = true;
	bool upper_hex = true;
	size_t i;

	for (i = 0; i < len; i++)
	{
		unsigned int c = class_of(s[i]);

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

	if (token_form(token, len) != TOKEN_FORM_OPAQUE || distinct_chars(token, len) < 8)
		return 0;
	if (memcmp(token, TOKEN_PREFIX, TOKEN_PREFIX_LEN) == 0)
		return 256;
	version = uuid_version(token, len);
	if (version >= 0)
		return version == 4 ? 122 : version == 7 ? 74 : 0;
	while (len > 0 && token[len - 1] == '=') /* padding is not random */
		len--;
	return (int) (len * (size_t) alphabet_millibits(token, len) / 1000);
}
