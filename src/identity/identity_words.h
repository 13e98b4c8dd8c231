/*
 * identity_words.h
 *		An identity in words, for lines of the server's log.
 */
#ifndef SESSION_AUTH_IDENTITY_WORDS_H
#define SESSION_AUTH_IDENTITY_WORDS_H

#include "identity/identity.h"

extern char *in_one_line(const char *text);
extern char *identity_roles_in_words(const Identity *identity);
extern const char *identity_in_words(const Identity *identity);

#endif /* SESSION_AUTH_IDENTITY_WORDS_H */
