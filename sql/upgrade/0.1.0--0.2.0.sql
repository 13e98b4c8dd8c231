-- From 0.1.0 to 0.2.0: what a fresh install makes, beside the data that are there.
-- Functions, procedures and comments come from sql/parts (scripts/update-script).

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

-- Tables.
CREATE TABLE session_auth.protections (
  target regclass NOT NULL PRIMARY KEY,
  resource text COLLATE "C" NOT NULL,
  owner_column name,
  tenant_column name,
  denied text COLLATE "C" NOT NULL DEFAULT 'empty',
  protected_at timestamptz NOT NULL DEFAULT now(),
  protected_by text COLLATE "C"
);

-- Dumps hold it; tables are restored before their data, and so before these rows.
SELECT pg_catalog.pg_extension_config_dump('session_auth.protections', '');

CREATE TABLE session_auth.protection_checks (
  target oid NOT NULL,
  policies boolean NOT NULL
);

@FUNCTIONS@

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


INSERT INTO session_auth.protections (target, resource, owner_column, tenant_column)
SELECT u.target, u.resource, u.owner_column, u.tenant_column FROM session_auth.unremembered_protections() u;

-- Rights: what is new is nobody's but its owner's, and each usage goes on with what it
-- needs now, so that an application does.
REVOKE ALL ON ALL TABLES IN SCHEMA session_auth FROM PUBLIC;
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
    SELECT CASE c.relkind WHEN 'S' THEN 'REVOKE ALL ON SEQUENCE %s FROM %s' ELSE 'REVOKE ALL ON TABLE %s FROM %s' END,
      c.oid::pg_catalog.regclass::pg_catalog.text, a.grantee
    FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
    WHERE c.relnamespace = 'session_auth'::pg_catalog.regnamespace AND a.grantee <> c.relowner
      AND c.oid NOT IN (SELECT b.oid FROM objects_before b)
  LOOP
    EXECUTE pg_catalog.format(change.command, change.object, change.grantee::pg_catalog.regrole);
  END LOOP;

  FOR change IN
    SELECT 'REVOKE EXECUTE ON ROUTINE %s FROM %s' AS command, p.oid::pg_catalog.regprocedure AS object, h.grantee
    FROM holders h CROSS JOIN LATERAL pg_catalog.unnest(h.functions) f (oid)
    JOIN pg_catalog.pg_proc p ON p.oid = f.oid
    WHERE NOT EXISTS (
      SELECT FROM holders o CROSS JOIN LATERAL session_auth.functions_of_usage(o.usage) n
      WHERE o.grantee = h.grantee AND n::oid = f.oid)
    UNION ALL
    SELECT 'GRANT EXECUTE ON ROUTINE %s TO %s', n, h.grantee
    FROM holders h CROSS JOIN LATERAL session_auth.functions_of_usage(h.usage) n
  LOOP
    EXECUTE pg_catalog.format(change.command, change.object, change.grantee::pg_catalog.regrole);
  END LOOP;
END
$$;

DROP TABLE objects_before, holders;
