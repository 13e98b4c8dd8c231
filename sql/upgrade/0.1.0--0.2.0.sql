-- From 0.1.0 to 0.2.0: what a fresh install makes, beside the data that are there.
-- Functions, procedures, views and comments come from sql/parts (scripts/update-script).

-- Before anything changes: what there is, and who holds which usage.
CREATE TEMPORARY TABLE objects_before AS
SELECT p.oid FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'session_auth'::pg_catalog.regnamespace
UNION ALL
SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relnamespace = 'session_auth'::pg_catalog.regnamespace;

CREATE TEMPORARY TABLE holders AS
SELECT DISTINCT u.usage, a.grantee, u.functions
FROM (VALUES ('request', 'authenticate'), ('issuer', 'create_session'), ('admin', 'grant_permission'))
  m (usage, mark)
CROSS JOIN LATERAL (
  SELECT m.usage, ARRAY(SELECT f::oid FROM session_auth.functions_of_usage(m.usage) f)) u (usage, functions)
JOIN pg_catalog.pg_proc p ON p.pronamespace = 'session_auth'::pg_catalog.regnamespace AND p.proname = m.mark
CROSS JOIN LATERAL pg_catalog.aclexplode(p.proacl) a
WHERE a.grantee NOT IN (0, p.proowner);

-- Functions whose arguments or results are others now.
DROP FUNCTION session_auth.adopt_sessions(regclass, name, name, name);
DROP FUNCTION session_auth.take_over_sessions(regclass, name, name, name);
DROP FUNCTION session_auth.adopted_session(oid, record, name, name, name);
DROP FUNCTION session_auth.adopt_roles(regclass, name, name);
DROP FUNCTION session_auth.take_over_roles(regclass, name, name);
DROP FUNCTION session_auth.grant_adopted_roles(regclass, text, text[]);
DROP FUNCTION session_auth.require_attached(regclass, text, name[]);
DROP FUNCTION session_auth.require_column(regclass, text, name, text[]);

DROP FUNCTION session_auth.add_key(text, text, text, text, text[], text, text, text, timestamptz, timestamptz, text);
DROP FUNCTION session_auth.import_jwks(text, jsonb, text[], text, text, text);
DROP FUNCTION session_auth.add_authjs_secret(text, text[], text, text);
DROP FUNCTION session_auth.add_cookie_secret(text, text);
DROP FUNCTION session_auth.token_from_cookie(text);
DROP FUNCTION session_auth.authenticate(text, text, text);
DROP FUNCTION session_auth.create_session(text, interval, text, jsonb);
DROP FUNCTION session_auth.list_sessions(text);
DROP FUNCTION session_auth.my_sessions();
DROP FUNCTION session_auth.authenticate_request(text, text, text, text);
DROP FUNCTION session_auth.protect_one_table(regclass, text, name, name);
DROP FUNCTION session_auth.identity_expression(regclass, name, text);
DROP FUNCTION session_auth.protect_table(regclass, text, name, name);
DROP FUNCTION session_auth.attach_triggers(regclass, text, text, text, name[]);
DROP FUNCTION session_auth.find_authjs_secret(text);
DROP FUNCTION session_auth.find_cookie_secret(text, text);

-- Tables.
ALTER TABLE session_auth.sessions ADD COLUMN tenant text COLLATE "C";
ALTER TABLE session_auth.sessions ADD COLUMN signed_only boolean;
ALTER TABLE session_auth.sessions ADD COLUMN permissions text[] COLLATE "C";
ALTER TABLE session_auth.sessions ADD COLUMN actor text COLLATE "C";
ALTER TABLE session_auth.sessions ADD COLUMN rotated_at timestamptz;
ALTER TABLE session_auth.adopted_roles ADD COLUMN holders integer NOT NULL DEFAULT 1;
CREATE TABLE session_auth.bans (
  user_id text COLLATE "C" NOT NULL,
  source regclass NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (user_id, source)
);
CREATE TABLE session_auth.protections (
  target regclass NOT NULL PRIMARY KEY,
  resource text COLLATE "C" NOT NULL,
  owner_column name,
  tenant_column name,
  denied text COLLATE "C" NOT NULL DEFAULT 'empty',
  protected_at timestamptz NOT NULL DEFAULT now(),
  protected_by text COLLATE "C",
  subqueries boolean NOT NULL DEFAULT true
);

