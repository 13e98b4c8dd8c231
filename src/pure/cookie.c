/*
 * cookie.c
 *		Tokens in request headers; see cookie.h.
 */
#include "pure/cookie.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "pure/backslash.h"
#include "pure/hex.h"
#include "pure/percent.h"

#define INDEX_MAX (INT64_C(1) << 53)
#define NO_INDEX  INT64_MIN /* parseInt's NaN: equal to everything when sorting */

typedef struct Pair
{
	Slice name;
	Slice value;
	bool quoted; /* without the quotes that were around it */
} Pair;

typedef struct Chunk
{
	Pair pair;
	int64_t index;
} Chunk;

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static Slice
trim(const char *start, const char *end)
{
	Slice s;

	while (start < end && is_blank(*start))
		start++;
	while (end > start && is_blank(end[-1]))
		end--;
	s.data = start;
	s.len = (size_t) (end - start);
	return s;
}

/* The next name=value of the header from *pos on; pieces without '=' are passed over. */
static bool
next_pair(Slice header, size_t *pos, Pair *pair)
{
	while (*pos < header.len)
	{
		const char *start = header.data + *pos;
		const char *limit = header.data + header.len;
		const char *end = memchr(start, ';', (size_t) (limit - start));
		const char *equals;

		if (end == NULL)
			end = limit;
		*pos = (size_t) (end - header.data) + 1;
		equals = memchr(start, '=', (size_t) (end - start));
		if (equals == NULL)
			continue;
		pair->name = trim(start, equals);
		pair->value = trim(equals + 1, end);
		pair->quoted = pair->value.len >= 2 && pair->value.data[0] == '"' &&
					   pair->value.data[pair->value.len - 1] == '"';
		if (pair->quoted)
		{
			pair->value.data++;
			pair->value.len -= 2;
		}
		return true;
	}
	return false;
}

/* The value of a digit, or -1. */
static int
digit(char c, int base)
{
	int value = hex_digit(c);

	return value < base ? value : -1;
}

/*
 * parseInt of what stands behind the last dot (or of everything without one): blanks and a sign may
 * be in front, and 0x where no base is named, which better-auth does.
 */
static int64_t
chunk_index(Slice name, CookieChunks chunks)
{
	size_t i = name.len;
	size_t start;
	int base = 10;
	int64_t value = 0;
	bool negative;

	while (i > 0 && name.data[i - 1] != '.')
		i--;
	if (i == name.len) /* "name." counts as 0 */
		return i > 0 ? 0 : NO_INDEX;
	while (i < name.len && is_blank(name.data[i]))
		i++;
	negative = i < name.len && name.data[i] == '-';
	if (i < name.len && (negative || name.data[i] == '+'))
		i++;
	if (chunks == COOKIE_AUTHJS && name.len - i >= 2 && name.data[i] == '0' &&
		(name.data[i + 1] | 0x20) == 'x')
	{
		base = 16;
		i += 2;
	}
	for (start = i; i < name.len && digit(name.data[i], base) >= 0; i++)
		if (value < INDEX_MAX)
			value = value * base + digit(name.data[i], base);
	if (i == start)
		return NO_INDEX;
	return negative ? -value : value;
}

/* Is this cookie a part of the one that we look for? */
static bool
is_part(Slice cookie, Slice name, CookieChunks chunks)
{
	switch (chunks)
	{
		case COOKIE_AUTHJS:
			return slice_begins_with(cookie, name);
		case COOKIE_BETTER_AUTH:
			return slice_begins_with(cookie, name) && cookie.len > name.len &&
				   cookie.data[name.len] == '.' && chunk_index(cookie, chunks) != NO_INDEX;
		default:
			return slice_equals(cookie, name);
	}
}

static Chunk *
chunk_of_name(Chunk *found, size_t n, Slice name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_equals(found[i].pair.name, name))
			return &found[i];
	return NULL;
}

/* Leaves out the empty ones and sorts the others by index, those without one where they are. */
static size_t
arrange(Chunk *found, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
	{
		Chunk chunk = found[i];
		size_t at = kept;

		if (chunk.pair.value.len == 0)
			continue;
		while (at > 0 && chunk.index != NO_INDEX && found[at - 1].index != NO_INDEX &&
			   found[at - 1].index > chunk.index)
		{
			found[at] = found[at - 1];
			at--;
		}
		found[at] = chunk;
		kept++;
	}
	return kept;
}

/* The parts of a cookie in order.  The duplicate that counts does so even when empty. */
static ResultCode
collect(Slice header, Slice name, CookieChunks chunks, Chunk *found, size_t *n)
{
	size_t pos = 0;
	Pair pair;

	*n = 0;
	while (next_pair(header, &pos, &pair))
	{
		Chunk *known;

		if (!is_part(pair.name, name, chunks))
			continue;
		known = chunk_of_name(found, *n, pair.name);
		if (known != NULL)
		{
			if (chunks == COOKIE_WHOLE_LAST)
				known->pair = pair;
			continue;
		}
		if (*n == COOKIE_CHUNKS_MAX)
			return RESULT_TOO_LONG;
		found[*n].pair = pair;
		found[*n].index = chunk_index(pair.name, chunks);
		(*n)++;
	}
	*n = arrange(found, *n);
	return RESULT_OK;
}

