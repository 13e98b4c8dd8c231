/*
 * table_keys.c
 *		The tables of keys, secrets and revocations.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/timestamp.h"

#include "base/clock.h"
#include "base/text_array.h"
#include "catalog/changes.h"
#include "catalog/table_access.h"
#include "catalog/tables.h"

/* Columns, in the order of sql/parts/keys.sql. */
enum
{
	Anum_keys_key_id = 1,
	Anum_keys_kid,
	Anum_keys_algorithm,
	Anum_keys_issuer,
	Anum_keys_audiences,
	Anum_keys_role_claim,
	Anum_keys_tenant_claim,
	Anum_keys_role_source,
	Anum_keys_state,
	Anum_keys_valid_from,
	Anum_keys_valid_until,
	Anum_keys_public_key,
	Anum_keys_fingerprint,
	Anum_keys_imported,
	Anum_keys_user_claim,
	Anum_keys_required_claims,
	Anum_keys_scope_claim,
	Anum_keys_seals
};

enum
{
	Anum_key_secrets_key_id = 1,
	Anum_key_secrets_secret
};

enum
{
	Anum_authjs_secrets_secret_id = 1,
	Anum_authjs_secrets_secret,
	Anum_authjs_secrets_cookie_names,
	Anum_authjs_secrets_role_claim,
	Anum_authjs_secrets_role_source,
	Anum_authjs_secrets_user_claim,
	Anum_authjs_secrets_required_claims,
	Anum_authjs_secrets_scope_claim
};

enum
{
	Anum_cookie_secrets_secret_id = 1,
	Anum_cookie_secrets_kind,
	Anum_cookie_secrets_secret,
	Anum_cookie_secrets_cookie_names,
	Anum_cookie_secrets_max_age,
	Anum_cookie_secrets_id_path,
	Anum_cookie_secrets_salts,
	Anum_cookie_secrets_role_claim,
	Anum_cookie_secrets_tenant_claim,
	Anum_cookie_secrets_without_end,
	Anum_cookie_secrets_since
};

enum
{
	Anum_revoked_tokens_jti = 1,
	Anum_revoked_tokens_issuer,
	Anum_revoked_tokens_until,
	Natts_revoked_tokens = Anum_revoked_tokens_until
};

enum
{
	Anum_user_revocations_user_id = 1,
	Anum_user_revocations_not_before,
	Natts_user_revocations = Anum_user_revocations_not_before
};

enum
{
	Anum_bans_user_id = 1,
	Anum_bans_source,
	Anum_bans_until
};

/* ------------------------------------------------------------ keys and secrets */

static List *
text_list(HeapTuple tuple, const TableScan *scan, int attnum)
{
	return text_array_list(DatumGetArrayTypeP(scan_column_not_null(tuple, scan, attnum)));
}

/* Likewise of a column that may be null. */
static List *
text_list_or_nil(HeapTuple tuple, const TableScan *scan, int attnum, bool *is_there)
{
	bool isnull;

	(void) scan_column(tuple, scan, attnum, &isnull);
	*is_there = !isnull;
	return isnull ? NIL : text_list(tuple, scan, attnum);
}

/* An interval that has no months, as what was given is checked; 0 for null. */
static int64
interval_us(HeapTuple tuple, const TableScan *scan, int attnum)
{
	bool isnull;
	Datum value = scan_column(tuple, scan, attnum, &isnull);
	const Interval *interval = isnull ? NULL : DatumGetIntervalP(value);

	return isnull ? 0 : clock_interval_us(interval);
}

static TimestampTz
timestamp_or(HeapTuple tuple, const TableScan *scan, int attnum, TimestampTz fallback)
{
	bool isnull;
	Datum value = scan_column(tuple, scan, attnum, &isnull);

	return isnull ? fallback : DatumGetTimestampTz(value);
}

/* A jsonb column as text. */
static char *
scan_json(HeapTuple tuple, const TableScan *scan, int attnum)
{
	Jsonb *value = DatumGetJsonbP(scan_column_not_null(tuple, scan, attnum));

	return JsonbToCString(NULL, &value->root, VARSIZE_ANY_EXHDR(value));
}

static char *
secret_of_key(int64 key_id)
{
	TableScan scan;
	ScanKeyData key;
	HeapTuple tuple;
	char *secret = NULL;

	ScanKeyInit(&key, Anum_key_secrets_key_id, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(key_id));
	scan_begin(&scan, KEY_SECRETS, KEY_SECRETS_BY_KEY, 1, &key);
	if (HeapTupleIsValid(tuple = scan_next(&scan)))
		secret = scan_text(tuple, &scan, Anum_key_secrets_secret);
	scan_end(&scan);
	return secret;
}

