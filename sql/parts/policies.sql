-- Policies: written fast and safe, remembered, guarded and looked over.

CREATE TABLE session_auth.protections (
  target regclass NOT NULL PRIMARY KEY,
  resource text COLLATE "C" NOT NULL,
  owner_column name,
  tenant_column name,
  denied text COLLATE "C" NOT NULL DEFAULT 'empty',
  protected_at timestamptz NOT NULL DEFAULT now(),
  protected_by text COLLATE "C"
);
COMMENT ON TABLE session_auth.protections IS
  'what protect_table protected, and how: one row a table, one for each partition';
COMMENT ON COLUMN session_auth.protections.target IS 'the table, or one partition';
COMMENT ON COLUMN session_auth.protections.resource IS 'what its policies ask permissions on';
COMMENT ON COLUMN session_auth.protections.owner_column IS 'the column that has to be the user''s, if any';
COMMENT ON COLUMN session_auth.protections.tenant_column IS 'the column that has to be the tenant''s, if any';
COMMENT ON COLUMN session_auth.protections.denied IS 'what a query without the permission gets: empty';
COMMENT ON COLUMN session_auth.protections.protected_at IS 'when protect_table was called last';
COMMENT ON COLUMN session_auth.protections.protected_by IS
  'the identity''s user or the database role that called it; null: version 0.1.0 had protected it';

-- Dumps hold it; tables are restored before their data, and so before these rows.
SELECT pg_catalog.pg_extension_config_dump('session_auth.protections', '');

CREATE TABLE session_auth.protection_checks (
  target oid NOT NULL,
  policies boolean NOT NULL
);
COMMENT ON TABLE session_auth.protection_checks IS
  'tables whose protection this transaction has touched, to be looked at when it ends; empty otherwise';
COMMENT ON COLUMN session_auth.protection_checks.target IS 'the table';
COMMENT ON COLUMN session_auth.protection_checks.policies IS
  'whether its policies were touched, not ENABLE and FORCE alone';

CREATE FUNCTION session_auth.policy_problems(expression pg_node_tree) RETURNS text[]
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_policy_problems';
COMMENT ON FUNCTION session_auth.policy_problems(pg_node_tree) IS
  'internal: what is wrong with a policy''s expression: bare call, constant role';

CREATE FUNCTION session_auth.same_expression(target oid, expression pg_node_tree, written text)
RETURNS boolean
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'session_auth_same_expression';
COMMENT ON FUNCTION session_auth.same_expression(oid, pg_node_tree, text) IS
  'internal: whether a policy''s expression is what CREATE POLICY makes of this text';

CREATE FUNCTION session_auth.policy_parts(expression pg_node_tree) RETURNS text[]
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', 'session_auth_policy_parts';
COMMENT ON FUNCTION session_auth.policy_parts(pg_node_tree) IS
  'internal: resource and the numbers of owner_column and tenant_column that protect_table wrote; 0 is none';

-- Ids as columns have them.  The argument says the type alone, by a NULL of it.

CREATE FUNCTION session_auth.user_id_as(sample anyelement) RETURNS anyelement
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_user_id_as';
COMMENT ON FUNCTION session_auth.user_id_as(anyelement) IS
  'user_id() as the type of its argument, a NULL of it: user_id_as(NULL::bigint). NULL without an '
  'identity, and when the type prints it in another way: 007, -0 and +7 are not 7. For policies, where '
  'a cast would raise an error or let two ids be one. 22023 for a type that is not text, a type like '
  'it, an integer, numeric, uuid or an enum.';

CREATE FUNCTION session_auth.tenant_as(sample anyelement) RETURNS anyelement
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_tenant_as';
COMMENT ON FUNCTION session_auth.tenant_as(anyelement) IS
  'tenant() as the type of its argument, as user_id_as() has the user. 22023 as there.';

