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
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "executor/row_questions.h"
#include "identity/denied.h"
#include "identity/identity.h"
#include "identity/identity_row.h"
#include "identity/identity_words.h"
#include "monitor/counters.h"
#include "permission/narrowing.h"
#include "permission/permission.h"
#include "pure/slice.h"
#include "sql/arguments.h"
#include "sql/kept_text.h"
#include "sql/require.h"

/* -------------------------------------------------------------------- call sites */

typedef struct CallSite
{
	TimestampTz statement; /* in which changes were last accepted */
	uint64 valid_for;      /* count of changes of permissions; 0: nothing resolved yet */
	uint64 identity;       /* generation of the identity that was resolved */
	const PermissionSet *set;
	ActionRules rules;
	KeptText role;
	KeptText action;
	bool resource_is_constant;
	bool allowed; /* what was answered last */
} CallSite;

static CallSite *
new_site(FunctionCallInfo fcinfo)
{
	CallSite *site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(CallSite));

	site->statement = DT_NOBEGIN;
	fcinfo->flinfo->fn_extra = site;
	return site;
}

/* Of has_permission and its like, whose last arguments are an action and a resource. */
static CallSite *
new_question(FunctionCallInfo fcinfo)
{
	CallSite *site = new_site(fcinfo);
	int action = PG_NARGS() - 2;

	site->role.constant = action > 0 && is_constant_argument(fcinfo, 0);
	site->action.constant = is_constant_argument(fcinfo, action);
	site->resource_is_constant = is_constant_argument(fcinfo, action + 1);
	return site;
}

/* Whether what was resolved is of this statement, which began then, and still good. */
static pg_attribute_always_inline bool
is_fresh(const CallSite *site, TimestampTz statement)
{
	return site->statement == statement && site->valid_for == changes_of[CHANGED_PERMISSIONS];
}

static void
accept_changes(CallSite *site)
{
	if (site->statement == GetCurrentStatementStartTimestamp())
		return;
	permission_accept_changes();
	site->statement = GetCurrentStatementStartTimestamp();
}

static void
resolve_action(FunctionCallInfo fcinfo, CallSite *site, int n)
{
	kept_text_set(fcinfo, &site->action, n);
	site->rules = (ActionRules){ NULL, 0, NULL, NULL };
	if (site->action.len == 0)
		return;
	site->rules = permission_rules(site->set, site->action.bytes, site->action.len);
	site->rules =
		narrowing_rules(identity_narrowing(), site->rules, site->action.bytes, site->action.len);
}

/* has_permission(role, action, ...): the role and the action. */
static pg_noinline CallSite *
resolve_given(FunctionCallInfo fcinfo)
{
	CallSite *site = fcinfo->flinfo->fn_extra;

	if (site == NULL)
		site = new_question(fcinfo);
	accept_changes(site);
	site->valid_for = 0;
	kept_text_set(fcinfo, &site->role, 0);
	site->set = permission_set_of_roles(site->role.bytes, site->role.len + 1, &site->valid_for);
	site->identity = identity_generation; /* what is asked for any role is narrowed with it */
	resolve_action(fcinfo, site, 1);
	return site;
}

static void
resolve_identity(CallSite *site, const Identity *identity)
{
	accept_changes(site);
	site->valid_for = 0;
	site->set = permission_set_of_roles(identity_role_names(identity), identity->roles_len,
										&site->valid_for);
	site->identity = identity_generation;
}

/* has_permission(action, resource): the identity, the action, and a resource that stays. */
static pg_noinline CallSite *
resolve_current(FunctionCallInfo fcinfo, const Identity *identity)
{
	CallSite *site = fcinfo->flinfo->fn_extra;
	Slice resource = text_slice(fcinfo, 1);

	if (site == NULL)
		site = new_question(fcinfo);
	resolve_identity(site, identity);
	resolve_action(fcinfo, site, 0);
	site->allowed =
		site->resource_is_constant && permission_allows(&site->rules, resource.data, resource.len);
	return site;
}

/* ---------------------------------------------------------------------- questions */

/*
 * Each question has two ways.  The short one is for the rows after the first, with a
 * resource that is a short key and an action that has names alone: it calls nothing,
 * so that it needs no registers saved.  The long one is for everything else.
 */

/* Of a narrowed identity whose names cannot be listed; the last thing that the short way does. */
static pg_noinline Datum
ask_narrowed(NarrowedRules *narrowed, const char *resource, size_t len)
{
	return BoolGetDatum(narrowed_rules_allow(narrowed, resource, len));
}

static pg_noinline bool
ask_given(FunctionCallInfo fcinfo)
{
	CallSite *site = fcinfo->flinfo->fn_extra;
	Slice resource;

	if (site == NULL || !is_fresh(site, GetCurrentStatementStartTimestamp()) ||
		site->identity != identity_generation || !kept_is(&site->role, fcinfo, 0) ||
		!kept_is(&site->action, fcinfo, 1))
		site = resolve_given(fcinfo);
	resource = text_slice(fcinfo, 2);
	return permission_allows(&site->rules, resource.data, resource.len);
}

SQL_FUNCTION(session_auth_has_permission);

/* has_permission(role, action, resource): STRICT */
Datum
session_auth_has_permission(PG_FUNCTION_ARGS)
{
	TimestampTz statement = GetCurrentStatementStartTimestamp();
	const CallSite *site = fcinfo->flinfo->fn_extra;
	Slice resource;

	if (likely(site != NULL && is_fresh(site, statement) && site->identity == identity_generation &&
			   kept_is_short(&site->role, fcinfo, 0) && kept_is_short(&site->action, fcinfo, 1) &&
			   is_short_text(fcinfo, 2, &resource)))
	{
		if (likely(site->rules.names != NULL))
			PG_RETURN_BOOL(permission_allows(&site->rules, resource.data, resource.len));
		if (site->rules.narrowed)
			return ask_narrowed(site->rules.narrowed, resource.data, resource.len);
	}
	PG_RETURN_BOOL(ask_given(fcinfo));
}

