-- The guard of what is protected.  A transaction may take protection away in between, as a migration does
-- with NO FORCE around an UPDATE; when it ends, everything must be back.

CREATE TABLE session_auth.protection_checks (
  target oid NOT NULL,
  policies boolean NOT NULL
);
COMMENT ON TABLE session_auth.protection_checks IS
  'tables whose protection this transaction has touched, to be looked at when it ends; empty otherwise';
COMMENT ON COLUMN session_auth.protection_checks.target IS 'the table';
COMMENT ON COLUMN session_auth.protection_checks.policies IS
  'whether its policies were touched, not ENABLE and FORCE alone';

CREATE FUNCTION session_auth.guards() RETURNS boolean
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'session_auth_guards';
COMMENT ON FUNCTION session_auth.guards() IS
  'internal: whether session_auth.guard_protection is on, and no script of the extension runs';

CREATE FUNCTION session_auth.kind_of_command(command pg_ddl_command) RETURNS text
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', 'session_auth_kind_of_command';
COMMENT ON FUNCTION session_auth.kind_of_command(pg_ddl_command) IS
  'internal: upkeep, unprotects, renames or change';

-- Its tables with all that is theirs, and its views, beside which others may have relations of their own.
CREATE FUNCTION session_auth.is_own_relation(relation oid) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT EXISTS (SELECT FROM pg_class c WHERE c.oid = $1 AND c.relnamespace = 'session_auth'::regnamespace)
    OR EXISTS (SELECT FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid
      WHERE d.classid = 'pg_class'::regclass AND d.objid = $1 AND d.deptype = 'e'
        AND d.refclassid = 'pg_extension'::regclass AND x.extname = 'session_auth');
END;
COMMENT ON FUNCTION session_auth.is_own_relation(oid) IS
  'internal: whether a relation is the extension''s';

