/*
 * revocation.h
 *		Which tokens from elsewhere are refused before they expire.
 */
#ifndef SESSION_AUTH_REVOCATION_H
#define SESSION_AUTH_REVOCATION_H

#include "catalog/tables.h"
#include "verify/external_token.h"

extern ResultCode revocation_check(ExternalToken *token, bool session_lives);
extern ResultCode revocation_check_session(const SessionRow *row);

#endif /* SESSION_AUTH_REVOCATION_H */
