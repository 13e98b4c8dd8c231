/*
 * active.h
 *		Whose identity each backend has now, for others to read.
 */
#ifndef SESSION_AUTH_ACTIVE_H
#define SESSION_AUTH_ACTIVE_H

#include "datatype/timestamp.h"

/* Longer ones are shown as far as they fit. */
#define ACTIVE_NAME_MAX  64
#define ACTIVE_ROLES_MAX 192

typedef struct ActiveIdentity
{
	bool present;
	bool has_tenant;
	bool of_connection;
	bool more_roles; /* than there is room for */
	uint16 user_len;
	uint16 tenant_len;
	uint16 roles_len;
	TimestampTz since;
	TimestampTz expires_at;
	char user_id[ACTIVE_NAME_MAX];
	char tenant[ACTIVE_NAME_MAX];
	char roles[ACTIVE_ROLES_MAX]; /* whole names, each with its NUL */
} ActiveIdentity;

/* What is published, as its owner has it. */
typedef struct Publication
{
	const char *user_id;
	const char *tenant; /* or NULL */
	const char *roles;  /* one after the other, each with its NUL */
	size_t roles_len;
	bool of_connection;
	TimestampTz since;
	TimestampTz expires_at;
} Publication;

typedef void (*ActiveVisitor)(int pid, const ActiveIdentity *identity, void *arg);

extern void active_publish(const Publication *publication);
extern void active_retract(void);
extern bool active_visit(ActiveVisitor visit, void *arg);

#endif /* SESSION_AUTH_ACTIVE_H */
