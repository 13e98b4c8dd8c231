/* json_test.c: what is JSON, what is not, and what can be read of it. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pure/json.h"
#include "tap.h"

#define MAX 20000

static JsonNode nodes[MAX];
static JsonDoc doc;

static ResultCode
scan_bytes(const char *text, size_t len)
{
	return json_scan(&doc, text, len, nodes, MAX);
}

static ResultCode
scan(const char *text)
{
	return scan_bytes(text, strlen(text));
}

static void
accepts(const char *text)
{
	is_int(scan(text), RESULT_OK, "accepts %s", text);
}

static void
refuses(const char *text, const char *what)
{
	is_int(scan(text), RESULT_MALFORMED, "refuses %s", what);
}

static void
grammar(void)
{
	accepts("{}");
	accepts("[]");
	accepts(" \t\r\n[ ] ");
	accepts("{\"a\":[1,{\"b\":{}},[]],\"c\":\"x\"}");
	accepts("[1,-1,0,-0,1.5,1e5,1E+5,1e-5,0.0]");
	accepts("[true,false,null]");
	accepts("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"");
	accepts("\"\x7f\xc3\xa9\xf0\x9f\x98\x80\"");
	refuses("", "nothing");
	refuses(" ", "a space");
	refuses("{", "an open object");
	refuses("[", "an open array");
	refuses("[1,]", "a trailing comma");
	refuses("[,1]", "a leading comma");
	refuses("[1 2]", "a missing comma");
	refuses("{\"a\":1,}", "a trailing comma in an object");
	refuses("{\"a\"}", "a name alone");
	refuses("{\"a\" 1}", "a missing colon");
	refuses("{a:1}", "a bare name");
	refuses("{1:1}", "a number as a name");
	refuses("{\"a\":1]", "the wrong bracket");
	refuses("{} {}", "two values");
	refuses("{}x", "something behind");
	refuses("\xef\xbb\xbf{}", "a byte order mark");
	refuses("'a'", "single quotes");
	refuses("NaN", "NaN");
	refuses("Infinity", "Infinity");
	refuses("-", "a minus");
	refuses("01", "a leading zero");
	refuses("+1", "a plus");
	refuses("1.", "no fraction");
	refuses(".5", "no integer part");
	refuses("1e", "no exponent");
	refuses("1e1001", "an exponent beyond numeric");
	refuses("0x10", "hex");
	refuses("tru", "half a word");
	refuses("[truefalse]", "two words");
	refuses("\"a", "an open string");
	refuses("\"a\\", "a backslash at the end");
	refuses("\"\\x\"", "an unknown escape");
	refuses("\"\\u12\"", "a short escape");
	refuses("\"\\u12g4\"", "an escape that is not hex");
	refuses("\"a\nb\"", "a raw newline");
	refuses("\"\x80\"", "a lone continuation byte");
	refuses("\"\xc0\x80\"", "an overlong NUL");
	refuses("\"\xe0\x80\xaf\"", "an overlong slash");
	refuses("\"\xed\xa0\x80\"", "a surrogate in UTF-8");
	refuses("\"\xf4\x90\x80\x80\"", "beyond U+10FFFF");
	refuses("\"\xf0\x9f\x98\"", "half a character");
	is_int(scan_bytes("[1]\0", 4), RESULT_MALFORMED, "refuses a NUL behind");
	is_int(scan_bytes("\"a\0b\"", 5), RESULT_MALFORMED, "refuses a raw NUL in a string");
	is_int(scan_bytes("\0", 1), RESULT_MALFORMED, "refuses a NUL");
}

static void
names(void)
{
	refuses("{\"a\":1,\"a\":2}", "a duplicate name");
	refuses("{\"a\":1,\"\\u0061\":2}", "an escaped duplicate");
	refuses("{\"x\":{\"a\":1,\"b\":{},\"a\":2}}", "a duplicate inside");
	refuses("{\"\xc3\xa9\":1,\"\\u00e9\":2}", "a duplicate beyond ASCII");
	refuses("{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}", "a duplicate by surrogates");
	refuses("{\"\":1,\"\":2}", "two empty names");
	refuses("{\"\\u0000\":1}", "a NUL in a name");
	refuses("{\"a\\u0000b\":1}", "a NUL within a name");
	refuses("{\"\\ud83d\":1}", "a lone surrogate in a name");
	refuses("{\"\\ude00\\ud83d\":1}", "surrogates the wrong way round");
	accepts("{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}");
}

static void
limits(void)
{
	char deep[80];
	char digits[JSON_NUMBER_MAX + 2];
	int i;

	for (i = 0; i < 32; i++)
	{
		deep[i] = '[';
		deep[63 - i] = ']';
	}
	is_int(scan_bytes(deep, 64), RESULT_OK, "accepts 32 levels");
	for (i = 0; i < 33; i++)
	{
		deep[i] = '[';
		deep[65 - i] = ']';
	}
	is_int(scan_bytes(deep, 66), RESULT_MALFORMED, "refuses 33 levels");
	memset(digits, '9', sizeof(digits));
	is_int(scan_bytes(digits, JSON_NUMBER_MAX), RESULT_OK, "accepts 1000 digits");
	is_int(scan_bytes(digits, JSON_NUMBER_MAX + 1), RESULT_MALFORMED, "refuses 1001 digits");
	is_int(json_scan(&doc, "[1,2,3]", 7, nodes, 3), RESULT_TOO_LONG, "says when nodes are too few");
	is_int(json_scan(&doc, "[1,2,3]", 7, nodes, JSON_NODES_FOR(7)), RESULT_OK,
		   "JSON_NODES_FOR are enough");
	is_int(json_scan(&doc, "{\"\":0}", 6, nodes, JSON_NODES_FOR(6)), RESULT_OK,
		   "JSON_NODES_FOR are enough for an object");
}

/* The worst that 16 kB can do: many short names in one object. */
static void
cost(void)
{
	static char text[20000];
	struct timespec t0;
	struct timespec t1;
	size_t n = 0;
	long us;
	int i;

	text[n++] = '{';
	for (i = 0; n < 16000; i++)
		n += (size_t) sprintf(text + n, "%s\"%x\":0", i > 0 ? "," : "", i);
	text[n++] = '}';
	clock_gettime(CLOCK_MONOTONIC, &t0);
	is_int(scan_bytes(text, n), RESULT_OK, "16 kB of distinct names");
	clock_gettime(CLOCK_MONOTONIC, &t1);
	us = (t1.tv_sec - t0.tv_sec) * 1000000 + (t1.tv_nsec - t0.tv_nsec) / 1000;
	diag("%d names in %zu bytes: %ld us", i, n, us);
	ok(us < 100000, "take no 100 ms");
}