-- Dumps hold it; tables are restored before their data, and so before these rows.
SELECT pg_catalog.pg_extension_config_dump('session_auth.protections', '');

CREATE TABLE session_auth.protection_checks (
  target oid NOT NULL,
  policies boolean NOT NULL
);

CREATE TABLE session_auth.column_protections (
  target regclass NOT NULL PRIMARY KEY,
  view regclass NOT NULL UNIQUE,
  columns name[] NOT NULL,
  resource text COLLATE "C" NOT NULL,
  owner_column name,
  protected_at timestamptz NOT NULL DEFAULT now(),
  protected_by text COLLATE "C"
);
SELECT pg_catalog.pg_extension_config_dump('session_auth.column_protections', '');

CREATE TABLE session_auth.permission_changes (
  xid xid8 NOT NULL,
  role text COLLATE "C",
  action text COLLATE "C",
  resource text COLLATE "C",
  deleted_to xid8
);
CREATE INDEX user_roles_user_id_hash ON session_auth.user_roles USING hash (user_id);
CREATE INDEX permission_changes_xid_idx ON session_auth.permission_changes (xid);
ALTER TABLE session_auth.permission_changes REPLICA IDENTITY FULL;
ALTER TABLE session_auth.keys
  ADD COLUMN user_claim text COLLATE "C" NOT NULL DEFAULT 'sub',
  ADD COLUMN required_claims jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN scope_claim text COLLATE "C",
  ADD COLUMN seals boolean NOT NULL DEFAULT false,
  DROP CONSTRAINT keys_role_source_check,
  ADD CONSTRAINT keys_role_source_check CHECK (role_source IN ('claims', 'grants', 'both', 'automatic')),
  DROP CONSTRAINT keys_issuer_kid_key;
CREATE UNIQUE INDEX keys_issuer_kid_idx ON session_auth.keys (issuer, kid)
  NULLS NOT DISTINCT WHERE kid IS NOT NULL;
CREATE UNIQUE INDEX keys_issuer_fingerprint_idx ON session_auth.keys (issuer, fingerprint)
  NULLS NOT DISTINCT WHERE kid IS NULL;
ALTER TABLE session_auth.authjs_secrets
  ADD COLUMN user_claim text COLLATE "C" NOT NULL DEFAULT 'sub',
  ADD COLUMN required_claims jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN scope_claim text COLLATE "C",
  ADD COLUMN since timestamptz,
  DROP CONSTRAINT authjs_secrets_role_source_check,
  ADD CONSTRAINT authjs_secrets_role_source_check CHECK (role_source IN ('claims', 'grants', 'both', 'automatic'));
ALTER TABLE session_auth.authjs_secrets ALTER since SET DEFAULT now();
ALTER TABLE session_auth.cookie_secrets
  DROP CONSTRAINT cookie_secrets_kind_check,
  ADD CONSTRAINT cookie_secrets_kind_check CHECK (kind <> ''),
  ADD COLUMN cookie_names text[],
  ADD COLUMN max_age interval,
  ADD COLUMN id_path text[],
  ADD COLUMN salts text[],
  ADD COLUMN role_claim text COLLATE "C",
  ADD COLUMN tenant_claim text COLLATE "C",
  ADD COLUMN without_end boolean NOT NULL DEFAULT false,
  ADD COLUMN since timestamptz NOT NULL DEFAULT now();

CREATE TABLE session_auth.token_secrets (
  secret_id integer NOT NULL PRIMARY KEY,
  secret bytea NOT NULL CHECK (octet_length(secret) = 32)
);
ALTER TABLE session_auth.token_secrets ALTER secret SET STATISTICS 0;
INSERT INTO session_auth.token_secrets (secret_id, secret)
SELECT 1, pg_catalog.sha256(pg_catalog.string_agg(pg_catalog.uuid_send(pg_catalog.gen_random_uuid()), ''))
FROM pg_catalog.generate_series(1, 4);

