-- The schema and the tables.  Columns are read by position: where each is, say
-- src/catalog/table_access.h and table_*.c.
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
  signed_only boolean,
  permissions text[] COLLATE "C",
  actor text COLLATE "C",
  rotated_at timestamptz
) WITH (fillfactor = 90);
CREATE INDEX sessions_user_id_idx ON session_auth.sessions (user_id);
CREATE INDEX sessions_expires_at_idx ON session_auth.sessions (expires_at);
COMMENT ON TABLE session_auth.sessions IS
  'one row a session; never the token, only its SHA-256';
COMMENT ON COLUMN session_auth.sessions.session_id IS
  'a random uuid; that of an adopted session begins with the OID of its source';
COMMENT ON COLUMN session_auth.sessions.token_key IS
  'the first eight bytes of token_hash, big-endian: what the index finds a token by';
COMMENT ON COLUMN session_auth.sessions.created_at IS
  'when create_session made it, or adopt_sessions took it over';
COMMENT ON COLUMN session_auth.sessions.expires_at IS
  'until when its token is accepted; never later than ended_at';
COMMENT ON COLUMN session_auth.sessions.tenant IS
  'that it is bound to, empty for none; NULL: it is not bound';
COMMENT ON COLUMN session_auth.sessions.signed_only IS
  'opened by a cookie whose proof was verified alone; NULL: an adopted one as long as a cookie secret is set up';
COMMENT ON COLUMN session_auth.sessions.permissions IS
  'what its identities are narrowed to; NULL: they are not';
COMMENT ON COLUMN session_auth.sessions.actor IS
  'who acts in it as the user, in an adopted table; NULL: the user';
COMMENT ON COLUMN session_auth.sessions.rotated_at IS
  'when its token was given out in place of another; NULL: it has its first one';
COMMENT ON COLUMN session_auth.sessions.last_seen_at IS
  'written at most once per session_auth.touch_interval; in no index, so that the update is HOT';
COMMENT ON COLUMN session_auth.sessions.lifetime IS
  'by how much refresh_session slides expires_at';
COMMENT ON COLUMN session_auth.sessions.token_hash IS
  'the SHA-256 of the token';
COMMENT ON COLUMN session_auth.sessions.user_id IS
  'whose session it is, as the application names its users';
COMMENT ON COLUMN session_auth.sessions.ended_at IS
  'when it was ended before its time; NULL: it was not';
COMMENT ON COLUMN session_auth.sessions.ended_by IS
  'sign-out, administrator, limit or theft';
COMMENT ON COLUMN session_auth.sessions.metadata IS
  'what create_session was given: a JSON object';
-- No sample of hashes is kept for the planner: who reads pg_statistic would read it.
ALTER TABLE session_auth.sessions
  ALTER token_key SET STATISTICS 0, ALTER token_hash SET STATISTICS 0, ALTER metadata SET STATISTICS 0;

-- What is written most is vacuumed once a tenth of it is dead, not a fifth: docs/operations.md.
ALTER TABLE session_auth.sessions SET (autovacuum_vacuum_scale_factor = 0.1);

CREATE TABLE session_auth.rotated_tokens (
  token_hash bytea NOT NULL PRIMARY KEY,
  session_id uuid NOT NULL,
  rotated_at timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.1);
CREATE INDEX rotated_tokens_session_id_idx ON session_auth.rotated_tokens (session_id);
COMMENT ON TABLE session_auth.rotated_tokens IS
  'hashes of tokens that have a successor: presented after their grace they end the session';
COMMENT ON COLUMN session_auth.rotated_tokens.token_hash IS
  'the SHA-256 of the token that was rotated away';
COMMENT ON COLUMN session_auth.rotated_tokens.session_id IS
  'the session that it opened';
COMMENT ON COLUMN session_auth.rotated_tokens.rotated_at IS
  'when it got its successor: the grace begins here';
ALTER TABLE session_auth.rotated_tokens ALTER token_hash SET STATISTICS 0;

