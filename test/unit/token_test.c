/* token_test.c: every text has one form, and random bits are never overrated. */
#include <string.h>

#include "tap.h"
#include "pure/token.h"

#define S43 "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
#define SIG "nQ9YSohVnCBws7MzJ5ecgUjPvf1qWqjMnv/8fWPU7LE"
#define ENC "nQ9YSohVnCBws7MzJ5ecgUjPvf1qWqjMnv%2F8fWPU7LE"

typedef struct Case
{
	const char *token;
	TokenForm form;
	const char *what;
} Case;

static const Case cases[] = {
	{ "", TOKEN_FORM_UNKNOWN, "nothing" },
	{ "sat_" S43, TOKEN_FORM_OPAQUE, "our own token" },
	{ "sat_" S43 "A", TOKEN_FORM_UNKNOWN, "our own token, too long" },
	{ "sat_ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa", TOKEN_FORM_UNKNOWN, "too short" },
	{ "sat_ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0", TOKEN_FORM_UNKNOWN, "a plus in it" },
	{ "91a9b1f1-6d86-4b05-ae1f-4eabef6016ed", TOKEN_FORM_OPAQUE, "a uuid" },
	{ "V1StGXR8_Z5jdHi6B-myT", TOKEN_FORM_OPAQUE, "a nanoid" },
	{ "V1StGXR8_Z5jdHi6B-m", TOKEN_FORM_UNKNOWN, "19 characters" },
	{ "V1StGXR8_Z5jdHi6B-my", TOKEN_FORM_OPAQUE, "20 characters" },
	{ "ab cdefghijklmnopqrstuvwxyz", TOKEN_FORM_UNKNOWN, "a space" },
	{ "abcdefghijklmnopqrstuvwxyz\n", TOKEN_FORM_UNKNOWN, "a newline" },
	{ "abcdefghijklmnopqrstuvwxyz'", TOKEN_FORM_UNKNOWN, "a quote" },
	{ "abcdefghijklmnopqrstuvwxyz\xc3\xa9", TOKEN_FORM_UNKNOWN, "not ASCII" },
	{ "eyJ.e30.sig", TOKEN_FORM_JWS, "three parts" },
	{ "eyJ.e30.", TOKEN_FORM_UNKNOWN, "an empty signature" },
	{ ".e30.sig", TOKEN_FORM_UNKNOWN, "an empty header" },
	{ "eyJ..sig", TOKEN_FORM_UNKNOWN, "an empty payload" },
	{ "eyJ.e30.sig=", TOKEN_FORM_UNKNOWN, "padding" },
	{ "eyJ.e+0.sig", TOKEN_FORM_UNKNOWN, "the standard alphabet" },
	{ "eyJ..iv.ct.tag", TOKEN_FORM_JWE, "five parts" },
	{ "eyJ.key.iv.ct.tag", TOKEN_FORM_JWE, "five parts with a key" },
	{ "eyJ..iv.ct.", TOKEN_FORM_UNKNOWN, "an empty tag" },
	{ "eyJ...ct.tag", TOKEN_FORM_UNKNOWN, "an empty iv" },
	{ "eyJ..iv..tag", TOKEN_FORM_UNKNOWN, "an empty ciphertext" },
	{ "eyJ..iv.ct.tag.x", TOKEN_FORM_UNKNOWN, "six parts" },
	{ "eyJ.iv.ct.tag", TOKEN_FORM_UNKNOWN, "four parts" },
	{ "eyJ.e30", TOKEN_FORM_UNKNOWN, "two parts" },
	{ "....", TOKEN_FORM_UNKNOWN, "dots" },
	{ "..........", TOKEN_FORM_UNKNOWN, "many dots" },
	{ "tok." SIG "=", TOKEN_FORM_MAC, "better-auth" },
	{ "tok." ENC "%3D", TOKEN_FORM_MAC, "better-auth, percent-encoded" },
	{ "tok.with.dots." SIG "=", TOKEN_FORM_MAC, "a value with dots" },
	{ "." SIG "=", TOKEN_FORM_UNKNOWN, "no value" },
	{ "tok." SIG, TOKEN_FORM_UNKNOWN, "no padding" },
	{ "tok." SIG "==", TOKEN_FORM_UNKNOWN, "too much padding" },
	{ "tok." ENC "%3", TOKEN_FORM_UNKNOWN, "half an escape" },
	{ "tok." ENC "%zz", TOKEN_FORM_UNKNOWN, "no escape" },
	{ "s:sid." SIG, TOKEN_FORM_EXPRESS, "express" },
	{ "s%3Asid." ENC, TOKEN_FORM_EXPRESS, "express, percent-encoded" },
	{ "s%3aa.b.c." ENC, TOKEN_FORM_EXPRESS, "express with dots" },
	{ "s:." SIG, TOKEN_FORM_UNKNOWN, "express, no sid" },
	{ "s:sid." SIG "=", TOKEN_FORM_UNKNOWN, "express with padding" },
	{ "s:sid.", TOKEN_FORM_UNKNOWN, "express, no signature" },
	{ "s%3Asid", TOKEN_FORM_UNKNOWN, "express, no dot" },
};

