/*
 * adopted_row.c
 *		What a row of an application's own table says of a session.
 *
 * Invariant: a row fits, or there is one reason why it does not; a row that does
 * not fit opens nothing.  It is no error: the application's own login goes on.
 */
#include "postgres.h"

#include "base/errors.h"
#include "pure/limits.h"
#include "pure/name_rules.h"
#include "pure/token.h"
#include "sql/adopted_row.h"

static bool
names_user(const char *name)
{
	return name_fault(slice_make(name, strlen(name)), USER_ID_MAX) == NAME_FITS;
}

static bool
names_tenant(const char *name)
{
	return name_fault(slice_make(name, strlen(name)), TENANT_MAX) == NAME_FITS;
}

static bool
is_wanted(SourceRow source, const Adoption *adoption)
{
	const char *value;

	if (adoption->where_column == NULL)
		return true;
	value = adopted_text(source, adoption->where_column);
	return value && strcmp(value, adoption->where_value) == 0;
}

static Fitness
read_token(SourceRow source, const Adoption *adoption, AdoptedRow *row)
{
	Slice token;
	char *text;

	if (token_storage_is_binary(adoption->storage))
		token = adopted_bytes(source, adoption->token_column);
	else
	{
		text = adopted_text(source, adoption->token_column);
		token = (Slice){ text, text ? strlen(text) : 0 };
	}
	if (token.data == NULL)
		return ROW_NO_TOKEN;
	switch (adopted_token_hash(adoption->storage, token, row->token_hash))
	{
		case TOKEN_FITS:
			return ROW_FITS;
		case TOKEN_LIKE_A_HASH:
			return ROW_TOKEN_LIKE_A_HASH;
		case TOKEN_NO_HASH:
			return ROW_TOKEN_NO_HASH;
		case TOKEN_UNHASHED:
			result_raise(RESULT_CRYPTO_FAILED);
		case TOKEN_WEAK:
			break;
	}
	return ROW_WEAK_TOKEN;
}

static Fitness
read_user_column(SourceRow source, const Adoption *adoption, AdoptedRow *row)
{
	AdoptedUser user = adopted_user(source, adoption);

	row->user_id = user.name;
	row->actor = user.actor;
	if (row->user_id == NULL)
		return ROW_NO_USER;
	return names_user(row->user_id) ? ROW_FITS : ROW_UNFIT_USER;
}

static Fitness
read_expiry(SourceRow source, const Adoption *adoption, AdoptedRow *row)
{
	switch (adopted_expiry(source, adoption, &row->expires_at))
	{
		case EXPIRY_READ:
			return ROW_FITS;
		case EXPIRY_NULL:
			return ROW_NO_EXPIRY;
		case EXPIRY_UNREADABLE:
			break;
	}
	return ROW_UNREADABLE_EXPIRY;
}

/* No organization is active where the column is null: the session is in none. */
static Fitness
read_tenant(SourceRow source, const Adoption *adoption, AdoptedRow *row)
{
	char *tenant;

	row->tenant = NULL;
	if (adoption->tenant_column == NULL)
		return ROW_FITS;
	tenant = adopted_text(source, adoption->tenant_column);
	if (tenant && !names_tenant(tenant))
		return ROW_UNFIT_TENANT;
	row->tenant = tenant ? tenant : "";
	return ROW_FITS;
}

/* Who cannot be named must not pass for the user. */
static Fitness
read_actor_column(SourceRow source, const Adoption *adoption, AdoptedRow *row)
{
	if (adoption->actor_column)
		row->actor = adopted_text(source, adoption->actor_column);
	return row->actor && !names_user(row->actor) ? ROW_UNFIT_ACTOR : ROW_FITS;
}

typedef Fitness (*Reader)(SourceRow source, const Adoption *adoption, AdoptedRow *row);

/* In the order in which reasons are told: a guest's row lacks nothing but a user. */
static const Reader readers[] = { read_user_column, read_token, read_expiry, read_tenant,
								  read_actor_column };

void
adopted_row_read(SourceRow source, const Adoption *adoption, AdoptedRow *row)
{
	row->fitness = is_wanted(source, adoption) ? ROW_FITS : ROW_IS_ANOTHERS;
	row->proof = adoption->proof;
	for (size_t i = 0; i < lengthof(readers) && row->fitness == ROW_FITS; i++)
		row->fitness = readers[i](source, adoption, row);
}

const char *
adopted_row_reason(Fitness fitness)
{
	switch (fitness)
	{
		case ROW_FITS:
		case ROW_IS_ANOTHERS:
			return NULL;
		case ROW_NO_TOKEN:
			return "without a token";
		case ROW_WEAK_TOKEN:
			return "with a token of fewer than " CppAsString2(TOKEN_BITS_MIN) " random bits";
		case ROW_TOKEN_LIKE_A_HASH:
			return "with 64 hexadecimal digits, which may be a hash";
		case ROW_TOKEN_NO_HASH:
			return "with no SHA-256 in this form";
		case ROW_NO_USER:
			return "without a user";
		case ROW_UNFIT_USER:
			return "with a user that is no user_id";
		case ROW_NO_EXPIRY:
			return "without an expiry";
		case ROW_UNREADABLE_EXPIRY:
			return "with an expiry that is no time from 1970 to 9999";
		case ROW_UNFIT_TENANT:
			return "with a tenant that is none";
		case ROW_UNFIT_ACTOR:
			return "with an actor that is no user_id";
	}
	return "of an unknown kind";
}
