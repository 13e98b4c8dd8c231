/*
 * uuid.h
 *		The version of a uuid (RFC 9562), and its text.
 */
#ifndef SESSION_AUTH_UUID_H
#define SESSION_AUTH_UUID_H

#include "postgres.h"

#include "utils/uuid.h"

/* What the caller has drawn at random gets this version, and the variant that goes with it. */
static inline void
uuid_stamp(pg_uuid_t *uuid, int version)
{
	uuid->data[6] = (uuid->data[6] & 0x0f) | version << 4;
	uuid->data[8] = (uuid->data[8] & 0x3f) | 0x80;
}

static inline int
uuid_version(const pg_uuid_t *uuid)
{
	return uuid->data[6] >> 4;
}

extern char *uuid_text(const pg_uuid_t *uuid);
extern pg_uuid_t *uuid_of_text(const char *text);

#endif /* SESSION_AUTH_UUID_H */
