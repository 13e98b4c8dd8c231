-- Identity: who is calling, taken on with a token and gone with the transaction.

CREATE FUNCTION session_auth.authenticate(
  token text,
  scope text DEFAULT 'transaction',
  tenant text DEFAULT NULL,
  on_refused text DEFAULT 'error',
  OUT user_id text,
  OUT role text,
  OUT roles text[],
  OUT tenant text,
  OUT session_id uuid,
  OUT expires_at timestamptz
)
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_authenticate_or';
COMMENT ON FUNCTION session_auth.authenticate(text, text, text, text) IS
  'Verifies a token of any kind and makes its user the current identity, to the end of the '
  'transaction or (scope connection) of the connection. Outside a transaction block the identity '
  'ends with its own statement. on_refused nobody: a token that is refused or missing gives one row of '
  'NULLs and leaves no identity, for pages that work without a login. 28000 when the token is refused, 55000 while a cursor of this '
  'transaction is open. Pass the token as a bind parameter.';

CREATE FUNCTION session_auth.narrow(permissions text[]) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_narrow';
COMMENT ON FUNCTION session_auth.narrow(text[]) IS
  'For the rest of the transaction the current identity may do only what it may do and one of these '
  'permissions covers, each action:resource with wildcards as in grants; {} is nothing. Narrowing again '
  'narrows further. Nothing widens it but the end of the transaction, in which nobody can be authenticated '
  'any more. 22023 for a bad argument, 28000 without an identity, 55000 the first time within a savepoint or a '
  'block with EXCEPTION, and while a cursor is open.';

CREATE FUNCTION session_auth.deauthenticate() RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_deauthenticate';
COMMENT ON FUNCTION session_auth.deauthenticate() IS 'Drops the current identity.';

CREATE FUNCTION session_auth.impersonate(
  user_id text,
  roles text[] DEFAULT NULL,
  reason text DEFAULT NULL,
  OUT user_id text,
  OUT role text,
  OUT roles text[],
  OUT tenant text,
  OUT session_id uuid,
  OUT expires_at timestamptz
)
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_impersonate';
COMMENT ON FUNCTION session_auth.impersonate(text, text[], text) IS
  'Acts as a user for this transaction without a token, with the user''s own roles or with those '
  'given; recorded in session_events, which a ROLLBACK takes back, and in the server''s log; refused in '
  'a read-only transaction. For administrators and tests of policies.';

CREATE FUNCTION session_auth.user_id() RETURNS text
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_user_id';
COMMENT ON FUNCTION session_auth.user_id() IS 'The current identity''s user; NULL without one.';

CREATE FUNCTION session_auth.user_uuid() RETURNS uuid
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_user_uuid';
COMMENT ON FUNCTION session_auth.user_uuid() IS
  'user_id() as a uuid; NULL without an identity, and when it is not written as a uuid is printed, in '
  'small letters.';

CREATE FUNCTION session_auth.role() RETURNS text
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_role';
COMMENT ON FUNCTION session_auth.role() IS
  'The current identity''s only role, or the one granted first; NULL without any.';

CREATE FUNCTION session_auth.roles() RETURNS text[]
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_roles';
COMMENT ON FUNCTION session_auth.roles() IS
  'The current identity''s roles, the one granted first at their head; NULL without an identity.';

CREATE FUNCTION session_auth.tenant() RETURNS text
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_tenant';
COMMENT ON FUNCTION session_auth.tenant() IS
  'The tenant that authenticate was given; NULL without one.';

CREATE FUNCTION session_auth.session_id() RETURNS uuid
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_session_id';
COMMENT ON FUNCTION session_auth.session_id() IS
  'The current identity''s session; NULL without one.';

CREATE FUNCTION session_auth.actor() RETURNS text
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_actor';
COMMENT ON FUNCTION session_auth.actor() IS
  'Who impersonates the current user; NULL when nobody does.';

CREATE FUNCTION session_auth.claims() RETURNS jsonb
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_claims';
COMMENT ON FUNCTION session_auth.claims() IS
  'The claims of the current identity''s token (RFC 7519); for a session its metadata with sub, sid, '
  'iat and exp. NULL without an identity.';

CREATE FUNCTION session_auth.claim(name text) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_claim';
COMMENT ON FUNCTION session_auth.claim(text) IS
  'One claim: a string as it is, anything else as JSON; NULL when it is missing.';

CREATE FUNCTION session_auth.is_authenticated() RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_is_authenticated';
COMMENT ON FUNCTION session_auth.is_authenticated() IS 'Whether there is a current identity.';