CREATE TABLE session_auth.allowed_audiences (
  audience text COLLATE "C" NOT NULL PRIMARY KEY,
  allowed_at timestamptz NOT NULL DEFAULT now(),
  allowed_by text COLLATE "C"
);
CREATE TABLE session_auth.connected_nodes (
  carrier regclass NOT NULL PRIMARY KEY,
  audience text COLLATE "C" NOT NULL,
  connected_at timestamptz NOT NULL DEFAULT now(),
  connected_by text COLLATE "C"
);
SELECT pg_catalog.pg_extension_config_dump('session_auth.allowed_audiences', '');
SELECT pg_catalog.pg_extension_config_dump('session_auth.connected_nodes', '');
CREATE SCHEMA session_auth_nodes;

-- Of what is secret no sample is kept, nor what was kept before, and nothing
-- outside the table that row-level security guards.
ALTER TABLE session_auth.sessions
  ALTER token_key SET STATISTICS 0, ALTER token_hash SET STATISTICS 0, ALTER metadata SET STATISTICS 0;
ALTER TABLE session_auth.rotated_tokens ALTER token_hash SET STATISTICS 0;
ALTER TABLE session_auth.sessions SET (autovacuum_vacuum_scale_factor = 0.1);
ALTER TABLE session_auth.rotated_tokens SET (autovacuum_vacuum_scale_factor = 0.1);
ALTER TABLE session_auth.session_events SET (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_insert_scale_factor = 0.1);
ALTER TABLE session_auth.session_events ALTER detail SET STATISTICS 0;
ALTER TABLE session_auth.key_secrets ALTER secret SET STATISTICS 0, ALTER secret SET STORAGE MAIN;
ALTER TABLE session_auth.authjs_secrets ALTER secret SET STATISTICS 0, ALTER secret SET STORAGE MAIN;
ALTER TABLE session_auth.cookie_secrets ALTER secret SET STATISTICS 0, ALTER secret SET STORAGE MAIN;
DELETE FROM pg_catalog.pg_statistic s
USING pg_catalog.pg_attribute a, pg_catalog.pg_class c
WHERE c.oid = a.attrelid AND c.relnamespace = 'session_auth'::pg_catalog.regnamespace
  AND s.starelid = a.attrelid AND s.staattnum = a.attnum
  AND a.attname IN ('token_key', 'token_hash', 'metadata', 'detail', 'secret');
UPDATE session_auth.key_secrets SET secret = secret || '';
UPDATE session_auth.authjs_secrets SET secret = secret || '';
UPDATE session_auth.cookie_secrets SET secret = secret || '';

-- The events are read by whom SELECT was granted to, and not by members of
-- pg_read_all_data, to whom nobody granted it.
CREATE POLICY granted ON session_auth.session_events FOR SELECT USING ((
  SELECT EXISTS (
    SELECT FROM (
      SELECT c.relacl FROM pg_catalog.pg_class c WHERE c.oid = 'session_auth.session_events'::regclass
      UNION ALL
      SELECT t.attacl FROM pg_catalog.pg_attribute t WHERE t.attrelid = 'session_auth.session_events'::regclass
    ) l (acl)
    CROSS JOIN LATERAL pg_catalog.aclexplode(l.acl) a
    WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_catalog.pg_has_role(a.grantee, 'USAGE')))));

-- Keys, which REPACK (CONCURRENTLY) and replication find rows by.  The tables are
-- written anew, and locked for so long; what replicates them updates its subscribers first.
ALTER TABLE session_auth.session_events
  ADD COLUMN event_id bigint NOT NULL DEFAULT pg_catalog.uuid_hash_extended(pg_catalog.gen_random_uuid(), 0),
  ADD PRIMARY KEY (at, event_id),
  REPLICA IDENTITY DEFAULT;
