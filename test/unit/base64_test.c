/* base64_test.c: what is encoded decodes, and nothing else does. */
#include <string.h>

#include "pure/base64.h"
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

/* Each byte at each place of three groups. */
static void
every_byte(const char *chars,
		   ResultCode (*decode)(const char *, size_t, unsigned char *, size_t, size_t *),
		   const char *name)
{
	char text[12];
	unsigned char out[12];
	size_t len;
	int wrong = 0;
	int place;
	int c;

	for (place = 0; place < 12; place++)
		for (c = 0; c < 256; c++)
		{
			bool good = c != 0 && strchr(chars, c) != NULL;

			memset(text, 'A', sizeof(text));
			text[place] = (char) c;
			if ((decode(text, 12, out, sizeof(out), &len) == RESULT_OK) != good &&
				!(c == '=' && place == 11))
				wrong++;
		}
	is_int(wrong, 0, "%s: its characters decode, no other does, wherever it stands", name);
}

int
main(void)
{
	size_t len;
	unsigned char small[2];

	round_trips();
	one_text_per_value();
	every_byte(LETTERS "-_", base64url_decode, "base64url");
	every_byte(LETTERS "+/", base64_decode, "base64");
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
