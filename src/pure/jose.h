/*
 * jose.h
 *		The protected header of a JWS or JWE in compact form (RFC 7515, 7516).
 *
 * Invariant: a header that jose_read_header() accepted is a JSON object without
 * duplicate names and without any parameter that would change how the token is
 * to be read (crit, b64, zip) or bring its own key (jwk, jku, x5u, x5c).  The
 * rest of the header is advice at most: alg and kid choose among keys that are
 * trusted already, and nothing else is looked at.
 *
 * Pure: no PostgreSQL, no OpenSSL, no allocation.
 */
#ifndef SESSION_AUTH_JOSE_H
#define SESSION_AUTH_JOSE_H

#include "pure/json.h"
#include "pure/result.h"
#include "pure/slice.h"

#define JOSE_HEADER_MAX 2048 /* bytes, decoded */
#define JOSE_NODES_MAX  128
#define JOSE_ALG_MAX    32
#define JOSE_KID_MAX    255

typedef struct JoseHeader
{
	bool has_kid;
	size_t kid_len;
	char kid[JOSE_KID_MAX];
	size_t alg_len;
	char alg[JOSE_ALG_MAX];
	size_t enc_len; /* 0: the header has none */
	char enc[JOSE_ALG_MAX];
	JsonDoc doc; /* the whole header; it points into what follows: never copy */
	JsonNode nodes[JOSE_NODES_MAX];
	char text[JOSE_HEADER_MAX];
} JoseHeader;

/* From the token's first part; RESULT_MALFORMED, RESULT_TOO_LONG or RESULT_UNSUPPORTED. */
extern ResultCode jose_read_header(JoseHeader *header, Slice part);

/*
 * Cuts a token at its dots into exactly n parts; RESULT_UNKNOWN_FORM when it has
 * more or fewer.  Parts may be empty.
 */
extern ResultCode jose_split(const char *token, size_t len, Slice *parts, int n);

#endif /* SESSION_AUTH_JOSE_H */