-- the key's index finds events by time
DROP INDEX session_auth.session_events_at_idx;
ALTER TABLE session_auth.revoked_tokens
  ADD COLUMN revocation_id uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid() PRIMARY KEY,
  REPLICA IDENTITY DEFAULT;
ALTER TABLE session_auth.user_revocations
  ADD COLUMN revocation_id uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid() PRIMARY KEY,
  REPLICA IDENTITY DEFAULT;

@FUNCTIONS@

SELECT session_auth.watch_table('connected_nodes', 'nodes_changed');
CREATE TRIGGER identity_carried INSTEAD OF UPDATE ON session_auth_nodes.carried_identity
  FOR EACH ROW EXECUTE FUNCTION session_auth.identity_carried();

-- For what is recorded at all.
CREATE TRIGGER event_recorded BEFORE INSERT ON session_auth.session_events
  FOR EACH ROW EXECUTE FUNCTION session_auth.event_recorded();
ALTER TABLE session_auth.session_events ENABLE ALWAYS TRIGGER event_recorded;
-- What becomes of adopted tables that are dropped, by whichever command, or partitioned.
DROP EVENT TRIGGER session_auth_source_dropped;
CREATE EVENT TRIGGER session_auth_source_dropped ON sql_drop
  EXECUTE FUNCTION session_auth.source_dropped();
ALTER EVENT TRIGGER session_auth_source_dropped ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER session_auth_source_dropped IS
  'session_auth: an adopted table that is dropped takes its sessions and roles along';
CREATE EVENT TRIGGER session_auth_source_altered ON ddl_command_end
  WHEN TAG IN ('CREATE TABLE', 'CREATE FOREIGN TABLE', 'CREATE SCHEMA', 'ALTER TABLE')
  EXECUTE FUNCTION session_auth.source_altered();
ALTER EVENT TRIGGER session_auth_source_altered ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER session_auth_source_altered IS
  'session_auth: partitions that an adopted table gets or loses are followed';

-- The guard of what is protected, and what was protected before.
CREATE CONSTRAINT TRIGGER check_protection AFTER INSERT ON session_auth.protection_checks
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION session_auth.check_protection();
ALTER TABLE session_auth.protection_checks ENABLE ALWAYS TRIGGER check_protection;

CREATE EVENT TRIGGER session_auth_ddl_ended ON ddl_command_end
  WHEN TAG IN ('ALTER TABLE', 'ALTER POLICY', 'CREATE POLICY', 'CREATE TRIGGER', 'ALTER TRIGGER',
    'CREATE RULE', 'ALTER RULE', 'CREATE INDEX', 'ALTER INDEX', 'ALTER SEQUENCE', 'CREATE FUNCTION',
    'ALTER FUNCTION', 'CREATE PROCEDURE', 'ALTER PROCEDURE', 'ALTER ROUTINE', 'ALTER TYPE',
    'ALTER DOMAIN', 'CREATE VIEW', 'ALTER VIEW', 'CREATE STATISTICS', 'ALTER SCHEMA')
  EXECUTE FUNCTION session_auth.ddl_ended();
ALTER EVENT TRIGGER session_auth_ddl_ended ENABLE ALWAYS;

CREATE EVENT TRIGGER session_auth_ddl_dropped ON sql_drop EXECUTE FUNCTION session_auth.ddl_dropped();
ALTER EVENT TRIGGER session_auth_ddl_dropped ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER session_auth_ddl_ended IS
  'session_auth: guards protected tables and the extension''s own objects';
COMMENT ON EVENT TRIGGER session_auth_ddl_dropped IS
  'session_auth: guards protected tables and the extension''s own objects';

INSERT INTO session_auth.protections (target, resource, owner_column, tenant_column, denied)
SELECT u.target, u.resource, u.owner_column, u.tenant_column, u.denied FROM session_auth.unremembered_protections() u;
-- Triggers.
DROP TRIGGER cache_changed ON session_auth.roles;
DROP TRIGGER cache_replicated ON session_auth.roles;
DROP TRIGGER cache_changed ON session_auth.role_parents;
DROP TRIGGER cache_replicated ON session_auth.role_parents;
DROP TRIGGER cache_changed ON session_auth.permissions;
DROP TRIGGER cache_replicated ON session_auth.permissions;
SELECT session_auth.watch_permissions('roles'),
       session_auth.watch_permissions('role_parents'),
       session_auth.watch_permissions('permissions'),
       session_auth.watch_changes(),
       session_auth.watch_table('bans', 'revocations_changed');

