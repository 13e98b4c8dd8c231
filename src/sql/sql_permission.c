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
#include "funcapi.h"
#include "nodes/primnodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "base/compat.h"
#include "base/string_list.h"
#include "base/string_table.h"
#include "base/text_in_place.h"
#include "executor/row_questions.h"
#include "identity/identity.h"
#include "identity/identity_row.h"
#include "identity/identity_words.h"
#include "monitor/counters.h"
#include "permission/held_permissions.h"
#include "permission/narrowing.h"
#include "permission/permission.h"
#include "pure/slice.h"
#include "sql/arguments.h"
#include "sql/require.h"

/* ---------------------------------------------------------------------- arguments */

/* A text in place, unless it has to be fetched or unpacked. */
static pg_attribute_always_inline Slice
text_slice(FunctionCallInfo fcinfo, int n)
{
	struct varlena *value = (struct varlena *) PG_GETARG_POINTER(n);

	if (unlikely(VARATT_IS_1B_E(value) || VARATT_IS_4B_C(value)))
		value = pg_detoast_datum_packed(value);
	return (Slice){ VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value) };
}

/* A text in place that is a short key, as most names are. */
static pg_attribute_always_inline bool
is_short_text(FunctionCallInfo fcinfo, int n, Slice *text)
{
	return text_in_place(PG_GETARG_DATUM(n), text) && text->len > 0 &&
		   text->len <= STRING_KEY_SHORT;
}

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

/* The value of an argument that something was resolved for. */
typedef struct KeptText
{
	bool constant; /* it cannot be another the next time */
	char *bytes;   /* ended by a NUL */
	size_t len;
	size_t size;  /* of the memory */
	uint64 first; /* the words of a short key, when it is one */
	uint64 last;
} KeptText;

/* A short text, by its words. */
static pg_attribute_always_inline bool
is_same_short(const KeptText *kept, Slice value)
{
	return kept->len == value.len && kept->first == string_first(value.data, value.len) &&
		   kept->last == string_last(value.data, value.len);
}

static pg_attribute_always_inline bool
is_kept(const KeptText *kept, FunctionCallInfo fcinfo, int n)
{
	Slice value;

	if (kept->constant)
		return true;
	value = text_slice(fcinfo, n);
	if (value.len <= STRING_KEY_SHORT)
		return is_same_short(kept, value);
	return kept->len == value.len && memcmp(kept->bytes, value.data, value.len) == 0;
}

/* The same for what is a constant or a short key; of anything else it says no. */
static pg_attribute_always_inline bool
is_kept_short(const KeptText *kept, FunctionCallInfo fcinfo, int n)
{
	Slice value;

	return kept->constant || (is_short_text(fcinfo, n, &value) && is_same_short(kept, value));
}

static void
keep(FunctionCallInfo fcinfo, KeptText *kept, int n)
{
	Slice value = text_slice(fcinfo, n);

	if (value.len + 1 > kept->size)
	{
		if (kept->bytes)
			pfree(kept->bytes);
		kept->size = 0;
		kept->bytes = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, value.len + 1);
		kept->size = value.len + 1;
	}
	memcpy(kept->bytes, value.data, value.len);
	kept->bytes[value.len] = '\0';
	kept->len = value.len;
	if (value.len <= STRING_KEY_SHORT)
	{
		kept->first = string_first(value.data, value.len);
		kept->last = string_last(value.data, value.len);
	}
}

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
	keep(fcinfo, &site->action, n);
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
	keep(fcinfo, &site->role, 0);
	site->set = permission_set(site->role.bytes, site->role.len + 1, &site->valid_for);
	site->identity = identity_generation; /* what is asked for any role is narrowed with it */
	resolve_action(fcinfo, site, 1);
	return site;
}

static void
resolve_identity(CallSite *site, const Identity *identity)
{
	accept_changes(site);
	site->valid_for = 0;
	site->set =
		permission_set(identity_role_names(identity), identity->roles_len, &site->valid_for);
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
		site->identity != identity_generation || !is_kept(&site->role, fcinfo, 0) ||
		!is_kept(&site->action, fcinfo, 1))
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
			   is_kept_short(&site->role, fcinfo, 0) && is_kept_short(&site->action, fcinfo, 1) &&
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
		!is_kept(&site->action, fcinfo, 0))
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
			   identity_holds_at(statement) && is_kept_short(&site->action, fcinfo, 0)))
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
is_named(const Identity *identity, Slice role)
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
				   is_named(identity, role));
}

/*
 * HTTP 403.  Who it was is for the log alone; the statement is in neither, as
 * one string of several statements may begin with the token.
 */
pg_noreturn static void
raise_denied(const Identity *identity, const char *action, const char *resource)
{
	counter_add(COUNT_DENIED);
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
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid %s", PG_ARGISNULL(0) ? "action" : "resource"),
						errdetail("It must not be null.")));
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
	PG_RETURN_ARRAYTYPE_P(string_list_array(resources));
}

/* -------------------------------------------------------------------- explanation */

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
