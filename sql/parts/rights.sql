-- Rights: nothing is PUBLIC; a database role gets what it is given.

-- Each usage has a function that no other has, so that its holders can be told from
-- their privileges alone, which dumps carry.  For issuer and admin it is one that they
-- call; for the others, whose functions admin has too, it does nothing.

CREATE FUNCTION session_auth.mark_of_request() RETURNS void LANGUAGE sql BEGIN ATOMIC END;
COMMENT ON FUNCTION session_auth.mark_of_request() IS 'internal: who may call it holds usage request';

CREATE FUNCTION session_auth.mark_of_maintenance() RETURNS void LANGUAGE sql BEGIN ATOMIC END;
COMMENT ON FUNCTION session_auth.mark_of_maintenance() IS 'internal: who may call it holds usage maintenance';

CREATE FUNCTION session_auth.mark_of_monitor() RETURNS void LANGUAGE sql BEGIN ATOMIC END;
COMMENT ON FUNCTION session_auth.mark_of_monitor() IS 'internal: who may call it holds usage monitor';

CREATE FUNCTION session_auth.mark_of_auditor() RETURNS void LANGUAGE sql BEGIN ATOMIC END;
COMMENT ON FUNCTION session_auth.mark_of_auditor() IS 'internal: who may call it holds usage auditor';

CREATE FUNCTION session_auth.mark_of_impersonator() RETURNS void LANGUAGE sql BEGIN ATOMIC END;
COMMENT ON FUNCTION session_auth.mark_of_impersonator() IS 'internal: who may call it holds usage impersonator';

CREATE FUNCTION session_auth.usages() RETURNS text[]
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT '{request,issuer,admin,impersonator,maintenance,monitor,auditor}'::text[];
END;
COMMENT ON FUNCTION session_auth.usages() IS 'internal: what grant_usage knows';

CREATE FUNCTION session_auth.functions_of_usage(usage text) RETURNS SETOF regprocedure
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT p.oid::regprocedure
  FROM pg_proc p
  JOIN (VALUES
    (ARRAY['request', 'admin'], ARRAY['authenticate', 'authenticate_request', 'pre_request', 'narrow', 'sign_out',
       'my_sessions', 'explain_permission', 'verify_session', 'token_from_cookie', 'seal_identity']),
    (ARRAY['issuer'], ARRAY['create_session', 'refresh_session', 'rotate_session', 'issue_token',
       'verify_session', 'token_from_cookie']),
    (ARRAY['issuer', 'admin'], ARRAY['expire_session', 'expire_user_sessions', 'list_sessions',
       'revoke_token']),
    (ARRAY['issuer', 'admin', 'maintenance'], ARRAY['purge_sessions']),
    (ARRAY['maintenance', 'admin'], ARRAY['purge', 'purge_ended', 'purge_old']),
    (ARRAY['monitor', 'admin'], ARRAY['list_usages', 'list_secrets', 'list_adoptions', 'list_protected',
       'read_statistics', 'read_identities']),
    (ARRAY['impersonator', 'admin'], ARRAY['impersonate']),
    (ARRAY['admin'], ARRAY['create_role', 'drop_role', 'inherit_role', 'disinherit_role',
       'grant_permission', 'deny_permission', 'revoke_permission', 'import_permissions',
       'export_permissions', 'list_permissions', 'grant_role', 'revoke_role', 'list_user_roles',
       'protect_table', 'unprotect_table', 'protect_columns', 'unprotect_columns',
       'check_policies', 'explain_access', 'access_matrix', 'add_key', 'import_jwks',
       'disable_key', 'drop_key', 'list_keys', 'add_authjs_secret', 'drop_authjs_secret',
       'add_cookie_secret', 'drop_cookie_secret',
       'allow_audience', 'disallow_audience', 'list_audiences', 'connect_node', 'disconnect_node', 'list_nodes']),
    -- what whoever can have an identity asks
    (ARRAY['request', 'issuer', 'admin', 'impersonator'], ARRAY['has_permission', 'has_role',
       'require_permission', 'demand_permission', 'permitted_resources',
       'user_id', 'user_uuid', 'role', 'roles', 'tenant', 'session_id', 'actor', 'claims', 'claim',
       'is_authenticated', 'deauthenticate', 'user_id_as', 'tenant_as']),
    -- what works out the commands that protect_table and adopting run as their caller
    -- what explain_access runs as its caller: conditions of policies are not the extension's to run
    (ARRAY['admin'], ARRAY['access_explanation', 'access_lines', 'access_verdict', 'explain_policy', 'policy_conditions',
       'condition_holds', 'rows_found', 'check_access_question', 'record_explanation', 'asking_roles', 'request_roles',
       'asked_commands', 'granted_columns', 'why_permitted', 'why_condition']),
    (ARRAY['admin'], ARRAY['protection', 'unprotection', 'column_protection', 'column_unprotection', 'session_adoption', 'role_adoption', 'abandonment']),
    -- and what they do last of all, which looks for itself whether it was done
    (ARRAY['admin'], ARRAY['remember_protection', 'forget_protection', 'remember_columns', 'forget_columns', 'guard_columns']),
    (ARRAY['admin'], ARRAY['node_connection', 'node_disconnection', 'remember_node', 'forget_nodes']),
    -- adopting attaches these triggers as the owner of the table, and then asks for what
    -- is carried over, or forgotten, by what the triggers say: each looks for them itself
    (ARRAY['admin'], ARRAY['adopt_sessions', 'adopt_roles', 'abandon',
       'take_over_sessions', 'take_over_roles', 'forget_source',
       'adopted_session_changed', 'adopted_sessions_truncated', 'adopted_user_changed',
       'adopted_users_truncated'])
  ) u (usages, names) ON $1 = ANY (u.usages) AND p.proname = ANY (u.names)
  WHERE p.pronamespace = 'session_auth'::regnamespace
  UNION
  SELECT p.oid::regprocedure
  FROM pg_proc p
  WHERE p.pronamespace = 'session_auth'::regnamespace AND p.proname = 'mark_of_' || $1;