CREATE FUNCTION session_auth.base_type(type oid) RETURNS oid
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH RECURSIVE base (oid, base_of) AS (
    SELECT t.oid, t.typbasetype FROM pg_type t WHERE t.oid = $1
    UNION ALL
    SELECT t.oid, t.typbasetype FROM base b JOIN pg_type t ON t.oid = b.base_of
  )
  SELECT b.oid FROM base b WHERE b.base_of = 0;
END;
COMMENT ON FUNCTION session_auth.base_type(oid) IS
  'internal: the type that a domain is made of, or the type itself';

-- A type that is text inside compares as its own operator class says, citext say
-- without regard to case.
CREATE FUNCTION session_auth.text_operator(type oid) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT format('OPERATOR(%I.%s)', o.oprnamespace::regnamespace, o.oprname)
  FROM pg_opclass c
  JOIN pg_am m ON m.oid = c.opcmethod AND m.amname = 'btree'
  JOIN pg_amop a ON a.amopfamily = c.opcfamily AND a.amopstrategy = 3
    AND a.amoplefttype = $1 AND a.amoprighttype = $1
  JOIN pg_operator o ON o.oid = a.amopopr
  WHERE c.opcintype = $1 AND c.opcdefault
    AND EXISTS (SELECT FROM pg_cast k
      WHERE k.castsource = $1 AND k.casttarget = 'text'::regtype AND k.castmethod = 'b')
    AND EXISTS (SELECT FROM pg_cast k
      WHERE k.castsource = 'text'::regtype AND k.casttarget = $1 AND k.castmethod = 'b');
END;
COMMENT ON FUNCTION session_auth.text_operator(oid) IS
  'internal: how an index of a type like citext compares; NULL for any other type';

