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

CREATE FUNCTION session_auth.protection_of_one_table(
  target regclass, resource text, owner_column name, tenant_column name
) RETURNS SETOF text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
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
  RETURN NEXT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', target);
  FOR verb IN
    SELECT * FROM (VALUES
      ('SELECT', 'view', true, false),
      ('INSERT', 'create', false, true),
      ('UPDATE', 'edit', true, true),
      ('DELETE', 'delete', true, false)) v (command, action, sees, writes)
  LOOP
    condition := format('(SELECT session_auth.has_permission(%L, %L))%s',
                        verb.action, resource, rows_of);
    RETURN NEXT format('DROP POLICY IF EXISTS %I ON %s', 'session_auth_' || lower(verb.command), target);
    RETURN NEXT format('CREATE POLICY %I ON %s FOR %s',
                   'session_auth_' || lower(verb.command), target, verb.command)
         || CASE WHEN verb.sees THEN format(' USING (%s)', condition) ELSE '' END
         || CASE WHEN verb.writes THEN format(' WITH CHECK (%s)', condition) ELSE '' END;
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.protection_of_one_table(regclass, text, name, name) IS
  'internal: the commands that write the four policies of one table';

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
  'tenant''s (tenant_column) where these are given. Repeating it replaces them. The caller must own '
  'the table. 22023 for a bad argument.';

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
  SELECT 'warning', r.rolname::text, format('it can log in and is a member of %s, %s', m.name, m.effect),
         format('Let it log in without %I, or give it SELECT on what it needs.', m.name)
  FROM (VALUES
    ('pg_read_all_data', 'which reads every table that has no row-level security, and who may do what'),
    ('pg_write_all_data', 'which writes to every table that has no row-level security, and locks any')
  ) m (name, effect)
  JOIN pg_roles r ON r.rolcanlogin AND NOT r.rolsuper AND pg_has_role(r.oid, m.name::name, 'MEMBER')
  UNION ALL
  SELECT 'error', format('trigger %I on %s', g.tgname, g.tgrelid::regclass),
         'it does not fire always, so caches or adopted rows can go stale',
         format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', g.tgrelid::regclass, g.tgname)
  FROM pg_trigger g JOIN pg_proc f ON f.oid = g.tgfoid
  WHERE f.pronamespace = 'session_auth'::regnamespace AND NOT g.tgisinternal
    AND g.tgenabled <> 'A' AND g.tgname NOT IN ('cache_replicated', 'written_replicated')
  ORDER BY 1, 2, 3;
END;
COMMENT ON FUNCTION session_auth.check_policies() IS
  'What is wrong with the policies of this database: severity error (rows can leak) or warning (slow, '
  'or one step from a leak). No row when nothing is found.';
