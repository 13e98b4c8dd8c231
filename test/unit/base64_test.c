/* base64_test.c: what is encoded decodes, and nothing else does. */
#include <stdlib.h>
#include <string.h>

#include "portable_base64.h"
#include "pure/base64.h"
#include "pure/base64_forgive.h"
#include "tap.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static ResultCode
url(const char *text, size_t *len)
{
	unsigned char out[64];

	return base64url_decode(text, strlen(text), out, sizeof(out), len);
}

static ResultCode
std(const char *text, size_t *len)
{
	unsigned char out[64];

	return base64_decode(text, strlen(text), out, sizeof(out), len);
}

static void
round_trips(void)
{
	unsigned char in[67];
	unsigned char out[67];
	char text[96];
	size_t len;
	size_t n;
	bool all = true;

	for (n = 0; n < sizeof(in); n++)
		in[n] = (unsigned char) (n * 37 + 11);
	for (n = 0; n <= sizeof(in); n++)
	{
		size_t chars = base64url_encode(in, n, text);

		all = all && chars == BASE64URL_LEN(n) &&
			  base64url_decode(text, chars, out, sizeof(out), &len) == RESULT_OK && len == n &&
			  memcmp(in, out, n) == 0;
		chars = base64_encode(in, n, text);
		all = all && chars == BASE64_LEN(n) &&
			  base64_decode(text, chars, out, sizeof(out), &len) == RESULT_OK && len == n &&
			  memcmp(in, out, n) == 0;
	}
	ok(all, "0 to 67 bytes survive both alphabets");
}

/* Every text of two and three characters: it decodes only if it encodes back to itself. */
static void
one_text_per_value(void)
{
	static const char chars[] = LETTERS "-_+/=. ";
	const size_t n = sizeof(chars) - 1;
	unsigned char out[8];
	char back[8];
	size_t accepted = 0;
	size_t len;
	size_t i;
	bool all = true;

	for (i = 0; i < n * n * n; i++)
	{
		char text[3];

		text[0] = chars[i % n];
		text[1] = chars[i / n % n];
		text[2] = chars[i / n / n];
		if (base64url_decode(text, 3, out, sizeof(out), &len) != RESULT_OK)
			continue;
		accepted++;
		all = all && base64url_encode(out, len, back) == 3 && memcmp(back, text, 3) == 0;
	}
	ok(all, "what decodes encodes to the same text");
	is_int((long long) accepted, 65536, "three characters stand for each two bytes once");
}

typedef ResultCode (*Decoder)(const char *, size_t, unsigned char *, size_t, size_t *);

/* Each byte at each place of eleven groups, which are two vectors and what is behind them. */
static void
every_byte(const char *chars, Decoder decode, const char *name)
{
	char text[44];
	unsigned char out[33];
	size_t len;
	int wrong = 0;
	int place;
	int c;

	for (place = 0; place < 44; place++)
		for (c = 0; c < 256; c++)
		{
			bool good = c != 0 && strchr(chars, c) != NULL;

			memset(text, 'A', sizeof(text));
			text[place] = (char) c;
			if ((decode(text, 44, out, sizeof(out), &len) == RESULT_OK) != good &&
				!(c == '=' && place == 43))
				wrong++;
		}
	is_int(wrong, 0, "%s: its characters decode, no other does, wherever it stands", name);
}

/* This processor's way and the portable one, of texts of which one character may be wrong. */
static void
same_answers(const char *chars, Decoder decode, Decoder portable, const char *name)
{
	int differ = 0;
	int accepted = 0;

	srand(1);
	for (int i = 0; i < 200000; i++)
	{
		char text[80];
		unsigned char out[60] = { 0 };
		unsigned char expected[60] = { 0 };
		size_t len = (size_t) (rand() % 81);
		size_t n;
		size_t n_expected;
		ResultCode result;

		for (size_t j = 0; j < len; j++)
			text[j] = chars[rand() % 64];
		if (len > 0 && rand() % 2 == 0)
			text[(size_t) rand() % len] = (char) (rand() % 256);
		result = decode(text, len, out, sizeof(out), &n);
		accepted += result == RESULT_OK;
		if (result != portable(text, len, expected, sizeof(expected), &n_expected) ||
			n != n_expected || memcmp(out, expected, n) != 0)
			differ++;
	}
	is_int(differ, 0, "%s: both ways answer alike", name);
	ok(accepted > 20000 && accepted < 180000, "... to %d right ones and others", accepted);
}

