/*
 * seal.c
 *		The current identity, for another server.
 *
 * A seal is a JWT whose header marks it as one (pure/jose.h), so that nothing else takes it.  Our
 * key signs it, or what both ends of a connection have agreed on with that key (agreement.c);
 * its claims are read by external_read.c.  What it says of the identity, its contents, stays
 * the same as long as the identity does: who carries identities over compares them.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/json.h"
#include "utils/timestamp.h"

#include "base/clock.h"
#include "pure/hex.h"
#include "verify/issuing.h"
#include "verify/seal.h"

static void
append_text(StringInfo out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	appendStringInfo(out, ",\"%s\":", name);
	escape_json(out, value);
}

/* A NumericDate; a time that is at no end. */
static void
append_time(StringInfo out, const char *name, TimestampTz at)
{
	int64 us = clock_to_unix(at);

	if (!TIMESTAMP_NOT_FINITE(at) && us >= 0)
		appendStringInfo(out, ",\"%s\":" INT64_FORMAT ".%06d", name, us / USECS_PER_SEC,
						 (int) (us % USECS_PER_SEC));
}

static void
append_roles(StringInfo out, const Identity *identity)
{
	appendStringInfoString(out, ",\"roles\":[");
	for (int i = 0; i < identity->nroles; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		escape_json(out, identity->roles[i]);
	}
	appendStringInfoChar(out, ']');
}

static void
append_session(StringInfo out, const Identity *identity)
{
	char digits[2 * UUID_LEN + 1] = "";

	if (!identity->has_session)
		return;
	hex_encode(identity->session_id.data, UUID_LEN, digits);
	append_text(out, "sid", digits);
}

/* Who it is and what it may do, as members of an object with a comma before each. */
char *
seal_contents(const Identity *identity)
{
	StringInfoData out;

	initStringInfo(&out);
	append_text(&out, "sub", identity->user_id);
	append_roles(&out, identity);
	append_text(&out, "tenant", identity->tenant);
	append_session(&out, identity);
	if (identity->actor)
	{
		appendStringInfoString(&out, ",\"act\":{\"sub\":");
		escape_json(&out, identity->actor);
		appendStringInfoChar(&out, '}');
	}
	append_text(&out, "narrowing", identity->narrowing);
	if (identity->narrowed)
		appendStringInfoString(&out, ",\"narrowed\":true");
	append_time(&out, "auth_time", identity->issued_at);
	append_time(&out, "ends", identity->expires_at);
	return out.data;
}

/* The key of ours that seals, as keys are now. */
TrustedKey *
seal_signer(void)
{
	keys_accept_changes();
	return issuing_key_of_seals();
}

/*
 * For one use: signed, or by what the connection has agreed on (else NULL), which is worth as much.
 * It cannot be presented for longer than the identity lasts.
 */
char *
seal_make(const char *contents, TimestampTz ends_at, const SealUse *use, TrustedKey *signer,
		  CryptoKey *agreed)
{
	TimestampTz now = clock_now();
	StringInfoData out;
	const char *payload;

	initStringInfo(&out);
	/* what is asked for once names it as well as any other random text */
	appendStringInfoString(&out, "{\"jti\":");
	escape_json(&out, use->challenge ? use->challenge : issuing_jti());
	append_time(&out, "iat", now);
	append_time(&out, "exp", Min(now + use->lifetime_us, ends_at));
	append_text(&out, "iss", signer->binding.issuer.data);
	append_text(&out, "aud", use->audience);
	append_text(&out, "challenge", use->challenge);
	append_text(&out, "epk", use->epk);
	appendStringInfo(&out, "%s}", contents);
	payload = pg_server_to_any(out.data, out.len, PG_UTF8);
	return agreed ? issuing_sign(agreed, NULL, payload, true)
				  : issuing_sign(keys_parsed(signer), signer->kid, payload, true);
}
