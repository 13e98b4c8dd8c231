/*
 * table_token_secrets.c
 *		The table of the secret that proves our own tokens' time.
 */
#include "postgres.h"

#include "catalog/table_access.h"
#include "catalog/tables.h"
#include "catalog/token_hash.h"

/* Columns, in the order of sql/parts/sessions.sql. */
enum
{
	Anum_token_secrets_secret_id = 1,
	Anum_token_secrets_secret,
};

/* False without one, also where the extension is older than its library. */
bool
catalog_token_secret(unsigned char secret[TOKEN_HASH_LEN])
{
	TableScan scan;
	HeapTuple tuple;
	bool found = false;

	if (!relation_exists(TOKEN_SECRETS))
		return false;
	scan_begin(&scan, TOKEN_SECRETS, TOKEN_SECRETS_BY_ID, 0, NULL);
	if (HeapTupleIsValid(tuple = scan_next(&scan)))
		found =
			token_hash_read(scan_column_not_null(tuple, &scan, Anum_token_secrets_secret), secret);
	scan_end(&scan);
	return found;
}
