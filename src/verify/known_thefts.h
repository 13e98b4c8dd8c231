/*
 * known_thefts.h
 *		Sessions that this backend knows to be stolen.
 */
#ifndef SESSION_AUTH_KNOWN_THEFTS_H
#define SESSION_AUTH_KNOWN_THEFTS_H

#include "access/transam.h"
#include "utils/uuid.h"

typedef struct KnownTheft
{
	pg_uuid_t session_id;
	bool settled;           /* the session's row says that it has ended, for good */
	TransactionId ended_in; /* the transaction of ours that said so last */
} KnownTheft;

extern bool theft_is_known(const pg_uuid_t *session_id);
extern KnownTheft *theft_remember(const pg_uuid_t *session_id);
extern KnownTheft *theft_next(KnownTheft *theft);

#endif /* SESSION_AUTH_KNOWN_THEFTS_H */
