/*
 * errors.c
 *		The one mapping of result codes to SQLSTATE and message.
 *
 * Invariant: whatever is wrong with a token, its bearer reads the same words.
 * A kind of token that is not set up is no exception: anybody can send one, and
 * clients take other codes for a fault of the server's and close the connection.
 * The reason goes to the server's log (errdetail_log).  The statement is kept
 * out of the log, as it may carry the token as a literal.
 */
#include "postgres.h"

#include "base/errors.h"
#include "base/settings.h"

const char *
result_reason(ResultCode result)
{
	switch (result)
	{
		case RESULT_OK:
			return "The token is valid.";
		case RESULT_NO_TOKEN:
			return "No token was given.";
		case RESULT_TOO_LONG:
			return "The token is longer than session_auth.max_token_length.";
		case RESULT_UNKNOWN_FORM:
			return "The token has the form of no known kind.";
		case RESULT_MALFORMED:
			return "The token is malformed.";
		case RESULT_UNSUPPORTED:
			return "The token asks for something that is not supported.";
		case RESULT_NOT_SET_UP:
			return "No key or secret is set up for tokens of this kind.";
		case RESULT_UNKNOWN_KEY:
			return "No trusted key fits the token.";
		case RESULT_BAD_KEY:
			return "The key cannot be used.";
		case RESULT_BAD_SIGNATURE:
			return "The signature does not match.";
		case RESULT_CRYPTO_FAILED:
			return "The cryptographic library failed.";
		case RESULT_NO_MEMORY:
			return "Memory ran out.";
		case RESULT_NO_EXPIRY:
			return "The token has no expiry.";
		case RESULT_NO_SUBJECT:
			return "The token names no user.";
		case RESULT_CLAIM_TYPE:
			return "A claim is of a type that has no meaning there.";
		case RESULT_CLAIM_MISSING:
			return "The token lacks a claim that its key requires.";
		case RESULT_EXPIRED:
			return "The token has expired.";
		case RESULT_NOT_YET_VALID:
			return "The token is not valid yet.";
		case RESULT_WRONG_ISSUER:
			return "The issuer is not the key's.";
		case RESULT_WRONG_AUDIENCE:
			return "The token is meant for another audience.";
		case RESULT_WRONG_TENANT:
			return "The token is for another tenant, or for several of which none was asked for.";
		case RESULT_REVOKED:
			return "The token has been revoked.";
		case RESULT_WRONG_CHALLENGE:
			return "The identity was sealed for another connection.";
		case RESULT_NO_SESSION:
			return "The token belongs to no session.";
		case RESULT_ENDED:
			return "The session has been ended.";
		case RESULT_IDLE:
			return "The session was idle for too long.";
		case RESULT_BANNED:
			return "The user is banned.";
		case RESULT_STOLEN:
			return "The token had been rotated away; its session has been ended.";
	}
	return "The token was refused.";
}

/* The same in a word, for statistics. */
const char *
result_name(ResultCode result)
{
	static const char *const names[] = {
		[RESULT_TOO_LONG] = "too_long",
		[RESULT_UNKNOWN_FORM] = "unknown_form",
		[RESULT_MALFORMED] = "malformed",
		[RESULT_UNSUPPORTED] = "unsupported",
		[RESULT_NOT_SET_UP] = "not_set_up",
		[RESULT_UNKNOWN_KEY] = "unknown_key",
		[RESULT_BAD_KEY] = "bad_key",
		[RESULT_BAD_SIGNATURE] = "bad_signature",
		[RESULT_CRYPTO_FAILED] = "crypto_failed",
		[RESULT_NO_MEMORY] = "no_memory",
		[RESULT_NO_EXPIRY] = "no_expiry",
		[RESULT_NO_SUBJECT] = "no_subject",
		[RESULT_CLAIM_TYPE] = "claim_type",
		[RESULT_CLAIM_MISSING] = "claim_missing",
		[RESULT_EXPIRED] = "expired",
		[RESULT_NOT_YET_VALID] = "not_yet_valid",
		[RESULT_WRONG_ISSUER] = "wrong_issuer",
		[RESULT_WRONG_AUDIENCE] = "wrong_audience",
		[RESULT_WRONG_TENANT] = "wrong_tenant",
		[RESULT_REVOKED] = "revoked",
		[RESULT_WRONG_CHALLENGE] = "wrong_challenge",
		[RESULT_NO_SESSION] = "no_session",
		[RESULT_ENDED] = "ended",
		[RESULT_IDLE] = "idle",
		[RESULT_BANNED] = "banned",
		[RESULT_STOLEN] = "stolen",
	};

	return (size_t) result < lengthof(names) && names[result] ? names[result] : "other";
}

/*
 * What can be told of the token that is being looked at beside the reason: which claim,
 * which key.  Never a claim's value.  It is said once, and forgotten with the next token.
 */
static char explanation[512];

void
result_explain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(explanation, sizeof(explanation), format, arguments);
	va_end(arguments);
}

void
result_explain_nothing(void)
{
	explanation[0] = '\0';
}

/* The reason with its explanation, which is forgotten. */
const char *
result_explained(ResultCode result)
{
	const char *reason = result_reason(result);

	if (explanation[0] != '\0')
		reason = psprintf("%s %s", reason, explanation);
	result_explain_nothing();
	return reason;
}

void
result_raise(ResultCode result)
{
	if (result == RESULT_NO_MEMORY)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"), errhidestmt(true)));
	ereport(ERROR, (errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
					errmsg("invalid or expired session token"),
					errdetail_log("%s", result_explained(result)), errhidestmt(true)));
}

/* For refusals that raise nothing. */
void
result_log(ResultCode result)
{
	if (setting_log_denials && result != RESULT_OK)
		ereport(LOG_SERVER_ONLY,
				(errmsg("session token refused"), errdetail_log("%s", result_explained(result)),
				 errhidestmt(true)));
}
