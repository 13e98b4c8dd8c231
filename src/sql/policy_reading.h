/*
 * policy_reading.h
 *		What a condition of a policy asks.
 */
#ifndef SESSION_AUTH_POLICY_READING_H
#define SESSION_AUTH_POLICY_READING_H

#include "access/attnum.h"
#include "nodes/nodes.h"

typedef struct ConditionReading
{
	const char *kind; /* permission, owner, tenant or other */
	char *action;     /* of a permission that is asked by name, or NULL */
	char *resource;
	AttrNumber column; /* that is compared, or 0 */
} ConditionReading;

extern ConditionReading read_condition(Node *condition);

#endif /* SESSION_AUTH_POLICY_READING_H */
