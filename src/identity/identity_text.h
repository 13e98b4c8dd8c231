/*
 * identity_text.h
 *		An identity as the text of its setting (pure/letters.h).
 *
 * Parallel workers alone read it, and few transactions have any: it begins as blanks,
 * as many as it may need, and is written over them in time for a query that has workers.
 */
#ifndef SESSION_AUTH_IDENTITY_TEXT_H
#define SESSION_AUTH_IDENTITY_TEXT_H

#include "identity/identity.h"

/* What stands in the first place before the text is written. */
#define IDENTITY_BLANK '-'

extern char *identity_blank_text(int nroles, size_t strings_size);
extern void identity_write_text(Identity *identity, char *text);
extern Identity *identity_from_text(const char *text);

#endif /* SESSION_AUTH_IDENTITY_TEXT_H */