static bool
has(Slice value, char c)
{
	return value.len > 0 && memchr(value.data, c, value.len) != NULL;
}

/* RESULT_MALFORMED where there is nothing to decode, too. */
static ResultCode
decode_escapes(Slice value, CookieEscapes escapes, char *out, size_t cap, size_t *out_len)
{
	switch (escapes)
	{
		case COOKIE_ESCAPES_URI:
			return percent_decode(value, out, cap, out_len);
		case COOKIE_ESCAPES_FORM:
			return percent_decode_form(value, out, cap, out_len);
		case COOKIE_ESCAPES_PYTHON:
		case COOKIE_ESCAPES_WERKZEUG:
			return backslash_decode(value, escapes == COOKIE_ESCAPES_WERKZEUG, out, cap, out_len);
		default:
			return RESULT_MALFORMED;
	}
}

/* Decoded, or as it is where it is malformed. */
static ResultCode
decode(Slice value, CookieEscapes escapes, bool escaped, char *out, size_t cap, size_t *out_len)
{
	ResultCode result = RESULT_MALFORMED;

	if (escaped)
		result = decode_escapes(value, escapes, out, cap, out_len);
	if (result != RESULT_MALFORMED)
		return result;
	*out_len = 0;
	if (value.len > cap)
		return RESULT_TOO_LONG;
	if (value.len > 0)
		memcpy(out, value.data, value.len);
	*out_len = value.len;
	return RESULT_OK;
}

/* Whether a cookie of a header may hold an escape. */
static bool
is_escaped(const Pair *pair, CookieEscapes escapes)
{
	if (escapes == COOKIE_ESCAPES_PYTHON || escapes == COOKIE_ESCAPES_WERKZEUG)
		return pair->quoted && has(pair->value, '\\');
	return has(pair->value, '%') || (escapes == COOKIE_ESCAPES_FORM && has(pair->value, '+'));
}

/* Quotes around a value are a header's, so that without one nothing is escaped by backslashes. */
ResultCode
cookie_unescape(Slice value, CookieEscapes escapes, char *out, size_t cap, size_t *out_len)
{
	bool escaped = escapes != COOKIE_ESCAPES_PYTHON && escapes != COOKIE_ESCAPES_WERKZEUG;

	return decode(value, escapes, escaped && has(value, '%'), out, cap, out_len);
}

static ResultCode
join(const Chunk *found, size_t n, CookieEscapes escapes, char *out, size_t cap, size_t *out_len)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
	{
		const Pair *pair = &found[i].pair;
		size_t len;
		ResultCode result =
			decode(pair->value, escapes, is_escaped(pair, escapes), out + used, cap - used, &len);

		if (result != RESULT_OK)
			return result;
		used += len;
	}
	*out_len = used;
	return used > 0 ? RESULT_OK : RESULT_NO_TOKEN;
}

static ResultCode
collect_and_join(Slice header, Slice name, CookieChunks chunks, CookieEscapes escapes, char *out,
				 size_t cap, size_t *out_len)
{
	Chunk found[COOKIE_CHUNKS_MAX];
	size_t n;
	ResultCode result = collect(header, name, chunks, found, &n);

	return result == RESULT_OK ? join(found, n, escapes, out, cap, out_len) : result;
}

ResultCode
cookie_value(Slice header, Slice name, CookieChunks chunks, CookieEscapes escapes, char *out,
			 size_t cap, size_t *out_len)
{
	*out_len = 0;
	if (header.data == NULL || name.len == 0)
		return RESULT_NO_TOKEN;
	if (chunks == COOKIE_BETTER_AUTH)
	{
		ResultCode result =
			collect_and_join(header, name, COOKIE_WHOLE, escapes, out, cap, out_len);

		if (result != RESULT_NO_TOKEN)
			return result;
	}
	return collect_and_join(header, name, chunks, escapes, out, cap, out_len);
}

ResultCode
bearer_token(Slice header, char *out, size_t cap, size_t *out_len)
{
	static const char scheme[] = "bearer ";
	const size_t n = sizeof(scheme) - 1;
	const char *end;
	Slice word;
	ResultCode result;

	*out_len = 0;
	if (header.data == NULL || header.len < n)
		return RESULT_NO_TOKEN;
	for (size_t i = 0; i < n; i++)
	{
		char c = header.data[i];

		if (c >= 'A' && c <= 'Z')
			c = (char) (c - 'A' + 'a');
		if (c != scheme[i])
			return RESULT_NO_TOKEN;
	}
	word.data = header.data + n;
	word.len = header.len - n;
	end = word.len > 0 ? memchr(word.data, ' ', word.len) : NULL;
	if (end != NULL)
		word.len = (size_t) (end - word.data);
	result = percent_decode(word, out, cap, out_len);
	return result == RESULT_OK && *out_len == 0 ? RESULT_NO_TOKEN : result;
}