END;
COMMENT ON FUNCTION session_auth.functions_of_usage(text) IS
  'internal: the functions and procedures that a usage lets a database role call';

CREATE FUNCTION session_auth.relations_of_usage(usage text) RETURNS SETOF regclass
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT c.oid::regclass
  FROM pg_class c
  JOIN (VALUES
    (ARRAY['monitor', 'admin'], ARRAY['statistics', 'active_identities']),
    (ARRAY['auditor', 'admin'], ARRAY['session_events'])
  ) u (usages, names) ON $1 = ANY (u.usages) AND c.relname = ANY (u.names)
  WHERE c.relnamespace = 'session_auth'::regnamespace;
END;
COMMENT ON FUNCTION session_auth.relations_of_usage(text) IS
  'internal: the tables and views that a usage lets a database role read';

CREATE FUNCTION session_auth.rights_of_usage(usage text) RETURNS SETOF text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT format('EXECUTE ON ROUTINE %s', f) FROM session_auth.functions_of_usage($1) f
  UNION ALL
  SELECT format('SELECT ON TABLE %s', r) FROM session_auth.relations_of_usage($1) r
  UNION ALL
  SELECT u.privilege
  FROM (VALUES
    (ARRAY['request', 'admin'], 'USAGE ON SCHEMA session_auth_nodes'),
    -- whom another server's user mappings name takes identities
    (ARRAY['request'], 'SELECT, UPDATE ON TABLE session_auth_nodes.carried_identity'),
    -- by what that UPDATE becomes
    (ARRAY['request'], 'EXECUTE ON FUNCTION session_auth.take_seal(text), session_auth.asked_challenge()'),
    -- what connect_node makes is the caller's
    (ARRAY['admin'], 'CREATE ON SCHEMA session_auth_nodes')) u (usages, privilege)
  WHERE $1 = ANY (u.usages);
END;
COMMENT ON FUNCTION session_auth.rights_of_usage(text) IS
  'internal: what a usage grants, beside USAGE on the schema, as GRANT and REVOKE write it';

-- A dump of 0.1.0 says of request that it calls authenticate, which admin did not then.
CREATE FUNCTION session_auth.holders_of_usage(usage text) RETURNS SETOF oid
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT DISTINCT a.grantee
  FROM pg_proc p, aclexplode(p.proacl) a
  WHERE p.pronamespace = 'session_auth'::regnamespace AND a.grantee NOT IN (0, p.proowner)
    AND (p.proname = CASE $1 WHEN 'issuer' THEN 'create_session' WHEN 'admin' THEN 'grant_permission'
         ELSE 'mark_of_' || $1 END
      OR $1 = 'request' AND p.proname = 'authenticate' AND NOT EXISTS (
        SELECT FROM pg_proc q, aclexplode(q.proacl) b
        WHERE q.pronamespace = p.pronamespace AND q.proname = 'grant_permission' AND b.grantee = a.grantee));