-- Its key is no number of a sequence: where two servers replicate to each other both
-- write events, and equal numbers would stop replication.  It begins with the time, so
-- that new events go to the end of its index, purge_sessions finds old ones by it, and
-- the table can be partitioned by time, which a key without it would rule out.  Beside
-- the time eight random bytes are enough, where a uuid would take 17 bytes more an event.
CREATE TABLE session_auth.session_events (
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  event text COLLATE "C" NOT NULL,
  user_id text COLLATE "C",
  session_id uuid,
  actor text COLLATE "C",
  detail jsonb,
  event_id bigint NOT NULL DEFAULT pg_catalog.uuid_hash_extended(pg_catalog.gen_random_uuid(), 0),
  PRIMARY KEY (at, event_id)
) WITH (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_insert_scale_factor = 0.1);
CREATE INDEX session_events_user_id_idx ON session_auth.session_events (user_id, at);
COMMENT ON TABLE session_auth.session_events IS
  'the audit trail; purge_sessions removes what is older than session_auth.event_retention';
COMMENT ON COLUMN session_auth.session_events.at IS
  'when it happened';
COMMENT ON COLUMN session_auth.session_events.event IS
  'what happened: see docs/reference.md';
COMMENT ON COLUMN session_auth.session_events.user_id IS
  'to whom; NULL for what concerns nobody alone';
COMMENT ON COLUMN session_auth.session_events.session_id IS
  'to which session; NULL for what concerns none';
COMMENT ON COLUMN session_auth.session_events.actor IS
  'who did it: the user who was authenticated, or else the database role that logged in';
COMMENT ON COLUMN session_auth.session_events.detail IS
  'what else there is to say of such an event';
ALTER TABLE session_auth.session_events ALTER detail SET STATISTICS 0;
COMMENT ON COLUMN session_auth.session_events.event_id IS
  'tells events of the same microsecond apart, on every server';

CREATE TABLE session_auth.roles (
  role text COLLATE "C" NOT NULL PRIMARY KEY
);
COMMENT ON TABLE session_auth.roles IS 'roles of the application, not of PostgreSQL';
COMMENT ON COLUMN session_auth.roles.role IS
  'its name';

CREATE TABLE session_auth.role_parents (
  role text COLLATE "C" NOT NULL REFERENCES session_auth.roles ON DELETE CASCADE,
  parent text COLLATE "C" NOT NULL REFERENCES session_auth.roles ON DELETE CASCADE,
  PRIMARY KEY (role, parent),
  CHECK (role <> parent)
);
CREATE INDEX role_parents_parent_idx ON session_auth.role_parents (parent);
COMMENT ON TABLE session_auth.role_parents IS 'a role holds what its parents hold';
COMMENT ON COLUMN session_auth.role_parents.role IS
  'the role that inherits';
COMMENT ON COLUMN session_auth.role_parents.parent IS
  'the role that it inherits from';

CREATE TABLE session_auth.permissions (
  role text COLLATE "C" NOT NULL REFERENCES session_auth.roles ON DELETE CASCADE,
  action text COLLATE "C" NOT NULL,
  resource text COLLATE "C" NOT NULL,
  denied boolean NOT NULL,
  PRIMARY KEY (role, action, resource, denied)
);
COMMENT ON TABLE session_auth.permissions IS
  'what a role may do, and what it may not although something else grants it';
COMMENT ON COLUMN session_auth.permissions.role IS
  'who may';
COMMENT ON COLUMN session_auth.permissions.action IS
  'do what; * is everything';
COMMENT ON COLUMN session_auth.permissions.resource IS
  'on what; * is everything, and a :* or /* at the end whatever begins so';
COMMENT ON COLUMN session_auth.permissions.denied IS
  'true: a denial, which wins over every grant';

CREATE TABLE session_auth.permission_changes (
  xid xid8 NOT NULL,
  role text COLLATE "C",
  action text COLLATE "C",
  resource text COLLATE "C",
  deleted_to xid8
);
CREATE INDEX permission_changes_xid_idx ON session_auth.permission_changes (xid);
-- it has no key, and a publication of all tables must not stop purge_sessions
ALTER TABLE session_auth.permission_changes REPLICA IDENTITY FULL;
COMMENT ON TABLE session_auth.permission_changes IS
  'what has changed of roles and permissions, so that caches read that alone; rows are only '
  'added, and old ones removed by purge_sessions';
