-- Access: why somebody sees a row or none, and who may do what on every protected table.

CREATE FUNCTION session_auth.policy_conditions(policy oid, with_check boolean, path text)
RETURNS TABLE (part integer, condition text, kind text, action text, resource text, column_name text)
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', 'session_auth_policy_conditions';
COMMENT ON FUNCTION session_auth.policy_conditions(oid, boolean, text) IS
  'internal: the conditions that a policy has, which all have to hold, written for a search_path; '
  'kind is permission, owner, tenant or other';

CREATE FUNCTION session_auth.condition_holds(
  policy oid, with_check boolean, part integer, row_key jsonb, is_new boolean, path text
) RETURNS boolean
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'session_auth_condition_holds';
COMMENT ON FUNCTION session_auth.condition_holds(oid, boolean, integer, jsonb, boolean, text) IS
  'internal: one of them, for the row of that key, or a new one of these values; with the caller''s '
  'rights; NULL when it depends on a row and there is none';

CREATE FUNCTION session_auth.rows_found(target regclass, row_key jsonb) RETURNS integer
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', 'session_auth_rows_found';
COMMENT ON FUNCTION session_auth.rows_found(regclass, jsonb) IS
  'internal: how many rows have these values, whoever may see them; 2 for several';

CREATE FUNCTION session_auth.check_access_question(target regclass, action text, row_key jsonb) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM session_auth.require_table(target);
  IF action IS NULL OR action NOT IN ('view', 'create', 'edit', 'delete') THEN
    PERFORM session_auth.refuse('action', 'It must be "view", "create", "edit" or "delete".');
  END IF;
  IF jsonb_typeof(row_key) <> 'object' THEN
    PERFORM session_auth.refuse('row_key', 'It must be a JSON object of columns and values.');
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.check_access_question(regclass, text, jsonb) IS
  'internal: 22023 for what explain_access cannot be asked';

