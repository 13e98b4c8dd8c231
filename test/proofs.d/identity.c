/*
 * identity.c
 *		Proofs of the text in which workers get their leader's identity: its strings are written in
 *		one order, into as much memory as there is.
 *
 * What it takes of PostgreSQL stands in the folder postgres.  That letters are read within their
 * text is proved apart (letters.c).
 */
#include "proof.h"

#include "postgres/postgres.h"

/* Of these headers a type and two functions are needed, which nothing that is proved here calls. */
#define SESSION_AUTH_COMPAT_H
#define SESSION_AUTH_CLOCK_H
#define SESSION_AUTH_ROLE_LIST_H
typedef struct RoleList
{
	int n;
	const char *const *names;
	size_t len;
} RoleList;
extern TimestampTz clock_never_back(TimestampTz statement);
extern TimestampTz GetCurrentStatementStartTimestamp(void);

#include "postgres/utils/uuid.h"

#include "identity/identity_text.c"
#include "identity/identity_chunk.c"

#define ROLES_MAX 2

/* ------------------------------------------------------------------------------- writing */

#define LEN_MAX 2

static const char *strings_written[IDENTITY_STRINGS + ROLES_MAX];
static int n_written;

/* The last byte of what is written is. */
char *
note_bytes(char *at, const void *bytes, size_t len)
{
	PROVE(len == FIXED_SIZE && n_written == 0 && bytes != NULL, "what has a fixed size first");
	at[0] = at[2 * len - 1] = 'a';
	return at + 2 * len;
}

char *
note_string(char *at, const char *string, size_t len)
{
	PROVE(n_written < IDENTITY_STRINGS + ROLES_MAX, "no more than there are");
	strings_written[n_written++] = string;
	len = LETTERS_OF_LENGTH + (string ? len : 0);
	at[0] = at[len - 1] = 'a';
	return at + len;
}

static const char *
any_written(char *memory)
{
	bool is_none;

	memory[LEN_MAX] = '\0';
	return is_none ? NULL : memory;
}

INSTEAD(identity_write, letters_write_bytes, note_bytes)
INSTEAD(identity_write, letters_write_string, note_string)
PROOF(identity_write, 12, "an identity's text has the room it needs, and its strings in this order",
	  "strings of up to 2 bytes, 2 roles")
{
	Identity identity;
	char memory[IDENTITY_STRINGS + ROLES_MAX][LEN_MAX + 1];
	const char *roles[ROLES_MAX];
	char *text;
	int i;

	for (i = 0; i < ROLES_MAX; i++)
	{
		memory[i][LEN_MAX] = '\0';
		roles[i] = memory[i];
	}
	identity.kind = any_written(memory[2]);
	identity.user_id = any_written(memory[3]);
	identity.tenant = any_written(memory[4]);
	identity.actor = any_written(memory[5]);
	identity.claims = any_written(memory[6]);
	identity.origin = any_written(memory[7]);
	identity.narrowing = any_written(memory[8]);
	identity.roles = roles;
	identity.roles_len = 0;
	ASSUME(identity.nroles >= 0 && identity.nroles <= ROLES_MAX);
	n_written = 0;
	text = identity_blank_text(identity.nroles, identity_strings_size(&identity));
	identity_write_text(&identity, text);
	PROVE(text[0] == FORMAT && n_written == IDENTITY_STRINGS + identity.nroles, "all of them");
	PROVE(strings_written[0] == identity.kind && strings_written[1] == identity.user_id &&
			  strings_written[2] == identity.tenant && strings_written[3] == identity.actor &&
			  strings_written[4] == identity.claims && strings_written[5] == identity.origin &&
			  strings_written[6] == identity.narrowing,
		  "each in its place");
	for (i = 0; i < identity.nroles; i++)
		PROVE(strings_written[IDENTITY_STRINGS + i] == roles[i], "each role");
}
