/*
 * sql_held_permissions.c
 *		What SQL calls to see which permissions roles hold, and which of them decides.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/compat.h"
#include "base/string_list.h"
#include "base/text_array.h"
#include "identity/identity.h"
#include "permission/held_permissions.h"
#include "permission/narrowing.h"
#include "permission/permission.h"
#include "sql/arguments.h"

#define EXPLAIN_COLUMNS 5

static char *
explain_reason(const char *role, const char *action, const char *resource,
			   const HeldPermission *held)
{
	if (held == NULL)
		return psprintf("neither role \"%s\" nor a role that it inherits is granted \"%s\" on "
						"\"%s\"",
						role, action, resource);
	if (strcmp(held->via_role, role) == 0)
		return psprintf("role \"%s\" is %s \"%s\" on \"%s\"", role,
						held->effect == EFFECT_DENY ? "denied" : "granted", held->action,
						held->resource);
	return psprintf("role \"%s\" inherits from role \"%s\", which is %s \"%s\" on \"%s\"", role,
					held->via_role, held->effect == EFFECT_DENY ? "denied" : "granted",
					held->action, held->resource);
}

SQL_FUNCTION(session_auth_explain_permission);

/* explain_permission(role, action, resource): one row */
Datum
session_auth_explain_permission(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	char *role = argument_text_or_null(fcinfo, 0);
	char *action = argument_text_or_null(fcinfo, 1);
	char *resource = argument_text_or_null(fcinfo, 2);
	const HeldPermission *held = NULL;
	RoleReading *reading;
	char *reason;
	Datum values[EXPLAIN_COLUMNS] = { 0 };
	bool nulls[EXPLAIN_COLUMNS] = { false, true, true, true, false };

	InitMaterializedSRF(fcinfo, 0);
	permission_accept_changes();
	reading = catalog_begin_reading();
	if (role == NULL)
		reason = "there is no role to ask for";
	else if (action == NULL || resource == NULL || *action == '\0' || *resource == '\0')
		reason = "there is no action or no resource to ask for";
	else if (!catalog_role_exists(reading, role))
		reason = psprintf("role \"%s\" does not exist", role);
	else
	{
		held = permission_that_decides(reading, role, action, resource);
		reason = explain_reason(role, action, resource, held);
	}
	catalog_end_reading(reading);
	if (held && effects_allow(held->effect) &&
		!narrowing_covers(identity_narrowing(), action, resource))
	{
		held = NULL;
		reason =
			psprintf("the current identity is narrowed to what does not cover \"%s\" on \"%s\"",
					 action, resource);
	}
	values[0] = BoolGetDatum(held && effects_allow(held->effect));
	if (held)
	{
		values[1] = CStringGetTextDatum(held->via_role);
		values[2] = CStringGetTextDatum(held->action);
		values[3] = CStringGetTextDatum(held->resource);
		nulls[1] = nulls[2] = nulls[3] = false;
	}
	values[4] = CStringGetTextDatum(reason);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	return (Datum) 0;
}

#define LIST_COLUMNS 5

typedef struct PermissionOutput
{
	RoleReading *reading;
	ReturnSetInfo *rsinfo;
} PermissionOutput;

static void
put_permissions(const char *role, void *arg)
{
	PermissionOutput *output = arg;
	ListCell *cell;

	foreach (cell, permission_list(output->reading, role))
	{
		const HeldPermission *held = lfirst(cell);
		Datum values[LIST_COLUMNS];
		bool nulls[LIST_COLUMNS] = { false };

		values[0] = CStringGetTextDatum(role);
		values[1] = CStringGetTextDatum(held->action);
		values[2] = CStringGetTextDatum(held->resource);
		values[3] = CStringGetTextDatum(held->effect == EFFECT_DENY ? "deny" : "allow");
		values[4] = CStringGetTextDatum(held->via_role);
		tuplestore_putvalues(output->rsinfo->setResult, output->rsinfo->setDesc, values, nulls);
	}
}

SQL_FUNCTION(session_auth_list_permissions);

/* list_permissions(role): of every role when it is NULL */
Datum
session_auth_list_permissions(PG_FUNCTION_ARGS)
{
	PermissionOutput output = { NULL, (ReturnSetInfo *) fcinfo->resultinfo };
	char *role = argument_text_or_null(fcinfo, 0);

	InitMaterializedSRF(fcinfo, 0);
	output.reading = catalog_begin_reading();
	if (role)
		put_permissions(role, &output);
	else
		catalog_visit_roles(output.reading, put_permissions, &output);
	catalog_end_reading(output.reading);
	return (Datum) 0;
}

static List *
allowed_among(List *resources, const char *role, const char *action)
{
	List *allowed = NIL;
	ListCell *cell;

	foreach (cell, resources)
	{
		/* anew for each: an answer that had to be read may end what was handed out */
		uint64 valid_for;
		const PermissionSet *set = permission_set_of_role(role, &valid_for);
		ActionRules rules = permission_rules(set, action, strlen(action));

		if (permission_allows(&rules, lfirst(cell), strlen(lfirst(cell))))
			allowed = lappend(allowed, lfirst(cell));
	}
	return allowed;
}

/* What a pattern of the role's and a name of the narrowing's meet in may be denied to the role. */
static List *
narrowed_resources(List *resources, const char *role, const char *action)
{
	const char *narrowing = identity_narrowing();

	if (narrowing == NULL)
		return resources;
	return allowed_among(narrowing_resources(narrowing, action, resources), role, action);
}

SQL_FUNCTION(session_auth_permitted_resources);

/* permitted_resources(role, action): STRICT; {*} when all */
Datum
session_auth_permitted_resources(PG_FUNCTION_ARGS)
{
	char *role = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char *action = text_to_cstring(PG_GETARG_TEXT_PP(1));
	bool everything;
	List *resources;

	permission_accept_changes();
	resources = permission_enumerate(role, action, &everything);
	if (everything)
		resources = list_make1("*");
	resources = string_list_distinct(narrowed_resources(resources, role, action));
	PG_RETURN_ARRAYTYPE_P(text_array_of_list(resources));
}
