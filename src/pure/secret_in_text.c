/*
 * secret_in_text.c
 *		Masks a secret in the text of a statement or of a message.
 *
 * It is found as it is, and as SQL's literals write it: with quotes and backslashes
 * doubled, however often one literal stands within another, and with the escapes of E''
 * and U&''.  For that the text is not taken apart into literals: it is read as a stream
 * in which escapes are what they stand for, and quotes and backslashes are nothing, and
 * so is the secret.  Nothing is allocated, and the time grows with the text's length
 * alone, whatever the text and the secret are (Knuth, Morris and Pratt's search).
 *
 * The core's own scanner would have to copy the text, raises errors for what is no
 * statement, and knows nothing of literals within literals.
 */
/* memmem */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "pure/secret_in_text.h"

#include "pure/hex.h"
#include "pure/utf8.h"

/* Where so much of a secret is found it counts as found, as far as the text goes on with it. */
#define PREFIX_MAX 256

/* As long as what tokens of one kind begin with, sat_ or eyJhbGciOiJ, and a byte more. */
#define BEGINNING 12

typedef enum Escapes
{
	ESCAPES_OF_E, /* E'\x41\101\u0041\n' */
	ESCAPES_OF_U  /* U&'\0041\+000041' */
} Escapes;

/* A text, read as what it says. */
typedef struct Stream
{
	const char *text;
	size_t len;
	size_t next;  /* the place that is read next */
	size_t start; /* that of the character at hand */
	Escapes escapes;
	unsigned char bytes[4]; /* it */
	int n_bytes;
	int taken;
} Stream;

/* What is searched for, as the stream has it. */
typedef struct Pattern
{
	unsigned char bytes[PREFIX_MAX];
	unsigned short border[PREFIX_MAX]; /* the longest that both begins and ends bytes[0..i] */
	size_t len;
	size_t consumed; /* so much of the secret is in it */
} Pattern;

static bool
is_quoting(char c)
{
	return c == '\'' || c == '\\';
}

static bool
mask(char *text, size_t start, size_t end)
{
	memset(text + start, SECRET_MASK, end - start);
	return true;
}

/* ------------------------------------------------------------------------- as it is */

static bool
is_delimiter(char c)
{
	return c == '\'' || c == '$' || c == '"';
}

/* Words of the statement are no secret because somebody sends one of them as a token. */
static bool
counts(const char *text, size_t len, size_t start, size_t end, Slice secret)
{
	return secret.len >= SECRET_SHORT ||
		   (start > 0 && end < len && is_delimiter(text[start - 1]) && is_delimiter(text[end]));
}

/*
 * Preparing to find a long secret costs more than finding that its beginning is nowhere, as
 * memmem reads all of what it looks for first.
 */
static bool
has_beginning(const char *text, size_t len, Slice secret)
{
	return memmem(text, len, secret.data, secret.len < BEGINNING ? secret.len : BEGINNING) != NULL;
}

static bool
mask_as_it_is(char *text, size_t len, Slice secret)
{
	bool found = false;
	size_t at = 0;
	char *place;

	if (!has_beginning(text, len, secret))
		return false;
	while (at < len && (place = memmem(text + at, len - at, secret.data, secret.len)) != NULL)
	{
		size_t start = (size_t) (place - text);

		at = start + 1;
		if (counts(text, len, start, start + secret.len, secret))
		{
			found = mask(text, start, start + secret.len);
			at = start + secret.len;
		}
	}
	return found;
}

/* ------------------------------------------------------------------------ as it is quoted */

/* The number that up to n digits of a base say, at text; how many there were. */
static int
read_digits(const char *text, size_t len, int n, int base, unsigned int *value)
{
	int i;

	*value = 0;
	for (i = 0; i < n && (size_t) i < len; i++)
	{
		int digit = hex_digit(text[i]);

		if (digit < 0 || digit >= base)
			break;
		*value = *value * (unsigned int) base + (unsigned int) digit;
	}
	return i;
}

static void
put_code_point(Stream *stream, unsigned int code)
{
	if (code <= 0x10ffff)
		stream->n_bytes = (int) utf8_encode((int) code, (char *) stream->bytes);
}

static void
put_byte(Stream *stream, unsigned int byte)
{
	stream->bytes[0] = (unsigned char) byte;
	stream->n_bytes = 1;
}

/* As many digits as must be there; the escape's length behind the backslash, or 0. */
static size_t
read_code_point(Stream *stream, const char *rest, size_t len, size_t before, int digits)
{
	unsigned int code;

	if (len < before || read_digits(rest + before, len - before, digits, 16, &code) < digits)
		return 0;
	put_code_point(stream, code);
	return before + (size_t) digits;
}

static size_t
read_number(Stream *stream, const char *rest, size_t len)
{
	unsigned int value;
	int n;

	if (rest[0] == 'x')
	{
		n = read_digits(rest + 1, len - 1, 2, 16, &value);
		if (n > 0)
			put_byte(stream, value);
		return n > 0 ? (size_t) n + 1 : 0;
	}
	n = read_digits(rest, len, 3, 8, &value);
	if (n > 0)
		put_byte(stream, value & 0xff);
	return (size_t) n;
}

