/*
 * sql_cookie_secret.c
 *		What the administration of cookies' secrets, which is in SQL, needs of C.
 *
 * Which kinds there are, and what each of them needs, is asked of the frameworks' table; SQL
 * has no list of its own.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/clock.h"
#include "base/compat.h"
#include "base/errors.h"
#include "base/text_array.h"
#include "pure/frameworks.h"
#include "sql/arguments.h"
#include "verify/secret_file.h"

#define NAMES_MAX    16
#define PATH_MAX_LEN 16

/* ------------------------------------------------------------------------ kinds */

/* Auth.js has a function of its own, and a session of Lucia's needs no secret. */
static bool
takes_secret(const Framework *row)
{
	return row->proof != PROOF_JWE && row->proof != PROOF_ROW;
}

static bool
is_first_of_kind(const Framework *row)
{
	return takes_secret(row) && framework_next(row->kind, NULL) == row;
}

SQL_FUNCTION(session_auth_cookie_kinds);

/* cookie_kinds(): in the order of the table */
Datum
session_auth_cookie_kinds(PG_FUNCTION_ARGS)
{
	const char **kinds = palloc(n_frameworks * sizeof(char *));
	const Framework *row = NULL;
	int n = 0;

	while ((row = framework_next(NULL, row)) != NULL)
		if (is_first_of_kind(row))
			kinds[n++] = row->kind;
	PG_RETURN_ARRAYTYPE_P(text_array_make(kinds, n));
}

/* -------------------------------------------------------------------- arguments */

/* The elements of an array of texts; NULL for NULL. */
static Slice *
argument_slices(FunctionCallInfo fcinfo, int n, const char *what, size_t most, size_t *count)
{
	char **elements;
	int found;
	Slice *slices;

	*count = 0;
	if (PG_ARGISNULL(n))
		return NULL;
	elements = text_array_read(PG_GETARG_ARRAYTYPE_P(n), &found);
	if (found > (int) most)
		argument_refuse_secret(what, psprintf("There must not be more than %zu.", most));
	slices = palloc((found + 1) * sizeof(Slice));
	for (int i = 0; i < found; i++)
	{
		if (elements[i] == NULL)
			argument_refuse_secret(what, "None of them must be null.");
		slices[i] = slice_make(elements[i], strlen(elements[i]));
	}
	*count = found;
	return slices;
}

/* RFC 6265: a name is a token of RFC 2616. */
static bool
is_cookie_name(Slice name)
{
	if (name.len == 0 || name.len > FRAMEWORK_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] <= 0x20 || name.data[i] >= 0x7f ||
			strchr("()<>@,;:\\\"/[]?={}", name.data[i]))
			return false;
	return true;
}

static Slice *
argument_cookie_names(FunctionCallInfo fcinfo, int n, size_t *count)
{
	Slice *names = argument_slices(fcinfo, n, "cookie_names", NAMES_MAX, count);

	if (names == NULL)
		return NULL;
	if (*count == 0)
		argument_refuse_secret("cookie_names",
							   "There must be one, or null for the framework's own.");
	for (size_t i = 0; i < *count; i++)
		if (!is_cookie_name(names[i]))
			argument_refuse_secret(
				"cookie_names", "They must be names of cookies (RFC 6265) of at most 256 bytes.");
	return names;
}

static Slice *
argument_path(FunctionCallInfo fcinfo, int n, size_t *count)
{
	Slice *path = argument_slices(fcinfo, n, "id_path", PATH_MAX_LEN, count);

	for (size_t i = 0; i < *count; i++)
		if (path[i].len == 0 || path[i].len > 255)
			argument_refuse_secret("id_path", "They must be names of 1 to 255 bytes.");
	return path;
}

SQL_FUNCTION(session_auth_check_cookie_names);

/* check_cookie_names(cookie_names): for secrets that are added otherwise */
Datum
session_auth_check_cookie_names(PG_FUNCTION_ARGS)
{
	size_t count;

	(void) argument_cookie_names(fcinfo, 0, &count);
	PG_RETURN_VOID();
}

/* In microseconds; 0 for null. */
static int64
argument_age(FunctionCallInfo fcinfo, int n)
{
	const Interval *age = PG_ARGISNULL(n) ? NULL : PG_GETARG_INTERVAL_P(n);

	if (age == NULL)
		return 0;
	if (age->month != 0 || age->day < 0 || age->day > 36500 || age->time < 0 ||
		age->time > 36500 * USECS_PER_DAY || (age->day == 0 && age->time == 0))
		argument_refuse_secret(
			"max_age", "It must be positive, at most 36500 days, and without months or years.");
	return clock_interval_us(age);
}

/* ----------------------------------------------------------------------- checks */

/* What is asked of each row of a kind. */
typedef struct Asked
{
	const char *kind;
	FrameworkOptions options;
	const Slice *names; /* NULL: the framework's own */
	size_t n_names;
	Slice secret;
} Asked;

