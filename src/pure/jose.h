/*
 * jose.h
 *		The protected header of a JWS or JWE in compact form (RFC 7515, 7516).
 *
 * Invariant: a header that jose_read_header() accepted is a JSON object without
 * duplicate names and without any parameter that would change how the token is
 * to be read (b64, zip, crit but for one) or bring its own key (jwk, jku, x5u, x5c).
 * The rest of the header is advice at most: alg and kid choose among keys that are
 * trusted already, and nothing else is looked at.
 *
 * The one critical parameter that is understood marks an identity that a server has
 * sealed for another one.  Whoever does not know it has to refuse the token (RFC 7515,
 * 4.1.11), so that it passes nowhere as an ordinary one; jose_read_header() refuses it too.
 *
 * Pure: no PostgreSQL, no OpenSSL, no allocation.
 */
#ifndef SESSION_AUTH_JOSE_H
#define SESSION_AUTH_JOSE_H

#include "pure/json.h"
#include "pure/limits.h"
#include "pure/result.h"
#include "pure/slice.h"

#define JOSE_HEADER_MAX 2048 /* bytes, decoded */
#define JOSE_NODES_MAX  128
#define JOSE_ALG_MAX    32

/* The critical parameter; its value is true. */
#define JOSE_SEAL "session_auth_seal"

typedef struct JoseHeader
{
	bool is_seal;
	bool has_kid;
	size_t kid_len;
	char kid[KID_MAX];
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

/* Likewise; is_seal says whether it is the header of a seal. */
extern ResultCode jose_read_header_or_seal(JoseHeader *header, Slice part);

/*
 * Cuts a token at its dots into exactly n parts; RESULT_UNKNOWN_FORM when it has
 * more or fewer.  Parts may be empty.
 */
extern ResultCode jose_split(const char *token, size_t len, Slice *parts, int n);

#endif /* SESSION_AUTH_JOSE_H */
