/*
 * tap.h
 *		Test results in TAP, as prove reads them.
 *
 * Invariant: exactly one line per check, in the order of the calls; tap_done()
 * prints the plan and gives the program's exit code.
 */
#ifndef TEST_UNIT_TAP_H
#define TEST_UNIT_TAP_H

#include <stdbool.h>
#include <stddef.h>

void ok(bool passed, const char *format, ...) __attribute__((format(printf, 2, 3)));
void is_int(long long got, long long expected, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void is_bytes(const void *got, size_t got_len, const void *expected, size_t len, const char *format,
			  ...) __attribute__((format(printf, 5, 6)));
void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
void diag(const char *format, ...) __attribute__((format(printf, 1, 2)));
int tap_done(void);

#endif /* TEST_UNIT_TAP_H */
