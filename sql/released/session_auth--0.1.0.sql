\echo Use "CREATE EXTENSION session_auth" to load this file. \quit
-- The schema and the tables.  Columns are read by position in src/catalog.c.
--
-- The schema is made here, not by CREATE EXTENSION: one that somebody else made
-- beforehand, with objects of theirs inside, is an error.

CREATE SCHEMA session_auth;
COMMENT ON SCHEMA session_auth IS
  'sessions, identity and permissions for row-level security';

CREATE TABLE session_auth.sessions (
  session_id uuid NOT NULL PRIMARY KEY,
  token_key bigint NOT NULL UNIQUE,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  lifetime interval NOT NULL,
  token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
  user_id text COLLATE "C" NOT NULL,
  ended_at timestamptz,
  ended_by text COLLATE "C",
  metadata jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 90);
CREATE INDEX sessions_user_id_idx ON session_auth.sessions (user_id);
CREATE INDEX sessions_expires_at_idx ON session_auth.sessions (expires_at);
COMMENT ON TABLE session_auth.sessions IS
  'one row a session; never the token, only its SHA-256';
COMMENT ON COLUMN session_auth.sessions.token_key IS
  'the first eight bytes of token_hash, big-endian: what the index finds a token by';
COMMENT ON COLUMN session_auth.sessions.lifetime IS
  'by how much refresh_session slides expires_at';
COMMENT ON COLUMN session_auth.sessions.last_seen_at IS
  'written at most once per session_auth.touch_interval; in no index, so that the update is HOT';

CREATE TABLE session_auth.rotated_tokens (
  token_hash bytea NOT NULL PRIMARY KEY,
  session_id uuid NOT NULL,
  rotated_at timestamptz NOT NULL
);
CREATE INDEX rotated_tokens_session_id_idx ON session_auth.rotated_tokens (session_id);
COMMENT ON TABLE session_auth.rotated_tokens IS
  'hashes of tokens that have a successor: presented after their grace they end the session';

CREATE TABLE session_auth.session_events (
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  event text COLLATE "C" NOT NULL,
  user_id text COLLATE "C",
  session_id uuid,
  actor text COLLATE "C",
  detail jsonb
);
CREATE INDEX session_events_at_idx ON session_auth.session_events USING brin (at);
CREATE INDEX session_events_user_id_idx ON session_auth.session_events (user_id, at);
-- it has no key, and a publication of all tables must not stop purge_sessions
ALTER TABLE session_auth.session_events REPLICA IDENTITY FULL;
COMMENT ON TABLE session_auth.session_events IS
  'the audit trail; purge_sessions removes what is older than session_auth.event_retention';

CREATE TABLE session_auth.roles (
  role text COLLATE "C" NOT NULL PRIMARY KEY
);
COMMENT ON TABLE session_auth.roles IS 'roles of the application, not of PostgreSQL';

CREATE TABLE session_auth.role_parents (
  role text COLLATE "C" NOT NULL REFERENCES session_auth.roles ON DELETE CASCADE,
  parent text COLLATE "C" NOT NULL REFERENCES session_auth.roles ON DELETE CASCADE,
  PRIMARY KEY (role, parent),
  CHECK (role <> parent)
);
CREATE INDEX role_parents_parent_idx ON session_auth.role_parents (parent);
COMMENT ON TABLE session_auth.role_parents IS 'a role holds what its parents hold';

CREATE TABLE session_auth.permissions (
  role text COLLATE "C" NOT NULL REFERENCES session_auth.roles ON DELETE CASCADE,
  action text COLLATE "C" NOT NULL,
  resource text COLLATE "C" NOT NULL,
  denied boolean NOT NULL,
  PRIMARY KEY (role, action, resource, denied)
);
COMMENT ON TABLE session_auth.permissions IS
  'what a role may do, and what it may not although something else grants it';

CREATE TABLE session_auth.user_roles (
  grant_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL REFERENCES session_auth.roles ON DELETE CASCADE,
  tenant text COLLATE "C",
  granted_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE NULLS NOT DISTINCT (user_id, role, tenant)
);
CREATE INDEX user_roles_role_idx ON session_auth.user_roles (role);
COMMENT ON TABLE session_auth.user_roles IS
  'who has which role: everywhere, or in one tenant alone';

-- Configuration is in dumps; sessions, rotated tokens and events are not.
SELECT pg_catalog.pg_extension_config_dump('session_auth.roles', '');
SELECT pg_catalog.pg_extension_config_dump('session_auth.role_parents', '');
SELECT pg_catalog.pg_extension_config_dump('session_auth.permissions', '');
SELECT pg_catalog.pg_extension_config_dump('session_auth.user_roles', '');
SELECT pg_catalog.pg_extension_config_dump('session_auth.user_roles_grant_id_seq', '');

-- What functions in SQL need of C, and of each other.

CREATE FUNCTION session_auth.check_argument(what text, value text) RETURNS text
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_check_argument';
COMMENT ON FUNCTION session_auth.check_argument(text, text) IS
  'internal: returns value when it is a good role, action, resource, user_id or tenant; else 22023';

CREATE FUNCTION session_auth.refuse(what text, detail text) RETURNS void
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'session_auth_refuse';
COMMENT ON FUNCTION session_auth.refuse(text, text) IS
  'internal: raises 22023, and keeps the statement, which may hold a secret, out of the log';

CREATE FUNCTION session_auth.acting_user() RETURNS text
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'session_auth_acting_user';
COMMENT ON FUNCTION session_auth.acting_user() IS
  'internal: who is recorded as having done something';

CREATE FUNCTION session_auth.record_event(event text, user_id text, detail jsonb) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO session_auth.session_events (at, event, user_id, actor, detail)
  VALUES (clock_timestamp(), $1, $2, session_auth.acting_user(), $3);
END;
COMMENT ON FUNCTION session_auth.record_event(text, text, jsonb) IS
  'internal: writes a row of session_events';

-- Caches follow the tables: statement triggers for what is done here, row
-- triggers for what logical replication applies row by row.

CREATE FUNCTION session_auth.permissions_changed() RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'session_auth_permissions_changed';
COMMENT ON FUNCTION session_auth.permissions_changed() IS
  'internal: tells every backend that roles or permissions changed';

CREATE FUNCTION session_auth.grants_changed() RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'session_auth_grants_changed';
COMMENT ON FUNCTION session_auth.grants_changed() IS
  'internal: tells every backend that somebody''s roles changed';

