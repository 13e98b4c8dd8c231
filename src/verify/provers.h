/*
 * provers.h
 *		Tokens from elsewhere: proved, read and remembered.
 */
#ifndef SESSION_AUTH_PROVERS_H
#define SESSION_AUTH_PROVERS_H

#include "verify/external_token.h"
#include "verify/verification.h"

extern ExternalToken *provers_find(const Presented *token, TimestampTz now, ResultCode *result);

#endif /* SESSION_AUTH_PROVERS_H */
