/*
 * claim_shapes.h
 *		The shapes in which issuers write who somebody is, and which roles and tenants
 *		he has.
 *
 * Names (of roles, of tenants) come as a text, an array of texts, an array of objects
 * that have a name, or an object, whose keys are the names.  Where a claim is called
 * scope or scp, a text is a list of words with spaces between (RFC 6749, 3.3).
 *
 * Invariant: a claim of any other shape has no meaning: RESULT_CLAIM_TYPE.
 *
 * Pure: no PostgreSQL, no OpenSSL, no allocation.
 */
#ifndef SESSION_AUTH_CLAIM_SHAPES_H
#define SESSION_AUTH_CLAIM_SHAPES_H

#include "pure/json.h"

/* The longest name of a role or a tenant, and of what else is kept of a token. */
#define CLAIM_NAME_MAX 1024

/* Takes one name, which is good during the call alone; false refuses the claim. */
typedef bool (*ClaimNameVisitor)(Slice name, void *arg);

/* Is a claim at this path a list of words, as RFC 6749 has scopes? */
extern bool claim_is_scope(const char *path);

/* Calls visit for each name that the value of the claim at path holds; node may be NULL. */
extern ResultCode claim_names(const JsonDoc *doc, const JsonNode *node, const char *path,
							  ClaimNameVisitor visit, void *arg);

/* A user's id: a text, or a number as it is written; buf holds USER_ID_MAX bytes. */
extern ResultCode claim_user(const JsonDoc *doc, const JsonNode *node, char *buf, Slice *user);

/*
 * Does the payload have every claim that is required, an object of paths and values?
 * A claim must equal its value or one of the values of an array, or contain one where
 * it is an array itself.  *missing is the path of the first that does not.
 */
extern bool claims_fulfil(const JsonDoc *payload, const JsonDoc *required, Slice *missing);

#endif /* SESSION_AUTH_CLAIM_SHAPES_H */
