/*
 * sql_permission.c
 *		What SQL calls to ask what roles may do.
 *
 * Policies call these for every row.  What stays the same from row to row (the
 * role or the identity, and the action) is resolved once per call site and kept
 * in fn_extra; a row then costs one look-up of its resource.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "funcapi.h"
#include "nodes/primnodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "arguments.h"
#include "compat.h"
#include "identity.h"
#include "identity_row.h"
#include "permission.h"

/* -------------------------------------------------------------------- call sites */

typedef struct CallSite
{
	TimestampTz statement; /* in which changes were last accepted */
	uint64 valid_for;      /* generation of permissions; 0: nothing resolved yet */
	uint64 identity;       /* generation of the identity that was resolved */
	const PermissionSet *set;
	ActionRules rules;
	char *role; /* NUL-terminated copies of what was resolved */
	size_t role_len;
	size_t role_size;
	char *action;
	size_t action_len;
	size_t action_size;
	bool action_is_constant;
} CallSite;

/*
 * Whether an argument is written in the query itself.  A parameter will not do:
 * PL/pgSQL runs one call site with one value after another.
 */
static bool
is_constant_argument(FunctionCallInfo fcinfo, int n)
{
	Node *call = fcinfo->flinfo->fn_expr;

	return call && IsA(call, FuncExpr) && n < list_length(((FuncExpr *) call)->args) &&
		   IsA(list_nth(((FuncExpr *) call)->args, n), Const);
}

/* `action` is the number of the argument that names it, or -1. */
static CallSite *
call_site(FunctionCallInfo fcinfo, int action)
{
	CallSite *site = fcinfo->flinfo->fn_extra;

	if (unlikely(site == NULL))
	{
		site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(CallSite));
		site->statement = DT_NOBEGIN;
		site->action_is_constant = action >= 0 && is_constant_argument(fcinfo, action);
		fcinfo->flinfo->fn_extra = site;
	}
	if (unlikely(site->statement != GetCurrentStatementStartTimestamp()))
	{
		permission_accept_changes();
		site->statement = GetCurrentStatementStartTimestamp();
	}
	if (unlikely(site->valid_for != permission_generation()))
		site->valid_for = 0;
	return site;
}

static inline bool
same_bytes(const char *kept, size_t kept_len, const text *value)
{
	return kept_len == VARSIZE_ANY_EXHDR(value) && memcmp(kept, VARDATA_ANY(value), kept_len) == 0;
}

static void
keep(FunctionCallInfo fcinfo, char **kept, size_t *len, size_t *size, const text *value)
{
	size_t need = VARSIZE_ANY_EXHDR(value) + 1;

	if (need > *size)
	{
		if (*kept)
			pfree(*kept);
		*size = 0;
		*kept = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, need);
		*size = need;
	}
	memcpy(*kept, VARDATA_ANY(value), need - 1);
	(*kept)[need - 1] = '\0';
	*len = need - 1;
}

static void
resolve_action(FunctionCallInfo fcinfo, CallSite *site, const text *action)
{
	keep(fcinfo, &site->action, &site->action_len, &site->action_size, action);
	if (site->action_len == 0)
		site->rules = (ActionRules){ NULL, NULL };
	else
		site->rules = permission_rules(site->set, site->action, site->action_len);
}

static void
resolve_role(FunctionCallInfo fcinfo, CallSite *site, const text *role)
{
	site->valid_for = 0;
	site->identity = 0;
	keep(fcinfo, &site->role, &site->role_len, &site->role_size, role);
	site->set = permission_set(site->role, site->role_len + 1, &site->valid_for);
}

static inline bool
same_action(const CallSite *site, const text *action)
{
	return site->action_is_constant || same_bytes(site->action, site->action_len, action);
}

/* Whether anything had to be resolved; then the action has to be, too. */
static bool
resolve_identity(CallSite *site, const Identity *identity)
{
	const char *roles = identity->nroles > 0 ? identity->roles[0] : "";

	if (likely(site->valid_for != 0 && site->identity == identity_generation()))
		return false;
	site->valid_for = 0;
	site->set = permission_set(roles, identity->roles_len, &site->valid_for);
	site->identity = identity_generation();
	return true;
}

/* ---------------------------------------------------------------------- questions */

SQL_FUNCTION(session_auth_has_permission);

/* has_permission(role, action, resource): STRICT */
Datum
session_auth_has_permission(PG_FUNCTION_ARGS)
{
	text *role = PG_GETARG_TEXT_PP(0);
	text *action = PG_GETARG_TEXT_PP(1);
	text *resource = PG_GETARG_TEXT_PP(2);
	CallSite *site = call_site(fcinfo, 1);

	if (unlikely(site->valid_for == 0 || !same_bytes(site->role, site->role_len, role)))
	{
		resolve_role(fcinfo, site, role);
		resolve_action(fcinfo, site, action);
	}
	else if (unlikely(!same_action(site, action)))
		resolve_action(fcinfo, site, action);
	PG_RETURN_BOOL(
		permission_allows(site->rules, VARDATA_ANY(resource), VARSIZE_ANY_EXHDR(resource)));
}

