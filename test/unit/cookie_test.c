/* cookie_test.c: tokens in request headers. */
#include <stdio.h>
#include <string.h>

#include "pure/cookie.h"
#include "tap.h"

static char out[256];
static size_t len;

static Slice
slice(const char *text)
{
	Slice s;

	s.data = text;
	s.len = strlen(text);
	return s;
}

static void
finds(CookieChunks chunks, const char *header, const char *name, const char *expected)
{
	is_int(cookie_value(slice(header), slice(name), chunks, COOKIE_ESCAPES_URI, out, sizeof(out),
						&len),
		   RESULT_OK, "finds %s in %s", name, header);
	is_bytes(out, len, expected, strlen(expected), "as %s", expected);
}

static void
misses(CookieChunks chunks, const char *header, const char *name)
{
	is_int(cookie_value(slice(header), slice(name), chunks, COOKIE_ESCAPES_URI, out, sizeof(out),
						&len),
		   RESULT_NO_TOKEN, "misses %s in %s", name, header);
}

/* Within quotes alone, as http.cookies and Werkzeug read them. */
static void
unquotes(CookieEscapes escapes, const char *header, const char *expected)
{
	is_int(
		cookie_value(slice(header), slice("s"), COOKIE_WHOLE_LAST, escapes, out, sizeof(out), &len),
		RESULT_OK, "finds %s", header);
	is_bytes(out, len, expected, strlen(expected), "as %s", expected);
}

static void
backslashes(void)
{
	const char *const escaped = "a\\054\"";

	unquotes(COOKIE_ESCAPES_PYTHON, "s=\"a\\054b\\073 \\\"\\\\\"; t=1", "a,b; \"\\");
	unquotes(COOKIE_ESCAPES_PYTHON, "s=\"\\374n\\051\"", "\303\274n)");
	unquotes(COOKIE_ESCAPES_PYTHON, "s=\"\\177\\200\\377\"", "\177\302\200\303\277");
	unquotes(COOKIE_ESCAPES_WERKZEUG, "s=\"\\303\\274n\"", "\303\274n");
	unquotes(COOKIE_ESCAPES_WERKZEUG, "s=\"\\400\\08\\38x\\\"", "4000838x\\");
	unquotes(COOKIE_ESCAPES_WERKZEUG, "s=\"a\\377\"", "a\\377");
	unquotes(COOKIE_ESCAPES_WERKZEUG, "s=\"a%2Cb\"", "a%2Cb");
	unquotes(COOKIE_ESCAPES_PYTHON, "s=a\\054b", "a\\054b");
	unquotes(COOKIE_ESCAPES_NONE, "s=\"a\\054b\"", "a\\054b");
	is_int(cookie_unescape(slice(escaped), COOKIE_ESCAPES_PYTHON, out, sizeof(out), &len),
		   RESULT_OK, "a value without its header");
	is_bytes(out, len, escaped, strlen(escaped), "stays as it is");
	is_int(cookie_value(slice("s=\"\\054\""), slice("s"), COOKIE_WHOLE, COOKIE_ESCAPES_PYTHON, out,
						3, &len),
		   RESULT_TOO_LONG, "room for less than was there");
}

static void
bearer(const char *header, ResultCode expected, const char *token)
{
	is_int(bearer_token(slice(header), out, sizeof(out), &len), expected, "header %s", header);
	is_bytes(out, len, token, strlen(token), "gives %s", token);
}

static void
too_many(void)
{
	char header[4096];
	int n = 0;
	int i;

	for (i = 0; i < 65; i++)
		n += sprintf(header + n, "s.%d=x; ", i);
	is_int(cookie_value(slice(header), slice("s"), COOKIE_AUTHJS, COOKIE_ESCAPES_URI, out,
						sizeof(out), &len),
		   RESULT_TOO_LONG, "65 chunks");
	memset(header, 'x', 400);
	memcpy(header, "s=", 2);
	header[400] = '\0';
	is_int(cookie_value(slice(header), slice("s"), COOKIE_WHOLE, COOKIE_ESCAPES_URI, out,
						sizeof(out), &len),
		   RESULT_TOO_LONG, "a value longer than the buffer");
}