static pg_noinline bool
ask_current(FunctionCallInfo fcinfo)
{
	TimestampTz statement = GetCurrentStatementStartTimestamp();
	const Identity *identity = identity_at(statement);
	CallSite *site = fcinfo->flinfo->fn_extra;
	Slice resource;

	if (identity == NULL)
		return false;
	if (site == NULL || !is_fresh(site, statement) || site->identity != identity_generation ||
		!kept_is(&site->action, fcinfo, 0))
		site = resolve_current(fcinfo, identity);
	if (site->resource_is_constant)
		return site->allowed;
	resource = text_slice(fcinfo, 1);
	return permission_allows(&site->rules, resource.data, resource.len);
}

SQL_FUNCTION(session_auth_current_has_permission);

/* has_permission(action, resource): STRICT; of any of the current identity's roles */
Datum
session_auth_current_has_permission(PG_FUNCTION_ARGS)
{
	TimestampTz statement = GetCurrentStatementStartTimestamp();
	const CallSite *site = fcinfo->flinfo->fn_extra;
	Slice resource;

	if (likely(site != NULL && is_fresh(site, statement) && site->identity == identity_generation &&
			   identity_holds_at(statement) && kept_is_short(&site->action, fcinfo, 0)))
	{
		if (site->resource_is_constant)
			PG_RETURN_BOOL(site->allowed);
		if (likely(is_short_text(fcinfo, 1, &resource)))
		{
			if (likely(site->rules.names != NULL))
				PG_RETURN_BOOL(permission_allows(&site->rules, resource.data, resource.len));
			if (site->rules.narrowed)
				return ask_narrowed(site->rules.narrowed, resource.data, resource.len);
		}
	}
	PG_RETURN_BOOL(ask_current(fcinfo));
}

/* A role that a token names is held, also where nobody has created it here. */
static bool
is_named_role(const Identity *identity, Slice role)
{
	for (int i = 0; i < identity->nroles; i++)
		if (slice_is(role, identity->roles[i]))
			return true;
	return false;
}

SQL_FUNCTION(session_auth_has_role);

/* has_role(role): STRICT */
Datum
session_auth_has_role(PG_FUNCTION_ARGS)
{
	const Identity *identity = identity_current();
	CallSite *site = fcinfo->flinfo->fn_extra;
	Slice role = text_slice(fcinfo, 0);

	/* who is narrowed has permissions alone: what a role stands for elsewhere nobody knows */
	if (identity == NULL || identity->narrowing != NULL)
		PG_RETURN_BOOL(false);
	if (unlikely(site == NULL))
		site = new_site(fcinfo);
	if (!is_fresh(site, GetCurrentStatementStartTimestamp()) ||
		site->identity != identity_generation)
		resolve_identity(site, identity);
	PG_RETURN_BOOL(permission_set_has_role(site->set, role.data, role.len) ||
				   is_named_role(identity, role));
}

/*
 * HTTP 403.  Who it was is for the log alone; the statement is in neither, as
 * one string of several statements may begin with the token.
 */
pg_noreturn static void
raise_denied(const Identity *identity, const char *action, const char *resource)
{
	counter_add(COUNT_DENIED);
	denied_resource(identity, action, resource);
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg("permission denied: \"%s\" on \"%s\"", action, resource),
					errdetail_log("%s", identity_in_words(identity)), errhidestmt(true)));
}

/* HTTP 401 and 403; a permission that is lacking is named, and nothing else. */
static void
require_permission(FunctionCallInfo fcinfo)
{
	const Identity *identity = identity_current();

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		argument_refuse(PG_ARGISNULL(0) ? "action" : "resource", "It must not be null.");
	if (identity == NULL)
		raise_not_authenticated();
	if (!ask_current(fcinfo))
		raise_denied(identity, text_to_cstring(PG_GETARG_TEXT_PP(0)),
					 text_to_cstring(PG_GETARG_TEXT_PP(1)));
}

/* The same for who has the words in C. */
void
permission_require(const char *action, const char *resource)
{
	LOCAL_FCINFO(fcinfo, 2);
	FmgrInfo call = { .fn_mcxt = CurrentMemoryContext };

	InitFunctionCallInfoData(*fcinfo, &call, 2, InvalidOid, NULL, NULL);
	fcinfo->args[0] = (NullableDatum){ CStringGetTextDatum(action), false };
	fcinfo->args[1] = (NullableDatum){ CStringGetTextDatum(resource), false };
	require_permission(fcinfo);
}

SQL_FUNCTION(session_auth_require_permission);

/* require_permission(action, resource): 28000 is HTTP's 401, 42501 its 403 */
Datum
session_auth_require_permission(PG_FUNCTION_ARGS)
{
	require_permission(fcinfo);
	PG_RETURN_VOID();
}

SQL_FUNCTION(session_auth_demand_permission);

/* demand_permission(action, resource): the same for policies, which want a boolean */
Datum
session_auth_demand_permission(PG_FUNCTION_ARGS)
{
	require_permission(fcinfo);
	PG_RETURN_BOOL(true);
}

SQL_FUNCTION(session_auth_planned_with);

/* A planner's support function that supports nothing: see executor/demands.c. */
Datum
session_auth_planned_with(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(NULL);
}
