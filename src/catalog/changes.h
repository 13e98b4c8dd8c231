/*
 * changes.h
 *		How often what caches are filled from has changed, as far as this backend has heard.
 *
 * A cache keeps the count that it has followed and compares it before each use.  It reads
 * the count before it reads tables, so that what changes meanwhile is read again.
 */
#ifndef SESSION_AUTH_CHANGES_H
#define SESSION_AUTH_CHANGES_H

#include "postgres.h"

typedef enum ChangeKind
{
	CHANGED_PERMISSIONS, /* roles, what they inherit, and what they may do */
	CHANGED_GRANTS,      /* who has which role */
	CHANGED_KEYS,        /* keys and secrets */
	CHANGED_REVOCATIONS, /* of tokens, and of all that users had at a time */
	CHANGED_NODES,       /* which servers identities are carried to */
	CHANGED_RELATIONS,   /* which relations the extension's tables and indexes are */
	CHANGE_KINDS
} ChangeKind;

/* Counted from 1, so that a cache that has followed 0 is empty. */
extern uint64 changes_of[CHANGE_KINDS];

extern void changes_init(void);
extern void changes_tell(ChangeKind kind);

#endif /* SESSION_AUTH_CHANGES_H */