COMMENT ON COLUMN session_auth.permission_changes.xid IS
  'the top-level transaction, on this server';
COMMENT ON COLUMN session_auth.permission_changes.role IS
  'NULL: every role; with a NULL action, all of the role';
COMMENT ON COLUMN session_auth.permission_changes.action IS
  'of the permission; NULL: all of the role, what it inherits included';
COMMENT ON COLUMN session_auth.permission_changes.resource IS
  'of the permission, as it is stored';
COMMENT ON COLUMN session_auth.permission_changes.deleted_to IS
  'rows of transactions up to this one have been deleted';

CREATE TABLE session_auth.user_roles (
  grant_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL REFERENCES session_auth.roles ON DELETE CASCADE,
  tenant text COLLATE "C",
  granted_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE NULLS NOT DISTINCT (user_id, role, tenant)
);
CREATE INDEX user_roles_role_idx ON session_auth.user_roles (role);
CREATE INDEX user_roles_user_id_hash ON session_auth.user_roles USING hash (user_id);
COMMENT ON TABLE session_auth.user_roles IS
  'who has which role: everywhere, or in one tenant alone';
COMMENT ON COLUMN session_auth.user_roles.grant_id IS
  'counts upwards: session_auth.role() is the role that was granted first';
COMMENT ON COLUMN session_auth.user_roles.user_id IS
  'who has the role, as the application names its users';
COMMENT ON COLUMN session_auth.user_roles.role IS
  'which';
COMMENT ON COLUMN session_auth.user_roles.tenant IS
  'where; NULL: everywhere';
COMMENT ON COLUMN session_auth.user_roles.granted_at IS
  'since when';

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

CREATE FUNCTION session_auth.forbid(message text, detail text, hint text) RETURNS void
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'session_auth_forbid';
COMMENT ON FUNCTION session_auth.forbid(text, text, text) IS
  'internal: raises 42501 without the lines of the functions that led to it';

CREATE FUNCTION session_auth.check_snapshot() RETURNS void
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'session_auth_check_snapshot';
COMMENT ON FUNCTION session_auth.check_snapshot() IS
  'internal: 40001 when the transaction''s snapshot is older than a rewritten or emptied table';

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

-- For what is recorded at all.
CREATE FUNCTION session_auth.event_recorded() RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'session_auth_event_recorded';
COMMENT ON FUNCTION session_auth.event_recorded() IS
  'internal: leaves out an event of a class that session_auth.record_events does not name';

CREATE TRIGGER event_recorded BEFORE INSERT ON session_auth.session_events
  FOR EACH ROW EXECUTE FUNCTION session_auth.event_recorded();
ALTER TABLE session_auth.session_events ENABLE ALWAYS TRIGGER event_recorded;

-- Their owner alone writes to the tables, and members of pg_read_all_data do not see
-- those that dumps leave out.  Those that dumps hold can be read, as pg_dump does, and
-- so can adopted_roles, which a dump of user_roles looks into; nothing there is secret.

CREATE FUNCTION session_auth.written_by_owner() RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'session_auth_written_by_owner';
COMMENT ON FUNCTION session_auth.written_by_owner() IS
  'internal: 42501 for whoever has not the privileges of the table''s owner';