static void
forgives(const char *text, const char *wanted)
{
	char out[64];
	Slice seen = base64_forgive(slice_make(text, strlen(text)), out);

	ok(slice_is(seen, wanted), "%zu characters are forgiven as \"%s\"", strlen(text), wanted);
}

/* As Node.js 20 decodes, with atob(); what it refuses is no text that encoding writes. */
static void
forgiving(void)
{
	forgives("", "");
	forgives("=", "=");
	forgives("====", "==");
	forgives("YWJj", "YWJj");
	forgives(" Y\tW\nJ\fj\r", "YWJj");
	forgives("YQ", "YQ");
	forgives("YQ==", "YQ");
	forgives("YQ=", "YQ=");
	forgives("Y Q = =", "YQ");
	forgives("Yf", "YQ");
	forgives("YWL", "YWI");
	forgives("YWI=", "YWI");
	forgives("YWL=", "YWI");
	forgives("YWI==", "YWI==");
	forgives("YWJj=", "YWJj=");
	forgives("YW=j", "YW=j");
	forgives("Y", "Y");
	forgives("YW-", "YW-");
	forgives("YWJj\v", "YWJj\v");
}

int
main(void)
{
	size_t len;
	unsigned char small[2];

	forgiving();
	round_trips();
	one_text_per_value();
	every_byte(LETTERS "-_", base64url_decode, "base64url");
	every_byte(LETTERS "+/", base64_decode, "base64");
	every_byte(LETTERS "-_", portable_base64url_decode, "base64url, the portable way");
	every_byte(LETTERS "+/", portable_base64_decode, "base64, the portable way");
	same_answers(LETTERS "-_", base64url_decode, portable_base64url_decode, "base64url");
	same_answers(LETTERS "+/", base64_decode, portable_base64_decode, "base64");
	is_int(url("", &len), RESULT_OK, "the empty text");
	is_int(url("YQ", &len), RESULT_OK, "one byte");
	is_int(url("YQ==", &len), RESULT_MALFORMED, "padding in base64url");
	is_int(url("YR", &len), RESULT_MALFORMED, "unused bits set");
	is_int(url("YWJ", &len), RESULT_MALFORMED, "unused bits set, three characters");
	is_int(url("Y", &len), RESULT_MALFORMED, "one character alone");
	is_int(url("YWJj\n", &len), RESULT_MALFORMED, "a newline");
	is_int(url(" YWJj", &len), RESULT_MALFORMED, "a space");
	is_int(url("+/+/", &len), RESULT_MALFORMED, "the standard alphabet in base64url");
	is_int(url("Y\xc3\xa9Yq", &len), RESULT_MALFORMED, "bytes beyond ASCII");
	is_int(base64url_decode("YQ\0A", 4, small, 2, &len), RESULT_TOO_LONG, "three bytes into two");
	is_int(base64url_decode("Y\0AA", 4, (unsigned char[4]){ 0 }, 4, &len), RESULT_MALFORMED,
		   "a NUL");
	is_int(std("YQ==", &len), RESULT_OK, "padding in base64");
	is_int(std("YQ", &len), RESULT_MALFORMED, "missing padding in base64");
	is_int(std("YWI==", &len), RESULT_MALFORMED, "surplus padding");
	is_int(std("Y===", &len), RESULT_MALFORMED, "three signs of padding");
	is_int(std("====", &len), RESULT_MALFORMED, "padding alone");
	is_int(std("YR==", &len), RESULT_MALFORMED, "unused bits set in base64");
	is_int(std("-_-_", &len), RESULT_MALFORMED, "the URL alphabet in base64");
	is_int(std("YQ==YQ==", &len), RESULT_MALFORMED, "padding in the middle");
	return tap_done();
}
