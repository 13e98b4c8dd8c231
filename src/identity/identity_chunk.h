/*
 * identity_chunk.h
 *		An identity in one piece of memory, as a setting's extra data has to be.
 */
#ifndef SESSION_AUTH_IDENTITY_CHUNK_H
#define SESSION_AUTH_IDENTITY_CHUNK_H

#include "identity/identity.h"

/* How many strings an identity has, but for its roles. */
#define IDENTITY_STRINGS 7

extern void identity_list_strings(Identity *identity, const char **strings[IDENTITY_STRINGS]);
extern size_t identity_strings_size(Identity *identity);
extern Identity *identity_allocate_chunk(int nroles, size_t strings_size, char **strings);
extern Identity *identity_to_chunk(Identity *identity, size_t strings_size);

#endif /* SESSION_AUTH_IDENTITY_CHUNK_H */
