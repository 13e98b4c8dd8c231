/*
 * identity_chunk.c
 *		An identity in one piece of memory, as a setting's extra data has to be.
 *
 * Raises an error where there is no memory for a copy, as nobody above could go on.
 */
#include "postgres.h"

#include "base/compat.h"
#include "identity/identity_chunk.h"

/* The strings but the roles, always in this order. */
void
identity_list_strings(Identity *identity, const char **strings[IDENTITY_STRINGS])
{
	strings[0] = &identity->kind;
	strings[1] = &identity->user_id;
	strings[2] = &identity->tenant;
	strings[3] = &identity->actor;
	strings[4] = &identity->claims;
	strings[5] = &identity->origin;
	strings[6] = &identity->narrowing;
}

/*
 * Room for an identity, its array of roles and its strings, from the allocator
 * that settings use; NULL when there is no memory.
 */
Identity *
identity_allocate_chunk(int nroles, size_t strings_size, char **strings)
{
	size_t head = sizeof(Identity) + nroles * sizeof(char *);
	Identity *chunk = guc_malloc(LOG, head + strings_size);

	if (chunk)
	{
		chunk->roles = (const char *const *) (chunk + 1);
		*strings = (char *) chunk + head;
	}
	return chunk;
}

static const char *
copy_string(const char *string, char **to)
{
	char *copy = *to;
	size_t size = strlen(string) + 1;

	memcpy(copy, string, size);
	*to += size;
	return copy;
}

static size_t
roles_size(const Identity *identity)
{
	size_t size = identity->roles_len;

	if (size == 0)
		for (int i = 0; i < identity->nroles; i++)
			size += strlen(identity->roles[i]) + 1;
	return size;
}

/* Of all strings with their NULs, which is more than their text takes. */
size_t
identity_strings_size(Identity *identity)
{
	const char **strings[IDENTITY_STRINGS];
	size_t size = roles_size(identity);

	identity_list_strings(identity, strings);
	for (int i = 0; i < IDENTITY_STRINGS; i++)
		size += *strings[i] ? strlen(*strings[i]) + 1 : 0;
	return size;
}

/* One right after the other, as those that a user is granted already lie. */
static void
copy_roles(const Identity *identity, Identity *chunk, char *to)
{
	const char **roles = (const char **) chunk->roles;
	const char *first_role = to;

	if (identity->roles_len > 0)
	{
		memcpy(to, identity->roles[0], identity->roles_len);
		for (int i = 0; i < chunk->nroles; i++)
			roles[i] = to + (identity->roles[i] - identity->roles[0]);
		return;
	}
	for (int i = 0; i < chunk->nroles; i++)
		roles[i] = copy_string(identity->roles[i], &to);
	chunk->roles_len = (size_t) (to - first_role);
}

static Identity *
fill_chunk(const Identity *identity, Identity *chunk, char *at)
{
	const char **strings[IDENTITY_STRINGS];
	const char *const *roles = chunk->roles;

	*chunk = *identity;
	chunk->roles = roles;
	chunk->list = NULL;
	identity_list_strings(chunk, strings);
	for (int i = 0; i < IDENTITY_STRINGS; i++)
		if (*strings[i])
			*strings[i] = copy_string(*strings[i], &at);
	copy_roles(identity, chunk, at);
	return chunk;
}

/* A copy as one chunk: what readers use. */
Identity *
identity_to_chunk(Identity *identity, size_t strings_size)
{
	char *at;
	Identity *chunk = identity_allocate_chunk(identity->nroles, strings_size, &at);

	if (chunk)
		return fill_chunk(identity, chunk, at);
	ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	return NULL; /* for compilers that do not know that an error ends it */
}
