/*
 * verdict.h
 *		What a server would answer to a token: the pure functions in their order.
 */
#ifndef TEST_UNIT_VERDICT_H
#define TEST_UNIT_VERDICT_H

#include "pure/claims.h"
#include "pure/jwe.h"
#include "pure/jws.h"

/* A token's payload, and its claims when they were in force. */
typedef struct Verdict
{
	ResultCode result;
	JsonDoc doc;
	Claims claims;
} Verdict;

void verdict_jws(Verdict *verdict, Slice token, CryptoKey *key, const ClaimsPolicy *policy);
void verdict_jwe(Verdict *verdict, Slice token, const JweKey *keys, size_t n_keys,
				 const ClaimsPolicy *policy);

#endif /* TEST_UNIT_VERDICT_H */
