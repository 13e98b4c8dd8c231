/*
 * prover.h
 *		What proves that a token is genuine, and what it then says.
 *
 * Each kind of token from elsewhere has one prover: it says by the token's form alone whether it
 * takes it, and proves it with keys that are trusted.  What happens with what it
 * says is the same for all (provers.c, external_read.c).
 */
#ifndef SESSION_AUTH_PROVER_H
#define SESSION_AUTH_PROVER_H

#include "pure/result.h"
#include "verify/proof.h"
#include "verify/proved_tokens.h"
#include "verify/verification.h"

typedef struct Prover
{
	bool (*takes)(const Presented *token);
	/*
	 * Several keys may fit; the first `skip` of them are passed over, as the token was not
	 * what their issuer makes.
	 */
	ResultCode (*prove)(const Presented *token, int skip, TimestampTz now, Proof *proof);
} Prover;

extern const Prover prover_of_jws;
extern const Prover prover_of_jwe;
extern const Prover prover_of_cookies;

extern bool jws_names_trusted_key(Slice token);

#endif /* SESSION_AUTH_PROVER_H */
