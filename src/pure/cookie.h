/*
 * cookie.h
 *		Tokens in request headers: Cookie (RFC 6265) and Authorization.
 *
 * Invariant: of several cookies with one name the first counts, or the last where
 * the library has it so; names are compared byte by byte; a value is percent-decoded as
 * JavaScript's decodeURIComponent does it, and stays as it is when it is
 * malformed.  Nothing here judges whether the token is genuine.
 *
 * Pure: no PostgreSQL, no OpenSSL, no allocation.
 */
#ifndef SESSION_AUTH_COOKIE_H
#define SESSION_AUTH_COOKIE_H

#include "pure/result.h"
#include "pure/slice.h"

/* How a library splits a value that is too long for one cookie. */
typedef enum CookieChunks
{
	COOKIE_WHOLE, /* it does not: express-session, Lucia, opaque tokens */
	/* nor here, and of several cookies with one name the last counts: Django, Starlette */
	COOKIE_WHOLE_LAST,
	/*
	 * Auth.js: all cookies whose names start with this one, in the order of the
	 * number behind their last dot, empty ones left out.  A cookie of another program of
	 * such a name spoils the token, there as here.
	 */
	COOKIE_AUTHJS,
	/* better-auth: the cookie itself, or else name.0, name.1, … in numeric order */
	COOKIE_BETTER_AUTH
} CookieChunks;

/* How a library reads escapes in a value. */
typedef enum CookieEscapes
{
	COOKIE_ESCAPES_NONE, /* not at all: Plug, koa */
	COOKIE_ESCAPES_URI,  /* decodeURIComponent, PHP: a plus is a plus */
	COOKIE_ESCAPES_FORM, /* Rack: a plus is a space */
	/* http.cookies: backslashes within quotes, in a header alone; numbers are letters */
	COOKIE_ESCAPES_PYTHON,
	COOKIE_ESCAPES_WERKZEUG /* the same, and numbers are bytes */
} CookieEscapes;

#define COOKIE_CHUNKS_MAX 64

/*
 * The decoded value of a cookie, joined of its chunks.  RESULT_NO_TOKEN when
 * there is none or it is empty, RESULT_TOO_LONG when out is too small or there
 * are more than COOKIE_CHUNKS_MAX chunks.
 */
extern ResultCode cookie_value(Slice header, Slice name, CookieChunks chunks, CookieEscapes escapes,
							   char *out, size_t cap, size_t *out_len);

/*
 * Decodes a value, or copies it where it is malformed; RESULT_TOO_LONG.  It may have been decoded
 * before, by whoever took it out of its header: without a percent sign a plus stays.
 */
extern ResultCode cookie_unescape(Slice value, CookieEscapes escapes, char *out, size_t cap,
								  size_t *out_len);

/*
 * The token of an Authorization header: "Bearer", in any case, one space, and
 * the word up to the next space, percent-decoded.  RESULT_NO_TOKEN for another
 * scheme or an empty word, RESULT_MALFORMED when the encoding is.
 */
extern ResultCode bearer_token(Slice header, char *out, size_t cap, size_t *out_len);

#endif /* SESSION_AUTH_COOKIE_H */
