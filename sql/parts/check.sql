-- check_policies: what is wrong with the protection of a database.

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

CREATE FUNCTION session_auth.narrows() RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN EXISTS (SELECT FROM session_auth.keys k WHERE k.scope_claim IS NOT NULL)
    OR EXISTS (SELECT FROM session_auth.authjs_secrets s WHERE s.scope_claim IS NOT NULL)
    OR EXISTS (SELECT FROM session_auth.sessions s WHERE s.permissions IS NOT NULL AND s.expires_at > now());
END
$$;
COMMENT ON FUNCTION session_auth.narrows() IS
  'internal: whether some live session, key or secret leaves its identities less than their users may do';

-- A call that stands by itself is asked once by this extension, where it is let.
CREATE FUNCTION session_auth.asks_once() RETURNS boolean
LANGUAGE c STABLE
AS 'MODULE_PATHNAME', 'session_auth_asks_once';
COMMENT ON FUNCTION session_auth.asks_once() IS
  'internal: whether what a policy asks without a subquery is asked once for a query here';

CREATE FUNCTION session_auth.check_policies()
RETURNS TABLE (severity text, object text, problem text, advice text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- compiling the query takes a second, running it some milliseconds
SET jit = off
BEGIN ATOMIC
  WITH remembered AS (
    SELECT p.target::oid AS oid, p.target::text AS name, p.resource, p.owner_column, p.tenant_column, p.denied, p.subqueries,
      session_auth.protect_command(p.target, p.resource, p.owner_column, p.tenant_column, p.denied, p.subqueries) AS remedy
    FROM session_auth.protections p JOIN pg_class c ON c.oid = p.target::oid
  ), protected AS (
    SELECT c.oid, c.oid::regclass::text AS name, c.relowner, c.relrowsecurity, c.relforcerowsecurity
    FROM (SELECT session_auth.protected_tables() UNION SELECT r.oid FROM remembered r) t (oid)
    JOIN pg_class c ON c.oid = t.oid
  ), askers AS (
    SELECT r.oid, r.rolname FROM session_auth.request_roles() q (oid) JOIN pg_roles r ON r.oid = q.oid
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
    session_auth.lost_policies(r.oid, r.resource, r.owner_column, r.tenant_column, r.denied, r.subqueries)) lost (problem)
  UNION ALL
  SELECT 'warning', u.target::text,
         'it has policies of protect_table that nobody remembers, so their loss would not be noticed',
         session_auth.protect_command(u.target, u.resource, u.owner_column, u.tenant_column, u.denied, u.subqueries)
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
  FROM expressions e
  WHERE e.problem = 'bare call' AND NOT (session_auth.asks_once() AND EXISTS (
    SELECT FROM remembered r JOIN session_auth.written_policies('', '', 'empty') w ON w.policy = e.polname
    WHERE r.oid = e.polrelid AND NOT r.subqueries))
  UNION ALL
  SELECT DISTINCT 'error', format('policy %I on %s', p.polname, t.name),
         format('it is always true, so policy %I does nothing: permissive policies add up', o.polname),
         format('DROP POLICY %I ON %s, or add a policy AS RESTRICTIVE', p.polname, t.name)
  FROM protected t
  JOIN pg_policy p ON p.polrelid = t.oid AND p.polpermissive
    AND 'true' IN (pg_get_expr(p.polqual, t.oid), pg_get_expr(p.polwithcheck, t.oid))
  JOIN askers a ON p.polroles = '{0}'
    OR EXISTS (SELECT FROM unnest(p.polroles) r (oid) WHERE pg_has_role(a.oid, r.oid, 'USAGE'))
  JOIN pg_policy o ON o.polrelid = t.oid AND o.polpermissive
    AND (o.polcmd = p.polcmd OR '*' IN (o.polcmd, p.polcmd))
    AND EXISTS (SELECT FROM pg_depend d JOIN pg_proc f ON f.oid = d.refobjid
      WHERE d.classid = 'pg_policy'::regclass AND d.objid = o.oid AND d.refclassid = 'pg_proc'::regclass
        AND f.pronamespace = 'session_auth'::regnamespace)
  WHERE (has_any_column_privilege(a.oid, t.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege(a.oid, t.oid, 'DELETE'))
    AND NOT EXISTS (SELECT FROM pg_policy r
      WHERE r.polrelid = t.oid AND NOT r.polpermissive AND r.polcmd IN ('*', o.polcmd))
  UNION ALL
  SELECT DISTINCT 'warning', format('policy %I on %s', p.polname, c.oid::regclass),
         'it asks for no permission, so it shows to sessions, tokens and programs that may do less what their user sees',
         'Let it ask has_permission, or add a policy AS RESTRICTIVE that does.'
  FROM pg_policy p
  JOIN pg_class c ON c.oid = p.polrelid AND c.relrowsecurity
  JOIN askers a ON has_any_column_privilege(a.oid, c.oid, 'SELECT')
    AND (p.polroles = '{0}' OR EXISTS (SELECT FROM unnest(p.polroles) r (oid) WHERE pg_has_role(a.oid, r.oid, 'USAGE')))
  WHERE p.polpermissive AND p.polcmd IN ('*', 'r') AND c.relnamespace <> 'session_auth'::regnamespace
    AND 'no question' = ANY (session_auth.policy_problems(p.polqual))
    AND NOT EXISTS (
      SELECT FROM pg_policy o
      WHERE o.polrelid = p.polrelid AND NOT o.polpermissive AND o.polcmd IN ('*', 'r')
        AND (o.polroles = '{0}' OR EXISTS (SELECT FROM unnest(o.polroles) r (oid) WHERE pg_has_role(a.oid, r.oid, 'USAGE')))
        AND 'no question' <> ALL (session_auth.policy_problems(o.polqual)))
    AND session_auth.narrows()
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
  WHERE NOT EXISTS (SELECT FROM session_auth.column_protections h WHERE h.view::oid = v.oid AND h.target::oid = t.oid)
    AND NOT EXISTS (
    SELECT FROM pg_options_to_table(v.reloptions) o
    WHERE o.option_name = 'security_invoker' AND o.option_value::boolean)
  UNION ALL
  SELECT k.severity, k.object, k.problem, k.advice FROM session_auth.column_problems() k
  UNION ALL
  SELECT 'warning', r.rolname::text, format('it can log in and is a member of %s, %s', m.name, m.effect),
         format('Let it log in without %I, or give it SELECT on what it needs.', m.name)
  FROM (VALUES
    ('pg_read_all_data', 'which reads every table that has no row-level security, and who may do what'),
    ('pg_write_all_data', 'which writes to every table that has no row-level security, and locks any')
  ) m (name, effect)
  JOIN pg_roles r ON r.rolcanlogin AND NOT r.rolsuper AND pg_has_role(r.oid, m.name::name, 'MEMBER')
  UNION ALL
  -- a setting that is there with shared_preload_libraries alone
  SELECT 'warning', 'session_auth.record_denials', 'it is on, but without shared_preload_libraries it records nothing',
         'Add session_auth to shared_preload_libraries, and restart the server.'
  WHERE current_setting('session_auth.record_denials', true) NOT IN ('', '0')
    AND current_setting('session_auth.statistics_databases', true) IS NULL
  UNION ALL
  SELECT 'warning', k.name, 'a table says who has which role, but tokens of this key keep roles that it has taken away',
         'Add it again without role_source, which then follows the table.'
  FROM session_auth.keys_with_roles('both') k (name) WHERE session_auth.roles_are_adopted()
  UNION ALL
  -- columns that a later version of a library has added
  SELECT 'warning', a.source::regclass::text,
         format('adopt_roles does not follow its columns "%s" and "%s": who is banned keeps their sessions', b.banned, b.expires),
         'Repeat adopt_roles with the same arguments; with banned_column => '''' if these say something else.'
  FROM session_auth.adopted_tables() a
  CROSS JOIN LATERAL session_auth.named_ban_columns(a.source, a.arguments[1]::name) b
  WHERE a.kind = 'roles' AND session_auth.trigger_option(a.arguments, 'banned_column') IS NULL
  UNION ALL
  SELECT 'warning', a.source::regclass::text,
         format('adopt_sessions does not follow its column "%s": who acts as a user passes for the user', n.actor),
         'Repeat adopt_sessions with the same arguments; with actor_column => '''' if it says something else. Rows whose '
           'sessions were ended here and purged since are taken over again: delete these rows first.'
  FROM session_auth.adopted_tables() a
  CROSS JOIN LATERAL session_auth.named_actor_column(a.source) n (actor)
  WHERE a.kind = 'sessions' AND n.actor IS NOT NULL
    AND session_auth.trigger_option(a.arguments, 'actor_column') IS NULL
  UNION ALL
  SELECT 'error', format('trigger %I on %s', g.tgname, g.tgrelid::regclass),
         'it does not fire always, so caches or adopted rows can go stale',
         format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', g.tgrelid::regclass, g.tgname)
  FROM pg_trigger g JOIN pg_proc f ON f.oid = g.tgfoid
  WHERE f.pronamespace = 'session_auth'::regnamespace AND NOT g.tgisinternal
    AND g.tgenabled <> 'A' AND g.tgname NOT IN ('cache_replicated', 'merge_replicated', 'written_replicated', 'session_auth_columns',
      'identity_carried')
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
