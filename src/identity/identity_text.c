/*
 * identity_text.c
 *		An identity to and from the text of its setting (identity_text.h).
 */
#include "postgres.h"

#include "base/compat.h"
#include "identity/identity_chunk.h"
#include "identity/identity_text.h"
#include "pure/letters.h"

#define FIXED_SIZE (offsetof(Identity, narrowed) + sizeof(bool))

StaticAssertDecl(FIXED_SIZE == 3 * sizeof(TimestampTz) + sizeof(uint64) + sizeof(pg_uuid_t) +
								   sizeof(IdentityScope) + sizeof(int32) + 2 * sizeof(bool),
				 "the fixed part of an identity has no gaps");

/*
 * The text begins with its format, to be changed with whatever is written, struct
 * Identity included: a worker loads the library that is installed now, and its
 * leader may have one from before.
 */
#define FORMAT '2'

/* Room for the text of an identity that has so many roles, and strings of that size in all. */
char *
identity_blank_text(int nroles, size_t strings_size)
{
	size_t len =
		1 + 2 * FIXED_SIZE + (IDENTITY_STRINGS + nroles) * LETTERS_OF_LENGTH + strings_size;
	char *text = palloc(len + 1);

	memset(text, IDENTITY_BLANK, len);
	text[len] = '\0';
	return text;
}

/* Into the room that identity_blank_text has made for it. */
void
identity_write_text(Identity *identity, char *text)
{
	const char **strings[IDENTITY_STRINGS];
	char *at = text;

	identity_list_strings(identity, strings);
	*at++ = FORMAT;
	at = letters_write_bytes(at, identity, FIXED_SIZE);
	for (int i = 0; i < IDENTITY_STRINGS; i++)
		at = letters_write_string(at, *strings[i], *strings[i] ? strlen(*strings[i]) : 0);
	for (int i = 0; i < identity->nroles; i++)
		at = letters_write_string(at, identity->roles[i], strlen(identity->roles[i]));
	*at = '\0';
}

static void
read_strings(LettersReader *reader, Identity *identity)
{
	const char **strings[IDENTITY_STRINGS];
	const char **roles = (const char **) identity->roles;
	const char *first_role;

	identity_list_strings(identity, strings);
	for (int i = 0; i < IDENTITY_STRINGS; i++)
		*strings[i] = letters_read_string(reader);
	first_role = reader->copy;
	for (int i = 0; i < identity->nroles; i++)
	{
		roles[i] = letters_read_string(reader);
		if (roles[i] == NULL)
			reader->failed = true;
	}
	identity->roles_len = (size_t) (reader->copy - first_role);
}

/* NULL when the text is not an identity or there is no memory. */
Identity *
identity_from_text(const char *text)
{
	Identity fixed;
	Identity *identity;
	LettersReader reader = { text + 1, NULL, *text != FORMAT };

	letters_read_bytes(&reader, &fixed, FIXED_SIZE);
	if (reader.failed || fixed.nroles < 0 || (size_t) fixed.nroles > strlen(reader.at))
		return NULL;
	identity = identity_allocate_chunk(fixed.nroles, strlen(reader.at) + 1, &reader.copy);
	if (identity == NULL)
		return NULL;
	memcpy(identity, &fixed, FIXED_SIZE);
	identity->list = NULL;
	read_strings(&reader, identity);
	if (reader.failed || *reader.at != '\0' || identity->user_id == NULL || identity->kind == NULL)
	{
		guc_free(identity);
		return NULL;
	}
	return identity;
}