CREATE FUNCTION session_auth.record_explanation(user_id text, target regclass, action text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT session_auth.record_event('access_explained', $1,
    jsonb_build_object('target', $2::text, 'action', $3));
END;
COMMENT ON FUNCTION session_auth.record_explanation(text, regclass, text) IS
  'internal: the event of explain_access for a user; that of its impersonation is taken back with it';

-- What a command asks: SQL's name, the policies' code, which expression, and what has to be granted.
CREATE FUNCTION session_auth.asked_commands(action text)
RETURNS TABLE (command text, code "char", with_check boolean, privilege text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT c.command, c.code::"char", c.with_check, c.privilege
  FROM (VALUES
    ('view', 'SELECT', 'r', false, 'SELECT'), ('create', 'INSERT', 'a', true, 'INSERT'),
    ('edit', 'UPDATE', 'w', false, 'UPDATE'), ('edit', 'UPDATE WITH CHECK', 'w', true, 'UPDATE'),
    ('edit', 'SELECT', 'r', false, 'SELECT'),
    ('delete', 'DELETE', 'd', false, 'DELETE'), ('delete', 'SELECT', 'r', false, 'SELECT')
  ) c (action, command, code, with_check, privilege) WHERE c.action = $1;
END;
COMMENT ON FUNCTION session_auth.asked_commands(text) IS
  'internal: which policies and privileges decide an action';

CREATE FUNCTION session_auth.granted_columns(database_role oid, target oid, privilege text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
  WHERE a.attrelid = $2 AND a.attnum > 0 AND NOT a.attisdropped AND $3 <> 'DELETE'
    AND has_column_privilege($1, $2, a.attnum, CASE $3 WHEN 'DELETE' THEN 'SELECT' ELSE $3 END);
END;
COMMENT ON FUNCTION session_auth.granted_columns(oid, oid, text) IS
  'internal: the columns on which a role has a privilege; NULL for none';

-- Why a permission is held or not, by the current identity.
CREATE FUNCTION session_auth.why_permitted(action text, resource text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE
    WHEN NOT session_auth.is_authenticated() THEN 'there is no identity'
    WHEN session_auth.roles() = '{}' THEN format('the user has no role, and so not "%s" on "%s"', $1, $2)
    ELSE (
      SELECT string_agg(DISTINCT e.reason, '; ') FROM unnest(session_auth.roles()) r (role)
      CROSS JOIN LATERAL session_auth.explain_permission(r.role, $1, $2) e
      WHERE session_auth.has_permission($1, $2) IS NOT TRUE AND NOT e.allowed
        OR session_auth.has_permission($1, $2) AND e.allowed)
  END;
END;
COMMENT ON FUNCTION session_auth.why_permitted(text, text) IS
  'internal: in words, which grant or denial decides, or which role has none';

CREATE FUNCTION session_auth.why_condition(
  kind text, holds boolean, action text, resource text, column_name text, has_row boolean
) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN CASE
    WHEN $1 = 'permission' THEN session_auth.why_permitted($3, $4)
    WHEN $1 IN ('owner', 'tenant') AND NOT session_auth.is_authenticated() THEN 'there is no identity'
    WHEN $1 = 'tenant' AND session_auth.tenant() IS NULL THEN 'the identity has no tenant'
    WHEN NOT $6 AND $2 IS NULL THEN CASE $1
      WHEN 'owner' THEN format('it depends on the row: column "%s" must be the user''s', $5)
      WHEN 'tenant' THEN format('it depends on the row: column "%s" must be the tenant''s', $5)
      ELSE 'it depends on the row' END
    WHEN $1 = 'owner' AND $2 THEN 'the row is the user''s own'
    WHEN $1 = 'owner' THEN format('the row is another owner''s, or nobody''s (column "%s")', $5)
    WHEN $1 = 'tenant' AND $2 THEN 'the row is the tenant''s'
    WHEN $1 = 'tenant' THEN format('the row is another tenant''s, or nobody''s (column "%s")', $5)
    WHEN $2 THEN 'it holds'
    WHEN $2 IS NULL THEN 'it is null, which counts as false'
    ELSE 'it does not hold' END;
END
$$;
COMMENT ON FUNCTION session_auth.why_condition(text, boolean, text, text, text, boolean) IS
  'internal: in words, why a condition of a policy holds or not';

-- One policy: whether all of its conditions hold, and why not.
CREATE FUNCTION session_auth.explain_policy(
  policy oid, with_check boolean, row_key jsonb, is_new boolean, has_row boolean, path text,
  OUT condition text, OUT holds boolean, OUT reason text
)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  part record;
  part_holds boolean;
  why text;
  reasons text[] := '{}';
  failures text[] := '{}';
BEGIN
  holds := true;
  FOR part IN SELECT c.* FROM session_auth.policy_conditions($1, $2, $6) c ORDER BY c.part LOOP
    condition := concat_ws(' AND ', condition, part.condition);
    BEGIN
      part_holds := session_auth.condition_holds($1, $2, part.part, CASE WHEN has_row THEN row_key END, is_new, path);
      why := session_auth.why_condition(part.kind, part_holds, part.action, part.resource, part.column_name, has_row);
    EXCEPTION WHEN OTHERS THEN
      part_holds := CASE part.kind WHEN 'permission' THEN false END;
      why := CASE part.kind WHEN 'permission' THEN session_auth.why_permitted(part.action, part.resource)
        ELSE format('"%s" cannot be asked: %s', part.condition, SQLERRM) END;
    END;
    -- a null of a row that is there denies
    IF part_holds IS NULL AND (has_row OR why = 'there is no identity' OR why = 'the identity has no tenant')
      AND why NOT LIKE '%cannot be asked%'
    THEN
      part_holds := false;
    END IF;
    holds := holds AND part_holds;
    IF part_holds IS TRUE THEN
      reasons := reasons || why;
    ELSE
      failures := failures || why;
    END IF;
  END LOOP;
  SELECT coalesce(string_agg(w, '; ' ORDER BY n), 'it holds for every row') INTO reason
  FROM (SELECT w, min(n) FROM unnest(CASE WHEN failures = '{}' THEN reasons ELSE failures END)
          WITH ORDINALITY u (w, n) GROUP BY w) d (w, n);
  condition := coalesce(condition, 'true');
END
$$;
COMMENT ON FUNCTION session_auth.explain_policy(oid, boolean, jsonb, boolean, boolean, text) IS
  'internal: what explain_access says of one policy';

-- Every line but the verdicts, for the current identity.
CREATE FUNCTION session_auth.access_lines(target regclass, action text, row_key jsonb, path text)
RETURNS TABLE (policy name, command text, kind text, condition text, holds boolean, reason text, roles oid[])
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  n integer := CASE WHEN action <> 'create' AND (SELECT c.relrowsecurity FROM pg_class c WHERE c.oid = target)
    THEN session_auth.rows_found(target, row_key) END;
  has_row boolean := row_key IS NOT NULL AND (action = 'create' OR n = 1);
  asked record;
BEGIN
  RETURN QUERY
    SELECT NULL::name, c.privilege, 'privilege', format('GRANT %s ON %s TO %s', c.privilege, target, r.oid::regrole),
      has_table_privilege(r.oid, target::oid, c.privilege) OR c.columns IS NOT NULL,
      CASE WHEN has_table_privilege(r.oid, target::oid, c.privilege) THEN format('%s has %s on the table', r.oid::regrole, c.privilege)
        WHEN c.columns IS NOT NULL THEN format('%s has %s on these columns alone: %s', r.oid::regrole, c.privilege, c.columns)
        ELSE format('%s has no privilege %s, on the table or on a column of it', r.oid::regrole, c.privilege) END,
      ARRAY[r.oid]
    FROM session_auth.asking_roles() r (oid)
    CROSS JOIN LATERAL (
      SELECT DISTINCT a.privilege, session_auth.granted_columns(r.oid, target, a.privilege)
      FROM session_auth.asked_commands(action) a) c (privilege, columns)
    ORDER BY r.oid::regrole::text, c.privilege = 'SELECT', c.privilege;
  RETURN QUERY
    SELECT NULL::name, NULL::text, 'row security', NULL::text, false, 'row-level security is not enabled, so policies do nothing', NULL::oid[]
    FROM pg_class c WHERE c.oid = target AND NOT c.relrowsecurity
    UNION ALL
    SELECT NULL, NULL, 'row security', NULL, false, format('row-level security is not forced, so the owner %s sees every row', c.relowner::regrole), NULL
    FROM pg_class c WHERE c.oid = target AND c.relrowsecurity AND NOT c.relforcerowsecurity
    UNION ALL
    SELECT NULL, NULL, 'row security', NULL, false, format('%s has BYPASSRLS, so policies do not bind it', r.rolname), ARRAY[r.oid]
    FROM session_auth.asking_roles() q (oid) JOIN pg_roles r ON r.oid = q.oid AND (r.rolbypassrls OR r.rolsuper)
    UNION ALL
    SELECT NULL, NULL, 'row security', NULL, false, 'there is no permissive policy for this command, so nobody sees a row', NULL
    FROM pg_class c WHERE c.oid = target AND c.relrowsecurity AND EXISTS (
      SELECT FROM session_auth.asked_commands(action) a WHERE NOT EXISTS (
        SELECT FROM pg_policy p WHERE p.polrelid = target AND p.polpermissive AND p.polcmd IN ('*', a.code)));
  IF n IS NOT NULL THEN
    RETURN QUERY SELECT NULL::name, NULL::text, 'row', row_key::text, n = 1,
      CASE n WHEN 0 THEN 'there is no such row' WHEN 1 THEN 'the row exists'
        ELSE 'several rows have these values, so conditions that depend on the row are not asked' END, NULL::oid[];
  END IF;
  FOR asked IN
    SELECT a.command, p.oid, p.polname, p.polpermissive, p.polroles,
      -- what is inserted is asked WITH CHECK, or USING where there is none
      a.with_check AND p.polwithcheck IS NOT NULL AS with_check
    FROM session_auth.asked_commands(action) a
    JOIN pg_policy p ON p.polrelid = target AND p.polcmd IN ('*', a.code)
    -- what an UPDATE makes of a row is shown where it is asked something else than what was there
    WHERE NOT (a.with_check AND a.code = 'w') OR EXISTS (
      SELECT FROM pg_policy o WHERE o.polrelid = target AND o.polcmd IN ('*', a.code)
        AND pg_get_expr(o.polwithcheck, o.polrelid) <> pg_get_expr(o.polqual, o.polrelid))
    ORDER BY a.command DESC, p.polpermissive DESC, p.polname
  LOOP
    policy := asked.polname;
    command := asked.command;
    kind := CASE WHEN asked.polpermissive THEN 'permissive' ELSE 'restrictive' END;
    SELECT e.condition, e.holds, e.reason INTO condition, holds, reason
    FROM session_auth.explain_policy(asked.oid, asked.with_check, row_key, action = 'create', has_row, path) e;
    roles := CASE WHEN asked.polroles <> '{0}' THEN asked.polroles END;
    IF roles IS NOT NULL THEN
      reason := format('%s (for %s alone)', reason, (SELECT string_agg(r::regrole::text, ', ') FROM unnest(roles) r));
    END IF;
    RETURN NEXT;
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.access_lines(regclass, text, jsonb, text) IS
  'internal: privileges, row-level security, the row and each policy, as explain_access has them';

CREATE FUNCTION session_auth.asking_roles() RETURNS SETOF oid
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT r FROM session_auth.request_roles() r
  UNION ALL
  SELECT c.oid FROM pg_roles c
  WHERE c.rolname = current_user AND NOT EXISTS (SELECT FROM session_auth.request_roles() r);
END;
COMMENT ON FUNCTION session_auth.asking_roles() IS
  'internal: the roles that requests come as; the caller''s when there is none';

-- What they come to: for each role and command, restrictive policies all, and a permissive one.
CREATE FUNCTION session_auth.access_verdict(target regclass, lines jsonb)
RETURNS TABLE (policy name, command text, kind text, condition text, holds boolean, reason text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH line AS (
    SELECT l.* FROM jsonb_to_recordset($2)
      l (policy text, command text, kind text, holds boolean, roles oid[])
  ), bound AS (
    SELECT r.oid, r.oid::regrole::text AS name, t.relrowsecurity AND NOT q.rolsuper AND NOT q.rolbypassrls
      AND (t.relforcerowsecurity OR NOT pg_has_role(r.oid, t.relowner, 'USAGE')) AS bound
    FROM session_auth.asking_roles() r (oid) JOIN pg_roles q ON q.oid = r.oid
    JOIN pg_class t ON t.oid = $1
  ), decided AS (
    SELECT b.oid, b.name, c.command,
      bool_or(l.holds) FILTER (WHERE l.kind = 'permissive') AS permitted,
      bool_or(l.holds IS NULL) FILTER (WHERE l.kind = 'permissive') AS perhaps_permitted,
      string_agg(DISTINCT l.policy, ', ') FILTER (WHERE l.kind = 'restrictive' AND NOT l.holds) AS restricted_by,
      bool_or(l.holds IS NULL) FILTER (WHERE l.kind = 'restrictive') AS perhaps_restricted
    FROM bound b
    CROSS JOIN (SELECT DISTINCT command FROM line WHERE kind IN ('permissive', 'restrictive')) c
    JOIN line l ON l.command = c.command AND l.kind IN ('permissive', 'restrictive')
      AND (l.roles IS NULL OR EXISTS (SELECT FROM unnest(l.roles) p WHERE pg_has_role(b.oid, p, 'USAGE')))
    GROUP BY b.oid, b.name, c.command
  ), said AS (
    SELECT b.name, 1 AS place, false AS holds,
      format('no privilege %s', string_agg(l.command, ', ')) AS reason
    FROM bound b JOIN line l ON l.kind = 'privilege' AND b.oid = ANY (l.roles) AND l.holds IS NOT TRUE
    GROUP BY b.name
    UNION ALL
    SELECT b.name, 1, false, l.reason FROM bound b
    CROSS JOIN (SELECT 'there is no such row' FROM line WHERE kind = 'row' AND NOT holds) l (reason)
    UNION ALL
    SELECT b.name, 2, true, 'policies do not bind it' FROM bound b WHERE NOT b.bound
    UNION ALL
    SELECT b.name, 3, CASE WHEN d.restricted_by IS NOT NULL THEN false
        WHEN d.permitted AND d.perhaps_restricted IS NOT TRUE THEN true
        WHEN d.permitted OR d.perhaps_permitted THEN NULL ELSE false END,
      CASE WHEN d.restricted_by IS NOT NULL THEN format('for %s restrictive policy %s does not hold', d.command, d.restricted_by)
        WHEN d.permitted AND d.perhaps_restricted IS NOT TRUE THEN format('policies allow %s', d.command)
        WHEN d.permitted OR d.perhaps_permitted THEN format('for %s it depends on the row', d.command)
        ELSE format('for %s no permissive policy holds', d.command) END
    FROM bound b JOIN decided d ON d.oid = b.oid WHERE b.bound
    UNION ALL
    SELECT b.name, 4, false, 'no policy is for it' FROM bound b
    WHERE b.bound AND NOT EXISTS (SELECT FROM decided d WHERE d.oid = b.oid)
  )
  SELECT NULL::name, NULL::text, 'verdict', s.name,
    CASE WHEN bool_or(s.holds IS FALSE) THEN false WHEN bool_or(s.holds IS NULL) THEN NULL ELSE true END,
    string_agg(DISTINCT s.reason, '; ')
  FROM said s
  GROUP BY s.name;
END;
COMMENT ON FUNCTION session_auth.access_verdict(regclass, jsonb) IS
  'internal: what the lines of explain_access come to, for each database role that requests come as';

CREATE FUNCTION session_auth.access_explanation(
  target regclass, action text, user_id text, row_key jsonb, path text
) RETURNS TABLE (policy name, command text, kind text, condition text, holds boolean, reason text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  lines jsonb;
BEGIN
  PERFORM session_auth.check_access_question($1, $2, $4);
  -- The block always ends in an error, which takes everything back: the identity, and
  -- whatever functions in policies have done, as far as a read-only transaction lets them.
  BEGIN
    IF $3 IS NOT NULL THEN
      PERFORM session_auth.impersonate($3, NULL, 'explain_access');
    END IF;
    PERFORM set_config('transaction_read_only', 'on', true);
    SELECT jsonb_agg(to_jsonb(l)) INTO lines FROM session_auth.access_lines($1, $2, $4, $5) l;
    RAISE EXCEPTION USING ERRCODE = 'P0SA1', MESSAGE = 'explained';
  EXCEPTION WHEN SQLSTATE 'P0SA1' THEN
    NULL;
  END;
  IF $3 IS NOT NULL THEN
    PERFORM session_auth.record_explanation($3, $1, $2);
  END IF;
  RETURN QUERY SELECT (l.line ->> 'policy')::name, l.line ->> 'command', l.line ->> 'kind', l.line ->> 'condition',
      (l.line ->> 'holds')::boolean, l.line ->> 'reason'
    FROM jsonb_array_elements(lines) WITH ORDINALITY l (line, n) ORDER BY l.n;
  RETURN QUERY SELECT v.* FROM session_auth.access_verdict($1, lines) v ORDER BY v.condition;
END
$$;
COMMENT ON FUNCTION session_auth.access_explanation(regclass, text, text, jsonb, text) IS
  'internal: explain_access, with the search_path of its caller';

CREATE FUNCTION session_auth.explain_access(
  target regclass,
  action text,
  user_id text DEFAULT NULL,
  row_key jsonb DEFAULT NULL
) RETURNS TABLE (policy name, command text, kind text, condition text, holds boolean, reason text)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
  SELECT e.policy, e.command, e.kind, e.condition, e.holds, e.reason
  FROM session_auth.access_explanation($1, $2, $3, $4, pg_catalog.current_setting('search_path')) e;
END;
COMMENT ON FUNCTION session_auth.explain_access(regclass, text, text, jsonb) IS
  'Why a user (user_id; NULL: the current identity) may view, create, edit or delete a row of a table or '
  'not: privileges, row-level security, whether the row exists, each policy that applies with its '
  'condition, whether it holds (NULL: it depends on the row) and why, and a verdict for each database '
  'role with usage request. row_key, {"id": 7}, finds the row; for create it is the new row. Conditions '
  'run with the caller''s rights, read-only, as the user, which is recorded. 22023 for a bad argument.';

CREATE FUNCTION session_auth.protected_resources()
RETURNS TABLE (object regclass, resource text, action text, rows_alone text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- chosen before their conditions are read, whatever the plan: others are refused there
  WITH handwritten AS MATERIALIZED (
    SELECT p.oid, p.polrelid, p.polname FROM pg_policy p
    WHERE p.polrelid IN (SELECT session_auth.protected_tables())
      AND NOT EXISTS (SELECT FROM session_auth.protections r WHERE r.target::oid = p.polrelid)
  )
  SELECT p.target, p.resource, a.action,
    nullif(concat_ws(', ', 'own rows alone (' || p.owner_column || ')',
      'rows of the tenant alone (' || p.tenant_column || ')'), '')
  FROM session_auth.protections p JOIN pg_class c ON c.oid = p.target::oid
  CROSS JOIN unnest(ARRAY['view', 'create', 'edit', 'delete']) a (action)
  UNION ALL
  SELECT DISTINCT p.polrelid::regclass, k.resource, k.action, format('by policy %s', p.polname)
  FROM handwritten p
  CROSS JOIN (VALUES (false), (true)) w (with_check)
  CROSS JOIN LATERAL session_auth.policy_conditions(p.oid, w.with_check, 'pg_catalog') k
  WHERE k.kind = 'permission'
  UNION ALL
  SELECT h.target, h.resource || '.' || c, a.action,
    CASE a.action WHEN 'view' THEN 'own rows in any case (' || h.owner_column || ')' END
  FROM session_auth.column_protections h JOIN pg_class t ON t.oid = h.target::oid
  CROSS JOIN LATERAL unnest(h.columns) c CROSS JOIN unnest(ARRAY['view', 'edit']) a (action);
END;
COMMENT ON FUNCTION session_auth.protected_resources() IS
  'internal: what policies of this database ask permissions on, and for which rows';

CREATE FUNCTION session_auth.access_matrix()
RETURNS TABLE (object regclass, resource text, action text, role text, allowed boolean, via text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
BEGIN ATOMIC
  SELECT p.object, p.resource, p.action, r.role, e.allowed,
    CASE WHEN e.allowed THEN concat_ws('; ', e.reason, p.rows_alone) ELSE e.reason END
  FROM session_auth.protected_resources() p
  CROSS JOIN session_auth.roles r
  CROSS JOIN LATERAL session_auth.explain_permission(r.role, p.action, p.resource) e
  ORDER BY p.object::text, p.resource, array_position(ARRAY['view', 'create', 'edit', 'delete'], p.action), r.role;
END;
COMMENT ON FUNCTION session_auth.access_matrix() IS
  'Who may do what: every protected table, hidden columns too, by action and role of the application; '
  'whether it is allowed, and by which grant or denial (via). Own rows or a tenant''s alone count as '
  'allowed, and via says so.';
