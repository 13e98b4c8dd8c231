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
  metadata jsonb NOT NULL DEFAULT '{}',
  tenant text COLLATE "C",
  signed_only boolean
) WITH (fillfactor = 90);
CREATE INDEX sessions_user_id_idx ON session_auth.sessions (user_id);
CREATE INDEX sessions_expires_at_idx ON session_auth.sessions (expires_at);
COMMENT ON TABLE session_auth.sessions IS
  'one row a session; never the token, only its SHA-256';
COMMENT ON COLUMN session_auth.sessions.token_key IS
  'the first eight bytes of token_hash, big-endian: what the index finds a token by';
COMMENT ON COLUMN session_auth.sessions.tenant IS
  'that it is bound to, empty for none; null: it is not bound';
COMMENT ON COLUMN session_auth.sessions.signed_only IS
  'opened by a cookie whose proof was verified alone; null: an adopted one as long as a cookie secret is set up';
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