static size_t
read_escape_of_e(Stream *stream, const char *rest, size_t len)
{
	static const char letters[] = "bfnrt";
	static const char meanings[] = "\b\f\n\r\t";
	const char *letter = memchr(letters, rest[0], sizeof(letters) - 1);

	if (letter)
	{
		put_byte(stream, (unsigned char) meanings[letter - letters]);
		return 1;
	}
	if (rest[0] == 'u')
		return read_code_point(stream, rest, len, 1, 4);
	if (rest[0] == 'U')
		return read_code_point(stream, rest, len, 1, 8);
	return read_number(stream, rest, len);
}

/* What a backslash and the rest stand for; the length behind the backslash, or 0 for nothing. */
static size_t
read_escape(Stream *stream, const char *rest, size_t len)
{
	if (len == 0)
		return 0;
	if (rest[0] == '\\')
		return 1;
	if (stream->escapes == ESCAPES_OF_E)
		return read_escape_of_e(stream, rest, len);
	return rest[0] == '+' ? read_code_point(stream, rest, len, 1, 6)
						  : read_code_point(stream, rest, len, 0, 4);
}

/* The next character that is something; false at the end. */
static bool
read_character(Stream *stream)
{
	stream->taken = stream->n_bytes = 0;
	while (stream->n_bytes == 0 && stream->next < stream->len)
	{
		char c = stream->text[stream->next];

		stream->start = stream->next++;
		if (c == '\\')
			stream->next +=
				read_escape(stream, stream->text + stream->next, stream->len - stream->next);
		else if (c != '\'')
			put_byte(stream, (unsigned char) c);
	}
	return stream->n_bytes > 0;
}

static bool
read_byte(Stream *stream, unsigned char *byte)
{
	if (stream->taken == stream->n_bytes && !read_character(stream))
		return false;
	*byte = stream->bytes[stream->taken++];
	return true;
}

static void
find_borders(Pattern *pattern)
{
	size_t k = 0;

	pattern->border[0] = 0;
	for (size_t i = 1; i < pattern->len; i++)
	{
		while (k > 0 && pattern->bytes[i] != pattern->bytes[k])
			k = pattern->border[k - 1];
		if (pattern->bytes[i] == pattern->bytes[k])
			k++;
		pattern->border[i] = (unsigned short) k;
	}
}

static void
make_pattern(Pattern *pattern, Slice secret)
{
	pattern->len = 0;
	for (pattern->consumed = 0; pattern->consumed < secret.len && pattern->len < PREFIX_MAX;
		 pattern->consumed++)
		if (!is_quoting(secret.data[pattern->consumed]))
			pattern->bytes[pattern->len++] = (unsigned char) secret.data[pattern->consumed];
	find_borders(pattern);
}

/* The end of what the text has of the secret, from the place behind the pattern on. */
static size_t
end_of_match(Stream rest, const Pattern *pattern, Slice secret)
{
	size_t end = rest.next;
	unsigned char byte;

	for (size_t i = pattern->consumed; i < secret.len; i++)
	{
		if (is_quoting(secret.data[i]))
			continue;
		if (!read_byte(&rest, &byte) || byte != (unsigned char) secret.data[i])
			break;
		end = rest.next;
	}
	return end;
}

/* How much of the pattern has been read with this byte, of which less than the whole was. */
static size_t
match_byte(const Pattern *pattern, size_t matched, unsigned char byte)
{
	/* cppcheck-suppress arrayIndexOutOfBoundsCond */
	while (matched > 0 && byte != pattern->bytes[matched])
		matched = pattern->border[matched - 1];
	return byte == pattern->bytes[matched] ? matched + 1 : matched;
}

/* A ring of starts tells where the first character of a match is. */
static bool
mask_as_quoted(char *text, size_t len, Slice secret, Escapes escapes)
{
	Stream stream = { .text = text, .len = len, .escapes = escapes };
	size_t starts[PREFIX_MAX];
	size_t matched = 0;
	bool found = false;
	Pattern pattern;
	unsigned char byte;

	make_pattern(&pattern, secret);
	for (size_t n = 0; pattern.len > 0 && read_byte(&stream, &byte); n++)
	{
		size_t start;
		size_t end;

		starts[n % PREFIX_MAX] = stream.start;
		matched = match_byte(&pattern, matched, byte);
		if (matched < pattern.len)
			continue;
		start = starts[(n + 1 - matched) % PREFIX_MAX];
		end = end_of_match(stream, &pattern, secret);
		matched = 0;
		if (!counts(text, len, start, end, secret))
			continue;
		found = mask(text, start, end);
		stream.next = end;
		stream.n_bytes = stream.taken = 0;
	}
	return found;
}

/* ---------------------------------------------------------------------------- both */

/* Whether a statement so long can hold it as a literal, which no escape makes shorter. */
bool
secret_fits(Slice secret, size_t text_len)
{
	return text_len >= (secret.len < PREFIX_MAX ? secret.len : PREFIX_MAX);
}

static bool
has(Slice text, char c)
{
	return memchr(text.data, c, text.len) != NULL;
}

/* Masks the secret wherever the text holds it; whether it did. */
bool
secret_mask(char *text, size_t len, Slice secret)
{
	Slice all = { text, len };
	bool has_escapes;
	bool found;

	if (secret.len == 0 || len == 0)
		return false;
	found = mask_as_it_is(text, len, secret);
	has_escapes = has(all, '\\');
	if (has_escapes || has(secret, '\'') || has(secret, '\\'))
		found = mask_as_quoted(text, len, secret, ESCAPES_OF_E) || found;
	if (has_escapes && has(all, '&'))
		found = mask_as_quoted(text, len, secret, ESCAPES_OF_U) || found;
	return found;
}