static void
check_key(const Asked *asked, const Framework *row, Slice name)
{
	FrameworkKey *key = palloc(sizeof(FrameworkKey));
	FrameworkFault fault = { NULL, NULL, 0 };
	ResultCode result = framework_derive(key, row, &asked->options, name, asked->secret, &fault);

	framework_key_clear(key);
	pfree(key);
	if (result == RESULT_UNSUPPORTED)
	{
		hide_own_frames();
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cookies of kind \"%s\" that are encrypted in this way are not supported",
						asked->kind),
				 errdetail("session_auth was built without libsodium."), errhidestmt(true)));
	}
	if (result == RESULT_BAD_KEY && fault.secret_min > 0)
		argument_refuse_secret(
			"secret", psprintf("%s It takes at least %zu bytes.", fault.reason, fault.secret_min));
	if (result == RESULT_BAD_KEY)
		argument_refuse_secret(fault.argument, fault.reason);
	if (result != RESULT_OK)
		result_raise(result);
}

/* With every name that the cookie may have. */
static void
check_keys(const Asked *asked, const Framework *row)
{
	const Slice none = { NULL, 0 };

	for (size_t i = 0; i < asked->n_names; i++)
		check_key(asked, row, asked->names[i]);
	if (asked->n_names > 0)
		return;
	if (row->cookie_names[0] == NULL)
		check_key(asked, row, none);
	for (size_t i = 0; i < FRAMEWORK_NAMES_MAX && row->cookie_names[i]; i++)
		check_key(asked, row, (Slice){ row->cookie_names[i], strlen(row->cookie_names[i]) });
}

static void
check_end(const Asked *asked, const Framework *row)
{
	if (asked->options.without_end || framework_ends(row, &asked->options) != FRAMEWORK_ENDS_NEVER)
		return;
	argument_refuse_secret(
		"without_end",
		psprintf("A cookie of kind \"%s\" names a user, and nothing in it ends it%s. Where that is "
				 "meant, without_end must be true: such cookies cannot be revoked one by one; "
				 "replacing the secret ends all of them.",
				 asked->kind, row->time == TIME_NONE ? "" : " unless max_age is given"));
}

static void
check_rows(const Asked *asked)
{
	const Framework *row = NULL;
	bool has_time = false;

	while ((row = framework_next(asked->kind, row)) != NULL)
	{
		if (!framework_applies(row, &asked->options))
			continue;
		has_time = has_time || row->time != TIME_NONE;
		check_keys(asked, row);
		check_end(asked, row);
	}
	if (asked->options.max_age_us > 0 && !has_time)
		argument_refuse_secret(
			"max_age",
			psprintf("A cookie of kind \"%s\" does not say when it was issued.", asked->kind));
}

/* Their end is their own, so that no without_end was asked for; whose they are has to be said here. */
static void
note_no_time_of_issue(const Asked *asked)
{
	const Framework *row = NULL;

	while ((row = framework_next(asked->kind, row)) != NULL)
	{
		if (!framework_applies(row, &asked->options) || row->age_member ||
			framework_ends(row, &asked->options) != FRAMEWORK_ENDS_BY_ITSELF)
			continue;
		ereport(
			NOTICE,
			(errmsg("cookies of kind \"%s\" cannot be revoked one by one", asked->kind),
			 errdetail("They do not say when they were issued: what ends a user's sessions refuses "
					   "all of his cookies, later ones too, until the secret is replaced.")));
		return;
	}
}

static bool
kind_is_known(const char *kind)
{
	const Framework *row = framework_next(kind, NULL);

	return row != NULL && takes_secret(row);
}

SQL_FUNCTION(session_auth_check_cookie_secret);

/* check_cookie_secret(kind, secret, cookie_names, max_age, id_path, salts, without_end) */
Datum
session_auth_check_cookie_secret(PG_FUNCTION_ARGS)
{
	Asked asked = { .kind = argument_text_or_null(fcinfo, 0) };
	char *secret = argument_text_or_null(fcinfo, 1);

	/* which add_cookie_secret has checked before */
	if (asked.kind == NULL || !kind_is_known(asked.kind))
		argument_refuse_secret("kind", "It must be one of cookie_kinds().");
	if (secret == NULL)
		argument_refuse_secret("secret", "It must not be null.");
	asked.names = argument_cookie_names(fcinfo, 2, &asked.n_names);
	asked.options.max_age_us = argument_age(fcinfo, 3);
	asked.options.id_path = argument_path(fcinfo, 4, &asked.options.n_id_path);
	asked.options.salts =
		argument_slices(fcinfo, 5, "salts", FRAMEWORK_KEYS_MAX / 2, &asked.options.n_salts);
	if (PG_ARGISNULL(6))
		argument_refuse_secret("without_end", "It must not be null.");
	asked.options.without_end = PG_GETARG_BOOL(6);
	secret = secret_resolve(secret);
	if (secret == NULL)
		argument_refuse_secret("secret", "The file cannot be read, is empty or too long.");
	asked.secret = (Slice){ secret, strlen(secret) };
	check_rows(&asked);
	note_no_time_of_issue(&asked);
	crypto_cleanse(secret, strlen(secret));
	PG_RETURN_VOID();
}
