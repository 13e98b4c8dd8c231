/*
 * adopt_arguments.c
 *		How a table of an application's own is read: what its triggers were told.
 *
 * Invariant: a trigger's arguments are all that it knows, so that it works where
 * a dump of its table is restored.  They are texts: the three columns, which is
 * all that 0.1.0 wrote, then name=value for what is not by default.  A name that
 * is not known, of a later version, is refused: what it asks for might keep rows
 * out.
 */
#include "postgres.h"

#include "sql/adopt_arguments.h"

/* Behind `name=`, or NULL when the argument is another. */
static const char *
option_value(const char *argument, const char *name)
{
	size_t len = strlen(name);

	return strncmp(argument, name, len) == 0 && argument[len] == '=' ? argument + len + 1 : NULL;
}

static bool
read_ticks_option(const char *value, Adoption *adoption)
{
	adoption->ticks = strcmp(value, "seconds") == 0        ? 1
					  : strcmp(value, "milliseconds") == 0 ? 1000
														   : 0;
	return adoption->ticks > 0;
}

static bool
read_lifetime(const char *value, Adoption *adoption)
{
	char *end;

	errno = 0;
	adoption->lifetime = strtoll(value, &end, 10);
	return errno == 0 && end > value && *end == '\0' && adoption->lifetime > 0;
}

static bool
read_proof_option(const char *value, Adoption *adoption)
{
	adoption->proof = strcmp(value, "true") == 0 ? PROOF_NEEDED : PROOF_NOT_NEEDED;
	return adoption->proof == PROOF_NEEDED || strcmp(value, "false") == 0;
}

static bool
read_storage(const char *value, Adoption *adoption)
{
	if (!token_storage_named(value, &adoption->storage))
		return false;
	if (adoption->storage == STORED_ID)
		adoption->proof = PROOF_NEEDED;
	return true;
}

/*
 * Where Django and Symfony keep sessions in a table they sign no cookie, so there is no proof to
 * ask for, whatever other secrets are set up.
 */
static bool
read_user_form(const char *value, Adoption *adoption)
{
	adoption->user_form = strcmp(value, "django") == 0    ? USER_PROVED
						  : strcmp(value, "symfony") == 0 ? USER_SYMFONY
														  : USER_BY_TYPE;
	if (adoption->proof == PROOF_BY_SETUP)
		adoption->proof = PROOF_NOT_NEEDED;
	return adoption->user_form != USER_BY_TYPE;
}

/* Options that are a text each; a user_path has one argument for each of its steps. */
static bool
keep_text(const char *argument, Adoption *adoption)
{
	const struct
	{
		const char *name;
		const char **place;
	} texts[] = {
		{ "time_zone", &adoption->time_zone },
		{ "tenant_column", &adoption->tenant_column },
		{ "actor_column", &adoption->actor_column },
		{ "where_column", &adoption->where_column },
		{ "where_value", &adoption->where_value },
		{ "user_path", adoption->user_path + adoption->user_path_len },
	};

	for (size_t i = 0; i < lengthof(texts); i++)
	{
		const char *value = option_value(argument, texts[i].name);

		if (value == NULL)
			continue;
		*texts[i].place = value;
		if (i == lengthof(texts) - 1)
			adoption->user_path_len++;
		return true;
	}
	return false;
}

static bool
read_option(const char *argument, Adoption *adoption)
{
	const char *value;

	if ((value = option_value(argument, "token_form")) != NULL)
		return read_storage(value, adoption);
	if ((value = option_value(argument, "user_form")) != NULL)
		return read_user_form(value, adoption);
	if ((value = option_value(argument, "expires_form")) != NULL)
		return read_ticks_option(value, adoption);
	if ((value = option_value(argument, "lifetime")) != NULL)
		return read_lifetime(value, adoption);
	if ((value = option_value(argument, "signed_only")) != NULL)
		return read_proof_option(value, adoption);
	return keep_text(argument, adoption);
}

bool
adoption_read(char *const *arguments, int n, Adoption *adoption)
{
	memset(adoption, 0, sizeof(*adoption));
	if (n < 3)
		return false;
	adoption->token_column = arguments[0];
	adoption->user_column = arguments[1];
	adoption->expires_column = arguments[2];
	adoption->user_path = palloc(n * sizeof(char *));
	for (int i = 3; i < n; i++)
		if (!read_option(arguments[i], adoption))
			return false;
	if (adoption->actor_column && *adoption->actor_column == '\0')
		adoption->actor_column = NULL;
	return (adoption->where_column == NULL) == (adoption->where_value == NULL);
}