CREATE FUNCTION session_auth.refuse_change(object text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM session_auth.forbid(format('%s belongs to session_auth', object),
    'Only the scripts of the extension change what it is made of.',
    'Leave the schema session_auth out of what migrations compare. A superuser can set '
    'session_auth.guard_protection to off.');
END
$$;
COMMENT ON FUNCTION session_auth.refuse_change(text) IS
  'internal: 42501 for a command that changes the extension''s own objects';

CREATE FUNCTION session_auth.check_protection() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  lost text[];
BEGIN
  DELETE FROM session_auth.protection_checks k WHERE k.target = NEW.target AND k.policies = NEW.policies;
  SELECT CASE WHEN NEW.policies THEN session_auth.lost_protection(NEW.target)
              ELSE session_auth.lost_row_security(NEW.target) END INTO lost
  FROM session_auth.protections p WHERE p.target::oid = NEW.target;
  lost := lost || session_auth.lost_columns_of(NEW.target);
  IF cardinality(lost) > 0 AND session_auth.guards() THEN
    PERFORM session_auth.forbid(format('table %s would lose its protection', NEW.target::regclass),
      format('At the end of the transaction %s.', array_to_string(lost, ', ')),
      'session_auth.unprotect_table() takes it away, protect_table() renews it. A superuser can '
      'set session_auth.guard_protection to off.');
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION session_auth.check_protection() IS
  'internal: 42501 when a transaction leaves a protected table without its protection';

CREATE CONSTRAINT TRIGGER check_protection AFTER INSERT ON session_auth.protection_checks
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION session_auth.check_protection();
ALTER TABLE session_auth.protection_checks ENABLE ALWAYS TRIGGER check_protection;

CREATE FUNCTION session_auth.has_column(target oid, column_name name) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT $2 IS NULL OR EXISTS (
    SELECT FROM pg_attribute a WHERE a.attrelid = $1 AND a.attname = $2 AND NOT a.attisdropped);
END;
COMMENT ON FUNCTION session_auth.has_column(oid, name) IS
  'internal: whether there is such a column, or none is asked for';

-- A column keeps its place in the policies when it gets another name.
CREATE FUNCTION session_auth.follow_renamed_column(renamed oid, column_number integer) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH RECURSIVE family (oid) AS (
    SELECT $1
    UNION
    SELECT i.inhrelid FROM family f JOIN pg_inherits i ON i.inhparent = f.oid
  ), named AS (
    SELECT a.attname FROM pg_attribute a WHERE a.attrelid = $1 AND a.attnum = $2
  )
  UPDATE session_auth.protections p SET
    owner_column = CASE WHEN session_auth.has_column(p.target::oid, p.owner_column)
      THEN p.owner_column ELSE n.attname END,
    tenant_column = CASE WHEN session_auth.has_column(p.target::oid, p.tenant_column)
      THEN p.tenant_column ELSE n.attname END
  FROM family f, named n
  WHERE p.target::oid = f.oid
    AND NOT (session_auth.has_column(p.target::oid, p.owner_column)
         AND session_auth.has_column(p.target::oid, p.tenant_column));
END;
COMMENT ON FUNCTION session_auth.follow_renamed_column(oid, integer) IS
  'internal: lets what is remembered of a table follow ALTER TABLE … RENAME COLUMN';

CREATE FUNCTION session_auth.ddl_ended() RETURNS event_trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  changed record;
BEGIN
  -- the schema has another name: nothing below would find what it calls
  IF to_regnamespace('session_auth') IS NULL THEN
    IF TG_TAG = 'ALTER SCHEMA' AND NOT EXISTS (
      SELECT FROM pg_settings s
      WHERE s.name = 'session_auth.guard_protection' AND s.setting = 'off' AND s.context = 'superuser')
    THEN
      RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = 'schema session_auth keeps its name',
        HINT = 'A superuser can set session_auth.guard_protection to off, after LOAD ''session_auth''.';
    END IF;
    RETURN;
  END IF;
  FOR changed IN
    SELECT c.classid, c.objid, c.objsubid, c.command_tag, c.object_identity, session_auth.kind_of_command(c.command) AS kind,
      CASE c.classid
        WHEN 'pg_class'::regclass THEN c.objid
        WHEN 'pg_policy'::regclass THEN (SELECT p.polrelid FROM pg_policy p WHERE p.oid = c.objid)
        WHEN 'pg_trigger'::regclass THEN (SELECT t.tgrelid FROM pg_trigger t WHERE t.oid = c.objid)
        WHEN 'pg_rewrite'::regclass THEN (SELECT w.ev_class FROM pg_rewrite w WHERE w.oid = c.objid)
        WHEN 'pg_statistic_ext'::regclass THEN (SELECT s.stxrelid FROM pg_statistic_ext s WHERE s.oid = c.objid)
      END AS relid,
      c.schema_name IS NOT DISTINCT FROM 'session_auth'
        OR EXISTS (SELECT FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid
          WHERE d.classid = c.classid AND d.objid = c.objid AND d.deptype = 'e'
            AND d.refclassid = 'pg_extension'::regclass AND x.extname = 'session_auth') AS own
    FROM pg_event_trigger_ddl_commands() c
  LOOP
    IF changed.kind <> 'upkeep' AND session_auth.guards() AND (changed.own OR session_auth.is_own_relation(changed.relid))
    THEN
      PERFORM session_auth.refuse_change(changed.object_identity);
    END IF;
    -- not CREATE POLICY: pg_restore brings back what is remembered before the policies
    IF changed.kind = 'unprotects' OR changed.command_tag = 'ALTER POLICY' THEN
      INSERT INTO session_auth.protection_checks
      SELECT p.target::oid, changed.command_tag = 'ALTER POLICY'
      FROM session_auth.protections p WHERE p.target::oid = changed.relid;
    END IF;
    IF changed.classid = 'pg_class'::regclass THEN
      -- what writes through the view names the table and its columns
      IF changed.kind = 'renames' AND session_auth.guards() AND EXISTS (
        SELECT FROM session_auth.column_protections p WHERE changed.objid IN (p.target::oid, p.view::oid))
      THEN
        RAISE EXCEPTION USING ERRCODE = '42501',
          MESSAGE = format('%s has hidden columns and keeps its names', changed.objid::regclass),
          HINT = 'Call session_auth.unprotect_columns() before, and protect_columns() after it.';
      END IF;
      INSERT INTO session_auth.protection_checks
      SELECT p.target::oid, false FROM session_auth.column_protections p WHERE p.view::oid = changed.objid;
      IF changed.objsubid > 0 THEN
        PERFORM session_auth.follow_renamed_column(changed.objid, changed.objsubid);
      END IF;
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.ddl_ended() IS
  'internal: refuses DDL on the extension''s own objects, and notes what touches a protected table';

CREATE FUNCTION session_auth.ddl_dropped() RETURNS event_trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  dropped record;
BEGIN
  IF to_regnamespace('session_auth') IS NULL THEN
    RETURN;
  END IF;
  DELETE FROM session_auth.protections p USING pg_event_trigger_dropped_objects() o
  WHERE o.classid = 'pg_class'::regclass AND o.objsubid = 0 AND o.objid = p.target::oid;
  DELETE FROM session_auth.column_protections p USING pg_event_trigger_dropped_objects() o
  WHERE o.classid = 'pg_class'::regclass AND o.objsubid = 0 AND o.objid = p.target::oid;
  INSERT INTO session_auth.protection_checks
  SELECT DISTINCT p.target::oid, false
  FROM pg_event_trigger_dropped_objects() o
  JOIN session_auth.column_protections p ON o.classid = 'pg_class'::regclass AND o.objid = p.view::oid
    OR o.classid = 'pg_trigger'::regclass AND o.address_names[3] = 'session_auth_columns'
      AND to_regclass(format('%I.%I', o.address_names[1], o.address_names[2])) IN (p.target, p.view);
  INSERT INTO session_auth.protection_checks
  SELECT DISTINCT p.target::oid, true
  FROM pg_event_trigger_dropped_objects() o
  JOIN session_auth.protections p ON p.target::oid = to_regclass(
    format('%I.%I', o.address_names[1], o.address_names[2]))
  WHERE o.classid = 'pg_policy'::regclass AND o.address_names[3] IN (
    SELECT w.policy FROM session_auth.written_policies('', '', 'empty') w);
  IF session_auth.guards() THEN
    FOR dropped IN
      SELECT o.object_identity FROM pg_event_trigger_dropped_objects() o
      WHERE NOT o.is_temporary AND (o.schema_name = 'session_auth'
        OR o.classid IN ('pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_rewrite'::regclass,
            'pg_attrdef'::regclass, 'pg_constraint'::regclass)
          AND session_auth.is_own_relation(to_regclass(quote_ident(o.address_names[1]) || '.' || quote_ident(o.address_names[2]))))
        -- what a foreign key of the application's leaves on the table that it names
        AND NOT (o.classid = 'pg_trigger'::regclass AND o.address_names[3] LIKE 'RI\_ConstraintTrigger\_%')
    LOOP
      PERFORM session_auth.refuse_change(dropped.object_identity);
    END LOOP;
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.ddl_dropped() IS
  'internal: refuses to drop the extension''s own objects, and notes what protected tables lose';

CREATE EVENT TRIGGER session_auth_ddl_ended ON ddl_command_end
  WHEN TAG IN ('ALTER TABLE', 'ALTER POLICY', 'CREATE POLICY', 'CREATE TRIGGER', 'ALTER TRIGGER',
    'CREATE RULE', 'ALTER RULE', 'CREATE INDEX', 'ALTER INDEX', 'ALTER SEQUENCE', 'CREATE FUNCTION',
    'ALTER FUNCTION', 'CREATE PROCEDURE', 'ALTER PROCEDURE', 'ALTER ROUTINE', 'ALTER TYPE',
    'ALTER DOMAIN', 'CREATE VIEW', 'ALTER VIEW', 'CREATE STATISTICS', 'ALTER SCHEMA')
  EXECUTE FUNCTION session_auth.ddl_ended();
ALTER EVENT TRIGGER session_auth_ddl_ended ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER session_auth_ddl_ended IS
  'session_auth: guards protected tables and the extension''s own objects';

CREATE EVENT TRIGGER session_auth_ddl_dropped ON sql_drop EXECUTE FUNCTION session_auth.ddl_dropped();
ALTER EVENT TRIGGER session_auth_ddl_dropped ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER session_auth_ddl_dropped IS
  'session_auth: guards protected tables and the extension''s own objects';