/* Every key, also those that are not in force, oldest first. */
List *
catalog_keys(bool with_secrets)
{
	TableScan scan;
	HeapTuple tuple;
	List *rows = NIL;

	scan_begin(&scan, SIGNING_KEYS, SIGNING_KEYS_BY_ID, 0, NULL);
	while (HeapTupleIsValid(tuple = scan_next(&scan)))
	{
		KeyRow *row = palloc(sizeof(KeyRow));

		row->key_id = DatumGetInt64(scan_column_not_null(tuple, &scan, Anum_keys_key_id));
		row->kid = scan_text(tuple, &scan, Anum_keys_kid);
		row->algorithm = scan_text(tuple, &scan, Anum_keys_algorithm);
		row->issuer = scan_text(tuple, &scan, Anum_keys_issuer);
		row->audiences = text_list(tuple, &scan, Anum_keys_audiences);
		row->role_claim = scan_text(tuple, &scan, Anum_keys_role_claim);
		row->tenant_claim = scan_text(tuple, &scan, Anum_keys_tenant_claim);
		row->role_source = scan_text(tuple, &scan, Anum_keys_role_source);
		row->state = scan_text(tuple, &scan, Anum_keys_state);
		row->valid_from = timestamp_or(tuple, &scan, Anum_keys_valid_from, DT_NOBEGIN);
		row->valid_until = timestamp_or(tuple, &scan, Anum_keys_valid_until, DT_NOEND);
		row->public_key = scan_text(tuple, &scan, Anum_keys_public_key);
		row->user_claim = scan_text(tuple, &scan, Anum_keys_user_claim);
		row->required_claims = scan_json(tuple, &scan, Anum_keys_required_claims);
		row->scope_claim = scan_text(tuple, &scan, Anum_keys_scope_claim);
		row->fingerprint = scan_text(tuple, &scan, Anum_keys_fingerprint);
		row->seals = DatumGetBool(scan_column_not_null(tuple, &scan, Anum_keys_seals));
		row->secret = with_secrets ? secret_of_key(row->key_id) : NULL;
		rows = lappend(rows, row);
	}
	scan_end(&scan);
	return rows;
}

/* Every secret of Auth.js, the newest first. */
List *
catalog_authjs_secrets(void)
{
	TableScan scan;
	HeapTuple tuple;
	List *rows = NIL;

	scan_begin(&scan, AUTHJS_SECRETS, AUTHJS_SECRETS_BY_ID, 0, NULL);
	while (HeapTupleIsValid(tuple = scan_next(&scan)))
	{
		SecretRow *row = palloc0(sizeof(SecretRow));

		row->secret_id =
			DatumGetInt64(scan_column_not_null(tuple, &scan, Anum_authjs_secrets_secret_id));
		row->secret = scan_text(tuple, &scan, Anum_authjs_secrets_secret);
		row->cookie_names = text_list(tuple, &scan, Anum_authjs_secrets_cookie_names);
		row->role_claim = scan_text(tuple, &scan, Anum_authjs_secrets_role_claim);
		row->role_source = scan_text(tuple, &scan, Anum_authjs_secrets_role_source);
		row->user_claim = scan_text(tuple, &scan, Anum_authjs_secrets_user_claim);
		row->required_claims = scan_json(tuple, &scan, Anum_authjs_secrets_required_claims);
		row->scope_claim = scan_text(tuple, &scan, Anum_authjs_secrets_scope_claim);
		rows = lcons(row, rows);
	}
	scan_end(&scan);
	return rows;
}

static SecretRow *
read_cookie_secret(HeapTuple tuple, const TableScan *scan)
{
	SecretRow *row = palloc0(sizeof(SecretRow));
	bool is_there;

	row->secret_id =
		DatumGetInt64(scan_column_not_null(tuple, scan, Anum_cookie_secrets_secret_id));
	row->kind = scan_text(tuple, scan, Anum_cookie_secrets_kind);
	row->secret = scan_text(tuple, scan, Anum_cookie_secrets_secret);
	row->cookie_names = text_list_or_nil(tuple, scan, Anum_cookie_secrets_cookie_names, &is_there);
	row->max_age_us = interval_us(tuple, scan, Anum_cookie_secrets_max_age);
	row->id_path = text_list_or_nil(tuple, scan, Anum_cookie_secrets_id_path, &row->has_id_path);
	row->salts = text_list_or_nil(tuple, scan, Anum_cookie_secrets_salts, &is_there);
	row->role_claim = scan_text(tuple, scan, Anum_cookie_secrets_role_claim);
	row->tenant_claim = scan_text(tuple, scan, Anum_cookie_secrets_tenant_claim);
	row->without_end =
		DatumGetBool(scan_column_not_null(tuple, scan, Anum_cookie_secrets_without_end));
	row->since = DatumGetTimestampTz(scan_column_not_null(tuple, scan, Anum_cookie_secrets_since));
	return row;
}

