/*
 * sql_seal.c
 *		Identities that travel between servers: sealed here, and taken when they are carried here.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/clock.h"
#include "base/compat.h"
#include "base/errors.h"
#include "catalog/tables.h"
#include "identity/identity_row.h"
#include "sql/arguments.h"
#include "verify/challenge.h"
#include "verify/seal.h"
#include "verify/verify.h"

#define MAX_SECONDS     3600
#define DEFAULT_SECONDS 5

/* -------------------------------------------------------------------------- sealing */

static int64
argument_lifetime_us(FunctionCallInfo fcinfo, int n)
{
	Interval interval;
	int64 us;

	argument_lifetime(fcinfo, n, DEFAULT_SECONDS, &interval);
	us = clock_interval_us(&interval);
	if (interval.month != 0 || us <= 0 || us > MAX_SECONDS * USECS_PER_SEC)
		argument_refuse("expires_in", "It must be positive and at most one hour.");
	return us;
}

static void
require_allowed(const char *audience)
{
	if (!catalog_audience_is_allowed(audience))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to seal an identity for audience \"%s\"", audience),
				 errhint("An administrator allows it with session_auth.allow_audience().")));
}

SQL_FUNCTION(session_auth_seal_identity);

/* seal_identity(audience, expires_in) */
Datum
session_auth_seal_identity(PG_FUNCTION_ARGS)
{
	char *audience = argument_audience(fcinfo, 0);
	const SealUse use = { audience, argument_lifetime_us(fcinfo, 1), NULL, NULL };
	const Identity *identity = identity_current();

	if (identity == NULL)
		raise_not_authenticated();
	require_allowed(audience);
	PG_RETURN_TEXT_P(cstring_to_text(
		seal_make(seal_contents(identity), identity->expires_at, &use, seal_signer(), NULL)));
}

/* --------------------------------------------------------------------- being carried */

/*
 * Not as a refused token of a user's: the user's own token was good where it was shown, and
 * nothing that the user could do would help.
 */
pg_noreturn static void
refuse_carried(ResultCode result)
{
	ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("the identity that another server carries over is refused"),
					errdetail_log("%s", result_explained(result)),
					errhint("The log of the server that refuses it says why."), errhidestmt(true)));
}

/* False when it is to be sealed anew: for what this connection asks now, or by a signature. */
static bool
take_seal(Slice seal)
{
	Verification verification;
	ResultCode result = verify_carried(seal, challenge_now(), &verification);

	if (result == RESULT_WRONG_CHALLENGE)
		return false;
	if (result != RESULT_OK)
		refuse_carried(result);
	challenge_is_met();
	identity_require_carriable(verification.identity.narrowed);
	verification.identity.scope = SCOPE_TRANSACTION;
	identity_set_carried(&verification.identity);
	return true;
}

/* NULL is nobody; what is empty only asks what to seal. */
static bool
take(Datum value, bool isnull)
{
	text *seal;

	if (isnull)
	{
		identity_drop();
		return true;
	}
	seal = DatumGetTextPP(value);
	return VARSIZE_ANY_EXHDR(seal) > 0 &&
		   take_seal(slice_make(VARDATA_ANY(seal), VARSIZE_ANY_EXHDR(seal)));
}

SQL_FUNCTION(session_auth_take_seal);

/* take_seal(seal) */
Datum
session_auth_take_seal(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(take(PG_GETARG_DATUM(0), PG_ARGISNULL(0)));
}

SQL_FUNCTION(session_auth_asked_challenge);

/* asked_challenge() */
Datum
session_auth_asked_challenge(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(challenge_now()));
}

/* The row as it comes back: without the seal. */
static HeapTuple
answer(const TriggerData *trigger, bool accepted)
{
	Datum values[3] = { 0, BoolGetDatum(accepted), CStringGetTextDatum(challenge_now()) };
	bool nulls[3] = { true, false, false };

	return heap_form_tuple(RelationGetDescr(trigger->tg_relation), values, nulls);
}

SQL_FUNCTION(session_auth_identity_carried);

/* The trigger of carried_identity, in the place of an UPDATE of its one row. */
Datum
session_auth_identity_carried(PG_FUNCTION_ARGS)
{
	const TriggerData *trigger = (const TriggerData *) fcinfo->context;
	Datum seal;
	bool isnull;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_INSTEAD(trigger->tg_event) ||
		!TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ||
		RelationGetNumberOfAttributes(trigger->tg_relation) != 3)
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("identity_carried() must be called as a trigger")));
	seal = heap_getattr(trigger->tg_newtuple, 1, RelationGetDescr(trigger->tg_relation), &isnull);
	return PointerGetDatum(answer(trigger, take(seal, isnull)));
}
