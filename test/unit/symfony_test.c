/* symfony_test.c: whom a session of Symfony's names, and what in it names nobody. */
#include <stdio.h>
#include <string.h>

#include "pure/symfony.h"
#include "symfony_session.h"
#include "tap.h"
#include "vectors.h"

static const Slice path[] = { { "_security_main", 14 }, { "id", 2 } };
static SymfonySession session;

static void
reads(Slice data, ResultCode expected, const char *what)
{
	is_int(symfony_session_read(data, path, 2, &session), expected, "%s", what);
}

/* A session whose token is this text. */
static Slice
session_of(const char *token)
{
	char *text = keep(strlen(token) + 200);

	sprintf(text, "_sf2_attributes|a:1:{s:14:\"_security_main\";s:%zu:\"%s\";}_sf2_meta|a:0:{}",
			strlen(token), token);
	return to_slice(text);
}

static void
names(void)
{
	const Slice email[] = { path[0], { "email", 5 } };

	reads(to_slice(SYMFONY_SESSION), RESULT_OK, "a session of Symfony's");
	ok(slice_is(session.user, "43") && slice_is(session.actor, "42"), "its user, and who acts");
	is_int(symfony_session_read(to_slice(SYMFONY_SESSION), email, 2, &session), RESULT_OK,
		   "by another property");
	ok(slice_is(session.user, "ada@example.com"), "a text");
	is_int(symfony_session_read(to_slice(SYMFONY_SESSION), path, 1, &session), RESULT_NO_SUBJECT,
		   "by none");
	reads(session_of(SYMFONY_ORIGINAL), RESULT_OK, "a token that has not switched");
	ok(slice_is(session.user, "42") && session.actor.data == NULL, "nobody acts");
}

static void
refused(void)
{
	Slice whole = to_slice(SYMFONY_SESSION);
	Slice large = { keep(SYMFONY_SESSION_MAX + 1), SYMFONY_SESSION_MAX + 1 };
	char *text;
	size_t i;
	int named = 0;

	for (i = 0; i < whole.len; i++)
		if (symfony_session_read((Slice){ whole.data, i }, path, 2, &session) == RESULT_OK)
			named++;
	ok(named <=
		   (int) strlen(
			   "_sf2_meta|a:3:{s:1:\"u\";i:1795803638;s:1:\"c\";i:1795803638;s:1:\"l\";i:0;}") +
			   1,
	   "cut off in its attributes it names nobody");
	reads(session_of(SYMFONY_ORIGINAL "N;"), RESULT_MALFORMED, "two values for a token");
	reads(session_of("N;"), RESULT_NO_SUBJECT, "none");
	text = keep(2000);
	strcpy(text, session_of(SYMFONY_ORIGINAL).data);
	memcpy(strstr(text, "b:1;"), "b:0;", 4);
	reads(to_slice(text), RESULT_NO_SUBJECT, "not authenticated");
	strcpy(text, session_of(SYMFONY_ORIGINAL).data);
	memcpy(strstr(text, "Username"), "Usurname", 8);
	reads(to_slice(text), RESULT_NO_SUBJECT, "another class");
	strcpy(text, whole.data);
	memcpy(strstr(text, "UsernameP"), "UsurnameP", 9);
	reads(to_slice(text), RESULT_NO_SUBJECT, "whoever acts cannot be named");
	memset((char *) large.data, 'x', large.len);
	reads(large, RESULT_TOO_LONG, "a huge one");
	reads(to_slice(""), RESULT_NO_SUBJECT, "an empty one");
	reads(to_slice("!x|"), RESULT_MALFORMED, "a name without a value");
}

int
main(void)
{
	names();
	refused();
	return tap_done();
}