int
main(void)
{
	Slice none = { NULL, 0 };

	finds(COOKIE_WHOLE, "s=a", "s", "a");
	finds(COOKIE_WHOLE, "x=1; s=a; y=2", "s", "a");
	finds(COOKIE_WHOLE, "x=1;s=a;y=2", "s", "a");
	finds(COOKIE_WHOLE, " \ts \t= a \t; y=2", "s", "a");
	finds(COOKIE_WHOLE, "s=a; s=b", "s", "a");
	finds(COOKIE_WHOLE_LAST, "s=a; t=c; s=b", "s", "b");
	finds(COOKIE_WHOLE_LAST, "s=a; s.0=b", "s", "a");
	misses(COOKIE_WHOLE_LAST, "s=a; s=", "s");
	finds(COOKIE_WHOLE, "s=\"a\"", "s", "a");
	finds(COOKIE_WHOLE, "s=a=b==", "s", "a=b==");
	finds(COOKIE_WHOLE, "s=a%3Db%c3%a9", "s", "a=b\xc3\xa9");
	finds(COOKIE_WHOLE, "s=a%3", "s", "a%3");
	finds(COOKIE_WHOLE, "s=a%zz%3D", "s", "a%zz%3D");
	finds(COOKIE_WHOLE, "s=%ff%3D", "s", "%ff%3D");
	finds(COOKIE_WHOLE, "s=%ed%a0%80", "s", "%ed%a0%80");
	finds(COOKIE_WHOLE, "flag; s=a", "s", "a");
	finds(COOKIE_WHOLE, "s.0=b; s=a", "s", "a");
	misses(COOKIE_WHOLE, "", "s");
	misses(COOKIE_WHOLE, ";;;", "s");
	misses(COOKIE_WHOLE, "s", "s");
	misses(COOKIE_WHOLE, "s=", "s");
	misses(COOKIE_WHOLE, "s=; s=a", "s");
	misses(COOKIE_WHOLE, "S=a", "s");
	misses(COOKIE_WHOLE, "ss=a; __Secure-s=a", "s");
	misses(COOKIE_WHOLE, "x=s=a", "s");
	finds(COOKIE_AUTHJS, "s.0=a; s.1=b", "s", "ab");
	finds(COOKIE_AUTHJS, "s.10=k; s.9=j; s.2=c; s.0=a", "s", "acjk");
	finds(COOKIE_AUTHJS, "s.1=b; s.0=a; s.1=x; s.0=y", "s", "ab");
	finds(COOKIE_AUTHJS, "s.1=b; s=; s.0=a", "s", "ab");
	finds(COOKIE_AUTHJS, "s=a; sx=", "s", "a");
	finds(COOKIE_AUTHJS, "s=a; s-evil=b", "s", "ab");
	finds(COOKIE_AUTHJS, "s.0=b; s.-1=a; s.2=c", "s", "abc");
	finds(COOKIE_AUTHJS, "s.0xA=c; s.1=b; s.+0=a", "s", "abc");
	finds(COOKIE_AUTHJS, "s.10000002=b; s.10000001=a", "s", "ab");
	finds(COOKIE_AUTHJS, "s.1=a; s.-=b; s.0=c", "s", "abc");
	misses(COOKIE_AUTHJS, "__Secure-s.0=a", "s");
	finds(COOKIE_BETTER_AUTH, "s=a; s.0=b", "s", "a");
	finds(COOKIE_BETTER_AUTH, "s.1=b; s.0=a; s.x=c; s-evil=d", "s", "ab");
	finds(COOKIE_BETTER_AUTH, "s.1=c; s.0x2=b; s.-1=a", "s", "abc");
	finds(COOKIE_BETTER_AUTH, "s.0=b%3D", "s", "b=");
	misses(COOKIE_BETTER_AUTH, "s.x=a", "s");
	too_many();
	backslashes();
	is_int(cookie_value(none, slice("s"), COOKIE_WHOLE, COOKIE_ESCAPES_URI, out, sizeof(out), &len),
		   RESULT_NO_TOKEN, "no header");
	bearer("Bearer abc", RESULT_OK, "abc");
	bearer("bearer abc", RESULT_OK, "abc");
	bearer("BEARER a%2Eb extra", RESULT_OK, "a.b");
	bearer("Bearer  abc", RESULT_NO_TOKEN, "");
	bearer("Bearer", RESULT_NO_TOKEN, "");
	bearer("Bearer ", RESULT_NO_TOKEN, "");
	bearer("Bearerabc", RESULT_NO_TOKEN, "");
	bearer("Basic abc", RESULT_NO_TOKEN, "");
	bearer("Bearer abc%", RESULT_MALFORMED, "");
	is_int(bearer_token(none, out, sizeof(out), &len), RESULT_NO_TOKEN, "no header");
	return tap_done();
}
