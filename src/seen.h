/*
 * seen.h
 *		Tokens from elsewhere whose cryptography this backend has done.
 */
#ifndef SESSION_AUTH_SEEN_H
#define SESSION_AUTH_SEEN_H

#include "foreign.h"

extern ForeignToken *seen_find(const unsigned char *hash);
extern MemoryContext seen_slot(const unsigned char *hash, ForeignToken **token);
extern void seen_keep(const unsigned char *hash);

#endif /* SESSION_AUTH_SEEN_H */
