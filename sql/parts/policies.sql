-- Policies: written fast and safe, and remembered.

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
COMMENT ON TABLE session_auth.protections IS
  'what protect_table protected, and how: one row a table, one for each partition';
COMMENT ON COLUMN session_auth.protections.target IS 'the table, or one partition';
COMMENT ON COLUMN session_auth.protections.resource IS 'what its policies ask permissions on';
COMMENT ON COLUMN session_auth.protections.owner_column IS 'the column that has to be the user''s, if any';
COMMENT ON COLUMN session_auth.protections.tenant_column IS 'the column that has to be the tenant''s, if any';
COMMENT ON COLUMN session_auth.protections.denied IS 'what a query without the permission gets: empty (no row) or error';
COMMENT ON COLUMN session_auth.protections.subqueries IS
  'whether its policies ask in subqueries, as they do unless protect_table was told not to';
COMMENT ON COLUMN session_auth.protections.protected_at IS 'when protect_table was called last';
COMMENT ON COLUMN session_auth.protections.protected_by IS
  'the identity''s user or the database role that called it; null: version 0.1.0 had protected it';

-- Dumps hold it; tables are restored before their data, and so before these rows.
SELECT pg_catalog.pg_extension_config_dump('session_auth.protections', '');

-- Database roles that requests come as.
CREATE FUNCTION session_auth.request_roles() RETURNS SETOF oid
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT DISTINCT r.oid
  FROM pg_proc f CROSS JOIN LATERAL aclexplode(f.proacl) a
  JOIN pg_roles r ON r.oid = a.grantee AND r.oid <> f.proowner AND NOT r.rolsuper
  WHERE f.pronamespace = 'session_auth'::regnamespace AND f.proname = 'mark_of_request';
END;
COMMENT ON FUNCTION session_auth.request_roles() IS
  'internal: the database roles with usage request';

CREATE FUNCTION session_auth.policy_problems(expression pg_node_tree) RETURNS text[]
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_policy_problems';
COMMENT ON FUNCTION session_auth.policy_problems(pg_node_tree) IS
  'internal: what is wrong with a policy''s expression: bare call, constant role, no question';

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
  'internal: resource, the numbers of owner_column and tenant_column that protect_table wrote (0 is none), denied, and subqueries';

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

-- PostgreSQL asks in a subquery once for a query, and src/executor what stands by itself; Citus
-- takes no subqueries.
CREATE FUNCTION session_auth.asked_once(call text, subqueries boolean) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE WHEN $2 THEN '(SELECT ' || $1 || ')' ELSE $1 END;
END;
COMMENT ON FUNCTION session_auth.asked_once(text, boolean) IS
  'internal: a call as policies write it that is to be asked once for a query';

-- What a column is compared with: constant for a query, so that its index serves.
-- Only an id that the type prints as it is written is anybody's; where equal values
-- can print differently, the text is compared too.
CREATE FUNCTION session_auth.identity_condition(
  target regclass, column_name name, reader text, subqueries boolean DEFAULT true
) RETURNS text
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
  RETURN format('%I %s %s', column_name, operator, session_auth.asked_once(value, subqueries))
    || CASE WHEN exact
         THEN format(' AND %I::text COLLATE "C" = %s', column_name,
                session_auth.asked_once(format('session_auth.%I()', reader), subqueries))
         ELSE '' END;
END
$$;
COMMENT ON FUNCTION session_auth.identity_condition(regclass, name, text, boolean) IS
  'internal: the condition that a column is the current user''s or tenant''s; NULL when it cannot be written';

CREATE FUNCTION session_auth.identity_expression(
  target regclass, column_name name, reader text, subqueries boolean DEFAULT true
) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  what text := CASE reader WHEN 'tenant' THEN 'tenant_column' ELSE 'owner_column' END;
  condition text := session_auth.identity_condition(target, column_name, reader, subqueries);
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
COMMENT ON FUNCTION session_auth.identity_expression(regclass, name, text, boolean) IS
  'internal: the condition that a column is the current user''s or tenant''s; 22023 when it cannot be written';

-- The policies of one table.  rows_of is what the row has to fulfil beside the permission.
CREATE FUNCTION session_auth.written_policies(
  resource text, rows_of text, denied text, subqueries boolean DEFAULT true
) RETURNS TABLE (policy name, command text, code "char", using_text text, check_text text)
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
    SELECT session_auth.asked_once(format('session_auth.%I(%L, %L)',
      CASE $3 WHEN 'error' THEN 'demand_permission' ELSE 'has_permission' END, v.action, $1), $4) || $2) c (condition);
