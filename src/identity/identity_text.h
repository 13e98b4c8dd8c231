/*
 * identity_text.h
 *		An identity as the text of its setting (pure/letters.h).
 *
 * It is written at each authenticate; parallel workers alone read it.
 */
#ifndef SESSION_AUTH_IDENTITY_TEXT_H
#define SESSION_AUTH_IDENTITY_TEXT_H

#include "identity/identity.h"

extern char *identity_to_text(Identity *identity);
extern Identity *identity_from_text(const char *text);

#endif /* SESSION_AUTH_IDENTITY_TEXT_H */