static const JsonNode *
at(const char *path)
{
	return json_lookup(&doc, doc.nodes, path, strlen(path));
}

static bool
is(const JsonNode *node, const char *text)
{
	return json_text_is(&doc, node, text, strlen(text));
}

static void
lookups(void)
{
	scan("{\"role\":\"a\",\"app_metadata\":{\"role\":\"b\",\"x\":{\"y\":\"c\"},\"n\":null},"
		 "\"https://example.com/role\":\"d\",\"a.b\":\"e\",\"a\":{\"b\":\"f\",\"c.d\":\"g\"},"
		 "\"u.v\":{\"w\":\"h\"},\"r\\u006fle2\":\"i\"}");
	ok(is(at("role"), "a"), "a member");
	ok(is(at("app_metadata.role"), "b"), "a path");
	ok(is(at("app_metadata.x.y"), "c"), "a longer path");
	ok(is(at("https://example.com/role"), "d"), "a URL as a name");
	ok(is(at("a.b"), "e"), "the exact name wins over the path");
	ok(is(at("a.c.d"), "g"), "a name with a dot at the end of a path");
	ok(is(at("u.v.w"), "h"), "a name with a dot at the front of a path");
	ok(is(at("role2"), "i"), "an escaped name");
	ok(at("app_metadata.n") != NULL && at("app_metadata.n")->kind == JSON_KIND_NULL, "a null");
	ok(at("") == NULL && at(".") == NULL && at("role.x") == NULL && at("x") == NULL &&
		   at("app_metadata.") == NULL && at(".role") == NULL,
	   "what is not there");
	scan("[1]");
	ok(at("0") == NULL, "an array has no members");
}

static void
text(const char *json, const char *expected)
{
	char buf[64];
	Slice out;

	scan(json);
	is_int(json_text(&doc, doc.nodes, buf, sizeof(buf), &out), RESULT_OK, "reads %s", json);
	is_bytes(out.data, out.len, expected, strlen(expected), "as %s", expected);
}

