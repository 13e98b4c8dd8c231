/*
 * tap.c
 *		Test results in TAP; see tap.h.
 */
#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int n_tests = 0;
static int n_failed = 0;

static void
line(bool passed, const char *format, va_list args)
{
	n_tests++;
	if (!passed)
		n_failed++;
	printf("%sok %d - ", passed ? "" : "not ", n_tests);
	vprintf(format, args);
	putchar('\n');
}

void
ok(bool passed, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(passed, format, args);
	va_end(args);
}

void
is_int(long long got, long long expected, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(got == expected, format, args);
	va_end(args);
	if (got != expected)
		diag("got %lld, expected %lld", got, expected);
}

void
is_bytes(const void *got, size_t got_len, const void *expected, size_t len, const char *format, ...)
{
	bool same = got_len == len && (len == 0 || memcmp(got, expected, len) == 0);
	va_list args;

	va_start(args, format);
	line(same, format, args);
	va_end(args);
	if (!same)
		diag("got \"%.*s\", expected \"%.*s\"", (int) got_len, (const char *) got, (int) len,
			 (const char *) expected);
}

void
skip(const char *format, ...)
{
	va_list args;

	n_tests++;
	printf("ok %d # SKIP ", n_tests);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void
diag(const char *format, ...)
{
	va_list args;

	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

int
tap_done(void)
{
	printf("1..%d\n", n_tests);
	if (n_failed > 0)
		diag("%d of %d failed", n_failed, n_tests);
	return n_failed > 0;
}