-- What a column is compared with: constant for a query, so that its index serves.
-- Only an id that the type prints as it is written is anybody's; where equal values
-- can print differently, the text is compared too.
CREATE FUNCTION session_auth.identity_condition(target regclass, column_name name, reader text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  kind oid;
  collated boolean;
  operator text := '=';
  value text := format('session_auth.%I()', reader);
  exact boolean;
BEGIN
  SELECT session_auth.base_type(a.atttypid), coalesce(NOT l.collisdeterministic, false) INTO kind, collated
  FROM pg_attribute a LEFT JOIN pg_collation l ON l.oid = a.attcollation
  WHERE a.attrelid = target AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped;
  exact := collated;
  IF kind IS NULL THEN
    RETURN NULL;
  ELSIF kind IN ('text'::regtype, 'varchar'::regtype, 'name'::regtype) THEN
    NULL;
  ELSIF kind = 'uuid'::regtype AND reader = 'user_id' THEN
    value := 'session_auth.user_uuid()';
  ELSE
    value := format('session_auth.%I(NULL::%s)', reader || '_as', kind::regtype);
    IF kind = 'numeric'::regtype THEN
      exact := true;
    ELSIF kind NOT IN ('bpchar'::regtype, 'uuid'::regtype, 'smallint'::regtype, 'integer'::regtype,
        'bigint'::regtype) AND NOT EXISTS (SELECT FROM pg_type t WHERE t.oid = kind AND t.typtype = 'e') THEN
      operator := session_auth.text_operator(kind);
      IF operator IS NULL THEN
        RETURN NULL;
      END IF;
      exact := true;
    END IF;
  END IF;
  RETURN format('%I %s (SELECT %s)', column_name, operator, value)
    || CASE WHEN exact
         THEN format(' AND %I::text COLLATE "C" = (SELECT session_auth.%I())', column_name, reader)
         ELSE '' END;
END
$$;
COMMENT ON FUNCTION session_auth.identity_condition(regclass, name, text) IS
  'internal: the condition that a column is the current user''s or tenant''s; NULL when it cannot be written';

CREATE FUNCTION session_auth.identity_expression(target regclass, column_name name, reader text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  what text := CASE reader WHEN 'tenant' THEN 'tenant_column' ELSE 'owner_column' END;
  condition text := session_auth.identity_condition(target, column_name, reader);
  type_name text;
BEGIN
  IF condition IS NULL THEN
    SELECT format_type(a.atttypid, a.atttypmod) INTO type_name FROM pg_attribute a
    WHERE a.attrelid = target AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped;
    IF NOT FOUND THEN
      PERFORM session_auth.refuse(what, format('Table %s has no column "%s".', target, column_name));
    END IF;
    PERFORM session_auth.refuse(what, format('Column "%s" has type %s. It must be text, varchar, char, name '
      'or citext, an integer, numeric, uuid, an enum or a domain over one of these: for any other, add a '
      'column of type text, GENERATED or kept by the application, that holds the id.', column_name, type_name));
  END IF;
  RETURN condition;
END
$$;
COMMENT ON FUNCTION session_auth.identity_expression(regclass, name, text) IS
  'internal: the condition that a column is the current user''s or tenant''s; 22023 when it cannot be written';

-- The policies of one table.  rows_of is what the row has to fulfil beside the permission.
CREATE FUNCTION session_auth.written_policies(resource text, rows_of text)
RETURNS TABLE (policy name, command text, code "char", using_text text, check_text text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT 'session_auth_' || lower(v.command), v.command, v.code::"char",
    CASE WHEN v.sees THEN c.condition END, CASE WHEN v.writes THEN c.condition END
  FROM (VALUES
      ('SELECT', 'view', true, false, 'r'),
      ('INSERT', 'create', false, true, 'a'),
      ('UPDATE', 'edit', true, true, 'w'),
      ('DELETE', 'delete', true, false, 'd')) v (command, action, sees, writes, code)
  CROSS JOIN LATERAL (
    SELECT format('(SELECT session_auth.has_permission(%L, %L))', v.action, $1) || $2) c (condition);
END;
COMMENT ON FUNCTION session_auth.written_policies(text, text) IS
  'internal: what protect_table writes for one table';

CREATE FUNCTION session_auth.protection_of_one_table(
  target regclass, resource text, owner_column name, tenant_column name
) RETURNS SETOF text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rows_of text := '';
  written record;
BEGIN
  IF owner_column IS NOT NULL THEN
    rows_of := ' AND ' || session_auth.identity_expression(target, owner_column, 'user_id');
  END IF;
  IF tenant_column IS NOT NULL THEN
    rows_of := rows_of || ' AND ' || session_auth.identity_expression(target, tenant_column, 'tenant');
  END IF;
  RETURN NEXT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', target);
  FOR written IN SELECT * FROM session_auth.written_policies(resource, rows_of) LOOP
    RETURN NEXT format('DROP POLICY IF EXISTS %I ON %s', written.policy, target);
    RETURN NEXT format('CREATE POLICY %I ON %s FOR %s', written.policy, target, written.command)
         || coalesce(' USING (' || written.using_text || ')', '')
         || coalesce(' WITH CHECK (' || written.check_text || ')', '');
  END LOOP;
  RETURN NEXT format('SELECT session_auth.remember_protection(%L, %L, %L, %L)',
                     target, resource, owner_column, tenant_column);
END
$$;
COMMENT ON FUNCTION session_auth.protection_of_one_table(regclass, text, name, name) IS
  'internal: the commands that write the four policies of one table';

-- What a table has lost of its protection.

CREATE FUNCTION session_auth.lost_row_security(target oid) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT array_remove(ARRAY[
    CASE WHEN NOT c.relrowsecurity THEN 'row-level security is disabled' END,
    CASE WHEN NOT c.relforcerowsecurity THEN 'row-level security is not forced' END], NULL)
  FROM pg_class c WHERE c.oid = $1;
END;
COMMENT ON FUNCTION session_auth.lost_row_security(oid) IS
  'internal: which of ENABLE and FORCE a table lacks';

CREATE FUNCTION session_auth.lost_policies(
  target oid, resource text, owner_column name, tenant_column name
) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  lost text[] := '{}';
  rows_of text := '';
  written record;
  found_policy record;
BEGIN
  IF owner_column IS NOT NULL THEN
    rows_of := ' AND ' || session_auth.identity_condition(target, owner_column, 'user_id');
  END IF;
  IF tenant_column IS NOT NULL THEN
    rows_of := rows_of || ' AND ' || session_auth.identity_condition(target, tenant_column, 'tenant');
  END IF;
  FOR written IN SELECT * FROM session_auth.written_policies(resource, rows_of) LOOP
    SELECT p.polcmd, p.polpermissive, p.polroles, p.polqual, p.polwithcheck INTO found_policy
    FROM pg_policy p WHERE p.polrelid = target AND p.polname = written.policy;
    IF NOT FOUND THEN
      lost := lost || format('policy %I is gone', written.policy);
    ELSIF rows_of IS NULL OR found_policy.polcmd <> written.code OR NOT found_policy.polpermissive
      OR found_policy.polroles <> '{0}'
      OR NOT session_auth.same_expression(target, found_policy.polqual, written.using_text)
      OR NOT session_auth.same_expression(target, found_policy.polwithcheck, written.check_text)
    THEN
      lost := lost || format('policy %I is not as protect_table writes it', written.policy);
    END IF;
  END LOOP;
  RETURN lost;
END
$$;
COMMENT ON FUNCTION session_auth.lost_policies(oid, text, name, name) IS
  'internal: which of the policies of protect_table are gone or altered';

CREATE FUNCTION session_auth.lost_protection(target oid) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT session_auth.lost_row_security(p.target::oid)
      || session_auth.lost_policies(p.target::oid, p.resource, p.owner_column, p.tenant_column)
  FROM session_auth.protections p WHERE p.target::oid = $1;
END;
COMMENT ON FUNCTION session_auth.lost_protection(oid) IS
  'internal: what is missing of what protect_table did; empty when it is whole';

-- What was protected is remembered with the extension's rights, but only while it
-- stands, and forgotten only when it stands no more: both take the table's owner.

CREATE FUNCTION session_auth.remember_protection(
  target regclass, resource text, owner_column name, tenant_column name
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF $1 IS NULL OR $2 IS NULL
    OR session_auth.lost_row_security($1) || session_auth.lost_policies($1, $2, $3, $4) IS DISTINCT FROM '{}'
  THEN
    RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = 'only protect_table says what is protected';
  END IF;
  INSERT INTO session_auth.protections (target, resource, owner_column, tenant_column, protected_by)
  VALUES ($1, $2, $3, $4, session_auth.acting_user())
  ON CONFLICT (target) DO UPDATE SET resource = excluded.resource, owner_column = excluded.owner_column,
    tenant_column = excluded.tenant_column, denied = excluded.denied,
    protected_at = excluded.protected_at, protected_by = excluded.protected_by;
END
$$;
COMMENT ON FUNCTION session_auth.remember_protection(regclass, text, name, name) IS
  'internal: notes what protect_table has done; 42501 when it is not there';

CREATE FUNCTION session_auth.forget_protection(target regclass) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM session_auth.protections p
  WHERE p.target::oid = $1::oid AND NOT EXISTS (
    SELECT FROM pg_policy q JOIN session_auth.written_policies('', '') w ON w.policy = q.polname
    WHERE q.polrelid = $1);
END;
COMMENT ON FUNCTION session_auth.forget_protection(regclass) IS
  'internal: forgets a table that has none of the policies of protect_table';

-- Policies of protect_table that nobody remembers: of 0.1.0, or of a dump of the schema alone.
CREATE FUNCTION session_auth.unremembered_protections()
RETURNS TABLE (target regclass, resource text, owner_column name, tenant_column name)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT c.oid::regclass, s.parts[1],
    (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attnum = s.parts[2]::int2),
    (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = s.parts[3]::int2 AND a.attnum > 0)
  FROM pg_class c
  JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'session_auth_select'
  CROSS JOIN LATERAL (SELECT session_auth.policy_parts(p.polqual) OFFSET 0) s (parts)
  WHERE s.parts IS NOT NULL
    AND NOT EXISTS (SELECT FROM session_auth.protections r WHERE r.target::oid = c.oid);
END;
COMMENT ON FUNCTION session_auth.unremembered_protections() IS
  'internal: tables with policies of protect_table that are not in protections';

CREATE FUNCTION session_auth.protect_command(
  target regclass, resource text, owner_column name, tenant_column name
) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT format('SELECT session_auth.protect_table(%L, %L', $1, $2)
    || coalesce(', owner_column => ' || quote_literal($3), '')
    || coalesce(', tenant_column => ' || quote_literal($4), '') || ')';
END;
COMMENT ON FUNCTION session_auth.protect_command(regclass, text, name, name) IS
  'internal: the call of protect_table that renews a table''s protection';

CREATE FUNCTION session_auth.list_protected()
RETURNS TABLE (
  object regclass, resource text, owner_column name, tenant_column name, denied text,
  protected_at timestamptz, protected_by text, problem text
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
BEGIN ATOMIC
  SELECT p.target, p.resource, p.owner_column, p.tenant_column, p.denied, p.protected_at, p.protected_by,
    nullif(array_to_string(session_auth.lost_protection(p.target::oid), ', '), '')
  FROM session_auth.protections p JOIN pg_class c ON c.oid = p.target::oid
  ORDER BY p.target::text;
END;
COMMENT ON FUNCTION session_auth.list_protected() IS
  'What protect_table protected, one row a table or partition: object, resource, owner_column, '
  'tenant_column, what a denied query gets (denied), since when and by whom, and what of the '
  'protection is gone or altered since (problem; NULL when it is whole).';

-- The guard.  A transaction may take protection away in between, as a migration does
-- with NO FORCE around an UPDATE; when it ends, everything must be back.

CREATE FUNCTION session_auth.guards() RETURNS boolean
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'session_auth_guards';
COMMENT ON FUNCTION session_auth.guards() IS
  'internal: whether session_auth.guard_protection is on, and no script of the extension runs';

CREATE FUNCTION session_auth.kind_of_command(command pg_ddl_command) RETURNS text
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', 'session_auth_kind_of_command';
COMMENT ON FUNCTION session_auth.kind_of_command(pg_ddl_command) IS
  'internal: upkeep, unprotects or change';

CREATE FUNCTION session_auth.refuse_change(object text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('%s belongs to session_auth', object),
    DETAIL = 'Only the scripts of the extension change what it is made of.',
    HINT = 'Leave the schema session_auth out of what migrations compare. A superuser can set '
           'session_auth.guard_protection to off.';
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
  IF cardinality(lost) > 0 AND session_auth.guards() THEN
    RAISE EXCEPTION USING ERRCODE = '42501',
      MESSAGE = format('table %s would lose its protection', NEW.target::regclass),
      DETAIL = format('At the end of the transaction %s.', array_to_string(lost, ', ')),
      HINT = 'session_auth.unprotect_table() takes it away, protect_table() renews it. A superuser can '
             'set session_auth.guard_protection to off.';
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
      END AS relid,
      c.schema_name IS NOT DISTINCT FROM 'session_auth'
        OR EXISTS (SELECT FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid
          WHERE d.classid = c.classid AND d.objid = c.objid AND d.deptype = 'e'
            AND d.refclassid = 'pg_extension'::regclass AND x.extname = 'session_auth') AS own
    FROM pg_event_trigger_ddl_commands() c
  LOOP
    IF changed.kind <> 'upkeep' AND session_auth.guards() AND (changed.own OR EXISTS (
      SELECT FROM pg_class c WHERE c.oid = changed.relid AND c.relnamespace = 'session_auth'::regnamespace))
    THEN
      PERFORM session_auth.refuse_change(changed.object_identity);
    END IF;
    IF EXISTS (SELECT FROM session_auth.protections p WHERE p.target::oid = changed.relid) THEN
      -- not CREATE POLICY: pg_restore brings back what is remembered before the policies
      IF changed.kind = 'unprotects' OR changed.command_tag = 'ALTER POLICY' THEN
        INSERT INTO session_auth.protection_checks VALUES
          (changed.relid, changed.command_tag = 'ALTER POLICY');
      END IF;
    END IF;
    IF changed.classid = 'pg_class'::regclass AND changed.objsubid > 0 THEN
      PERFORM session_auth.follow_renamed_column(changed.objid, changed.objsubid);
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
  INSERT INTO session_auth.protection_checks
  SELECT DISTINCT p.target::oid, true
  FROM pg_event_trigger_dropped_objects() o
  JOIN session_auth.protections p ON p.target::oid = to_regclass(
    format('%I.%I', o.address_names[1], o.address_names[2]))
  WHERE o.classid = 'pg_policy'::regclass AND o.address_names[3] IN (
    SELECT w.policy FROM session_auth.written_policies('', '') w);
  IF session_auth.guards() THEN
    FOR dropped IN
      SELECT o.object_identity FROM pg_event_trigger_dropped_objects() o
      WHERE NOT o.is_temporary AND (o.schema_name = 'session_auth'
        OR o.address_names[1] = 'session_auth' AND o.classid IN ('pg_trigger'::regclass,
          'pg_policy'::regclass, 'pg_rewrite'::regclass, 'pg_attrdef'::regclass, 'pg_constraint'::regclass))
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

-- What is done to a table of the application is worked out with the extension's rights,
-- by functions that change nothing, and done with those of the caller, who must own the
-- table: so the caller need not be able to call what works it out in turn.
CREATE FUNCTION session_auth.protection(
  target regclass, resource text, owner_column name, tenant_column name
) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER
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
    RETURN QUERY SELECT session_auth.protection_of_one_table(member, name_of_resource,
      owner_column, tenant_column);
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.protection(regclass, text, name, name) IS
  'internal: the commands of protect_table; 22023 for a bad argument';

CREATE FUNCTION session_auth.protect_table(
  target regclass,
  resource text DEFAULT NULL,
  owner_column name DEFAULT NULL,
  tenant_column name DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
  command text;
BEGIN
  FOR command IN
    SELECT session_auth.protection(target, resource, owner_column, tenant_column)
  LOOP
    EXECUTE command;
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.protect_table(regclass, text, name, name) IS
  'Enables and forces row-level security on a table and its partitions and writes one policy each for '
  'SELECT (view), INSERT (create), UPDATE (edit) and DELETE (delete): the identity has the permission '
  'on resource (default: the table''s name), and the row is its user''s (owner_column) and its '
  'tenant''s (tenant_column) where these are given: the id is what the column''s type prints, to the '
  'letter. Repeating it replaces them. What it did is remembered (list_protected) and guarded '
  '(session_auth.guard_protection). The caller must own the table. 22023 for a bad argument.';

CREATE FUNCTION session_auth.unprotection(target regclass) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  names CONSTANT text[] := '{session_auth_select,session_auth_insert,session_auth_update,session_auth_delete}';
  member regclass;
  policy text;
BEGIN
  PERFORM session_auth.require_table(target);
  FOR member IN
    SELECT target UNION SELECT t.relid FROM pg_partition_tree(target) t
    JOIN pg_class c ON c.oid = t.relid AND c.relkind IN ('r', 'p')
  LOOP
    FOREACH policy IN ARRAY names LOOP
      RETURN NEXT format('DROP POLICY IF EXISTS %I ON %s', policy, member);
    END LOOP;
    RETURN NEXT format('SELECT session_auth.forget_protection(%L)', member);
    -- policies of the application's own stay in force
    IF NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = member AND p.polname <> ALL (names)) THEN
      RETURN NEXT format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY',
                         member);
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.unprotection(regclass) IS
  'internal: the commands of unprotect_table; 22023 for a bad argument';

CREATE FUNCTION session_auth.unprotect_table(target regclass) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
  command text;
BEGIN
  FOR command IN SELECT session_auth.unprotection(target) LOOP
    EXECUTE command;
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
-- compiling the query takes a second, running it some milliseconds
SET jit = off
BEGIN ATOMIC
  WITH remembered AS (
    SELECT p.target::oid AS oid, p.target::text AS name, p.resource, p.owner_column, p.tenant_column,
      session_auth.protect_command(p.target, p.resource, p.owner_column, p.tenant_column) AS remedy
    FROM session_auth.protections p JOIN pg_class c ON c.oid = p.target::oid
  ), protected AS (
    SELECT c.oid, c.oid::regclass::text AS name, c.relowner, c.relrowsecurity, c.relforcerowsecurity
    FROM (SELECT session_auth.protected_tables() UNION SELECT r.oid FROM remembered r) t (oid)
    JOIN pg_class c ON c.oid = t.oid
  ), askers AS (
    SELECT DISTINCT r.oid, r.rolname
    FROM pg_proc f CROSS JOIN LATERAL aclexplode(f.proacl) a
    JOIN pg_roles r ON r.oid = a.grantee AND r.oid <> f.proowner AND NOT r.rolsuper
    WHERE f.pronamespace = 'session_auth'::regnamespace AND f.proname = 'authenticate'
  ), open_tables AS (
    SELECT c.oid, c.oid::regclass::text AS name, c.relkind,
      string_agg(quote_ident(a.rolname), ', ' ORDER BY a.rolname) AS readers
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_'
      AND n.nspname NOT IN ('information_schema', 'session_auth')
    JOIN askers a ON has_schema_privilege(a.oid, n.oid, 'USAGE') AND has_any_column_privilege(a.oid, c.oid, 'SELECT')
    WHERE c.relkind IN ('r', 'p', 'f') AND NOT c.relrowsecurity
      AND NOT EXISTS (SELECT FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    GROUP BY c.oid
  ), partitions AS (
    SELECT m.relid::oid AS oid, t.name AS parent
    FROM protected t CROSS JOIN LATERAL pg_partition_tree(t.oid) m
    WHERE m.relid <> t.oid
  ), expressions AS (
    SELECT p.polname, p.polrelid, problem.name AS problem
    FROM pg_policy p
    CROSS JOIN LATERAL (VALUES (p.polqual), (p.polwithcheck)) e (expression)
    CROSS JOIN LATERAL unnest(session_auth.policy_problems(e.expression)) problem (name)
  )
  SELECT 'error', t.name, 'row-level security is disabled, so its policies do nothing',
         coalesce((SELECT r.remedy FROM remembered r WHERE r.oid = t.oid),
           format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t.name))
  FROM protected t WHERE NOT t.relrowsecurity
  UNION ALL
  SELECT 'error', t.name, 'row-level security is not forced, so its owner sees every row',
         format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t.name)
  FROM protected t WHERE NOT t.relforcerowsecurity
  UNION ALL
  SELECT 'error', r.name, lost.problem, r.remedy
  FROM remembered r
  CROSS JOIN LATERAL unnest(
    session_auth.lost_policies(r.oid, r.resource, r.owner_column, r.tenant_column)) lost (problem)
  UNION ALL
  SELECT 'warning', u.target::text,
         'it has policies of protect_table that nobody remembers, so their loss would not be noticed',
         session_auth.protect_command(u.target, u.resource, u.owner_column, u.tenant_column)
  FROM session_auth.unremembered_protections() u
  UNION ALL
  SELECT DISTINCT 'error', c.oid::regclass::text, 'a partition of a protected table has no row-level security',
         format('SELECT session_auth.protect_table(%L) again, or revoke access to the partition', p.parent)
  FROM partitions p
  JOIN pg_class c ON c.oid = p.oid AND NOT c.relrowsecurity AND c.relkind <> 'f'
  WHERE NOT EXISTS (SELECT FROM protected t WHERE t.oid = p.oid)
  UNION ALL
  SELECT DISTINCT 'error', o.name,
         format('a foreign partition of a protected table, which can have no row-level security, '
           'can be read by %s', o.readers),
         format('REVOKE ALL ON %s FROM %s', o.name, o.readers)
  FROM open_tables o JOIN partitions p ON p.oid = o.oid AND o.relkind = 'f'
  UNION ALL
  SELECT 'warning', o.name, format('it has no row-level security, and %s can read it', o.readers),
         CASE o.relkind WHEN 'f' THEN 'A foreign table can have none: revoke what should not be read.'
           ELSE format('SELECT session_auth.protect_table(%L), or revoke what should not be read', o.name) END
  FROM open_tables o
  WHERE NOT EXISTS (SELECT FROM partitions p WHERE p.oid = o.oid)
    AND NOT EXISTS (SELECT FROM protected t WHERE t.oid = o.oid)
  UNION ALL
  SELECT 'warning', c.oid::regclass::text, 'row-level security is forced but not enabled, which does nothing',
         format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
  FROM pg_class c
  WHERE c.relforcerowsecurity AND NOT c.relrowsecurity AND NOT EXISTS (SELECT FROM protected t WHERE t.oid = c.oid)
  UNION ALL
  SELECT 'error', format('event trigger %I', e.evtname), 'it does not fire always, so what it guards can be lost',
         format('ALTER EVENT TRIGGER %I ENABLE ALWAYS', e.evtname)
  FROM pg_event_trigger e JOIN pg_proc f ON f.oid = e.evtfoid AND f.pronamespace = 'session_auth'::regnamespace
  WHERE e.evtenabled <> 'A'
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
  SELECT 'warning', r.rolname::text, format('it can log in and is a member of %s, %s', m.name, m.effect),
         format('Let it log in without %I, or give it SELECT on what it needs.', m.name)
  FROM (VALUES
    ('pg_read_all_data', 'which reads every table that has no row-level security, and who may do what'),
    ('pg_write_all_data', 'which writes to every table that has no row-level security, and locks any')
  ) m (name, effect)
  JOIN pg_roles r ON r.rolcanlogin AND NOT r.rolsuper AND pg_has_role(r.oid, m.name::name, 'MEMBER')
  UNION ALL
  SELECT 'warning', k.name, 'a table says who has which role, but tokens of this key keep roles that it has taken away',
         'Add it again without role_source, which then follows the table.'
  FROM session_auth.keys_with_roles('both') k (name) WHERE session_auth.roles_are_adopted()
  UNION ALL
  SELECT 'error', format('trigger %I on %s', g.tgname, g.tgrelid::regclass),
         'it does not fire always, so caches or adopted rows can go stale',
         format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', g.tgrelid::regclass, g.tgname)
  FROM pg_trigger g JOIN pg_proc f ON f.oid = g.tgfoid
  WHERE f.pronamespace = 'session_auth'::regnamespace AND NOT g.tgisinternal
    AND g.tgenabled <> 'A' AND g.tgname NOT IN ('cache_replicated', 'merge_replicated', 'written_replicated')
  UNION ALL
  SELECT 'error', format('trigger %I on %s', g.tgname, g.tgrelid::regclass),
         'it does not fire for what is replicated, so a session that has ended can come back',
         format('ALTER TABLE %s ENABLE REPLICA TRIGGER %I', g.tgrelid::regclass, g.tgname)
  FROM pg_trigger g JOIN pg_proc f ON f.oid = g.tgfoid
  WHERE f.pronamespace = 'session_auth'::regnamespace AND g.tgenabled <> 'R'
    AND f.proname IN ('merge_session', 'merge_rotated_token')
  ORDER BY 1, 2, 3;
END;
COMMENT ON FUNCTION session_auth.check_policies() IS
  'What is wrong with the protection of this database: severity error (rows can leak, or the '
  'protection of protect_table was taken away) or warning (slow, or one step from a leak). No row when '
  'nothing is found.';