static void
strings(void)
{
	char buf[4];
	char copy[64];
	Slice out;
	static const char odd[] = "[\"x\\ud83dx\",\"\\u0000\",\"\\ud83d\\ude00\\udead\"]";

	text("\"plain\"", "plain");
	text("\"\\u00e9\\n\\ud83d\\ude00\"", "\xc3\xa9\n\xf0\x9f\x98\x80");
	is_int(scan("\"\\u0000\""), RESULT_OK, "an escaped NUL in a value is no error");
	is_int(json_text(&doc, nodes, buf, 4, &out), RESULT_MALFORMED, "until it is read");
	ok(!json_text_is(&doc, nodes, "\0", 1), "and equals nothing");
	scan("\"\\ud83d\"");
	is_int(json_text(&doc, nodes, buf, 4, &out), RESULT_MALFORMED, "nor a lone surrogate");
	scan("\"\\u00e9\\u00e9\\u00e9\"");
	is_int(json_text(&doc, nodes, buf, 4, &out), RESULT_TOO_LONG, "a buffer that is too small");
	scan("1");
	is_int(json_text(&doc, nodes, buf, 4, &out), RESULT_MALFORMED, "a number is no string");
	scan(odd);
	memcpy(copy, odd, sizeof(odd));
	ok(doc.unstorable, "says what jsonb cannot hold");
	json_make_storable(&doc, copy);
	is_bytes(copy, strlen(copy), "[\"x\\ufffdx\",\"\\ufffd\",\"\\ud83d\\ude00\\ufffd\"]",
			 strlen(odd), "and replaces it");
	is_int((long long) json_quote("a\"\\\n\xc3\xa9", 6, copy, sizeof(copy)), 15, "quotes");
	is_bytes(copy, 15, "\"a\\\"\\\\\\u000a\xc3\xa9\"", 15, "with escapes");
	is_int((long long) json_quote("abc", 3, copy, 4), 0, "says when it does not fit");
}

static void
date(const char *json, ResultCode expected, int64_t us)
{
	int64_t got = 0;

	scan(json);
	is_int(json_date_us(&doc, doc.nodes, &got), expected, "date %s", json);
	if (expected == RESULT_OK)
		is_int(got, us, "in microseconds");
}

static void
dates(void)
{
	date("0", RESULT_OK, 0);
	date("-0", RESULT_OK, 0);
	date("0e5", RESULT_OK, 0);
	date("0.0e999", RESULT_OK, 0);
	date("1767225600", RESULT_OK, 1767225600000000);
	date("1767225600.123456789", RESULT_OK, 1767225600123456);
	date("4.1024448e9", RESULT_OK, 4102444800000000);
	date("41024448000e-1", RESULT_OK, 4102444800000000);
	date("0.0000019", RESULT_OK, 1);
	date("-1.5", RESULT_OK, -1500000);
	date("1e-999", RESULT_OK, 0);
	date("9223372036854.775807", RESULT_OK, INT64_MAX);
	date("9223372036854.775808", RESULT_OK, INT64_MAX);
	date("1e300", RESULT_OK, INT64_MAX);
	date("-1e300", RESULT_OK, INT64_MIN);
	date("1e400", RESULT_MALFORMED, 0);
	date("-1e400", RESULT_MALFORMED, 0);
	date("\"1\"", RESULT_MALFORMED, 0);
	date("null", RESULT_MALFORMED, 0);
	date("[1]", RESULT_MALFORMED, 0);
	is_int(json_date_us(&doc, NULL, &(int64_t){ 0 }), RESULT_MALFORMED, "no date at all");
}

static void
whole(const char *json, bool expected)
{
	scan(json);
	ok(json_is_whole(&doc, doc.nodes) == expected, "whole: %s", json);
}

static void
whole_numbers(void)
{
	whole("0", true);
	whole("-12", true);
	whole("123456789012345678901234567890", true);
	whole("-0", false);
	whole("1.0", false);
	whole("1e0", false);
	whole("1E2", false);
	whole("\"1\"", false);
}

int
main(void)
{
	grammar();
	names();
	limits();
	cost();
	lookups();
	strings();
	dates();
	whole_numbers();
	return tap_done();
}