END;
COMMENT ON FUNCTION session_auth.holders_of_usage(text) IS
  'internal: the database roles that were given a usage';

CREATE FUNCTION session_auth.holds_usage(database_role regrole, usage text) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT $1::oid IN (SELECT session_auth.holders_of_usage($2));
END;
COMMENT ON FUNCTION session_auth.holds_usage(regrole, text) IS
  'internal: whether a database role was given a usage';

CREATE FUNCTION session_auth.list_usages() RETURNS TABLE (database_role regrole, usage text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT h::regrole, u.usage
  FROM unnest(session_auth.usages()) WITH ORDINALITY u (usage, place)
  CROSS JOIN LATERAL session_auth.holders_of_usage(u.usage) h
  ORDER BY h::regrole::text, u.place;
END;
COMMENT ON FUNCTION session_auth.list_usages() IS
  'Which database role was given which usage by grant_usage. Members of such a role can do what it '
  'can and are not listed; neither is the owner of the extension, who can do all.';

CREATE FUNCTION session_auth.check_usage(database_role regrole, usage text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF database_role IS NULL OR NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = database_role) THEN
    PERFORM session_auth.refuse('database_role', 'It must be a role of this server.');
  END IF;
  IF usage IS NULL OR usage <> ALL (session_auth.usages()) THEN
    PERFORM session_auth.refuse('usage',
      'It must be "' || array_to_string(session_auth.usages(), '", "') || '".');
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.check_usage(regrole, text) IS 'internal: 22023 for a bad argument';

CREATE FUNCTION session_auth.grant_usage(database_role regrole, usage text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  privilege text;
BEGIN
  PERFORM session_auth.check_usage(database_role, usage);
  EXECUTE format('GRANT USAGE ON SCHEMA session_auth TO %s', database_role);
  FOR privilege IN SELECT session_auth.rights_of_usage(usage) LOOP
    EXECUTE format('GRANT %s TO %s', privilege, database_role);
  END LOOP;
  PERFORM session_auth.record_event('usage_granted', NULL,
    jsonb_build_object('database_role', database_role::text, 'usage', usage));
END
$$;
COMMENT ON FUNCTION session_auth.grant_usage(regrole, text) IS
  'Lets a database role do what a usage needs: request (authenticate, ask, sign out), issuer (create, '
  'rotate and end sessions), impersonator (impersonate), maintenance (purge), monitor (statistics, '
  'active_identities), auditor (read session_events), or admin (roles, permissions, keys and policies, '
  'and all of the others but issuer). For the extension''s owner. 22023 for a bad argument.';

CREATE FUNCTION session_auth.revoke_usage(database_role regrole, usage text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  privilege text;
  kept text[];
BEGIN
  PERFORM session_auth.check_usage(database_role, usage);
  SELECT array_agg(u) INTO kept FROM unnest(session_auth.usages()) u
  WHERE u <> usage AND session_auth.holds_usage(database_role, u);
  FOR privilege IN
    SELECT session_auth.rights_of_usage(usage)
    EXCEPT SELECT session_auth.rights_of_usage(u) FROM unnest(kept) u
  LOOP
    EXECUTE format('REVOKE %s FROM %s', privilege, database_role);
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

SELECT session_auth.guard_tables();

REVOKE ALL ON SCHEMA session_auth, session_auth_nodes FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA session_auth, session_auth_nodes FROM PUBLIC;
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
    WHERE n.nspname IN ('session_auth', 'session_auth_nodes') AND a.grantee NOT IN (0, n.nspowner)
    UNION
    SELECT 'ROUTINE', p.oid::regprocedure::text, a.grantee
    FROM pg_catalog.pg_proc p, pg_catalog.aclexplode(p.proacl) a
    WHERE p.pronamespace = 'session_auth'::regnamespace AND a.grantee NOT IN (0, p.proowner)
    UNION
    SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass::text, a.grantee
    FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
    WHERE c.relnamespace IN ('session_auth'::regnamespace, 'session_auth_nodes'::regnamespace) AND a.grantee NOT IN (0, c.relowner)
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON %s %s FROM %s',
      granted.kind, granted.object, granted.grantee::regrole);
  END LOOP;
END
$$;