CREATE FUNCTION session_auth.guard_tables() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  guarded record;
BEGIN
  FOR guarded IN
    SELECT c.oid::regclass AS name,
      c.relname <> 'adopted_roles' AND c.oid <> ALL (
        SELECT unnest(e.extconfig) FROM pg_extension e WHERE e.extname = 'session_auth') AS hidden
    FROM pg_class c
    WHERE c.relnamespace = 'session_auth'::regnamespace AND c.relkind = 'r'
    ORDER BY c.relname
  LOOP
    EXECUTE format(
      'CREATE OR REPLACE TRIGGER written_by_owner
         BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s
         FOR EACH STATEMENT EXECUTE FUNCTION session_auth.written_by_owner()', guarded.name);
    EXECUTE format(
      'CREATE OR REPLACE TRIGGER written_replicated
         BEFORE INSERT OR UPDATE OR DELETE ON %s
         FOR EACH ROW EXECUTE FUNCTION session_auth.written_by_owner()', guarded.name);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER written_by_owner', guarded.name);
    EXECUTE format('ALTER TABLE %s ENABLE REPLICA TRIGGER written_replicated', guarded.name);
    IF guarded.hidden THEN
      EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', guarded.name);
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.guard_tables() IS
  'internal: lets the owner alone write to the tables, and read those that dumps leave out';

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

-- Roles and permissions are also recorded, with what has changed of them, since
-- caches of what a role may do are large; a trigger sees the rows of a statement
-- if it is for one kind of statement alone.

CREATE FUNCTION session_auth.watch_permissions(target name) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  kind record;
BEGIN
  FOR kind IN
    SELECT * FROM (VALUES
      ('cache_inserted', 'INSERT', 'REFERENCING NEW TABLE AS new_rows'),
      ('cache_updated', 'UPDATE', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'),
      ('cache_deleted', 'DELETE', 'REFERENCING OLD TABLE AS old_rows'),
      ('cache_truncated', 'TRUNCATE', '')) k (name, event, rows)
  LOOP
    EXECUTE format(
      'CREATE TRIGGER %I AFTER %s ON session_auth.%I %s
         FOR EACH STATEMENT EXECUTE FUNCTION session_auth.permissions_changed()',
      kind.name, kind.event, target, kind.rows);
    EXECUTE format('ALTER TABLE session_auth.%I ENABLE ALWAYS TRIGGER %I', target, kind.name);
  END LOOP;
  EXECUTE format(
    'CREATE TRIGGER cache_replicated
       AFTER INSERT OR UPDATE OR DELETE ON session_auth.%I
       FOR EACH ROW EXECUTE FUNCTION session_auth.permissions_changed()', target);
  EXECUTE format('ALTER TABLE session_auth.%I ENABLE REPLICA TRIGGER cache_replicated', target);
END
$$;
COMMENT ON FUNCTION session_auth.watch_permissions(name) IS
  'internal: records what changes in a table of roles or permissions, and tells the caches';

CREATE FUNCTION session_auth.change_replicated() RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'session_auth_change_replicated';
COMMENT ON FUNCTION session_auth.change_replicated() IS
  'internal: keeps out what another server recorded of its changes';

CREATE FUNCTION session_auth.watch_changes() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  CREATE TRIGGER cache_deleted AFTER DELETE ON session_auth.permission_changes
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION session_auth.permissions_changed();
  CREATE TRIGGER cache_truncated AFTER TRUNCATE ON session_auth.permission_changes
    FOR EACH STATEMENT EXECUTE FUNCTION session_auth.permissions_changed();
  CREATE TRIGGER change_replicated BEFORE INSERT ON session_auth.permission_changes
    FOR EACH ROW EXECUTE FUNCTION session_auth.change_replicated();
  ALTER TABLE session_auth.permission_changes ENABLE ALWAYS TRIGGER cache_deleted;
  ALTER TABLE session_auth.permission_changes ENABLE ALWAYS TRIGGER cache_truncated;
  ALTER TABLE session_auth.permission_changes ENABLE ALWAYS TRIGGER change_replicated;
  -- whoever has cached something before there was this table begins anew
  INSERT INTO session_auth.permission_changes (xid) VALUES (pg_current_xact_id());
END
$$;
COMMENT ON FUNCTION session_auth.watch_changes() IS
  'internal: has what is deleted of permission_changes known, and what was replicated left out';

SELECT session_auth.watch_permissions('roles'),
       session_auth.watch_permissions('role_parents'),
       session_auth.watch_permissions('permissions'),
       session_auth.watch_changes(),
       session_auth.watch_table('user_roles', 'grants_changed');
