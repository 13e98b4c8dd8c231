/*
 * identity_text.c
 *		An identity to and from the text of its setting (identity_text.h).
 */
#include "postgres.h"

#include "base/compat.h"
#include "identity/identity_chunk.h"
#include "identity/identity_text.h"

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

static char *
write_roles(char *at, const Identity *identity)
{
	if (identity->list)
	{
		memcpy(at, identity->list->text, identity->list->text_len);
		return at + identity->list->text_len;
	}
	for (int i = 0; i < identity->nroles; i++)
		at = write_string(at, identity->roles[i], strlen(identity->roles[i]));
	return at;
}

/* Room for the text of an identity that has so many roles, and strings of that size in all. */
char *
identity_blank_text(int nroles, size_t strings_size)
{
	size_t len = 1 + 2 * FIXED_SIZE + (IDENTITY_STRINGS + nroles) * LETTERS_OF_LENGTH + strings_size;
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
	at = write_bytes(at, identity, FIXED_SIZE);
	for (int i = 0; i < IDENTITY_STRINGS; i++)
		at = write_string(at, *strings[i], *strings[i] ? strlen(*strings[i]) : 0);
	at = write_roles(at, identity);
	*at = '\0';
}

/* A cursor over the text, and the place where strings are copied to. */
typedef struct Reader
{
	const char *at;
	char *copy;
	bool failed;
} Reader;

static unsigned int
read_half(Reader *reader)
{
	unsigned int half = (unsigned int) *reader->at - 'a';

	if (half < 16)
		reader->at++;
	else
		reader->failed = true;
	return half;
}

static void
read_bytes(Reader *reader, void *to, size_t len)
{
	unsigned char *bytes = to;

	for (size_t i = 0; i < len && !reader->failed; i++)
	{
		unsigned int low = read_half(reader);

		bytes[i] = (unsigned char) (low | read_half(reader) << 4);
	}
}

static const char *
read_string(Reader *reader)
{
	char *start = reader->copy;
	uint32 len = NULL_STRING;

	read_bytes(reader, &len, sizeof(len));
	if (reader->failed || len == NULL_STRING)
		return NULL;
	if (strnlen(reader->at, len) < len)
	{
		reader->failed = true;
		return NULL;
	}
	memcpy(start, reader->at, len);
	start[len] = '\0';
	reader->copy += len + 1;
	reader->at += len;
	return start;
}

static void
read_strings(Reader *reader, Identity *identity)
{
	const char **strings[IDENTITY_STRINGS];
	const char **roles = (const char **) identity->roles;
	const char *first_role;

	identity_list_strings(identity, strings);
	for (int i = 0; i < IDENTITY_STRINGS; i++)
		*strings[i] = read_string(reader);
	first_role = reader->copy;
	for (int i = 0; i < identity->nroles; i++)
		roles[i] = read_string(reader);
	identity->roles_len = (size_t) (reader->copy - first_role);
}

/* NULL when the text is not an identity or there is no memory. */
Identity *
identity_from_text(const char *text)
{
	Identity fixed;
	Identity *identity;
	Reader reader = { text + 1, NULL, *text != FORMAT };

	read_bytes(&reader, &fixed, FIXED_SIZE);
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
