/*
 * seal.h
 *		The current identity, for another server.
 */
#ifndef SESSION_AUTH_SEAL_H
#define SESSION_AUTH_SEAL_H

#include "identity/identity.h"
#include "verify/keys.h"

/* What a seal is for. */
typedef struct SealUse
{
	const char *audience;
	int64 lifetime_us;     /* for so long it can be presented */
	const char *challenge; /* of the connection that carries it, or NULL: by hand */
	const char *epk;       /* what it is to say for an agreement on a key, or NULL */
} SealUse;

extern char *seal_contents(const Identity *identity);
extern TrustedKey *seal_signer(void);
extern char *seal_make(const char *contents, TimestampTz ends_at, const SealUse *use,
					   TrustedKey *signer, CryptoKey *agreed);

#endif /* SESSION_AUTH_SEAL_H */
