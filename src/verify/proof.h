/*
 * proof.h
 *		What a prover has brought to light.
 */
#ifndef SESSION_AUTH_PROOF_H
#define SESSION_AUTH_PROOF_H

#include "datatype/timestamp.h"

#include "pure/slice.h"
#include "verify/keys.h"

typedef enum ProofSays
{
	SAYS_CLAIMS,  /* registered claims (RFC 7519): who it is, from whom, until when */
	SAYS_USER,    /* who it is; what the payload says beside that are claims */
	SAYS_SESSION, /* which session it is */
} ProofSays;

/* Nothing here outlives the next proof: external_read copies it. */
typedef struct Proof
{
	ProofSays says;
	const TokenBinding *binding; /* whose word it is */
	Slice claims;                /* JSON; data NULL: none */
	Slice user_id;               /* SAYS_USER */
	Slice session;               /* its token, or its id; also behind a user; data NULL: none */
	bool is_seal;                /* SAYS_CLAIMS of an identity that another server had */
	TimestampTz issued_at;       /* SAYS_USER; DT_NOBEGIN when it does not say */
	TimestampTz expires_at;      /* DT_NOEND when it does not say; no clock is allowed for */
} Proof;

#endif /* SESSION_AUTH_PROOF_H */
