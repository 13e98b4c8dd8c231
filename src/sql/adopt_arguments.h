/*
 * adopt_arguments.h
 *		How a table of an application's own is read: what its triggers were told.
 */
#ifndef SESSION_AUTH_ADOPT_ARGUMENTS_H
#define SESSION_AUTH_ADOPT_ARGUMENTS_H

#include "catalog/tables.h"
#include "pure/adopted_token.h"

/* What user_column holds. */
typedef enum UserForm
{
	USER_BY_TYPE, /* the user, or JSON in which the path leads to it */
	USER_PROVED,  /* django: signed, and the path lies in it */
	USER_SYMFONY  /* PHP's serialization of Symfony's token, and the path lies in it */
} UserForm;

/* The arguments of adopt_sessions, as its triggers carry them. */
typedef struct Adoption
{
	const char *token_column;
	const char *user_column;
	const char *expires_column;
	TokenStorage storage;
	const char **user_path; /* NULL: the column is the user */
	int user_path_len;
	UserForm user_form;
	int64 ticks;           /* of expires_column in a second; 0: it is a timestamp */
	const char *time_zone; /* of a timestamp without one; NULL: UTC */
	int64 lifetime;        /* added, in microseconds */
	const char *tenant_column;
	const char *actor_column; /* who acts as the user; NULL: the user */
	const char *where_column;
	const char *where_value;
	ProofRule proof;
} Adoption;

/* Three columns, then name=value; points into arguments.  False when it is not that. */
extern bool adoption_read(char *const *arguments, int n, Adoption *adoption);

#endif /* SESSION_AUTH_ADOPT_ARGUMENTS_H */