/* Every secret of frameworks' cookies, the newest first. */
List *
catalog_cookie_secrets(void)
{
	TableScan scan;
	HeapTuple tuple;
	List *rows = NIL;

	scan_begin(&scan, COOKIE_SECRETS, COOKIE_SECRETS_BY_ID, 0, NULL);
	while (HeapTupleIsValid(tuple = scan_next(&scan)))
		rows = lcons(read_cookie_secret(tuple, &scan), rows);
	scan_end(&scan);
	return rows;
}

/* ----------------------------------------------------------------- revocations */

bool
catalog_some_token_revoked(void)
{
	return scan_finds(NULL, REVOKED_TOKENS, REVOKED_TOKENS_BY_JTI, 0, NULL);
}

bool
catalog_some_user_revoked(void)
{
	return scan_finds(NULL, USER_REVOCATIONS, USER_REVOCATIONS_BY_USER, 0, NULL);
}

/* A database that was not updated yet has no such table. */
bool
catalog_some_user_banned(void)
{
	return relation_exists(BANS) && scan_finds(NULL, BANS, BANS_BY_USER, 0, NULL);
}

/* The latest of the times that a table has for a user, whose index begins with the user. */
static TimestampTz
latest_of_user(CatalogRelation table, CatalogRelation index, const char *user_id, int user_attnum,
			   int time_attnum)
{
	TableScan scan;
	ScanKeyData key;
	HeapTuple tuple;
	TimestampTz latest = DT_NOBEGIN;

	scan_key_text(&key, user_attnum, user_id);
	scan_begin(&scan, table, index, 1, &key);
	while (HeapTupleIsValid(tuple = scan_next(&scan)))
		latest = Max(latest, DatumGetTimestampTz(scan_column_not_null(tuple, &scan, time_attnum)));
	scan_end(&scan);
	return latest;
}

/* The latest end of what bans the user anywhere; DT_NOBEGIN: nothing does. */
TimestampTz
catalog_user_banned_until(const char *user_id)
{
	return latest_of_user(BANS, BANS_BY_USER, user_id, Anum_bans_user_id, Anum_bans_until);
}

/* A revocation that names no issuer is of that jti whoever issued it. */
bool
catalog_token_revoked(const char *jti, const char *issuer)
{
	TableScan scan;
	ScanKeyData key;
	HeapTuple tuple;
	bool revoked = false;

	scan_key_text(&key, Anum_revoked_tokens_jti, jti);
	scan_begin(&scan, REVOKED_TOKENS, REVOKED_TOKENS_BY_JTI, 1, &key);
	while (!revoked && HeapTupleIsValid(tuple = scan_next(&scan)))
	{
		char *of = scan_text(tuple, &scan, Anum_revoked_tokens_issuer);

		revoked = of == NULL || (issuer && strcmp(of, issuer) == 0);
	}
	scan_end(&scan);
	return revoked;
}

void
catalog_insert_revoked_token(const char *jti, const char *issuer, TimestampTz until)
{
	Datum values[Natts_revoked_tokens] = { 0 };
	bool nulls[Natts_revoked_tokens] = { false };

	values[Anum_revoked_tokens_jti - 1] = CStringGetTextDatum(jti);
	nulls[Anum_revoked_tokens_issuer - 1] = issuer == NULL;
	if (issuer)
		values[Anum_revoked_tokens_issuer - 1] = CStringGetTextDatum(issuer);
	values[Anum_revoked_tokens_until - 1] = TimestampTzGetDatum(until);
	changes_tell(CHANGED_REVOCATIONS); /* statement triggers are for SQL's statements */
	insert_row(REVOKED_TOKENS, Natts_revoked_tokens, values, nulls);
}

/* Before when a user's tokens from elsewhere are refused; DT_NOBEGIN: none is. */
TimestampTz
catalog_user_not_before(const char *user_id)
{
	return latest_of_user(USER_REVOCATIONS, USER_REVOCATIONS_BY_USER, user_id,
						  Anum_user_revocations_user_id, Anum_user_revocations_not_before);
}

void
catalog_insert_user_revocation(const char *user_id, TimestampTz not_before)
{
	Datum values[Natts_user_revocations];
	bool nulls[Natts_user_revocations] = { false };

	values[Anum_user_revocations_user_id - 1] = CStringGetTextDatum(user_id);
	values[Anum_user_revocations_not_before - 1] = TimestampTzGetDatum(not_before);
	changes_tell(CHANGED_REVOCATIONS);
	insert_row(USER_REVOCATIONS, Natts_user_revocations, values, nulls);
}