static void
forms(void)
{
	char big[600];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(token_form_of(cases[i].token, strlen(cases[i].token)), cases[i].form, "form: %s",
			   cases[i].what);
	is_int(token_form_of("abcdefghijklmnop\0qrstuvwxyz", 27), TOKEN_FORM_UNKNOWN, "form: a NUL");
	memset(big, 'a', sizeof(big));
	is_int(token_form_of(big, 255), TOKEN_FORM_OPAQUE, "form: 255 characters");
	is_int(token_form_of(big, 256), TOKEN_FORM_UNKNOWN, "form: 256 characters");
}

static bool
is_url_char(int c)
{
	return c != 0 &&
		   strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", c) != NULL;
}

/* Each byte at each place of parts of each length: characters are looked at many at once. */
static void
every_byte(void)
{
	char token[64];
	int wrong = 0;
	int len;
	int place;
	int c;

	for (len = 1; len <= 40; len++)
		for (place = 0; place < len; place++)
			for (c = 0; c < 256; c++)
			{
				if (c == '.')
					continue;
				memcpy(token, "e.", 2);
				memset(token + 2, 'A', (size_t) len);
				memcpy(token + 2 + len, ".s", 2);
				token[2 + place] = (char) c;
				if ((token_form_of(token, (size_t) len + 4) == TOKEN_FORM_JWS) != is_url_char(c))
					wrong++;
			}
	is_int(wrong, 0, "form: a part is of base64url, whatever stands where");
}

static void
bits(const char *token, int expected, const char *what)
{
	is_int(token_entropy_bits(token, strlen(token)), expected, "bits: %s", what);
}

int
main(void)
{
	forms();
	every_byte();
	bits("sat_" S43, 256, "our own");
	bits("91a9b1f1-6d86-4b05-ae1f-4eabef6016ed", 122, "uuid v4");
	bits("91A9B1F1-6D86-4B05-AE1F-4EABEF6016ED", 122, "uuid v4 in capitals");
	bits("91a9b1f1-6d86-7b05-ae1f-4eabef6016ed", 74, "uuid v7");
	bits("91a9b1f1-6d86-1b05-ae1f-4eabef6016ed", 0, "uuid v1");
	bits("91a9b1f1-6d86-4b05-ce1f-4eabef6016ed", 0, "uuid of another variant");
	bits("00000000-0000-4000-8000-000000000000", 0, "a uuid of zeros");
	bits("91a9b1f16d864b05ae1f4eabef6016ed", 128, "lower hex");
	bits("91A9B1F16D864B05AE1F4EABEF6016ED", 128, "upper hex");
	bits("12345678901234567890", 66, "digits");
	bits("abcdefghijklmnopqrstuvwxyz", 134, "lower case");
	bits("abcdefghijklmnopqrstuvwxyZ", 154, "both cases");
	bits("V1StGXR8_Z5jdHi6B-myT", 126, "a nanoid");
	bits("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0, "one character");
	bits("ababababcdcdcdcdefgefgefgefg", 0, "seven characters");
	bits("AAECAwQFBgcICQoLDA0ODw==", 130, "base64: padding does not count");
	bits("a.b.c", 0, "not opaque");
	return tap_done();
}
