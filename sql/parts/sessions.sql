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

-- Ended by time: expires_at is never later than ended_at, so one index finds both.
-- The other limits depend on settings and are looked for only while they are on.
CREATE FUNCTION session_auth.purge_permission_changes() RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- a reader that is further behind reads everything anew, and so does one that has not
  -- seen a transaction which had not ended: only what everybody has seen may go
  DELETE FROM session_auth.permission_changes c
  WHERE c.xid < pg_snapshot_xmin(pg_current_snapshot())
    AND c.xid < (SELECT n.xid FROM session_auth.permission_changes n ORDER BY n.xid DESC OFFSET 5000 LIMIT 1);
END;
COMMENT ON FUNCTION session_auth.purge_permission_changes() IS
  'internal: removes all but the newest of permission_changes';

CREATE FUNCTION session_auth.purge_sessions(batch_size integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- a function in C, so that the library is loaded and its settings are known
  loaded boolean := session_auth.is_authenticated();
  limits interval[] := ARRAY[
    current_setting('session_auth.idle_timeout')::interval,
    current_setting('session_auth.absolute_lifetime')::interval];
  -- better-auth's cache of a session may be good for long after its session has
  -- ended, unless that is known: so it is not forgotten at once
  kept_for interval := CASE WHEN EXISTS (
    SELECT FROM session_auth.cookie_secrets c WHERE c.kind = 'better-auth') THEN '30 days'
    ELSE '0' END;
  -- a few at a time, with a pause: requests that are served meanwhile must not
  -- wait for a processor until a whole batch is deleted
  rows_between_pauses CONSTANT integer := 20;
  pause CONSTANT float8 := 0.001;
  wanted integer;
  reached timestamptz := '-infinity';
  purged uuid[] := '{}';
  more uuid[];
BEGIN
  IF batch_size IS NULL OR batch_size <= 0 THEN
    PERFORM session_auth.refuse('batch_size', 'It must be positive.');
  END IF;
  PERFORM session_auth.check_snapshot();
  LOOP
    wanted := least(rows_between_pauses, batch_size - cardinality(purged));
    WITH ended AS (
      SELECT s.session_id FROM session_auth.sessions s
      WHERE s.expires_at >= reached AND s.expires_at <= clock_timestamp() - kept_for
      ORDER BY s.expires_at
      LIMIT wanted FOR UPDATE SKIP LOCKED
    ), deleted AS (
      DELETE FROM session_auth.sessions s USING ended e
      WHERE s.session_id = e.session_id
      RETURNING s.session_id, s.expires_at
    )
    SELECT coalesce(array_agg(d.session_id), '{}'), coalesce(max(d.expires_at), reached)
    INTO more, reached FROM deleted d;
    purged := purged || more;
    EXIT WHEN cardinality(more) < wanted OR cardinality(purged) >= batch_size;
    PERFORM pg_sleep(pause);
  END LOOP;

  IF cardinality(purged) < batch_size
     AND (limits[1] > interval '0' OR limits[2] > interval '0') THEN
    WITH ended AS (
      SELECT s.session_id FROM session_auth.sessions s
      WHERE limits[1] > interval '0' AND s.last_seen_at + limits[1] <= clock_timestamp() - kept_for
         OR limits[2] > interval '0' AND s.created_at + limits[2] <= clock_timestamp() - kept_for
      LIMIT batch_size - cardinality(purged) FOR UPDATE SKIP LOCKED
    ), deleted AS (
      DELETE FROM session_auth.sessions s USING ended e
      WHERE s.session_id = e.session_id
      RETURNING s.session_id
    )
    SELECT coalesce(array_agg(d.session_id), '{}') INTO more FROM deleted d;
    purged := purged || more;
  END IF;

  DELETE FROM session_auth.rotated_tokens r WHERE r.session_id = ANY (purged);
  DELETE FROM session_auth.session_events e
  WHERE e.at < clock_timestamp() - current_setting('session_auth.event_retention')::interval;
  DELETE FROM session_auth.revoked_tokens r
  WHERE r.until < clock_timestamp() - current_setting('session_auth.clock_skew')::interval;
  DELETE FROM session_auth.user_revocations u
  WHERE EXISTS (SELECT FROM session_auth.user_revocations newer
    WHERE newer.user_id = u.user_id AND newer.not_before > u.not_before);
  PERFORM session_auth.purge_permission_changes();
  RETURN cardinality(purged);
END
$$;
COMMENT ON FUNCTION session_auth.purge_sessions(integer) IS
  'Deletes sessions that have ended, batch_size of them at the most, skipping rows that are locked, '
  'and events older than session_auth.event_retention. How many sessions: call it until that is 0. '
  'With a secret of better-auth, a session is kept for 30 days after its end.';