END;
COMMENT ON FUNCTION session_auth.written_policies(text, text, text, boolean) IS
  'internal: what protect_table writes for one table';

CREATE FUNCTION session_auth.protection_of_one_table(
  target regclass, resource text, owner_column name, tenant_column name, denied text, subqueries boolean
) RETURNS SETOF text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rows_of text := '';
  written record;
BEGIN
  IF owner_column IS NOT NULL THEN
    rows_of := ' AND ' || session_auth.identity_expression(target, owner_column, 'user_id', subqueries);
  END IF;
  IF tenant_column IS NOT NULL THEN
    rows_of := rows_of || ' AND ' || session_auth.identity_expression(target, tenant_column, 'tenant', subqueries);
  END IF;
  RETURN NEXT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', target);
  FOR written IN SELECT * FROM session_auth.written_policies(resource, rows_of, denied, subqueries) LOOP
    RETURN NEXT format('DROP POLICY IF EXISTS %I ON %s', written.policy, target);
    RETURN NEXT format('CREATE POLICY %I ON %s FOR %s', written.policy, target, written.command)
         || coalesce(' USING (' || written.using_text || ')', '')
         || coalesce(' WITH CHECK (' || written.check_text || ')', '');
  END LOOP;
  RETURN NEXT format('SELECT session_auth.remember_protection(%L, %L, %L, %L, %L, %L)',
                     target, resource, owner_column, tenant_column, denied, subqueries);
END
$$;
COMMENT ON FUNCTION session_auth.protection_of_one_table(regclass, text, name, name, text, boolean) IS
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
  target oid, resource text, owner_column name, tenant_column name, denied text, subqueries boolean
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
    rows_of := ' AND ' || session_auth.identity_condition(target, owner_column, 'user_id', subqueries);
  END IF;
  IF tenant_column IS NOT NULL THEN
    rows_of := rows_of || ' AND ' || session_auth.identity_condition(target, tenant_column, 'tenant', subqueries);
  END IF;
  FOR written IN SELECT * FROM session_auth.written_policies(resource, rows_of, denied, subqueries) LOOP
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
COMMENT ON FUNCTION session_auth.lost_policies(oid, text, name, name, text, boolean) IS
  'internal: which of the policies of protect_table are gone or altered';

CREATE FUNCTION session_auth.lost_protection(target oid) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT session_auth.lost_row_security(p.target::oid)
      || session_auth.lost_policies(p.target::oid, p.resource, p.owner_column, p.tenant_column, p.denied, p.subqueries)
  FROM session_auth.protections p WHERE p.target::oid = $1;
END;
COMMENT ON FUNCTION session_auth.lost_protection(oid) IS
  'internal: what is missing of what protect_table did; empty when it is whole';

-- What was protected is remembered with the extension's rights, but only while it
-- stands, and forgotten only when it stands no more: both take the table's owner.