CREATE FUNCTION session_auth.watch_table(target name, trigger_function name) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format(
    'CREATE TRIGGER cache_changed
       AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON session_auth.%I
       FOR EACH STATEMENT EXECUTE FUNCTION session_auth.%I()', target, trigger_function);
  EXECUTE format(
    'CREATE TRIGGER cache_replicated
       AFTER INSERT OR UPDATE OR DELETE ON session_auth.%I
       FOR EACH ROW EXECUTE FUNCTION session_auth.%I()', target, trigger_function);
  EXECUTE format('ALTER TABLE session_auth.%I ENABLE ALWAYS TRIGGER cache_changed', target);
  EXECUTE format('ALTER TABLE session_auth.%I ENABLE REPLICA TRIGGER cache_replicated', target);
END
$$;
COMMENT ON FUNCTION session_auth.watch_table(name, name) IS
  'internal: lets a table tell the caches that are filled from it';

SELECT session_auth.watch_table('roles', 'permissions_changed'),
       session_auth.watch_table('role_parents', 'permissions_changed'),
       session_auth.watch_table('permissions', 'permissions_changed'),
       session_auth.watch_table('user_roles', 'grants_changed');
-- Sessions: what creates, verifies, rotates and ends them.

CREATE FUNCTION session_auth.create_session(
  user_id text,
  expires_in interval DEFAULT NULL,
  token text DEFAULT NULL,
  metadata jsonb DEFAULT '{}',
  OUT session_id uuid,
  OUT token text,
  OUT expires_at timestamptz
)
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_create_session';
COMMENT ON FUNCTION session_auth.create_session(text, interval, text, jsonb) IS
  'Starts a session for user_id (1 to 1024 bytes) and returns its token, which is shown this once: '
  '256 random bits, base64url, prefix sat_. expires_in defaults to session_auth.session_lifetime and '
  'is at most 100 years. token registers a framework''s own token instead; it must hold 122 bits, as '
  'a uuid v4 does. metadata is a JSON object of at most 8 kB. 22023 for a bad argument. '
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
  'that, whoever presents it ends the session. 28000 for a token that is refused, and for one that '
  'has been rotated before. OWASP ASVS 3.2.1.';

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
  metadata jsonb
)
LANGUAGE c STABLE PARALLEL RESTRICTED ROWS 10
AS 'MODULE_PATHNAME', 'session_auth_list_sessions';
COMMENT ON FUNCTION session_auth.list_sessions(text) IS
  'A user''s live sessions, with neither token nor hash. OWASP ASVS 3.3.4.';

CREATE FUNCTION session_auth.my_sessions()
RETURNS TABLE (
  session_id uuid,
  created_at timestamptz,
  last_seen_at timestamptz,
  expires_at timestamptz,
  current boolean,
  metadata jsonb
)
LANGUAGE c STABLE PARALLEL RESTRICTED ROWS 10
AS 'MODULE_PATHNAME', 'session_auth_my_sessions';
COMMENT ON FUNCTION session_auth.my_sessions() IS
  'The live sessions of the current identity''s user; none without an identity.';

CREATE FUNCTION session_auth.sign_out(scope text DEFAULT 'local') RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_sign_out';
COMMENT ON FUNCTION session_auth.sign_out(text) IS
  'Ends the current identity''s own session (local), its user''s others (others) or all (global); how '
  'many. The identity ends too, but for others. A signed or encrypted token is refused from then on by '
  'its jti (local; without one, all that its user has) or by its user (global). 28000 without an '
  'identity.';

-- Ended by time: expires_at is never later than ended_at, so one index finds both.
-- The other limits depend on settings and are looked for only while they are on.
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
  RETURN cardinality(purged);
END
$$;
COMMENT ON FUNCTION session_auth.purge_sessions(integer) IS
  'Deletes sessions that have ended, batch_size of them at the most, skipping rows that are locked, '
  'and events older than session_auth.event_retention. How many sessions: call it until that is 0. '
  'With a secret of better-auth, a session is kept for 30 days after its end.';
-- Identity: who is calling, taken on with a token and gone with the transaction.

CREATE FUNCTION session_auth.authenticate(
  token text,
  scope text DEFAULT 'transaction',
  tenant text DEFAULT NULL,
  OUT user_id text,
  OUT role text,
  OUT roles text[],
  OUT tenant text,
  OUT session_id uuid,
  OUT expires_at timestamptz
)
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_authenticate';
COMMENT ON FUNCTION session_auth.authenticate(text, text, text) IS
  'Verifies a token of any kind and makes its user the current identity, to the end of the '
  'transaction or (scope connection) of the connection. Outside a transaction block the identity '
  'ends with its own statement. 28000 when the token is refused, 55000 while a cursor is open, 0A000 '
  'for a kind of token that is not set up. Pass the token as a bind parameter.';

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
  'given; recorded in session_events, and refused in a read-only transaction. For administrators and '
  'tests of policies.';

CREATE FUNCTION session_auth.user_id() RETURNS text
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_user_id';
COMMENT ON FUNCTION session_auth.user_id() IS 'The current identity''s user; NULL without one.';

CREATE FUNCTION session_auth.user_uuid() RETURNS uuid
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_user_uuid';
COMMENT ON FUNCTION session_auth.user_uuid() IS
  'user_id() as a uuid; NULL without an identity, and when it is none.';

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
-- Permissions: the questions in C, their administration in SQL.

CREATE FUNCTION session_auth.has_permission(role text, action text, resource text)
RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1
AS 'MODULE_PATHNAME', 'session_auth_has_permission';
COMMENT ON FUNCTION session_auth.has_permission(text, text, text) IS
  'Whether this role, or one that it inherits, is granted the action on the resource, and none of '
  'them is denied it. False for an unknown role; NULL for a NULL argument.';

CREATE FUNCTION session_auth.has_permission(action text, resource text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1
AS 'MODULE_PATHNAME', 'session_auth_current_has_permission';
COMMENT ON FUNCTION session_auth.has_permission(text, text) IS
  'Whether any of the current identity''s roles is granted the action on the resource, and none is '
  'denied it. False when not authenticated; NULL for a NULL argument.';

CREATE FUNCTION session_auth.has_role(role text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1
AS 'MODULE_PATHNAME', 'session_auth_has_role';
COMMENT ON FUNCTION session_auth.has_role(text) IS
  'Whether the current identity holds the role, directly or by inheritance.';

CREATE FUNCTION session_auth.require_permission(action text, resource text) RETURNS void
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_require_permission';
COMMENT ON FUNCTION session_auth.require_permission(text, text) IS
  'Raises 28000 when not authenticated (HTTP 401) and 42501 when not allowed (HTTP 403).';

CREATE FUNCTION session_auth.explain_permission(role text, action text, resource text)
RETURNS TABLE (
  allowed boolean,
  via_role text,
  grant_action text,
  grant_resource text,
  reason text
)
LANGUAGE c STABLE PARALLEL SAFE ROWS 1
AS 'MODULE_PATHNAME', 'session_auth_explain_permission';
COMMENT ON FUNCTION session_auth.explain_permission(text, text, text) IS
  'One row: the verdict of has_permission, the grant or denial that decides it, and the reason.';

CREATE FUNCTION session_auth.permitted_resources(role text, action text) RETURNS text[]
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_permitted_resources';
COMMENT ON FUNCTION session_auth.permitted_resources(text, text) IS
  'The resources on which the role may do the action, sorted, for resource = ANY (...); {*} when it '
  'may on all. A grant of * with exceptions cannot be listed: only what is granted by name is.';

CREATE FUNCTION session_auth.list_permissions(role text DEFAULT NULL)
RETURNS TABLE (
  role text,
  action text,
  resource text,
  effect text,
  via_role text
)
LANGUAGE c STABLE PARALLEL SAFE ROWS 100
AS 'MODULE_PATHNAME', 'session_auth_list_permissions';
COMMENT ON FUNCTION session_auth.list_permissions(text) IS
  'What a role holds, inherited too; of every role when it is NULL. effect is allow or deny.';

-- Administration.  Each function checks its arguments first, changes at most one
-- thing, and records it.

CREATE FUNCTION session_auth.require_role(role text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM session_auth.check_argument('role', $1);
  -- locked, so that it is not dropped before what follows refers to it
  PERFORM FROM session_auth.roles r WHERE r.role = $1 FOR KEY SHARE;
  IF NOT FOUND THEN
    PERFORM session_auth.refuse('role', format('Role "%s" does not exist.', $1));
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.require_role(text) IS
  'internal: 22023 when there is no such role';

CREATE FUNCTION session_auth.inherit_role(role text, parent text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM session_auth.require_role($1);
  PERFORM session_auth.require_role($2);
  -- two inheritances at once could close a cycle that neither sees
  LOCK TABLE session_auth.role_parents IN SHARE ROW EXCLUSIVE MODE;
  IF EXISTS (
    WITH RECURSIVE ancestors AS (
      SELECT $2 COLLATE "C" AS role
      UNION
      SELECT p.parent FROM session_auth.role_parents p JOIN ancestors a ON a.role = p.role
    )
    SELECT FROM ancestors WHERE role = $1
  ) THEN
    PERFORM session_auth.refuse('parent',
      format('Role "%s" would inherit from itself through "%s".', $1, $2));
  END IF;
  INSERT INTO session_auth.role_parents (role, parent) VALUES ($1, $2) ON CONFLICT DO NOTHING;
  IF FOUND THEN
    PERFORM session_auth.record_event('role_inherited', NULL,
      jsonb_build_object('role', $1, 'parent', $2));
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.inherit_role(text, text) IS
  'Lets a role hold what parent holds. 22023 when one does not exist or a cycle would close.';

CREATE FUNCTION session_auth.disinherit_role(role text, parent text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM session_auth.require_role($1);
  PERFORM session_auth.require_role($2);
  DELETE FROM session_auth.role_parents p WHERE p.role = $1 AND p.parent = $2;
  IF FOUND THEN
    PERFORM session_auth.record_event('role_disinherited', NULL,
      jsonb_build_object('role', $1, 'parent', $2));
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.disinherit_role(text, text) IS
  'Takes an inheritance back. 22023 when one of the roles does not exist.';

CREATE FUNCTION session_auth.create_role(role text, inherits text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  parent text;
BEGIN
  PERFORM session_auth.check_argument('role', $1);
  INSERT INTO session_auth.roles (role) VALUES ($1) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    PERFORM session_auth.refuse('role', format('Role "%s" exists already.', $1));
  END IF;
  PERFORM session_auth.record_event('role_created', NULL, jsonb_build_object('role', $1));
  FOREACH parent IN ARRAY coalesce($2, '{}') LOOP
    PERFORM session_auth.inherit_role($1, parent);
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.create_role(text, text[]) IS
  'Creates a role of the application (1 to 255 bytes, no colon) that inherits from others. 22023 when '
  'it exists already or a parent does not.';

CREATE FUNCTION session_auth.drop_role(role text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM session_auth.require_role($1);
  DELETE FROM session_auth.roles r WHERE r.role = $1;
  PERFORM session_auth.record_event('role_dropped', NULL, jsonb_build_object('role', $1));
END
$$;
COMMENT ON FUNCTION session_auth.drop_role(text) IS
  'Drops a role with its permissions, its inheritance and its grants to users. 22023 when there is none.';

CREATE FUNCTION session_auth.add_permission(
  role text, action text, resource text, denied boolean
) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM session_auth.require_role($1);
  PERFORM session_auth.check_argument('action', $2);
  PERFORM session_auth.check_argument('resource', $3);
  INSERT INTO session_auth.permissions (role, action, resource, denied)
  VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM session_auth.record_event(
    CASE WHEN $4 THEN 'denial_added' ELSE 'permission_granted' END, NULL,
    jsonb_build_object('role', $1, 'action', $2, 'resource', $3));
  RETURN true;
END
$$;
COMMENT ON FUNCTION session_auth.add_permission(text, text, text, boolean) IS
  'internal: grants or denies, and records it';

CREATE FUNCTION session_auth.grant_permission(role text, action text, resource text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN session_auth.add_permission($1, $2, $3, false);
END
$$;
COMMENT ON FUNCTION session_auth.grant_permission(text, text, text) IS
  'Grants a role an action on a resource; whether that changed anything. * as the action or the '
  'resource is all of them; a resource ending in :* or /* covers what starts so.';

CREATE FUNCTION session_auth.deny_permission(role text, action text, resource text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN session_auth.add_permission($1, $2, $3, true);
END
$$;
COMMENT ON FUNCTION session_auth.deny_permission(text, text, text) IS
  'Denies a role an action on a resource, against every grant, inherited ones too; whether that '
  'changed anything.';

CREATE FUNCTION session_auth.revoke_permission(role text, action text, resource text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM session_auth.require_role($1);
  PERFORM session_auth.check_argument('action', $2);
  PERFORM session_auth.check_argument('resource', $3);
  DELETE FROM session_auth.permissions p
  WHERE p.role = $1 AND p.action = $2 AND p.resource = $3;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM session_auth.record_event('permission_revoked', NULL,
    jsonb_build_object('role', $1, 'action', $2, 'resource', $3));
  RETURN true;
END
$$;
COMMENT ON FUNCTION session_auth.revoke_permission(text, text, text) IS
  'Takes back what was granted or denied in these very words; whether there was anything.';

CREATE FUNCTION session_auth.import_permissions(permissions jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  entry record;
  denied boolean;
  pair text;
  changed integer := 0;
BEGIN
  IF $1 IS NULL OR jsonb_typeof($1) <> 'object' THEN
    PERFORM session_auth.refuse('permissions',
      'They must be an object that maps each role to an array of "action:resource".');
  END IF;
  FOR entry IN SELECT m.key AS role, m.value AS list FROM jsonb_each($1) m LOOP
    PERFORM session_auth.check_argument('role', entry.role);
    IF jsonb_typeof(entry.list) <> 'array' THEN
      PERFORM session_auth.refuse('permissions',
        format('Role "%s" does not map to an array.', entry.role));
    END IF;
    INSERT INTO session_auth.roles (role) VALUES (entry.role) ON CONFLICT DO NOTHING;
    IF FOUND THEN
      PERFORM session_auth.record_event('role_created', NULL,
        jsonb_build_object('role', entry.role));
    END IF;
  END LOOP;
  FOR entry IN
    SELECT m.key AS role, e.value AS permission, e.value #>> '{}' AS pair
    FROM jsonb_each($1) m, jsonb_array_elements(m.value) e
  LOOP
    denied := left(entry.pair, 1) = '!';
    pair := CASE WHEN denied THEN substr(entry.pair, 2) ELSE entry.pair END;
    IF jsonb_typeof(entry.permission) <> 'string' OR strpos(pair, ':') = 0 THEN
      PERFORM session_auth.refuse('permissions',
        format('Role "%s" has an entry that is not of the form "action:resource".',
          entry.role));
    END IF;
    IF session_auth.add_permission(entry.role, split_part(pair, ':', 1),
         substr(pair, strpos(pair, ':') + 1), denied) THEN
      changed := changed + 1;
    END IF;
  END LOOP;
  RETURN changed;
END
$$;
COMMENT ON FUNCTION session_auth.import_permissions(jsonb) IS
  'Adds the map that applications already have, {"ADMIN": ["view:accounts"]}: creates the roles it '
  'names and grants what it lists; a leading ! denies. A pair splits at its first colon. How many '
  'grants and denials are new: 0 when repeated. All or nothing; takes nothing away.';

CREATE FUNCTION session_auth.export_permissions() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(jsonb_object_agg(r.role, (
    SELECT coalesce(jsonb_agg(
      CASE WHEN p.denied THEN '!' ELSE '' END || p.action || ':' || p.resource
      ORDER BY p.action, p.resource, p.denied), '[]')
    FROM session_auth.permissions p WHERE p.role = r.role)), '{}')
  FROM session_auth.roles r;
END;
COMMENT ON FUNCTION session_auth.export_permissions() IS
  'Every role with what it is itself granted and denied, as import_permissions takes it. Inheritance '
  'is not in it.';

CREATE FUNCTION session_auth.grant_role(user_id text, role text, tenant text DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM session_auth.check_argument('user_id', $1);
  PERFORM session_auth.require_role($2);
  IF $3 IS NOT NULL THEN
    PERFORM session_auth.check_argument('tenant', $3);
  END IF;
  INSERT INTO session_auth.user_roles (user_id, role, tenant) VALUES ($1, $2, $3)
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM session_auth.record_event('role_granted', $1,
    jsonb_build_object('role', $2, 'tenant', $3));
  RETURN true;
END
$$;
COMMENT ON FUNCTION session_auth.grant_role(text, text, text) IS
  'Gives a user a role, everywhere or in one tenant alone; whether that changed anything. 22023 when '
  'there is no such role.';

CREATE FUNCTION session_auth.revoke_role(user_id text, role text, tenant text DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM session_auth.check_argument('user_id', $1);
  PERFORM session_auth.require_role($2);
  DELETE FROM session_auth.user_roles u
  WHERE u.user_id = $1 AND u.role = $2 AND u.tenant IS NOT DISTINCT FROM $3;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM session_auth.record_event('role_revoked', $1,
    jsonb_build_object('role', $2, 'tenant', $3));
  RETURN true;
END
$$;
COMMENT ON FUNCTION session_auth.revoke_role(text, text, text) IS
  'Takes a role back from a user, where it was granted in these very words; whether it was.';
-- Keys and tokens from elsewhere: whom we trust, and what was taken back.

CREATE TABLE session_auth.keys (
  key_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kid text COLLATE "C",
  algorithm text COLLATE "C" NOT NULL,
  issuer text COLLATE "C",
  audiences text[] NOT NULL,
  role_claim text COLLATE "C",
  tenant_claim text COLLATE "C",
  role_source text COLLATE "C" NOT NULL CHECK (role_source IN ('claims', 'grants', 'both')),
  state text COLLATE "C" NOT NULL CHECK (state IN ('active', 'verify only', 'retired')),
  valid_from timestamptz,
  valid_until timestamptz,
  public_key text COLLATE "C",
  fingerprint text COLLATE "C",
  imported boolean NOT NULL DEFAULT false,
  UNIQUE NULLS NOT DISTINCT (issuer, kid)
);
COMMENT ON TABLE session_auth.keys IS
  'keys whose tokens are trusted, each bound to one algorithm and one issuer';
COMMENT ON COLUMN session_auth.keys.public_key IS
  'PEM; NULL for secrets, and then the row is not in dumps';
COMMENT ON COLUMN session_auth.keys.fingerprint IS
  'the RFC 7638 thumbprint of a public key; secrets have none';

CREATE TABLE session_auth.key_secrets (
  key_id bigint NOT NULL PRIMARY KEY REFERENCES session_auth.keys ON DELETE CASCADE,
  secret text COLLATE "C" NOT NULL
);
COMMENT ON TABLE session_auth.key_secrets IS
  'secrets and private keys, or file: and the name of a file that the server reads; never in dumps';

CREATE TABLE session_auth.authjs_secrets (
  secret_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  secret text COLLATE "C" NOT NULL,
  cookie_names text[] NOT NULL,
  role_claim text COLLATE "C",
  role_source text COLLATE "C" NOT NULL CHECK (role_source IN ('claims', 'grants', 'both'))
);
COMMENT ON TABLE session_auth.authjs_secrets IS
  'AUTH_SECRETs of applications, the one with the highest number is the newest; never in dumps';

CREATE TABLE session_auth.cookie_secrets (
  secret_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('better-auth', 'express')),
  secret text COLLATE "C" NOT NULL
);
COMMENT ON TABLE session_auth.cookie_secrets IS
  'secrets that sign the cookies of better-auth and express-session; never in dumps';

CREATE TABLE session_auth.revoked_tokens (
  jti text COLLATE "C" NOT NULL,
  issuer text COLLATE "C",
  until timestamptz NOT NULL
);
CREATE INDEX revoked_tokens_jti_idx ON session_auth.revoked_tokens (jti);
CREATE INDEX revoked_tokens_until_idx ON session_auth.revoked_tokens (until);
ALTER TABLE session_auth.revoked_tokens REPLICA IDENTITY FULL;
COMMENT ON TABLE session_auth.revoked_tokens IS
  'tokens from elsewhere that are refused, by their jti; purged after until';

CREATE TABLE session_auth.user_revocations (
  user_id text COLLATE "C" NOT NULL,
  not_before timestamptz NOT NULL
);
CREATE INDEX user_revocations_user_id_idx ON session_auth.user_revocations (user_id);
ALTER TABLE session_auth.user_revocations REPLICA IDENTITY FULL;
COMMENT ON TABLE session_auth.user_revocations IS
  'a user''s tokens from elsewhere that were issued before the latest of these are refused';

-- Public keys are in dumps, secrets and private keys are not.
SELECT pg_catalog.pg_extension_config_dump('session_auth.keys', 'WHERE public_key IS NOT NULL');
SELECT pg_catalog.pg_extension_config_dump('session_auth.keys_key_id_seq', '');

CREATE FUNCTION session_auth.keys_changed() RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'session_auth_keys_changed';
COMMENT ON FUNCTION session_auth.keys_changed() IS
  'internal: tells every backend that keys or secrets changed';

CREATE FUNCTION session_auth.revocations_changed() RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'session_auth_revocations_changed';
COMMENT ON FUNCTION session_auth.revocations_changed() IS
  'internal: tells every backend that tokens from elsewhere were revoked';

SELECT session_auth.watch_table('revoked_tokens', 'revocations_changed'),
       session_auth.watch_table('user_revocations', 'revocations_changed'),
       session_auth.watch_table('keys', 'keys_changed'),
       session_auth.watch_table('key_secrets', 'keys_changed'),
       session_auth.watch_table('authjs_secrets', 'keys_changed'),
       session_auth.watch_table('cookie_secrets', 'keys_changed');

-- What C knows of keys.

CREATE FUNCTION session_auth.read_key(
  algorithm text, key text, OUT public_key text, OUT fingerprint text, OUT has_secret boolean
)
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'session_auth_read_key';
COMMENT ON FUNCTION session_auth.read_key(text, text) IS
  'internal: what can be told of a PEM, a JWK or a secret; 22023 when it does not fit the algorithm';

CREATE FUNCTION session_auth.read_jwks(jwks text)
RETURNS TABLE (kid text, algorithm text, public_key text, fingerprint text)
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'session_auth_read_jwks';
COMMENT ON FUNCTION session_auth.read_jwks(text) IS
  'internal: the signature keys of a set (RFC 7517); 22023 when it cannot be trusted as a whole';

CREATE FUNCTION session_auth.check_secret(what text, secret text) RETURNS void
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'session_auth_check_secret';
COMMENT ON FUNCTION session_auth.check_secret(text, text) IS
  'internal: 22023 when a secret is empty, too long, or names a file that its giver may not read';

CREATE FUNCTION session_auth.check_role_source(role_source text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF role_source IS NULL OR role_source NOT IN ('claims', 'grants', 'both') THEN
    PERFORM session_auth.refuse('role_source', 'It must be "claims", "grants" or "both".');
  END IF;
  RETURN role_source;
END
$$;
COMMENT ON FUNCTION session_auth.check_role_source(text) IS 'internal: 22023 for a bad argument';

CREATE FUNCTION session_auth.check_optional_names(what text, names text[]) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- as long as a token can carry them
  longest integer := CASE what WHEN 'kid' THEN 255 ELSE 1024 END;
  name text;
BEGIN
  FOREACH name IN ARRAY coalesce(names, '{}') LOOP
    IF name = '' OR octet_length(name) > longest THEN
      PERFORM session_auth.refuse(what,
        format('It must not be empty, nor longer than %s bytes.', longest));
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.check_optional_names(text, text[]) IS
  'internal: 22023 for an empty or a very long name; NULLs are fine';

-- Their administration.

CREATE FUNCTION session_auth.add_key(
  kid text,
  algorithm text,
  key text,
  issuer text DEFAULT NULL,
  audiences text[] DEFAULT '{}',
  role_claim text DEFAULT NULL,
  tenant_claim text DEFAULT NULL,
  state text DEFAULT 'active',
  valid_from timestamptz DEFAULT NULL,
  valid_until timestamptz DEFAULT NULL,
  role_source text DEFAULT 'both'
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  material record;
  new_state text := translate($8, '_-', '  ');
  new_id bigint;
BEGIN
  PERFORM session_auth.check_optional_names('kid', ARRAY[$1]);
  PERFORM session_auth.check_optional_names('issuer', ARRAY[$4]);
  PERFORM session_auth.check_optional_names('audiences', $5);
  PERFORM session_auth.check_optional_names('role_claim', ARRAY[$6]);
  PERFORM session_auth.check_optional_names('tenant_claim', ARRAY[$7]);
  PERFORM session_auth.check_role_source($11);
  IF new_state IS NULL OR new_state NOT IN ('active', 'verify only', 'retired') THEN
    PERFORM session_auth.refuse('state', 'It must be "active", "verify only" or "retired".');
  END IF;
  IF $9 >= $10 THEN
    PERFORM session_auth.refuse('valid_until', 'It must be later than valid_from.');
  END IF;
  IF $2 IS NULL OR $3 IS NULL THEN
    PERFORM session_auth.refuse(CASE WHEN $2 IS NULL THEN 'algorithm' ELSE 'key' END,
      'It must not be null.');
  END IF;
  PERFORM session_auth.check_secret('key', $3);
  SELECT * INTO material FROM session_auth.read_key($2, $3);
  INSERT INTO session_auth.keys (kid, algorithm, issuer, audiences, role_claim, tenant_claim,
    role_source, state, valid_from, valid_until, public_key, fingerprint)
  VALUES ($1, $2, $4, array_remove(coalesce($5, '{}'), NULL), $6, $7,
    $11, new_state, $9, $10, material.public_key, material.fingerprint)
  ON CONFLICT DO NOTHING
  RETURNING key_id INTO new_id;
  IF NOT FOUND THEN
    PERFORM session_auth.refuse('kid', format('A key "%s" of issuer "%s" exists already.', $1, $4));
  END IF;
  IF material.has_secret THEN
    INSERT INTO session_auth.key_secrets (key_id, secret) VALUES (new_id, $3);
  END IF;
  PERFORM session_auth.record_event('key_added', NULL,
    jsonb_build_object('kid', $1, 'issuer', $4, 'algorithm', $2));
END
$$;
COMMENT ON FUNCTION session_auth.add_key(text, text, text, text, text[], text, text, text,
  timestamptz, timestamptz, text) IS
  'Trusts a key: a PEM, a JWK, for HS* the secret itself, or file: and the absolute name of a file '
  'that the server reads. It is bound to one algorithm (RFC 7518), one issuer, optionally audiences, '
  'the dotted paths of the claims that hold roles (default: role, then roles) and the tenant, and '
  'its validity. kid NULL: for tokens without one. state: active, verify only or retired. '
  'role_source: claims, grants or both. 22023 for a bad argument, a weak key, and a (issuer, kid) '
  'that exists.';

CREATE FUNCTION session_auth.import_jwks(
  issuer text,
  jwks jsonb,
  audiences text[] DEFAULT '{}',
  role_claim text DEFAULT NULL,
  tenant_claim text DEFAULT NULL,
  role_source text DEFAULT 'both'
) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  key_set jsonb;
  dropped integer;
  added integer := 0;
  key record;
BEGIN
  IF $1 IS NULL THEN
    PERFORM session_auth.refuse('issuer', 'It must not be null.');
  END IF;
  PERFORM session_auth.check_optional_names('issuer', ARRAY[$1]);
  PERFORM session_auth.check_optional_names('audiences', $3);
  PERFORM session_auth.check_optional_names('role_claim', ARRAY[$4]);
  PERFORM session_auth.check_optional_names('tenant_claim', ARRAY[$5]);
  PERFORM session_auth.check_role_source($6);
  -- two imports at once would each drop what the other adds
  LOCK TABLE session_auth.keys IN SHARE ROW EXCLUSIVE MODE;
  SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]') INTO key_set
  FROM session_auth.read_jwks($2::text) r;
  DELETE FROM session_auth.keys k
  WHERE k.issuer = $1 AND k.imported AND NOT EXISTS (
    SELECT FROM jsonb_to_recordset(key_set) i (kid text, algorithm text, fingerprint text)
    WHERE i.kid IS NOT DISTINCT FROM k.kid AND i.algorithm = k.algorithm
      AND i.fingerprint = k.fingerprint);
  GET DIAGNOSTICS dropped = ROW_COUNT;
  -- a key that stays keeps its state: what was retired by hand stays retired
  UPDATE session_auth.keys k
  SET audiences = array_remove(coalesce($3, '{}'), NULL), role_claim = $4, tenant_claim = $5,
      role_source = $6
  WHERE k.issuer = $1 AND k.imported;
  FOR key IN
    SELECT *
    FROM jsonb_to_recordset(key_set) i
      (kid text, algorithm text, public_key text, fingerprint text)
    WHERE NOT EXISTS (SELECT FROM session_auth.keys k
      WHERE k.issuer = $1 AND k.imported AND k.kid IS NOT DISTINCT FROM i.kid)
  LOOP
    INSERT INTO session_auth.keys (kid, algorithm, issuer, audiences, role_claim, tenant_claim,
      role_source, state, public_key, fingerprint, imported)
    VALUES (key.kid, key.algorithm, $1, array_remove(coalesce($3, '{}'), NULL), $4, $5,
      $6, 'verify only', key.public_key, key.fingerprint, true)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      PERFORM session_auth.refuse('jwks',
        format('Key "%s" of issuer "%s" has been added by hand.', key.kid, $1));
    END IF;
    added := added + 1;
  END LOOP;
  IF added > 0 OR dropped > 0 THEN
    PERFORM session_auth.record_event('jwks_imported', NULL,
      jsonb_build_object('issuer', $1, 'added', added, 'dropped', dropped));
  END IF;
  RETURN (SELECT count(*)::integer FROM session_auth.keys k
    WHERE k.issuer = $1 AND k.state <> 'retired'
      AND (k.valid_from IS NULL OR k.valid_from <= clock_timestamp())
      AND (k.valid_until IS NULL OR k.valid_until > clock_timestamp()));
END
$$;
COMMENT ON FUNCTION session_auth.import_jwks(text, jsonb, text[], text, text, text) IS
  'Trusts an issuer''s key set (RFC 7517) in the place of the set imported before: keys that stayed '
  'keep their state, those that went are dropped, atomically; keys that are not for signatures are '
  'passed over. How many keys of the issuer are in force after it. 22023 when the set is malformed or '
  'holds secrets or private keys.';

CREATE FUNCTION session_auth.find_key(kid text, issuer text) RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  found bigint[];
BEGIN
  SELECT array_agg(k.key_id) INTO found FROM session_auth.keys k
  WHERE k.kid IS NOT DISTINCT FROM $1 AND k.issuer IS NOT DISTINCT FROM $2;
  IF found IS NULL AND $2 IS NULL THEN
    SELECT array_agg(k.key_id) INTO found FROM session_auth.keys k
    WHERE k.kid IS NOT DISTINCT FROM $1;
  END IF;
  IF cardinality(found) > 1 THEN
    PERFORM session_auth.refuse('issuer', format('Several issuers have a key "%s": name one.', $1));
  END IF;
  RETURN found[1];
END
$$;
COMMENT ON FUNCTION session_auth.find_key(text, text) IS
  'internal: the key of a kid and an issuer; without an issuer, the only one of that kid';

CREATE FUNCTION session_auth.disable_key(kid text, issuer text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  disabled record;
BEGIN
  UPDATE session_auth.keys k SET state = 'retired'
  WHERE k.key_id = session_auth.find_key($1, $2) AND k.state <> 'retired'
  RETURNING k.kid, k.issuer INTO disabled;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM session_auth.record_event('key_disabled', NULL, to_jsonb(disabled));
  RETURN true;
END
$$;
COMMENT ON FUNCTION session_auth.disable_key(text, text) IS
  'Retires a key: its tokens are refused at once, and it stays listed; whether there was one in force. '
  'Without an issuer, the only key of that kid; 22023 when several issuers have one.';

CREATE FUNCTION session_auth.drop_key(kid text, issuer text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  dropped record;
BEGIN
  DELETE FROM session_auth.keys k
  WHERE k.key_id = session_auth.find_key($1, $2)
  RETURNING k.kid, k.issuer INTO dropped;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM session_auth.record_event('key_dropped', NULL, to_jsonb(dropped));
  RETURN true;
END
$$;
COMMENT ON FUNCTION session_auth.drop_key(text, text) IS
  'Forgets a key and its secret: its tokens are refused at once; whether there was one. Without an '
  'issuer, the only key of that kid; 22023 when several issuers have one.';

CREATE FUNCTION session_auth.list_keys()
RETURNS TABLE (
  kid text,
  algorithm text,
  issuer text,
  audiences text[],
  role_claim text,
  tenant_claim text,
  state text,
  valid_from timestamptz,
  valid_until timestamptz,
  fingerprint text
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT k.kid, k.algorithm, k.issuer, k.audiences, k.role_claim, k.tenant_claim, k.state,
         k.valid_from, k.valid_until, k.fingerprint
  FROM session_auth.keys k ORDER BY k.issuer NULLS FIRST, k.kid NULLS FIRST;
END;
COMMENT ON FUNCTION session_auth.list_keys() IS
  'The keys that are trusted, with everything but secrets; fingerprint is a public key''s RFC 7638 '
  'thumbprint.';

-- Compared in PL/pgSQL, not in a query: plans that are logged show constants.
CREATE FUNCTION session_auth.find_authjs_secret(secret text) RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  stored record;
BEGIN
  FOR stored IN SELECT s.secret_id, s.secret FROM session_auth.authjs_secrets s LOOP
    IF stored.secret = $1 THEN
      RETURN stored.secret_id;
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION session_auth.find_authjs_secret(text) IS
  'internal: the number of a secret, or NULL';

CREATE FUNCTION session_auth.find_cookie_secret(kind text, secret text) RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  stored record;
BEGIN
  FOR stored IN
    SELECT s.secret_id, s.secret FROM session_auth.cookie_secrets s WHERE s.kind = $1
  LOOP
    IF stored.secret = $2 THEN
      RETURN stored.secret_id;
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION session_auth.find_cookie_secret(text, text) IS
  'internal: the number of a secret, or NULL';

CREATE FUNCTION session_auth.add_authjs_secret(
  secret text,
  cookie_names text[] DEFAULT NULL,
  role_claim text DEFAULT 'role',
  role_source text DEFAULT 'both'
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  known bigint;
  names text[] := coalesce(array_remove($2, NULL), ARRAY[
    '__Secure-authjs.session-token', 'authjs.session-token',
    '__Secure-next-auth.session-token', 'next-auth.session-token']);
BEGIN
  PERFORM session_auth.check_secret('secret', $1);
  PERFORM session_auth.check_optional_names('cookie_names', names);
  PERFORM session_auth.check_optional_names('role_claim', ARRAY[$3]);
  PERFORM session_auth.check_role_source($4);
  IF cardinality(names) NOT BETWEEN 1 AND 16 THEN
    PERFORM session_auth.refuse('cookie_names', 'There must be 1 to 16 of them.');
  END IF;
  known := session_auth.find_authjs_secret($1);
  DELETE FROM session_auth.authjs_secrets s WHERE s.secret_id = known;
  INSERT INTO session_auth.authjs_secrets (secret, cookie_names, role_claim, role_source)
  VALUES ($1, names, $3, $4);
  PERFORM session_auth.record_event('authjs_secret_added', NULL,
    jsonb_build_object('cookie_names', names));
END
$$;
COMMENT ON FUNCTION session_auth.add_authjs_secret(text, text[], text, text) IS
  'Trusts the encrypted cookies (RFC 7516, dir) of an Auth.js v5 or next-auth v4 application by its '
  'AUTH_SECRET, or by file: and the absolute name of a file that holds it. cookie_names defaults to '
  'those of both versions. The one added last is the newest; adding one again makes it the newest. '
  '22023 for a bad argument.';

CREATE FUNCTION session_auth.drop_authjs_secret(secret text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  known bigint;
BEGIN
  known := session_auth.find_authjs_secret($1);
  DELETE FROM session_auth.authjs_secrets s WHERE s.secret_id = known;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM session_auth.record_event('authjs_secret_dropped', NULL, NULL);
  RETURN true;
END
$$;
COMMENT ON FUNCTION session_auth.drop_authjs_secret(text) IS
  'Forgets an application''s secret: its cookies are refused at once; whether there was one.';

CREATE FUNCTION session_auth.check_cookie_kind(kind text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF kind IS NULL OR kind NOT IN ('better-auth', 'express') THEN
    PERFORM session_auth.refuse('kind', 'It must be "better-auth" or "express".');
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.check_cookie_kind(text) IS 'internal: 22023 for a bad argument';

CREATE FUNCTION session_auth.add_cookie_secret(kind text, secret text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  known bigint;
BEGIN
  PERFORM session_auth.check_cookie_kind($1);
  PERFORM session_auth.check_secret('secret', $2);
  known := session_auth.find_cookie_secret($1, $2);
  DELETE FROM session_auth.cookie_secrets s WHERE s.secret_id = known;
  INSERT INTO session_auth.cookie_secrets (kind, secret) VALUES ($1, $2);
  PERFORM session_auth.record_event('cookie_secret_added', NULL, jsonb_build_object('kind', $1));
END
$$;
COMMENT ON FUNCTION session_auth.add_cookie_secret(text, text) IS
  'Trusts cookies that a framework signs with this secret (or file: and the absolute name of a file): '
  'kind better-auth (token.signature, and its encrypted session cache) or express (express-session''s '
  's:sid.signature). What is signed is then looked up as a session. 22023 for a bad argument.';

CREATE FUNCTION session_auth.drop_cookie_secret(kind text, secret text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  known bigint;
BEGIN
  PERFORM session_auth.check_cookie_kind($1);
  known := session_auth.find_cookie_secret($1, $2);
  DELETE FROM session_auth.cookie_secrets s WHERE s.secret_id = known;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM session_auth.record_event('cookie_secret_dropped', NULL, jsonb_build_object('kind', $1));
  RETURN true;
END
$$;
COMMENT ON FUNCTION session_auth.drop_cookie_secret(text, text) IS
  'Forgets a cookie secret: what it signed is refused at once; whether there was one.';

CREATE FUNCTION session_auth.revoke_token(
  jti text,
  issuer text DEFAULT NULL,
  until timestamptz DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF $1 IS NULL THEN
    PERFORM session_auth.refuse('jti', 'It must not be null.');
  END IF;
  PERFORM session_auth.check_optional_names('jti', ARRAY[$1]);
  PERFORM session_auth.check_optional_names('issuer', ARRAY[$2]);
  IF EXISTS (SELECT FROM session_auth.revoked_tokens r WHERE r.jti = $1
      AND r.issuer IS NOT DISTINCT FROM $2 AND r.until >= coalesce($3, 'infinity')) THEN
    RETURN false;
  END IF;
  INSERT INTO session_auth.revoked_tokens (jti, issuer, until)
  VALUES ($1, $2, coalesce($3, 'infinity'));
  PERFORM session_auth.record_event('token_revoked', NULL,
    jsonb_build_object('jti', $1, 'issuer', $2));
  RETURN true;
END
$$;
COMMENT ON FUNCTION session_auth.revoke_token(text, text, timestamptz) IS
  'Refuses a signed or encrypted token by its jti at once; without an issuer, whoever issued it. '
  'purge_sessions forgets it after until (default: never), which should be the token''s expiry. '
  'Whether that changed anything.';

-- Tokens as requests carry them, and tokens that we issue.

CREATE FUNCTION session_auth.token_from_cookie(cookie_header text) RETURNS text
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'session_auth_token_from_cookie';
COMMENT ON FUNCTION session_auth.token_from_cookie(text) IS
  'The session token in a Cookie header (RFC 6265), by the names that the frameworks and '
  'add_authjs_secret use: percent-decoded, chunks joined, the first of duplicates. NULL without one.';

CREATE FUNCTION session_auth.authenticate_request(
  cookie text,
  authorization_header text,
  scope text DEFAULT 'transaction',
  tenant text DEFAULT NULL,
  OUT user_id text,
  OUT role text,
  OUT roles text[],
  OUT tenant text,
  OUT session_id uuid,
  OUT expires_at timestamptz
)
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_authenticate_request';
COMMENT ON FUNCTION session_auth.authenticate_request(text, text, text, text) IS
  'authenticate with the token of a Cookie header or, where that has none, of an Authorization: '
  'Bearer header (RFC 6750). 28000 when neither has one, or when it is refused.';

CREATE FUNCTION session_auth.issue_token(
  user_id text,
  expires_in interval,
  claims jsonb DEFAULT '{}',
  kid text DEFAULT NULL
) RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_issue_token';
COMMENT ON FUNCTION session_auth.issue_token(text, interval, jsonb, text) IS
  'Signs a JWT (RFC 7519) for services behind the application, with the active private key or secret '
  'of that kid, or without a kid with the newest: give the kid where secrets of others are trusted too. '
  'expires_in is at most one day. The key''s issuer '
  'and audiences, sub, iat, exp and a random jti are added to claims and may not be in it. 22023 for '
  'a bad argument, 0A000 when there is no such key.';
-- Policies: written fast and safe, and looked over.

CREATE FUNCTION session_auth.policy_problems(expression pg_node_tree) RETURNS text[]
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_policy_problems';
COMMENT ON FUNCTION session_auth.policy_problems(pg_node_tree) IS
  'internal: what is wrong with a policy''s expression: bare call, constant role';

-- What a column is compared with: constant for a query, so that its index serves.
CREATE FUNCTION session_auth.identity_expression(target regclass, column_name name, reader text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  column_type regtype;
BEGIN
  SELECT a.atttypid INTO column_type FROM pg_attribute a
  WHERE a.attrelid = target AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped;
  IF NOT FOUND THEN
    PERFORM session_auth.refuse(CASE reader WHEN 'tenant' THEN 'tenant_column' ELSE 'owner_column' END,
      format('Table %s has no column "%s".', target, column_name));
  END IF;
  RETURN format('%I = (SELECT %s)', column_name, CASE
    WHEN column_type IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype)
      THEN format('session_auth.%I()', reader)
    WHEN column_type = 'uuid'::regtype AND reader = 'user_id'
      THEN 'session_auth.user_uuid()'
    WHEN column_type IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype)
      -- an id that is no number owns nothing; it must not end the query with an error
      THEN format($e$CASE WHEN session_auth.%I() ~ '^-?[0-9]{1,18}$' THEN session_auth.%I()::bigint END$e$,
             reader, reader)
    ELSE format('session_auth.%I()::%s', reader, column_type)
  END);
END
$$;
COMMENT ON FUNCTION session_auth.identity_expression(regclass, name, text) IS
  'internal: the condition that a column is the current user''s or tenant''s';

CREATE FUNCTION session_auth.protect_one_table(
  target regclass, resource text, owner_column name, tenant_column name
) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
  rows_of text := '';
  condition text;
  verb record;
BEGIN
  IF owner_column IS NOT NULL THEN
    rows_of := ' AND ' || session_auth.identity_expression(target, owner_column, 'user_id');
  END IF;
  IF tenant_column IS NOT NULL THEN
    rows_of := rows_of || ' AND ' || session_auth.identity_expression(target, tenant_column, 'tenant');
  END IF;
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', target);
  FOR verb IN
    SELECT * FROM (VALUES
      ('SELECT', 'view', true, false),
      ('INSERT', 'create', false, true),
      ('UPDATE', 'edit', true, true),
      ('DELETE', 'delete', true, false)) v (command, action, sees, writes)
  LOOP
    condition := format('(SELECT session_auth.has_permission(%L, %L))%s',
                        verb.action, resource, rows_of);
    EXECUTE format('DROP POLICY IF EXISTS %I ON %s', 'session_auth_' || lower(verb.command), target);
    EXECUTE format('CREATE POLICY %I ON %s FOR %s',
                   'session_auth_' || lower(verb.command), target, verb.command)
         || CASE WHEN verb.sees THEN format(' USING (%s)', condition) ELSE '' END
         || CASE WHEN verb.writes THEN format(' WITH CHECK (%s)', condition) ELSE '' END;
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.protect_one_table(regclass, text, name, name) IS
  'internal: writes the four policies of one table';

CREATE FUNCTION session_auth.require_table(target regclass) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_class c WHERE c.oid = target AND c.relkind IN ('r', 'p')
      AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'session_auth'::regnamespace)
  ) THEN
    PERFORM session_auth.refuse('target',
      'It must be an ordinary or a partitioned table of the application.');
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.require_table(regclass) IS
  'internal: 22023 when it is not a table that can be protected';

CREATE FUNCTION session_auth.protect_table(
  target regclass,
  resource text DEFAULT NULL,
  owner_column name DEFAULT NULL,
  tenant_column name DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  name_of_resource text;
  member regclass;
BEGIN
  PERFORM session_auth.require_table(target);
  name_of_resource := session_auth.check_argument('resource',
    coalesce(resource, (SELECT c.relname::text FROM pg_class c WHERE c.oid = target)));
  -- a partition that is named itself does not ask its parent's policies
  FOR member IN
    SELECT target UNION SELECT t.relid FROM pg_partition_tree(target) t
    JOIN pg_class c ON c.oid = t.relid AND c.relkind IN ('r', 'p')
  LOOP
    PERFORM session_auth.protect_one_table(member, name_of_resource, owner_column, tenant_column);
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.protect_table(regclass, text, name, name) IS
  'Enables and forces row-level security on a table and its partitions and writes one policy each for '
  'SELECT (view), INSERT (create), UPDATE (edit) and DELETE (delete): the identity has the permission '
  'on resource (default: the table''s name), and the row is its user''s (owner_column) and its '
  'tenant''s (tenant_column) where these are given. Repeating it replaces them. The caller must own '
  'the table. 22023 for a bad argument.';

CREATE FUNCTION session_auth.unprotect_table(target regclass) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
  member regclass;
  command text;
BEGIN
  PERFORM session_auth.require_table(target);
  FOR member IN
    SELECT target UNION SELECT t.relid FROM pg_partition_tree(target) t
    JOIN pg_class c ON c.oid = t.relid AND c.relkind IN ('r', 'p')
  LOOP
    FOREACH command IN ARRAY ARRAY['select', 'insert', 'update', 'delete'] LOOP
      EXECUTE format('DROP POLICY IF EXISTS %I ON %s', 'session_auth_' || command, member);
    END LOOP;
    -- policies of the application's own stay in force
    IF NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = member) THEN
      EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY',
                     member);
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.unprotect_table(regclass) IS
  'Takes back what protect_table did; row-level security stays on where other policies are left.';

-- Tables that a policy of any kind ties to session_auth, and those near them.
CREATE FUNCTION session_auth.protected_tables() RETURNS SETOF oid
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT DISTINCT p.polrelid
  FROM pg_policy p
  JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
    AND d.refclassid = 'pg_proc'::regclass
  JOIN pg_proc f ON f.oid = d.refobjid AND f.pronamespace = 'session_auth'::regnamespace;
END;
COMMENT ON FUNCTION session_auth.protected_tables() IS
  'internal: tables with a policy that calls a function of this extension';

CREATE FUNCTION session_auth.check_policies()
RETURNS TABLE (severity text, object text, problem text, advice text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH protected AS (
    SELECT c.oid, c.oid::regclass::text AS name, c.relowner, c.relrowsecurity, c.relforcerowsecurity
    FROM session_auth.protected_tables() t (oid) JOIN pg_class c ON c.oid = t.oid
  ), expressions AS (
    SELECT p.polname, p.polrelid, problem.name AS problem
    FROM pg_policy p
    CROSS JOIN LATERAL (VALUES (p.polqual), (p.polwithcheck)) e (expression)
    CROSS JOIN LATERAL unnest(session_auth.policy_problems(e.expression)) problem (name)
  )
  SELECT 'error', t.name, 'row-level security is disabled, so its policies do nothing',
         format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t.name)
  FROM protected t WHERE NOT t.relrowsecurity
  UNION ALL
  SELECT 'error', t.name, 'row-level security is not forced, so its owner sees every row',
         format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t.name)
  FROM protected t WHERE NOT t.relforcerowsecurity
  UNION ALL
  SELECT 'error', m.relid::regclass::text, 'a partition of a protected table has no row-level security',
         format('SELECT session_auth.protect_table(%L) again, or revoke access to the partition', t.name)
  FROM protected t
  CROSS JOIN LATERAL pg_partition_tree(t.oid) m
  JOIN pg_class c ON c.oid = m.relid AND NOT c.relrowsecurity
  WHERE m.relid <> t.oid
  UNION ALL
  SELECT 'warning', t.name, format('its owner %s can log in and switch row-level security off', r.rolname),
         'Let a role own it that the application does not log in as.'
  FROM protected t JOIN pg_roles r ON r.oid = t.relowner AND r.rolcanlogin AND NOT r.rolsuper
  UNION ALL
  SELECT DISTINCT 'error', r.rolname::text, 'it can log in, has BYPASSRLS and may read a protected table',
         format('ALTER ROLE %I NOBYPASSRLS', r.rolname)
  FROM protected t JOIN pg_roles r ON r.rolbypassrls AND r.rolcanlogin AND NOT r.rolsuper
    AND (has_any_column_privilege(r.oid, t.oid, 'SELECT, INSERT, UPDATE')
      OR has_table_privilege(r.oid, t.oid, 'DELETE, TRUNCATE'))
  UNION ALL
  SELECT DISTINCT 'error', format('policy %I on %s', e.polname, e.polrelid::regclass),
         'it names a role as a constant, so it answers for that role and not for the caller',
         'Write has_permission(action, resource), or pass (SELECT session_auth.role()).'
  FROM expressions e WHERE e.problem = 'constant role'
  UNION ALL
  SELECT DISTINCT 'warning', format('policy %I on %s', e.polname, e.polrelid::regclass),
         'a call that is the same for every row is evaluated for each',
         'Write (SELECT session_auth...) around it, so that it is evaluated once per query.'
  FROM expressions e WHERE e.problem = 'bare call'
  UNION ALL
  SELECT DISTINCT 'error', v.oid::regclass::text,
         format('the view reads %s as its owner, not as its caller', t.name),
         CASE v.relkind WHEN 'v' THEN format('ALTER VIEW %s SET (security_invoker = true)', v.oid::regclass)
           ELSE 'A materialized view holds the rows of whoever refreshed it: restrict who may read it.' END
  FROM protected t
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
    AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite w ON w.oid = d.objid
  JOIN pg_class v ON v.oid = w.ev_class AND v.relkind IN ('v', 'm') AND v.oid <> t.oid
  WHERE NOT EXISTS (
    SELECT FROM pg_options_to_table(v.reloptions) o
    WHERE o.option_name = 'security_invoker' AND o.option_value::boolean)
  UNION ALL
  SELECT 'error', format('trigger %I on %s', g.tgname, g.tgrelid::regclass),
         'it does not fire always, so caches or adopted rows can go stale',
         format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', g.tgrelid::regclass, g.tgname)
  FROM pg_trigger g JOIN pg_proc f ON f.oid = g.tgfoid
  WHERE f.pronamespace = 'session_auth'::regnamespace AND NOT g.tgisinternal
    AND g.tgenabled <> 'A' AND g.tgname <> 'cache_replicated'
  ORDER BY 1, 2, 3;
END;
COMMENT ON FUNCTION session_auth.check_policies() IS
  'What is wrong with the policies of this database: severity error (rows can leak) or warning (slow, '
  'or one step from a leak). No row when nothing is found.';
-- Adoption: an application keeps its sessions and roles in tables of its own,
-- which stay the source; triggers carry over what changes in them.
--
-- The triggers are attached by the caller, who must own the table; what is in
-- it is read and carried over with the extension's rights, and only where these
-- triggers stand: an administrator cannot adopt somebody else's table.
--
-- A session's source is in its session_id (src/sql_adopt.c); a role's is here.

CREATE TABLE session_auth.adopted_roles (
  source regclass NOT NULL,
  grant_id bigint NOT NULL REFERENCES session_auth.user_roles ON DELETE CASCADE,
  PRIMARY KEY (source, grant_id)
);
CREATE INDEX adopted_roles_grant_id_idx ON session_auth.adopted_roles (grant_id);
COMMENT ON TABLE session_auth.adopted_roles IS
  'which grants of roles came from which table, so that those made by hand stay';

-- Dumps hold the source itself: what was carried over from it would only come
-- back without it.  After a restore adopt_sessions and adopt_roles are repeated.
SELECT pg_catalog.pg_extension_config_dump('session_auth.user_roles',
  'WHERE grant_id NOT IN (SELECT a.grant_id FROM session_auth.adopted_roles a)');

-- What rows say, read in C without casts of the application's own.

CREATE FUNCTION session_auth.adopted_session(
  source oid,
  source_row record,
  token_column name,
  user_column name,
  expires_column name,
  OUT session_id uuid,
  OUT token_key bigint,
  OUT token_hash bytea,
  OUT user_id text,
  OUT expires_at timestamptz
)
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'session_auth_adopted_session';
COMMENT ON FUNCTION session_auth.adopted_session(oid, record, name, name, name) IS
  'internal: the session of a row; nulls when create_session would not take it';

CREATE FUNCTION session_auth.adopted_values(source_row record, column_name name) RETURNS text[]
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', 'session_auth_adopted_values';
COMMENT ON FUNCTION session_auth.adopted_values(record, name) IS
  'internal: what a column of a row holds: nothing, one text, or the elements of its array';

CREATE FUNCTION session_auth.can_adopt_user(user_id text) RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT coalesce(octet_length($1) BETWEEN 1 AND 1024 AND $1 !~ '[[:cntrl:]]' COLLATE "C", false);
END;
COMMENT ON FUNCTION session_auth.can_adopt_user(text) IS
  'internal: whether check_argument would take it as a user_id';

CREATE FUNCTION session_auth.can_adopt_role(role text) RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT coalesce(octet_length($1) BETWEEN 1 AND 255 AND $1 !~ '[[:cntrl:]:]' COLLATE "C", false);
END;
COMMENT ON FUNCTION session_auth.can_adopt_role(text) IS
  'internal: whether check_argument would take it as a role';

-- Every session_id of one source lies in one range; the version tells it from
-- the random ones that happen to lie there too.
CREATE FUNCTION session_auth.sessions_of_source(source oid) RETURNS SETOF uuid
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT s.session_id FROM session_auth.sessions s
  WHERE s.session_id BETWEEN (lpad(to_hex($1::bigint), 8, '0') || '-0000-0000-0000-000000000000')::uuid
    AND (lpad(to_hex($1::bigint), 8, '0') || '-ffff-ffff-ffff-ffffffffffff')::uuid
    AND substr(s.session_id::text, 15, 1) = '8';
END;
COMMENT ON FUNCTION session_auth.sessions_of_source(oid) IS
  'internal: the sessions that were carried over from a table';

-- Sessions, as they change.

CREATE FUNCTION session_auth.adopted_session_changed() RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'session_auth_adopted_session_changed';
COMMENT ON FUNCTION session_auth.adopted_session_changed() IS
  'internal: lets a session follow its row in an adopted table';

CREATE FUNCTION session_auth.end_sessions(sessions uuid[]) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH ended AS (
    UPDATE session_auth.sessions s
    SET ended_at = clock_timestamp(), ended_by = 'sign-out',
        expires_at = least(s.expires_at, clock_timestamp())
    WHERE s.session_id IN (SELECT unnest($1)) AND s.ended_at IS NULL
    RETURNING s.session_id, s.user_id
  )
  INSERT INTO session_auth.session_events (event, user_id, session_id, actor, detail)
  SELECT 'session_ended', e.user_id, e.session_id, session_auth.acting_user(), '{"by": "sign-out"}'
  FROM ended e;
END;
COMMENT ON FUNCTION session_auth.end_sessions(uuid[]) IS 'internal: ends sessions, and records it';

CREATE FUNCTION session_auth.adopted_sessions_truncated() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM session_auth.end_sessions(ARRAY(SELECT session_auth.sessions_of_source(TG_RELID)));
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION session_auth.adopted_sessions_truncated() IS
  'internal: ends the sessions of an adopted table that is emptied';

-- Roles, as they change.

CREATE FUNCTION session_auth.grant_adopted_roles(source regclass, user_id text, roles text[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  name_of_role text;
BEGIN
  FOREACH name_of_role IN ARRAY $3 LOOP
    IF NOT session_auth.can_adopt_role(name_of_role) THEN
      RAISE LOG USING MESSAGE = format('a role in table %s was not adopted', $1),
        DETAIL = 'session_auth.create_role() would not take its name.';
      CONTINUE;
    END IF;
    IF NOT EXISTS (SELECT FROM session_auth.roles r WHERE r.role = name_of_role) THEN
      INSERT INTO session_auth.roles (role) VALUES (name_of_role) ON CONFLICT DO NOTHING;
      IF FOUND THEN
        PERFORM session_auth.record_event('role_created', NULL,
          jsonb_build_object('role', name_of_role));
      END IF;
    END IF;
    WITH granted AS (
      INSERT INTO session_auth.user_roles (user_id, role) VALUES ($2, name_of_role)
      ON CONFLICT DO NOTHING
      RETURNING grant_id, role
    ), remembered AS (
      -- one that another source made is this one's too; one made by hand is nobody's
      INSERT INTO session_auth.adopted_roles (source, grant_id)
      SELECT $1, g.grant_id FROM granted g
      UNION
      SELECT $1, u.grant_id FROM session_auth.user_roles u
      WHERE u.user_id = $2 AND u.role = name_of_role AND u.tenant IS NULL
        AND EXISTS (SELECT FROM session_auth.adopted_roles a WHERE a.grant_id = u.grant_id)
      ON CONFLICT DO NOTHING
    )
    INSERT INTO session_auth.session_events (event, user_id, actor, detail)
    SELECT 'role_granted', $2, session_auth.acting_user(),
           jsonb_build_object('role', g.role, 'tenant', NULL)
    FROM granted g;
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.grant_adopted_roles(regclass, text, text[]) IS
  'internal: gives a user what a row says, creating roles that are new';

CREATE FUNCTION session_auth.revoke_adopted_roles(source regclass, grants bigint[]) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH forgotten AS (
    DELETE FROM session_auth.adopted_roles a WHERE a.source = $1 AND a.grant_id IN (SELECT unnest($2))
    RETURNING a.grant_id
  ), revoked AS (
    DELETE FROM session_auth.user_roles u USING forgotten f
    WHERE u.grant_id = f.grant_id AND NOT EXISTS (
      SELECT FROM session_auth.adopted_roles a
      WHERE a.grant_id = u.grant_id AND a.source::oid <> $1::oid)
    RETURNING u.user_id, u.role
  )
  INSERT INTO session_auth.session_events (event, user_id, actor, detail)
  SELECT 'role_revoked', r.user_id, session_auth.acting_user(),
         jsonb_build_object('role', r.role, 'tenant', NULL)
  FROM revoked r;
END;
COMMENT ON FUNCTION session_auth.revoke_adopted_roles(regclass, bigint[]) IS
  'internal: takes back grants that came from this source and from no other';

-- A user who is gone has neither sessions nor roles, by hand or not.
CREATE FUNCTION session_auth.forget_user(user_id text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF NOT session_auth.can_adopt_user($1) THEN
    RETURN;
  END IF;
  PERFORM session_auth.expire_user_sessions($1);
  WITH revoked AS (
    DELETE FROM session_auth.user_roles u WHERE u.user_id = $1 RETURNING u.role, u.tenant
  )
  INSERT INTO session_auth.session_events (event, user_id, actor, detail)
  SELECT 'role_revoked', $1, session_auth.acting_user(),
         jsonb_build_object('role', r.role, 'tenant', r.tenant)
  FROM revoked r;
END
$$;
COMMENT ON FUNCTION session_auth.forget_user(text) IS
  'internal: ends the sessions and the roles of a user who is gone';

CREATE FUNCTION session_auth.adopted_user_changed() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  old_id text;
  new_id text;
  old_roles text[];
  new_roles text[] := '{}';
BEGIN
  IF TG_OP <> 'INSERT' THEN
    old_id := (session_auth.adopted_values(OLD, TG_ARGV[0]))[1];
    old_roles := session_auth.adopted_values(OLD, TG_ARGV[1]);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    new_id := (session_auth.adopted_values(NEW, TG_ARGV[0]))[1];
    new_roles := session_auth.adopted_values(NEW, TG_ARGV[1]);
  END IF;
  IF old_id = new_id AND old_roles = new_roles THEN
    RETURN NULL;
  END IF;
  IF old_id IS DISTINCT FROM new_id THEN
    PERFORM session_auth.forget_user(old_id);
  ELSE
    PERFORM session_auth.revoke_adopted_roles(TG_RELID::regclass, ARRAY(
      SELECT u.grant_id
      FROM session_auth.user_roles u
      JOIN session_auth.adopted_roles a ON a.grant_id = u.grant_id AND a.source::oid = TG_RELID
      WHERE u.user_id = old_id AND u.role <> ALL (new_roles)));
  END IF;
  IF session_auth.can_adopt_user(new_id) THEN
    PERFORM session_auth.grant_adopted_roles(TG_RELID::regclass, new_id, new_roles);
  ELSIF new_id IS NOT NULL THEN
    RAISE LOG USING MESSAGE = format('a user in table %s was not adopted', TG_RELID::regclass),
      DETAIL = 'session_auth.grant_role() would not take the id.';
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION session_auth.adopted_user_changed() IS
  'internal: lets the roles of a user follow the row in an adopted table';

-- Before, while it can still be read who is going.
CREATE FUNCTION session_auth.adopted_users_truncated() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  gone text;
BEGIN
  FOR gone IN EXECUTE format(
    'SELECT DISTINCT (session_auth.adopted_values(s, %L))[1] FROM ONLY %s s',
    TG_ARGV[0], TG_RELID::regclass)
  LOOP
    PERFORM session_auth.forget_user(gone);
  END LOOP;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION session_auth.adopted_users_truncated() IS
  'internal: forgets the users of an adopted table that is emptied';

-- Taking a table over.  What is joined is large and has no statistics yet, so
-- it is joined by hashes.

CREATE FUNCTION session_auth.require_source(source regclass) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_class c WHERE c.oid = source AND c.relkind = 'r' AND c.relpersistence <> 't'
      AND c.relnamespace <> ALL (ARRAY['pg_catalog', 'information_schema', 'session_auth']::regnamespace[])
  ) THEN
    RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'invalid source',
      DETAIL = 'It must be an ordinary table of the application, neither temporary nor partitioned.';
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.require_source(regclass) IS
  'internal: 22023 when it is not a table that can be adopted';

CREATE FUNCTION session_auth.require_column(
  source regclass, argument text, column_name name, allowed text[]
) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  column_type regtype;
  kind text;
BEGIN
  SELECT a.atttypid INTO column_type FROM pg_attribute a
  WHERE a.attrelid = source AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attgenerated <> 'v';
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = format('invalid %s', argument),
      DETAIL = format('Table %s has no stored column "%s".', source, column_name);
  END IF;
  -- through domains, and through arrays where these are allowed
  WITH RECURSIVE chain (oid, step) AS (
    SELECT column_type::oid, 1
    UNION ALL
    SELECT CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END, c.step + 1
    FROM chain c JOIN pg_type t ON t.oid = c.oid
    WHERE t.typtype = 'd' OR t.typcategory = 'A' AND 'array' = ANY (allowed)
  )
  SELECT CASE
    WHEN t.typtype = 'e' THEN 'enum'
    WHEN t.typtype = 'b' AND t.typcategory = 'S' THEN 'text'
    WHEN t.oid IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype) THEN 'integer'
    WHEN t.oid = 'uuid'::regtype THEN 'uuid'
    WHEN t.oid IN ('timestamp'::regtype, 'timestamptz'::regtype) THEN 'timestamp'
    END INTO kind
  FROM chain c JOIN pg_type t ON t.oid = c.oid ORDER BY c.step DESC LIMIT 1;
  IF kind IS NULL OR kind <> ALL (allowed) THEN
    RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = format('invalid %s', argument),
      DETAIL = format('Column "%s" of table %s is of type %s; it must be one of: %s.',
        column_name, source, column_type, array_to_string(allowed, ', '));
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.require_column(regclass, text, name, text[]) IS
  'internal: 22023 when a column is missing or of a type that cannot be adopted';

-- A trigger's arguments are all that it knows, so that it works where a dump of
-- its table is restored.  A snapshot taken before the table is locked would miss
-- rows, so it must not be the transaction's.
CREATE FUNCTION session_auth.attach_triggers(
  source regclass, kind text, on_row text, on_truncate text, columns name[]
) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  arguments text := (SELECT string_agg(quote_literal(c), ', ') FROM unnest(columns) c);
  name_of_trigger name;
BEGIN
  IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
    RAISE EXCEPTION USING ERRCODE = '55000',
      MESSAGE = 'a table cannot be adopted in this transaction',
      DETAIL = 'Its isolation level must be READ COMMITTED, so that no row is missed.';
  END IF;
  EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %s
                  FOR EACH ROW EXECUTE FUNCTION session_auth.%I(%s)',
                 'session_auth_' || kind, source, on_row, arguments);
  EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE TRUNCATE ON %s
                  FOR EACH STATEMENT EXECUTE FUNCTION session_auth.%I(%s)',
                 'session_auth_' || kind || '_truncate', source, on_truncate, arguments);
  FOREACH name_of_trigger IN ARRAY ARRAY['session_auth_' || kind, 'session_auth_' || kind || '_truncate'] LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', source, name_of_trigger);
    EXECUTE format('ALTER TRIGGER %I ON %s DEPENDS ON EXTENSION session_auth', name_of_trigger, source);
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.attach_triggers(regclass, text, text, text, name[]) IS
  'internal: attaches the triggers of an adopted table, as its owner';

-- ENABLE ALWAYS is for a table's owner alone: what carries it was agreed to.
CREATE FUNCTION session_auth.require_attached(source regclass, on_row text, columns name[])
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_trigger t
    JOIN pg_proc f ON f.oid = t.tgfoid AND f.pronamespace = 'session_auth'::regnamespace
    WHERE t.tgrelid = source AND t.tgenabled = 'A' AND f.proname = on_row
      -- each name and a zero byte, in no literal that a setting could have read otherwise
      AND t.tgargs = (
        SELECT string_agg(convert_to(c.name, getdatabaseencoding()) || pg_catalog.set_byte(' ', 0, 0), '' ORDER BY c.place)
        FROM unnest(columns::text[]) WITH ORDINALITY c (name, place))
  ) THEN
    RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('table %s is not adopted', source);
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.require_attached(regclass, text, name[]) IS
  'internal: 42501 unless the owner of a table had the trigger attached with these columns';

CREATE FUNCTION session_auth.take_over_sessions(
  source regclass, token_column name, user_column name, expires_column name
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
SET jit = off
AS $$
DECLARE
  rows_of_source text := format(
    'adopted AS MATERIALIZED (
       SELECT a.* FROM ONLY %s s
       CROSS JOIN LATERAL session_auth.adopted_session(%s, s, %L, %L, %L) a)',
    source, source::oid, token_column, user_column, expires_column);
  adopted_before boolean := EXISTS (SELECT FROM session_auth.sessions_of_source(source));
  taken bigint;
  changed bigint := 0;
  unfit bigint;
  gone uuid[];
BEGIN
  PERFORM session_auth.require_attached(source, 'adopted_session_changed',
    ARRAY[token_column, user_column, expires_column]);
  EXECUTE 'WITH ' || rows_of_source || ',
    taken AS (
      INSERT INTO session_auth.sessions (session_id, token_key, created_at, expires_at,
        last_seen_at, lifetime, token_hash, user_id)
      SELECT a.session_id, a.token_key, $1, a.expires_at, $1, a.expires_at - $1, a.token_hash, a.user_id
      FROM adopted a
      WHERE a.expires_at > $1 AND NOT EXISTS (
        SELECT FROM session_auth.rotated_tokens r WHERE r.token_hash = a.token_hash)
      ON CONFLICT (token_key) DO NOTHING
      RETURNING 1)
    SELECT (SELECT count(*) FROM taken), (SELECT count(*) FROM adopted a WHERE a.token_hash IS NULL)'
    INTO taken, unfit USING clock_timestamp();
  -- repeated: what changed while the triggers did not fire
  IF adopted_before THEN
    EXECUTE 'WITH ' || rows_of_source || ',
      changed AS (
        UPDATE session_auth.sessions x
        SET user_id = a.user_id, expires_at = a.expires_at,
            lifetime = CASE WHEN a.expires_at > $1 THEN a.expires_at - $1 ELSE x.lifetime END
        FROM adopted a
        WHERE x.token_key = a.token_key AND x.token_hash = a.token_hash AND x.ended_at IS NULL
          AND (x.user_id <> a.user_id OR x.expires_at <> a.expires_at)
        RETURNING 1)
      SELECT (SELECT count(*) FROM changed), ARRAY(
        SELECT x.session_id
        FROM session_auth.sessions_of_source($2) o (session_id)
        JOIN session_auth.sessions x ON x.session_id = o.session_id AND x.ended_at IS NULL
        WHERE NOT EXISTS (SELECT FROM adopted a WHERE a.token_hash = x.token_hash)
          AND NOT EXISTS (
            SELECT FROM session_auth.rotated_tokens r JOIN adopted a ON a.token_hash = r.token_hash
            WHERE r.session_id = x.session_id))'
      INTO changed, gone USING clock_timestamp(), source::oid;
    PERFORM session_auth.end_sessions(gone);
  END IF;
  PERFORM session_auth.record_event('sessions_adopted', NULL,
    jsonb_build_object('source', source::text, 'sessions', taken));
  IF unfit > 0 THEN
    RAISE WARNING USING MESSAGE = format('%s rows of table %s were not adopted', unfit, source),
      DETAIL = 'Their token, user or expiry is null, or session_auth.create_session() would not take '
               'it: a token needs 122 random bits, as a uuid of version 4 has.';
  END IF;
  RETURN taken + changed;
END
$$;
COMMENT ON FUNCTION session_auth.take_over_sessions(regclass, name, name, name) IS
  'internal: carries over what an adopted table holds';

CREATE FUNCTION session_auth.adopt_sessions(
  source regclass, token_column name, user_column name, expires_column name
) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM session_auth.require_source(source);
  PERFORM session_auth.require_column(source, 'token_column', token_column, '{text,uuid}');
  PERFORM session_auth.require_column(source, 'user_column', user_column, '{text,uuid,integer}');
  PERFORM session_auth.require_column(source, 'expires_column', expires_column, '{timestamp}');
  PERFORM session_auth.attach_triggers(source, 'adopt_sessions', 'adopted_session_changed',
    'adopted_sessions_truncated', ARRAY[token_column, user_column, expires_column]);
  RETURN session_auth.take_over_sessions(source, token_column, user_column, expires_column);
END
$$;
COMMENT ON FUNCTION session_auth.adopt_sessions(regclass, name, name, name) IS
  'Lets the sessions of an application''s own table open this database: takes over the hashes of the '
  'tokens that are in it and attaches triggers that follow every insert, update, delete and truncate. '
  'A new token or a new expiry moves the session, a row that goes ends it at once; what has ended '
  'here stays ended until its row has another token. A timestamp without time zone is in UTC. Rows '
  'that are expired are left out, and so, with a warning (later: in the log), are those that '
  'create_session would not take. How many sessions are new or changed: 0 when repeated. Repeat it '
  'after a restore, as dumps hold the table but not the sessions. Do not rotate adopted sessions '
  'here. Logins wait while it runs. The caller must own the table. 22023 for a bad argument.';

CREATE FUNCTION session_auth.take_over_roles(source regclass, id_column name, role_column name)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
SET jit = off
AS $$
DECLARE
  rows_of_source text := format(
    'wanted AS MATERIALIZED (
       SELECT u.user_id COLLATE "C" AS user_id, r.role COLLATE "C" AS role, r.place,
         session_auth.can_adopt_user(u.user_id) AND session_auth.can_adopt_role(r.role) AS fits
       FROM ONLY %1$s s
       CROSS JOIN LATERAL (SELECT (session_auth.adopted_values(s, %2$L))[1]) u (user_id)
       CROSS JOIN LATERAL unnest(session_auth.adopted_values(s, %3$L)) WITH ORDINALITY r (role, place))',
    source, id_column, role_column);
  adopted_before boolean := EXISTS (
    SELECT FROM session_auth.adopted_roles a WHERE a.source::oid = take_over_roles.source::oid);
  taken bigint;
  unfit bigint;
  gone bigint[];
BEGIN
  PERFORM session_auth.require_attached(source, 'adopted_user_changed', ARRAY[id_column, role_column]);
  EXECUTE 'WITH ' || rows_of_source || ',
    created AS (
      INSERT INTO session_auth.roles (role) SELECT DISTINCT w.role FROM wanted w WHERE w.fits
      ON CONFLICT DO NOTHING
      RETURNING role),
    recorded AS (
      INSERT INTO session_auth.session_events (event, actor, detail)
      SELECT ''role_created'', session_auth.acting_user(), jsonb_build_object(''role'', c.role)
      FROM created c),
    granted AS (
      INSERT INTO session_auth.user_roles (user_id, role)
      SELECT w.user_id, w.role FROM wanted w WHERE w.fits ORDER BY w.place
      ON CONFLICT DO NOTHING
      RETURNING grant_id),
    remembered AS (
      INSERT INTO session_auth.adopted_roles (source, grant_id)
      SELECT $1, g.grant_id FROM granted g
      UNION ALL
      SELECT DISTINCT $1, u.grant_id
      FROM session_auth.adopted_roles a
      JOIN session_auth.user_roles u ON u.grant_id = a.grant_id
      JOIN wanted w ON w.user_id = u.user_id AND w.role = u.role
      WHERE a.source::oid <> $1::oid
      ON CONFLICT DO NOTHING)
    SELECT (SELECT count(*) FROM granted), (SELECT count(*) FROM wanted w WHERE NOT w.fits)'
    INTO taken, unfit USING source;
  IF adopted_before THEN
    EXECUTE 'WITH ' || rows_of_source || '
      SELECT ARRAY(
        SELECT u.grant_id
        FROM session_auth.adopted_roles a
        JOIN session_auth.user_roles u ON u.grant_id = a.grant_id
        WHERE a.source::oid = $1::oid AND NOT EXISTS (
          SELECT FROM wanted w WHERE w.user_id = u.user_id AND w.role = u.role))'
      INTO gone USING source;
    PERFORM session_auth.revoke_adopted_roles(source, gone);
  END IF;
  PERFORM session_auth.record_event('roles_adopted', NULL,
    jsonb_build_object('source', source::text, 'grants', taken));
  IF unfit > 0 THEN
    RAISE WARNING USING MESSAGE = format('%s roles in table %s were not adopted', unfit, source),
      DETAIL = 'session_auth.grant_role() would not take the user''s id, or the role''s name.';
  END IF;
  RETURN taken;
END
$$;
COMMENT ON FUNCTION session_auth.take_over_roles(regclass, name, name) IS
  'internal: carries over what an adopted table holds';

CREATE FUNCTION session_auth.adopt_roles(source regclass, id_column name, role_column name)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM session_auth.require_source(source);
  PERFORM session_auth.require_column(source, 'id_column', id_column, '{text,uuid,integer}');
  PERFORM session_auth.require_column(source, 'role_column', role_column, '{text,enum,array}');
  PERFORM session_auth.attach_triggers(source, 'adopt_roles', 'adopted_user_changed',
    'adopted_users_truncated', ARRAY[id_column, role_column]);
  RETURN session_auth.take_over_roles(source, id_column, role_column);
END
$$;
COMMENT ON FUNCTION session_auth.adopt_roles(regclass, name, name) IS
  'Gives users the roles that an application''s own table says they have: a text, an enum or an array '
  'of these; null is none. Creates the roles that it meets and attaches triggers that follow every '
  'insert, update, delete and truncate. Roles that were granted by hand stay, until the user''s row '
  'is deleted: that ends every session and every role of the user. How many grants are new: 0 when '
  'repeated. Repeat it after a restore, as dumps hold the table but not what came from it. The caller '
  'must own the table. 22023 for a bad argument.';

-- Leaving a table.

CREATE FUNCTION session_auth.forget_source(source oid, name_of_source text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  sessions uuid[] := ARRAY(SELECT session_auth.sessions_of_source($1));
  grants bigint[] := ARRAY(SELECT a.grant_id FROM session_auth.adopted_roles a WHERE a.source::oid = $1);
BEGIN
  IF EXISTS (
    SELECT FROM pg_trigger t
    JOIN pg_proc f ON f.oid = t.tgfoid AND f.pronamespace = 'session_auth'::regnamespace
    WHERE t.tgrelid = $1
  ) THEN
    RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('table %s is still adopted', $1::regclass);
  END IF;
  IF cardinality(sessions) = 0 AND cardinality(grants) = 0 THEN
    RETURN;
  END IF;
  DELETE FROM session_auth.rotated_tokens r WHERE r.session_id IN (SELECT unnest(sessions));
  DELETE FROM session_auth.sessions s WHERE s.session_id IN (SELECT unnest(sessions));
  PERFORM session_auth.revoke_adopted_roles($1::regclass, grants);
  PERFORM session_auth.record_event('source_abandoned', NULL, jsonb_build_object(
    'source', $2, 'sessions', cardinality(sessions), 'grants', cardinality(grants)));
END
$$;
COMMENT ON FUNCTION session_auth.forget_source(oid, text) IS
  'internal: removes what was carried over from a table that has no triggers any more';

CREATE FUNCTION session_auth.abandon(source regclass) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  attached name;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = source) THEN
    RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'invalid source', DETAIL = 'It must be a table.';
  END IF;
  FOR attached IN
    SELECT t.tgname FROM pg_trigger t
    JOIN pg_proc f ON f.oid = t.tgfoid AND f.pronamespace = 'session_auth'::regnamespace
    WHERE t.tgrelid = source AND f.proname = ANY (ARRAY['adopted_session_changed',
      'adopted_sessions_truncated', 'adopted_user_changed', 'adopted_users_truncated'])
  LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', attached, source);
  END LOOP;
  PERFORM session_auth.forget_source(source, source::text);
END
$$;
COMMENT ON FUNCTION session_auth.abandon(regclass) IS
  'Takes back what adopt_sessions and adopt_roles did with a table: its triggers, and the sessions and '
  'grants that were carried over from it. Roles that it made the extension create stay. The caller '
  'must own the table. 22023 for a bad argument.';

-- A source that is dropped takes its sessions and roles along.
CREATE FUNCTION session_auth.source_dropped() RETURNS event_trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  dropped record;
BEGIN
  FOR dropped IN
    SELECT o.objid, o.object_identity FROM pg_event_trigger_dropped_objects() o
    WHERE o.classid = 'pg_class'::regclass AND o.object_type = 'table' AND NOT o.is_temporary
  LOOP
    PERFORM session_auth.forget_source(dropped.objid, dropped.object_identity);
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.source_dropped() IS
  'internal: removes what was carried over from a table that is dropped';

CREATE EVENT TRIGGER session_auth_source_dropped ON sql_drop
  WHEN TAG IN ('DROP TABLE', 'DROP SCHEMA', 'DROP OWNED')
  EXECUTE FUNCTION session_auth.source_dropped();
ALTER EVENT TRIGGER session_auth_source_dropped ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER session_auth_source_dropped IS
  'session_auth: an adopted table that is dropped takes its sessions and roles along';
-- PostgREST: the request's token makes the identity before its query runs.

CREATE FUNCTION session_auth.pre_request() RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'session_auth_pre_request';
COMMENT ON FUNCTION session_auth.pre_request() IS
  'For PostgREST''s db-pre-request: authenticates with the token in request.cookies or, without one, '
  'in the Authorization header of request.headers. Without any the caller is anonymous. PT401, which '
  'PostgREST answers as HTTP 401, when the token is refused. Works in READ ONLY transactions.';
-- Rights: nothing is PUBLIC; a database role gets what it is given.

-- Each usage has functions that no other has, so that its holders can be told
-- from their privileges alone, which dumps carry.
CREATE FUNCTION session_auth.functions_of_usage(usage text) RETURNS SETOF regprocedure
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT p.oid::regprocedure
  FROM pg_proc p
  JOIN (VALUES
    ('request', ARRAY['authenticate', 'authenticate_request', 'pre_request', 'sign_out', 'my_sessions',
       'explain_permission']),
    ('issuer', ARRAY['create_session', 'refresh_session', 'rotate_session', 'expire_session',
       'expire_user_sessions', 'list_sessions', 'purge_sessions', 'revoke_token', 'issue_token']),
    ('admin', ARRAY['create_role', 'drop_role', 'inherit_role', 'disinherit_role',
       'grant_permission', 'deny_permission', 'revoke_permission', 'import_permissions',
       'export_permissions', 'list_permissions', 'explain_permission', 'grant_role', 'revoke_role',
       'impersonate', 'protect_table', 'unprotect_table', 'check_policies', 'expire_session',
       'expire_user_sessions', 'list_sessions', 'purge_sessions', 'add_key', 'import_jwks',
       'disable_key', 'drop_key', 'list_keys', 'add_authjs_secret', 'drop_authjs_secret',
       'add_cookie_secret', 'drop_cookie_secret', 'revoke_token']),
    -- what every holder of any usage has
    (NULL, ARRAY['has_permission', 'has_role', 'require_permission', 'permitted_resources',
       'user_id', 'user_uuid', 'role', 'roles', 'tenant', 'session_id', 'actor', 'claims', 'claim',
       'is_authenticated', 'deauthenticate', 'verify_session', 'token_from_cookie']),
    -- what protect_table, which runs as its caller, calls in turn
    ('admin', ARRAY['check_argument', 'refuse', 'require_table', 'identity_expression',
       'protect_one_table']),
    -- and what adopting does as the owner of the application's table
    ('admin', ARRAY['adopt_sessions', 'adopt_roles', 'abandon', 'require_source', 'require_column',
       'attach_triggers', 'take_over_sessions', 'take_over_roles', 'forget_source',
       'adopted_session_changed', 'adopted_sessions_truncated', 'adopted_user_changed',
       'adopted_users_truncated'])
  ) u (usage, names) ON (u.usage = $1 OR u.usage IS NULL) AND p.proname = ANY (u.names)
  WHERE p.pronamespace = 'session_auth'::regnamespace;
END;
COMMENT ON FUNCTION session_auth.functions_of_usage(text) IS
  'internal: the functions that a usage lets a database role call';

CREATE FUNCTION session_auth.holds_usage(database_role regrole, usage text) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT EXISTS (
    SELECT FROM pg_proc p, aclexplode(p.proacl) a
    WHERE p.pronamespace = 'session_auth'::regnamespace AND a.grantee = $1::oid
      AND p.proname = CASE $2
        WHEN 'request' THEN 'authenticate'
        WHEN 'issuer' THEN 'create_session'
        WHEN 'admin' THEN 'grant_permission'
      END);
END;
COMMENT ON FUNCTION session_auth.holds_usage(regrole, text) IS
  'internal: whether a database role was given a usage';

CREATE FUNCTION session_auth.check_usage(database_role regrole, usage text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF database_role IS NULL OR NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = database_role) THEN
    PERFORM session_auth.refuse('database_role', 'It must be a role of this server.');
  END IF;
  IF usage IS NULL OR usage NOT IN ('request', 'issuer', 'admin') THEN
    PERFORM session_auth.refuse('usage', 'It must be "request", "issuer" or "admin".');
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.check_usage(regrole, text) IS 'internal: 22023 for a bad argument';

CREATE FUNCTION session_auth.grant_usage(database_role regrole, usage text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  function regprocedure;
BEGIN
  PERFORM session_auth.check_usage(database_role, usage);
  EXECUTE format('GRANT USAGE ON SCHEMA session_auth TO %s', database_role);
  FOR function IN SELECT session_auth.functions_of_usage(usage) LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', function, database_role);
  END LOOP;
  PERFORM session_auth.record_event('usage_granted', NULL,
    jsonb_build_object('database_role', database_role::text, 'usage', usage));
END
$$;
COMMENT ON FUNCTION session_auth.grant_usage(regrole, text) IS
  'Lets a database role call what a usage needs: request (authenticate, ask, sign out), issuer '
  '(create, rotate and end sessions) or admin (roles, permissions, policies, impersonation). For the '
  'extension''s owner. 22023 for a bad argument.';

CREATE FUNCTION session_auth.revoke_usage(database_role regrole, usage text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  function regprocedure;
  kept text[];
BEGIN
  PERFORM session_auth.check_usage(database_role, usage);
  SELECT array_agg(u) INTO kept FROM unnest(ARRAY['request', 'issuer', 'admin']) u
  WHERE u <> usage AND session_auth.holds_usage(database_role, u);
  FOR function IN
    SELECT session_auth.functions_of_usage(usage)
    EXCEPT SELECT session_auth.functions_of_usage(u) FROM unnest(kept) u
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM %s', function, database_role);
  END LOOP;
  IF kept IS NULL THEN
    EXECUTE format('REVOKE USAGE ON SCHEMA session_auth FROM %s', database_role);
  END IF;
  PERFORM session_auth.record_event('usage_revoked', NULL,
    jsonb_build_object('database_role', database_role::text, 'usage', usage));
END
$$;
COMMENT ON FUNCTION session_auth.revoke_usage(regrole, text) IS
  'Takes a usage back; what another usage of the role needs stays. 22023 for a bad argument.';

REVOKE ALL ON SCHEMA session_auth FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA session_auth FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA session_auth FROM PUBLIC;
REVOKE ALL ON ALL ROUTINES IN SCHEMA session_auth FROM PUBLIC;

-- Nor is anything anybody's by ALTER DEFAULT PRIVILEGES.
DO $$
DECLARE
  granted record;
BEGIN
  FOR granted IN
    SELECT 'SCHEMA' AS kind, n.oid::regnamespace::text AS object, a.grantee
    FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a
    WHERE n.nspname = 'session_auth' AND a.grantee NOT IN (0, n.nspowner)
    UNION
    SELECT 'ROUTINE', p.oid::regprocedure::text, a.grantee
    FROM pg_catalog.pg_proc p, pg_catalog.aclexplode(p.proacl) a
    WHERE p.pronamespace = 'session_auth'::regnamespace AND a.grantee NOT IN (0, p.proowner)
    UNION
    SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass::text, a.grantee
    FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
    WHERE c.relnamespace = 'session_auth'::regnamespace AND a.grantee NOT IN (0, c.relowner)
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON %s %s FROM %s',
      granted.kind, granted.object, granted.grantee::regrole);
  END LOOP;
END
$$;
