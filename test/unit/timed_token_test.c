/* timed_token_test.c: a token's time is read of what was written with the secret, and of nothing else. */
#include <string.h>

#include "tap.h"
#include "pure/timed_token.h"
#include "pure/token.h"

static const unsigned char random_bytes[TIMED_TOKEN_RANDOM] = "32 bytes, none of a kind";
static const unsigned char secret[TIMED_TOKEN_SECRET] = "a secret that both servers have";

static void
reads_back(int64_t issued_at)
{
	char token[TOKEN_TIMED_LEN + 1];
	int64_t read;

	is_int(timed_token_write(random_bytes, issued_at, secret, token), RESULT_OK, "written");
	is_int((long long) strlen(token), TOKEN_TIMED_LEN, "its length");
	is_int(token_form_of(token, strlen(token)), TOKEN_FORM_OPAQUE, "its form");
	is_int(token_entropy_bits(token, strlen(token)), 256, "its random bits");
	is_int(timed_token_read(token, strlen(token), secret, &read), RESULT_OK, "read");
	is_int(read, issued_at, "its time");
}

/* Each character changed, one at a time. */
static void
refuses_changes(void)
{
	char token[TOKEN_TIMED_LEN + 1];
	int accepted = 0;
	int64_t read;
	int i;

	(void) timed_token_write(random_bytes, 1234567890, secret, token);
	for (i = 0; i < TOKEN_TIMED_LEN; i++)
	{
		char kept = token[i];

		token[i] = kept == 'A' ? 'Q' : 'A';
		if (timed_token_read(token, TOKEN_TIMED_LEN, secret, &read) == RESULT_OK || read != 0)
			accepted++;
		token[i] = kept;
	}
	is_int(accepted, 0, "no token that differs in one character is genuine");
	is_int(timed_token_read(token, TOKEN_TIMED_LEN, random_bytes, &read), RESULT_BAD_SIGNATURE,
		   "nor one with another secret");
	is_int(timed_token_read(token, TOKEN_OWN_LEN, secret, &read), RESULT_UNKNOWN_FORM,
		   "a token of the other form has no time");
	is_int(timed_token_read(token, TOKEN_TIMED_LEN - 1, secret, &read), RESULT_UNKNOWN_FORM,
		   "nor has a shorter one");
}

int
main(void)
{
	reads_back(0);
	reads_back(1234567890);
	reads_back(INT64_MAX);
	reads_back(INT64_MIN);
	refuses_changes();
	return tap_done();
}