static bool
current_may(FunctionCallInfo fcinfo, const Identity *identity, const text *action,
			const text *resource)
{
	CallSite *site = call_site(fcinfo, 0);

	if (resolve_identity(site, identity) || unlikely(!same_action(site, action)))
		resolve_action(fcinfo, site, action);
	return permission_allows(site->rules, VARDATA_ANY(resource), VARSIZE_ANY_EXHDR(resource));
}

SQL_FUNCTION(session_auth_current_has_permission);

/* has_permission(action, resource): STRICT; of any of the current identity's roles */
Datum
session_auth_current_has_permission(PG_FUNCTION_ARGS)
{
	const Identity *identity = identity_current();

	if (identity == NULL)
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(current_may(fcinfo, identity, PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1)));
}

SQL_FUNCTION(session_auth_has_role);

/* has_role(role): STRICT */
Datum
session_auth_has_role(PG_FUNCTION_ARGS)
{
	const Identity *identity = identity_current();
	text *role = PG_GETARG_TEXT_PP(0);
	CallSite *site;

	if (identity == NULL)
		PG_RETURN_BOOL(false);
	site = call_site(fcinfo, -1);
	(void) resolve_identity(site, identity);
	PG_RETURN_BOOL(permission_set_has_role(site->set, VARDATA_ANY(role), VARSIZE_ANY_EXHDR(role)));
}

SQL_FUNCTION(session_auth_require_permission);

/* require_permission(action, resource): 28000 is HTTP's 401, 42501 its 403 */
Datum
session_auth_require_permission(PG_FUNCTION_ARGS)
{
	const Identity *identity = identity_current();

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid %s", PG_ARGISNULL(0) ? "action" : "resource"),
						errdetail("It must not be null.")));
	if (identity == NULL)
		raise_not_authenticated();
	if (!current_may(fcinfo, identity, PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1)))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("permission denied: \"%s\" on \"%s\"",
							   text_to_cstring(PG_GETARG_TEXT_PP(0)),
							   text_to_cstring(PG_GETARG_TEXT_PP(1)))));
	PG_RETURN_VOID();
}

static int
compare_strings(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

static ArrayType *
text_array(List *strings)
{
	Datum *elements = palloc((list_length(strings) + 1) * sizeof(Datum));
	int n = 0;
	const char *previous = NULL;
	ListCell *cell;

	list_sort(strings, compare_strings);
	foreach (cell, strings)
	{
		if (previous == NULL || strcmp(previous, lfirst(cell)) != 0)
			elements[n++] = CStringGetTextDatum(lfirst(cell));
		previous = lfirst(cell);
	}
	return construct_array(elements, n, TEXTOID, -1, false, TYPALIGN_INT);
}

SQL_FUNCTION(session_auth_permitted_resources);

/* permitted_resources(role, action): STRICT; {*} when all */
Datum
session_auth_permitted_resources(PG_FUNCTION_ARGS)
{
	char *role = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char *action = text_to_cstring(PG_GETARG_TEXT_PP(1));
	uint64 valid_for;
	bool everything;
	List *resources;
	const PermissionSet *set;

	permission_accept_changes();
	set = permission_set(role, strlen(role) + 1, &valid_for);
	resources = permission_enumerate(permission_rules(set, action, strlen(action)), &everything);
	if (everything)
		resources = list_make1("*");
	PG_RETURN_ARRAYTYPE_P(text_array(resources));
}

/* -------------------------------------------------------------------- explanation */

#define EXPLAIN_COLUMNS 5

/* The decision: any denial, or else the nearest grant, or NULL. */
static const HeldPermission *
deciding_permission(RoleReading *reading, const char *role, const char *action,
					const char *resource)
{
	const HeldPermission *grant = NULL;
	ListCell *cell;

	foreach (cell, permission_list(reading, role))
	{
		const HeldPermission *held = lfirst(cell);

		if (!permission_covers(held, action, resource))
			continue;
		if (held->effect == EFFECT_DENY)
			return held;
		if (grant == NULL)
			grant = held;
	}
	return grant;
}

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
		held = deciding_permission(reading, role, action, resource);
		reason = explain_reason(role, action, resource, held);
	}
	catalog_end_reading(reading);
	values[0] = BoolGetDatum(held && held->effect == EFFECT_ALLOW);
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

/* -------------------------------------------------------------------- invalidation */

SQL_FUNCTION(session_auth_grants_changed);

/* The trigger on the table of who has which role. */
Datum
session_auth_grants_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("grants_changed() must be called as a trigger")));
	catalog_grants_changed();
	return PointerGetDatum(NULL);
}

SQL_FUNCTION(session_auth_permissions_changed);

/* The trigger on the tables that the cache is filled from. */
Datum
session_auth_permissions_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("permissions_changed() must be called as a trigger")));
	catalog_permissions_changed();
	return PointerGetDatum(NULL);
}