CREATE FUNCTION session_auth.remember_protection(
  target regclass, resource text, owner_column name, tenant_column name, denied text, subqueries boolean DEFAULT true
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF $1 IS NULL OR $2 IS NULL OR $5 IS NULL OR $6 IS NULL
    OR session_auth.lost_row_security($1) || session_auth.lost_policies($1, $2, $3, $4, $5, $6) IS DISTINCT FROM '{}'
  THEN
    RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = 'only protect_table says what is protected';
  END IF;
  INSERT INTO session_auth.protections (target, resource, owner_column, tenant_column, denied, subqueries, protected_by)
  VALUES ($1, $2, $3, $4, $5, $6, session_auth.acting_user())
  ON CONFLICT (target) DO UPDATE SET resource = excluded.resource, owner_column = excluded.owner_column,
    tenant_column = excluded.tenant_column, denied = excluded.denied, subqueries = excluded.subqueries,
    protected_at = excluded.protected_at, protected_by = excluded.protected_by;
END
$$;
COMMENT ON FUNCTION session_auth.remember_protection(regclass, text, name, name, text, boolean) IS
  'internal: notes what protect_table has done; 42501 when it is not there';

CREATE FUNCTION session_auth.forget_protection(target regclass) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM session_auth.protections p
  WHERE p.target::oid = $1::oid AND NOT EXISTS (
    SELECT FROM pg_policy q JOIN session_auth.written_policies('', '', 'empty') w ON w.policy = q.polname
    WHERE q.polrelid = $1);
END;
COMMENT ON FUNCTION session_auth.forget_protection(regclass) IS
  'internal: forgets a table that has none of the policies of protect_table';

-- Policies of protect_table that nobody remembers: of 0.1.0, or of a dump of the schema alone.
CREATE FUNCTION session_auth.unremembered_protections()
RETURNS TABLE (target regclass, resource text, owner_column name, tenant_column name, denied text, subqueries boolean)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT c.oid::regclass, s.parts[1],
    (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attnum = s.parts[2]::int2),
    (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = s.parts[3]::int2 AND a.attnum > 0),
    s.parts[4], s.parts[5]::boolean
  FROM pg_class c
  JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'session_auth_select'
  CROSS JOIN LATERAL (SELECT session_auth.policy_parts(p.polqual) OFFSET 0) s (parts)
  WHERE s.parts IS NOT NULL
    AND NOT EXISTS (SELECT FROM session_auth.protections r WHERE r.target::oid = c.oid);
END;
COMMENT ON FUNCTION session_auth.unremembered_protections() IS
  'internal: tables with policies of protect_table that are not in protections';

CREATE FUNCTION session_auth.protect_command(
  target regclass, resource text, owner_column name, tenant_column name, denied text, subqueries boolean
) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT format('SELECT session_auth.protect_table(%L, %L', $1, $2)
    || coalesce(', owner_column => ' || quote_literal($3), '')
    || coalesce(', tenant_column => ' || quote_literal($4), '')
    || CASE $5 WHEN 'empty' THEN '' ELSE ', denied => ' || quote_literal($5) END
    || CASE WHEN $6 THEN '' ELSE ', subqueries => false' END || ')';
END;
COMMENT ON FUNCTION session_auth.protect_command(regclass, text, name, name, text, boolean) IS
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
  ELSIF EXISTS (SELECT FROM pg_class c WHERE c.oid = target AND c.relpersistence = 't') THEN
    -- it goes without a trigger that could forget it, and a dump of what is remembered would name it
    PERFORM session_auth.refuse('target', 'A temporary table is seen by its own connection alone.');
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.require_table(regclass) IS
  'internal: 22023 when it is not a table that can be protected';

-- What is done to a table of the application is worked out with the extension's rights,
-- by functions that change nothing, and done with those of the caller, who must own the
-- table: so the caller need not be able to call what works it out in turn.
CREATE FUNCTION session_auth.protection(
  target regclass, resource text, owner_column name, tenant_column name, denied text, subqueries boolean
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
  IF denied IS NULL OR denied NOT IN ('empty', 'error') THEN
    PERFORM session_auth.refuse('denied', 'It must be "empty" or "error".');
  END IF;
  IF subqueries IS NULL OR NOT subqueries AND denied = 'error' THEN
    PERFORM session_auth.refuse('subqueries', 'It must be true or false, and true with denied "error", which is '
      'asked before the query starts.');
  END IF;
  -- a partition that is named itself does not ask its parent's policies
  FOR member IN
    SELECT target UNION SELECT t.relid FROM pg_partition_tree(target) t
    JOIN pg_class c ON c.oid = t.relid AND c.relkind IN ('r', 'p')
  LOOP
    RETURN QUERY SELECT session_auth.protection_of_one_table(member, name_of_resource,
      owner_column, tenant_column, denied, subqueries);
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.protection(regclass, text, name, name, text, boolean) IS
  'internal: the commands of protect_table; 22023 for a bad argument';

CREATE FUNCTION session_auth.protect_table(
  target regclass,
  resource text DEFAULT NULL,
  owner_column name DEFAULT NULL,
  tenant_column name DEFAULT NULL,
  denied text DEFAULT 'empty',
  subqueries boolean DEFAULT true
) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
  command text;
BEGIN
  FOR command IN
    SELECT session_auth.protection(target, resource, owner_column, tenant_column, denied, subqueries)
  LOOP
    EXECUTE command;
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.protect_table(regclass, text, name, name, text, boolean) IS
  'Enables and forces row-level security on a table and its partitions and writes one policy each for '
  'SELECT (view), INSERT (create), UPDATE (edit) and DELETE (delete): the identity has the permission '
  'on resource (default: the table''s name), and the row is its user''s (owner_column) and its '
  'tenant''s (tenant_column) where these are given: the id is what the column''s type prints, to the '
  'letter. A query without the permission finds no row (denied empty) or fails as require_permission '
  'does (denied error). subqueries false: policies without any, for Citus, which are as fast with '
  'session_auth.gate_policies and fold_filters on. Repeating it replaces them. What it did is remembered (list_protected) and guarded '
  '(session_auth.guard_protection). The caller must own the table. 22023 for a bad argument.';

CREATE FUNCTION session_auth.unprotection(target regclass) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  names CONSTANT text[] := ARRAY(SELECT w.policy::text FROM session_auth.written_policies('', '', 'empty') w);
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
