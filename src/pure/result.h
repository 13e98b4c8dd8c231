/*
 * result.h
 *		What the inner layers answer instead of raising errors.
 *
 * Everything below the SQL functions returns one of these codes; only the SQL
 * boundary turns a code into an error, and there every refusal of a token gets
 * one SQLSTATE and one message, so that a caller learns nothing from it.  The
 * reason that a code stands for goes to the server's log alone.
 *
 * This header is pure: no PostgreSQL, no OpenSSL.
 */
#ifndef SESSION_AUTH_RESULT_H
#define SESSION_AUTH_RESULT_H

typedef enum ResultCode
{
	RESULT_OK = 0,

	/* the bytes of a token */
	RESULT_NO_TOKEN,     /* NULL or empty */
	RESULT_TOO_LONG,     /* longer than session_auth.max_token_length */
	RESULT_UNKNOWN_FORM, /* no kind of token looks like this */
	RESULT_MALFORMED,    /* base64url, JSON or a claim of the wrong type */
	RESULT_UNSUPPORTED,  /* crit, zip, b64, an algorithm nobody asked for */
	RESULT_NOT_SET_UP,   /* a kind for which there is neither key nor secret */

	/* cryptography */
	RESULT_UNKNOWN_KEY,   /* no trusted key for this header */
	RESULT_BAD_KEY,       /* a key that cannot be used: too short, wrong type */
	RESULT_BAD_SIGNATURE, /* signature, MAC or tag do not match */
	RESULT_CRYPTO_FAILED, /* OpenSSL refused for a reason of its own */
	RESULT_NO_MEMORY,

	/* claims */
	RESULT_NO_EXPIRY,
	RESULT_NO_SUBJECT,
	RESULT_CLAIM_TYPE,    /* a claim that is used is of a type that has no meaning there */
	RESULT_CLAIM_MISSING, /* a claim that the key requires is not there, or is another */
	RESULT_EXPIRED,
	RESULT_NOT_YET_VALID,
	RESULT_WRONG_ISSUER,
	RESULT_WRONG_AUDIENCE,
	RESULT_WRONG_TENANT,
	RESULT_REVOKED,
	RESULT_WRONG_CHALLENGE, /* sealed for another connection, or to be typed by hand */

	/* sessions */
	RESULT_NO_SESSION, /* the token belongs to no session */
	RESULT_ENDED,      /* signed out, expired by an administrator, or purged */
	RESULT_IDLE,       /* not seen for session_auth.idle_timeout */
	RESULT_BANNED,     /* an adopted table of users bans its user */
	RESULT_STOLEN      /* a rotated token came back after its grace window */
} ResultCode;

#endif /* SESSION_AUTH_RESULT_H */
