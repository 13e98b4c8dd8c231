/*
 * claims.h
 *		The claims of a token that was verified, and the rules for them (RFC 7519).
 *
 * Invariant: Claims holds only what claims_read() found to be of the right type;
 * a registered claim of a wrong type refuses the whole token (RESULT_CLAIM_TYPE, and which
 * it is). sub may be a number, which counts as its text.  Whether the
 * claims are in force is claims_check()'s answer alone.
 *
 * An escaped NUL or a lone surrogate in iss, sub, jti or aud refuses the token;
 * in any other member it is kept as it is (see json.h).
 *
 * The clock is an argument: nothing here reads the time.  Pure: no PostgreSQL,
 * no OpenSSL, no allocation.
 */
#ifndef SESSION_AUTH_CLAIMS_H
#define SESSION_AUTH_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

#include "pure/json.h"
#include "pure/result.h"
#include "pure/slice.h"

/* Room for iss, sub and jti when they are written with escapes. */
#define CLAIMS_TEXT_MAX 2048

typedef struct Claims
{
	/* data is NULL when the token has no such claim */
	Slice iss;
	Slice sub;
	Slice jti;
	const JsonNode *aud; /* a string or an array of strings, or NULL */
	bool has_exp;
	bool has_nbf;
	bool has_iat;
	/* microseconds since 1970; what fits no int64 is the nearest that does */
	int64_t exp_us;
	int64_t nbf_us;
	int64_t iat_us;
	const JsonDoc *doc;
	const char *fault;          /* with RESULT_CLAIM_TYPE: the claim of a wrong type, */
	const JsonNode *fault_node; /* and its value */
	char text[CLAIMS_TEXT_MAX]; /* behind slices that had to be unescaped */
} Claims;

typedef struct ClaimsPolicy
{
	int64_t now_us;
	int64_t skew_us;        /* how far the issuer's clock may be off */
	Slice issuer;           /* data NULL: any */
	const Slice *audiences; /* one of these must be in aud ... */
	size_t n_audiences;     /* ... unless there are none */
	bool subject_optional;  /* for payloads that name the user elsewhere */
} ClaimsPolicy;

/* doc must outlive claims, and claims must not be copied (slices point into it). */
extern ResultCode claims_read(Claims *claims, const JsonDoc *doc);

/*
 * exp is required and must lie in the future; nbf and iat must not, where they
 * are given.  iat is judged because revocation by time relies on it.  All of
 * them within skew_us, as jose judges them: expired when exp <= now - skew.
 */
extern ResultCode claims_check(const Claims *claims, const ClaimsPolicy *policy);

#endif /* SESSION_AUTH_CLAIMS_H */