-- What arrives from another server is merged with what is here.
SELECT session_auth.merge_table('sessions', 'merge_session', 'INSERT OR UPDATE'),
       session_auth.merge_table('rotated_tokens', 'merge_rotated_token', 'INSERT OR UPDATE'),
       session_auth.merge_table('session_events', 'merge_row', 'INSERT'),
       session_auth.merge_table('revoked_tokens', 'merge_row', 'INSERT'),
       session_auth.merge_table('user_revocations', 'merge_row', 'INSERT'),
       session_auth.merge_table('roles', 'merge_row', 'INSERT'),
       session_auth.merge_table('role_parents', 'merge_row', 'INSERT'),
       session_auth.merge_table('permissions', 'merge_row', 'INSERT');

-- Rights: what is new is nobody's but its owner's, and each usage goes on with what it
-- needs now, so that an application does.
REVOKE ALL ON SCHEMA session_auth_nodes FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA session_auth, session_auth_nodes FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA session_auth FROM PUBLIC;
REVOKE ALL ON ALL ROUTINES IN SCHEMA session_auth FROM PUBLIC;

DO $$
DECLARE
  change record;
BEGIN
  FOR change IN
    SELECT 'REVOKE ALL ON ROUTINE %s FROM %s' AS command, p.oid::pg_catalog.regprocedure::pg_catalog.text AS object, a.grantee
    FROM pg_catalog.pg_proc p, pg_catalog.aclexplode(p.proacl) a
    WHERE p.pronamespace = 'session_auth'::pg_catalog.regnamespace AND a.grantee <> p.proowner
      AND p.oid NOT IN (SELECT b.oid FROM objects_before b)
    UNION
    SELECT 'REVOKE ALL ON SCHEMA %s FROM %s', n.nspname, a.grantee
    FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a
    WHERE n.nspname = 'session_auth_nodes' AND a.grantee <> n.nspowner
    UNION
    SELECT CASE c.relkind WHEN 'S' THEN 'REVOKE ALL ON SEQUENCE %s FROM %s' ELSE 'REVOKE ALL ON TABLE %s FROM %s' END,
      c.oid::pg_catalog.regclass::pg_catalog.text, a.grantee
    FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
    WHERE c.relnamespace IN ('session_auth'::pg_catalog.regnamespace, 'session_auth_nodes'::pg_catalog.regnamespace) AND a.grantee <> c.relowner
      AND c.oid NOT IN (SELECT b.oid FROM objects_before b)
  LOOP
    EXECUTE pg_catalog.format(change.command, change.object, change.grantee::pg_catalog.regrole);
  END LOOP;

  FOR change IN
    SELECT 'REVOKE EXECUTE ON ROUTINE %s FROM %s' AS command, p.oid::pg_catalog.regprocedure::pg_catalog.text AS object, h.grantee
    FROM holders h CROSS JOIN LATERAL pg_catalog.unnest(h.functions) f (oid)
    JOIN pg_catalog.pg_proc p ON p.oid = f.oid
    WHERE NOT EXISTS (
      SELECT FROM holders o CROSS JOIN LATERAL session_auth.functions_of_usage(o.usage) n
      WHERE o.grantee = h.grantee AND n::oid = f.oid)
    UNION ALL
    SELECT 'GRANT %s TO %s', n, h.grantee
    FROM holders h CROSS JOIN LATERAL session_auth.rights_of_usage(h.usage) n
  LOOP
    EXECUTE pg_catalog.format(change.command, change.object, change.grantee::pg_catalog.regrole);
  END LOOP;
END
$$;

SELECT session_auth.guard_tables();

DROP TABLE objects_before, holders;
