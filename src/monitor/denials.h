/*
 * denials.h
 *		Denials that are to become rows of session_events, in shared memory.
 */
#ifndef SESSION_AUTH_DENIALS_H
#define SESSION_AUTH_DENIALS_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "utils/uuid.h"

/* Longer texts are recorded as far as they fit. */
#define DENIAL_NAME_MAX   256
#define DENIAL_ACTION_MAX 64

/* Who was denied what; all zeros where nothing is written, so that it is compared as it is. */
typedef struct DeniedRequest
{
	Oid database;
	pg_uuid_t session_id;
	bool has_session;
	bool has_tenant;
	bool has_actor;
	bool of_table; /* what was denied is a table, not a resource */
	char user_id[DENIAL_NAME_MAX];
	char tenant[DENIAL_NAME_MAX];
	char actor[DENIAL_NAME_MAX];
	char action[DENIAL_ACTION_MAX];
	char object[DENIAL_NAME_MAX];
} DeniedRequest;

/* What becomes a row. */
typedef struct Denial
{
	int64 count;
	TimestampTz since; /* the first of them */
	TimestampTz at;    /* and the last */
	bool is_rest;      /* of requests for which there was no room: whose, is not known */
	DeniedRequest request;
} Denial;

extern void denials_init(void);
extern void denials_note(DeniedRequest *request);

/* For the launcher. */
extern void denials_listen(void);
extern bool denials_waiting(TimestampTz *since);
extern List *denials_databases(void);

/* For who writes the rows: what is copied stays until it is taken off. */
extern List *denials_copy(Oid database);
extern void denials_take_off(const List *copies);

#endif /* SESSION_AUTH_DENIALS_H */
