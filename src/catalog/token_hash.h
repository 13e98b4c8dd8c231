/*
 * token_hash.h
 *		Hashes of tokens, and secrets of the same length, as bytea.
 */
#ifndef SESSION_AUTH_TOKEN_HASH_H
#define SESSION_AUTH_TOKEN_HASH_H

#include "fmgr.h"

#include "catalog/tables.h"

static inline Datum
token_hash_datum(const unsigned char hash[TOKEN_HASH_LEN])
{
	bytea *value = palloc(VARHDRSZ + TOKEN_HASH_LEN);

	SET_VARSIZE(value, VARHDRSZ + TOKEN_HASH_LEN);
	memcpy(VARDATA(value), hash, TOKEN_HASH_LEN);
	return PointerGetDatum(value);
}

/* False when it has another length. */
static inline bool
token_hash_read(Datum value, unsigned char hash[TOKEN_HASH_LEN])
{
	bytea *bytes = DatumGetByteaPP(value);

	if (VARSIZE_ANY_EXHDR(bytes) != TOKEN_HASH_LEN)
		return false;
	memcpy(hash, VARDATA_ANY(bytes), TOKEN_HASH_LEN);
	return true;
}

#endif /* SESSION_AUTH_TOKEN_HASH_H */
