/*
 * symfony.h
 *		Who is logged in, in a session of PHP's that Symfony has written.
 *
 * PHP writes a session as name|value after name|value.  Symfony keeps its attributes in one
 * array, _sf2_attributes, and there, for each firewall, its token: a text, which is
 * serialized once more.  The token holds the application's own object of the user.
 *
 * Invariant: only Symfony's own tokens of somebody who has logged in name a user, with the mark
 * that they are authenticated.  Another class may be one of somebody who is half in (a second
 * factor is missing), and says nothing here.  Nothing is signed: whoever writes the table
 * says who is logged in.
 *
 * Pure: no PostgreSQL, no OpenSSL, no allocation.
 */
#ifndef SESSION_AUTH_SYMFONY_H
#define SESSION_AUTH_SYMFONY_H

#include <stddef.h>

#include "pure/result.h"
#include "pure/slice.h"

#define SYMFONY_SESSION_MAX (1024 * 1024)

typedef struct SymfonySession
{
	Slice user;
	Slice actor; /* who has switched to the user; data NULL: nobody */
} SymfonySession;

/*
 * path: the attribute (_security_main), then the names on the way through the user's object.
 * RESULT_NO_SUBJECT where nobody has logged in; RESULT_MALFORMED, RESULT_TOO_LONG.
 */
ResultCode symfony_session_read(Slice data, const Slice *path, size_t n, SymfonySession *session);

#endif /* SESSION_AUTH_SYMFONY_H */
