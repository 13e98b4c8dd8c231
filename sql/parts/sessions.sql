-- Sessions: what creates, verifies, rotates and ends them.

CREATE TABLE session_auth.token_secrets (
  secret_id integer NOT NULL PRIMARY KEY,
  secret bytea NOT NULL CHECK (octet_length(secret) = 32)
);
COMMENT ON TABLE session_auth.token_secrets IS
  'one secret of 32 random bytes, which proves when a token of our own was issued; never in dumps';
COMMENT ON COLUMN session_auth.token_secrets.secret_id IS
  'one row is enough';
COMMENT ON COLUMN session_auth.token_secrets.secret IS
  'standbys have it too, so that they wait for no token that was made up (session_auth.replica_wait)';
ALTER TABLE session_auth.token_secrets ALTER secret SET STATISTICS 0;
INSERT INTO session_auth.token_secrets (secret_id, secret)
SELECT 1, pg_catalog.sha256(pg_catalog.string_agg(pg_catalog.uuid_send(pg_catalog.gen_random_uuid()), ''))
FROM pg_catalog.generate_series(1, 4);

CREATE FUNCTION session_auth.create_session(
  user_id text,
  expires_in interval DEFAULT NULL,
  token text DEFAULT NULL,
  metadata jsonb DEFAULT '{}',
  permissions text[] DEFAULT NULL,
  OUT session_id uuid,
  OUT token text,
  OUT expires_at timestamptz
)
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_create_narrowed_session';
COMMENT ON FUNCTION session_auth.create_session(text, interval, text, jsonb, text[]) IS
  'Starts a session for user_id (1 to 1024 bytes) and returns its token, which is shown this once: '
  '256 random bits, base64url, prefix sat_, and the time where session_auth.replica_wait is set. expires_in defaults to session_auth.session_lifetime and '
  'is at most 100 years. token registers a framework''s own token instead; it must hold 122 bits, as '
  'a uuid v4 does. metadata is a JSON object of at most 8 kB. permissions narrows every identity of '
  'this session from its start, as narrow does: a key for a program. 22023 for a bad argument. '
  'OWASP ASVS 3.2.';

CREATE FUNCTION session_auth.verify_session(
  token text,
  tenant text DEFAULT NULL
)
RETURNS TABLE (
  user_id text,
  role text,
  roles text[],
  tenant text,
  session_id uuid,
  expires_at timestamptz,
  kind text,
  claims jsonb
)
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1
AS 'MODULE_PATHNAME', 'session_auth_verify_session';
COMMENT ON FUNCTION session_auth.verify_session(text, text) IS
  'Verifies a token of any kind and returns one row, or none when it is refused; sets no identity and '
  'raises nothing for a bad token. Roles are those granted everywhere, and in tenant when it is given.';

CREATE FUNCTION session_auth.refresh_session(token text) RETURNS timestamptz
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_refresh_session';
COMMENT ON FUNCTION session_auth.refresh_session(text) IS
  'Slides the session''s expiry by its own lifetime, never past session_auth.absolute_lifetime, and '
  'returns it. 28000 for a token that is refused. OWASP ASVS 3.3.';

CREATE FUNCTION session_auth.rotate_session(
  token text,
  OUT session_id uuid,
  OUT token text,
  OUT expires_at timestamptz
)
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_rotate_session';
COMMENT ON FUNCTION session_auth.rotate_session(text) IS
  'Gives the session a new token. The old one still verifies for session_auth.rotation_grace; after '
  'that, whoever presents it ends the session. Who rotates it again within the grace gets the token '
  'NULL: keep the cookie, a newer one is on its way. 28000 for a token that is refused. OWASP ASVS '
  '3.2.1.';

CREATE FUNCTION session_auth.expire_session(session_id uuid) RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_expire_session_by_id';
COMMENT ON FUNCTION session_auth.expire_session(uuid) IS
  'Ends a session now, as an administrator; whether there was one to end.';

CREATE FUNCTION session_auth.expire_session(token text) RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_expire_session_by_token';
COMMENT ON FUNCTION session_auth.expire_session(text) IS
  'Ends the session of a token now, as a sign-out; whether there was one to end. A text that is no '
  'session''s token but a session''s id ends that session, as drivers send ids as text.';

CREATE FUNCTION session_auth.expire_user_sessions(
  user_id text,
  except_session uuid DEFAULT NULL
) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_expire_user_sessions';
COMMENT ON FUNCTION session_auth.expire_user_sessions(text, uuid) IS
  'Ends every session of a user but one that may be kept; how many. Also refuses the user''s signed '
  'and encrypted tokens that were issued before now. OWASP ASVS 3.3.3.';

CREATE FUNCTION session_auth.list_sessions(user_id text)
RETURNS TABLE (
  session_id uuid,
  created_at timestamptz,
  last_seen_at timestamptz,
  expires_at timestamptz,
  current boolean,
  metadata jsonb,
  permissions text[]
)
LANGUAGE c STABLE PARALLEL RESTRICTED ROWS 10
AS 'MODULE_PATHNAME', 'session_auth_list_sessions_narrowed';
COMMENT ON FUNCTION session_auth.list_sessions(text) IS
  'A user''s live sessions, with neither token nor hash. OWASP ASVS 3.3.4.';

CREATE FUNCTION session_auth.my_sessions()
RETURNS TABLE (
  session_id uuid,
  created_at timestamptz,
  last_seen_at timestamptz,
  expires_at timestamptz,
  current boolean,
  metadata jsonb,
  permissions text[]
)
LANGUAGE c STABLE PARALLEL RESTRICTED ROWS 10
AS 'MODULE_PATHNAME', 'session_auth_my_sessions_narrowed';
COMMENT ON FUNCTION session_auth.my_sessions() IS
  'The live sessions of the current identity''s user; none without an identity.';

CREATE FUNCTION session_auth.sign_out(scope text DEFAULT 'local') RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_sign_out';
COMMENT ON FUNCTION session_auth.sign_out(text) IS
  'Ends the current identity''s own session (local), its user''s others (others), all (global), or the '
  'one of this id, as drivers send ids as text; how many. The identity ends too, but for others. A signed or encrypted token is refused from then on by '
  'its jti (local; without one, all that its user has) or by its user (global). 28000 without an '
  'identity.';

CREATE FUNCTION session_auth.sign_out(session_id uuid) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_sign_out_device';
COMMENT ON FUNCTION session_auth.sign_out(uuid) IS
  'Ends one session of the current identity''s user, by its id from my_sessions(): 1, or 0 when the '
  'user has no such session. The identity ends with its own session. 28000 without an identity. OWASP '
  'ASVS 3.3.4.';
