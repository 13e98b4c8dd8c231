/* secret_in_text_test.c: a secret is masked however SQL writes it, and nothing else is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pure/secret_in_text.h"
#include "tap.h"

#define TOKEN "sat_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-abcd"

static void
masks(const char *name, const char *text, const char *secret, const char *expected)
{
	char *copy = strdup(text);
	bool found = secret_mask(copy, strlen(copy), slice_make(secret, strlen(secret)));

	is_bytes(copy, strlen(copy), expected, strlen(expected), "%s", name);
	ok(found == (strcmp(text, expected) != 0), "%s: it says so", name);
	free(copy);
}

static void
leaves(const char *name, const char *text, const char *secret)
{
	masks(name, text, secret, text);
}

static void
as_it_is(void)
{
	masks("a literal", "SELECT a('" TOKEN "')", TOKEN,
		  "SELECT a('**********************************************')");
	masks("two of them", "'" TOKEN "','" TOKEN "'", TOKEN,
		  "'**********************************************','**************************************"
		  "********'");
	masks("dollar quotes", "$x$" TOKEN "$x$", TOKEN,
		  "$x$**********************************************$x$");
	masks("within a header", "'a=b; s=" TOKEN "; c=d'", TOKEN,
		  "'a=b; s=**********************************************; c=d'");
	masks("nothing else", TOKEN, TOKEN, "**********************************************");
	leaves("the end of its beginning", "GhIjKlMnOpQrStUvWxYz0123456789_-abcdGh", TOKEN);
	leaves("less than its beginning", "sat_Ab", TOKEN);
	leaves("another", "SELECT a('sat_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-abcx')", TOKEN);
	leaves("a parameter", "SELECT a($1)", TOKEN);
	leaves("a part of it", "'sat_AbCdEfGhIjKlMnOpQrStUvW'", TOKEN);
	leaves("no secret", "SELECT a('')", "");
	leaves("no text", "", TOKEN);
}

static void
short_ones(void)
{
	masks("one letter, alone", "SELECT a('a')", "a", "SELECT a('*')");
	leaves("one letter of a word", "SELECT a(bad)", "a");
	masks("a short secret", "add('express', 'keyboard cat')", "keyboard cat",
		  "add('express', '************')");
	leaves("… in other words", "add('my keyboard cats')", "keyboard cat");
	masks("… in dollar quotes", "add($$keyboard cat$$)", "keyboard cat", "add($$************$$)");
	masks("… with a quote in it", "add('it''s')", "it's", "add('*****')");
	leaves("at the ends", "a", "a");
}

static void
as_quoted(void)
{
	masks("doubled quotes", "a('0123456789''0123456789')", "0123456789'0123456789",
		  "a('**********************')");
	masks("a literal in a literal", "DO 'a(''0123456789''''0123456789'')'", "0123456789'0123456789",
		  "DO 'a(''************************'')'");
	masks("a backslash before a quote", "a(E'0123456789\\'0123456789')", "0123456789'0123456789",
		  "a(E'**********************')");
	masks("doubled backslashes", "a(E'0123456789\\\\0123456789')", "0123456789\\0123456789",
		  "a(E'**********************')");
	masks("hexadecimal", "a(E'\\x300123456789012345678\\x39')", "001234567890123456789",
		  "a(E'***************************')");
	masks("octal",
		  "a(E'\\060"
		  "0123456789012345678\\71')",
		  "001234567890123456789", "a(E'**************************')");
	masks("Unicode", "a(E'\\u00300123456789012345678\\U00000039')", "001234567890123456789",
		  "a(E'***********************************')");
	masks("U&", "a(U&'\\00300123456789012345678\\+000039')", "001234567890123456789",
		  "a(U&'********************************')");
	masks("line breaks", "a(E'-----BEGIN KEY-----\\nabc\\nd')", "-----BEGIN KEY-----\nabc\nd",
		  "a(E'***************************')");
	masks("é", "a(E'0123456789\\u00e9123456789')",
		  "0123456789\xc3\xa9"
		  "123456789",
		  "a(E'*************************')");
	leaves("another one with escapes", "a(E'\\x310123456789012345678\\x39')",
		   "001234567890123456789");
	leaves("an escape that ends early", "a(E'\\", "001234567890123456789");
	leaves("one of no character", "a(E'\\U7fffffff \\uD800 \\u12 \\x \\8 \\+ \\')",
		   "001234567890123456789");
	masks("it begins within what began alike", "a(E'\\t00000000000000000000001')",
		  "00000000000000000001", "a(E'\\t000********************')");
}

static void
long_ones(void)
{
	size_t len = 40 * 1000;
	char *secret = malloc(len + 1);
	char *text = malloc(3 * len + 100);
	char *at = text;
	size_t i;

	for (i = 0; i < len; i++)
		secret[i] = (char) ('a' + (i * i + i / 7) % 26);
	secret[len] = '\0';
	at += sprintf(at, "a(E'\\\\");
	for (i = 0; i < len; i++)
		at += i % 100 == 50 ? sprintf(at, "\\%03o", secret[i]) : sprintf(at, "%c", secret[i]);
	sprintf(at, "')");
	ok(secret_mask(text, strlen(text), slice_make(secret, len)), "a long one is found");
	ok(strspn(text + 6, "*") == len + len / 100 * 3, "… and masked as a whole");
	free(secret);
	free(text);
}

/* What would take the square of the time with a plain search. */
static void
hostile_ones(void)
{
	size_t len = 8 * 1000 * 1000;
	char *text = malloc(len);
	char secret[16001];
	clock_t begun;

	memset(text, 'a', len);
	text[0] = '\\';
	memset(secret, 'a', sizeof(secret));
	secret[sizeof(secret) - 1] = 'b';
	begun = clock();
	secret_mask(text, len, slice_make(secret, sizeof(secret)));
	secret_mask(text, len, slice_make(secret, 15));
	ok((double) (clock() - begun) / CLOCKS_PER_SEC < 5,
	   "8 MB of one letter take no square of the time");
	free(text);
}

int
main(void)
{
	as_it_is();
	short_ones();
	as_quoted();
	long_ones();
	hostile_ones();
	return tap_done();
}
