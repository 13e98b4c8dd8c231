/*
 * cookie.c
 *		Tokens in request headers; see cookie.h.
 */
#include "pure/cookie.h"

#include <stdbool.h>
#include <string.h>

#define INDEX_MAX 1000000
#define NO_INDEX  (-1) /* parseInt's NaN: equal to everything when sorting */

typedef struct Pair
{
	Slice name;
	Slice value;
} Pair;

typedef struct Chunk
{
	Pair pair;
	int index;
} Chunk;

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte that an escape at p stands for, or -1. */
static int
escaped_byte(const char *p, size_t n)
{
	int high;
	int low;

	if (n < 3 || p[0] != '%')
		return -1;
	high = hex_value(p[1]);
	low = hex_value(p[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* How many bytes the UTF-8 sequence has that starts with c; 0 when none does. */
static int
sequence_len(int c)
{
	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* decodeURIComponent: each run of escapes is one UTF-8 sequence after another. */
static ResultCode
decode_sequence(const char *p, size_t n, char *out, size_t cap, int *len)
{
	int first = escaped_byte(p, n);
	int i;

	*len = first < 0 ? 0 : sequence_len(first);
	if (*len == 0)
		return RESULT_MALFORMED;
	if ((size_t) *len > cap)
		return RESULT_TOO_LONG;
	for (i = 0; i < *len; i++)
	{
		int byte = n > (size_t) i * 3 ? escaped_byte(p + i * 3, n - (size_t) i * 3) : -1;

		if (byte < 0 || (i > 0 && (byte & 0xc0) != 0x80))
			return RESULT_MALFORMED;
		if (i == 1 && ((first == 0xe0 && byte < 0xa0) || (first == 0xed && byte > 0x9f) ||
					   (first == 0xf0 && byte < 0x90) || (first == 0xf4 && byte > 0x8f)))
			return RESULT_MALFORMED;
		out[i] = (char) byte;
	}
	return RESULT_OK;
}

ResultCode
percent_decode(Slice in, char *out, size_t cap, size_t *out_len)
{
	size_t n = 0;
	size_t i = 0;

	*out_len = 0;
	while (i < in.len)
	{
		int len = 1;

		if (n == cap)
			return RESULT_TOO_LONG;
		if (in.data[i] != '%')
			out[n++] = in.data[i++];
		else
		{
			ResultCode result = decode_sequence(in.data + i, in.len - i, out + n, cap - n, &len);

			if (result != RESULT_OK)
				return result;
			n += (size_t) len;
			i += (size_t) len * 3;
		}
	}
	*out_len = n;
	return RESULT_OK;
}

static Slice
trim(const char *start, const char *end)
{
	Slice s;

	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
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
		if (pair->value.len >= 2 && pair->value.data[0] == '"' &&
			pair->value.data[pair->value.len - 1] == '"')
		{
			pair->value.data++;
			pair->value.len -= 2;
		}
		return true;
	}
	return false;
}

static bool
same(Slice a, Slice b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static bool
starts_with(Slice s, Slice prefix)
{
	return s.len >= prefix.len && memcmp(s.data, prefix.data, prefix.len) == 0;
}

/* parseInt of what stands behind the last dot (or of everything without one). */
static int
chunk_index(Slice name)
{
	size_t start = name.len;
	int value = 0;
	size_t i;

	while (start > 0 && name.data[start - 1] != '.')
		start--;
	if (start == name.len) /* "name." counts as 0 */
		return start > 0 ? 0 : NO_INDEX;
	for (i = start; i < name.len && name.data[i] >= '0' && name.data[i] <= '9'; i++)
		if (value < INDEX_MAX)
			value = value * 10 + (name.data[i] - '0');
	return i == start ? NO_INDEX : value;
}

/* Is this cookie a part of the one that we look for? */
static bool
is_part(Slice cookie, Slice name, CookieChunks chunks)
{
	switch (chunks)
	{
		case COOKIE_AUTHJS:
			return starts_with(cookie, name);
		case COOKIE_BETTER_AUTH:
			return starts_with(cookie, name) && cookie.len > name.len &&
				   cookie.data[name.len] == '.' && chunk_index(cookie) != NO_INDEX;
		default:
			return same(cookie, name);
	}
}

static bool
is_known(const Chunk *found, size_t n, Slice name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (same(found[i].pair.name, name))
			return true;
	return false;
}

/* Leaves out the empty ones and sorts the others by index, those without one where they are. */
static size_t
arrange(Chunk *found, size_t n)
{
	size_t kept = 0;
	size_t i;

	for (i = 0; i < n; i++)
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

/* The parts of a cookie in order.  A duplicate that comes first counts, even when empty. */
static ResultCode
collect(Slice header, Slice name, CookieChunks chunks, Chunk *found, size_t *n)
{
	size_t pos = 0;
	Pair pair;

	*n = 0;
	while (next_pair(header, &pos, &pair))
	{
		if (!is_part(pair.name, name, chunks) || is_known(found, *n, pair.name))
			continue;
		if (*n == COOKIE_CHUNKS_MAX)
			return RESULT_TOO_LONG;
		found[*n].pair = pair;
		found[*n].index = chunk_index(pair.name);
		(*n)++;
	}
	*n = arrange(found, *n);
	return RESULT_OK;
}

static ResultCode
join(const Chunk *found, size_t n, char *out, size_t cap, size_t *out_len)
{
	size_t used = 0;
	size_t i;

	for (i = 0; i < n; i++)
	{
		Slice value = found[i].pair.value;
		size_t len;
		ResultCode result = percent_decode(value, out + used, cap - used, &len);

		if (result == RESULT_MALFORMED && value.len <= cap - used)
		{
			memcpy(out + used, value.data, value.len);
			len = value.len;
		}
		else if (result != RESULT_OK)
			return RESULT_TOO_LONG;
		used += len;
	}
	*out_len = used;
	return used > 0 ? RESULT_OK : RESULT_NO_TOKEN;
}

static ResultCode
collect_and_join(Slice header, Slice name, CookieChunks chunks, char *out, size_t cap,
				 size_t *out_len)
{
	Chunk found[COOKIE_CHUNKS_MAX];
	size_t n;
	ResultCode result = collect(header, name, chunks, found, &n);

	return result == RESULT_OK ? join(found, n, out, cap, out_len) : result;
}

ResultCode
cookie_value(Slice header, Slice name, CookieChunks chunks, char *out, size_t cap, size_t *out_len)
{
	*out_len = 0;
	if (header.data == NULL || name.len == 0)
		return RESULT_NO_TOKEN;
	if (chunks == COOKIE_BETTER_AUTH)
	{
		ResultCode result = collect_and_join(header, name, COOKIE_WHOLE, out, cap, out_len);

		if (result != RESULT_NO_TOKEN)
			return result;
	}
	return collect_and_join(header, name, chunks, out, cap, out_len);
}

ResultCode
bearer_token(Slice header, char *out, size_t cap, size_t *out_len)
{
	static const char scheme[] = "bearer ";
	const size_t n = sizeof(scheme) - 1;
	const char *end;
	Slice word;
	size_t i;
	ResultCode result;

	*out_len = 0;
	if (header.data == NULL || header.len < n)
		return RESULT_NO_TOKEN;
	for (i = 0; i < n; i++)
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
