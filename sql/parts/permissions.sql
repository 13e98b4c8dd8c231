-- Permissions: the questions in C, their administration in SQL.

CREATE FUNCTION session_auth.planned_with(internal) RETURNS internal
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', 'session_auth_planned_with';
COMMENT ON FUNCTION session_auth.planned_with(internal) IS
  'internal: changes nothing in a plan; that it is called loads the library before the query starts';

CREATE FUNCTION session_auth.has_permission(role text, action text, resource text)
RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1 SUPPORT session_auth.planned_with
AS 'MODULE_PATHNAME', 'session_auth_has_permission';
COMMENT ON FUNCTION session_auth.has_permission(text, text, text) IS
  'Whether this role, or one that it inherits, is granted the action on the resource, and none of '
  'them is denied it. False for an unknown role; NULL for a NULL argument.';

CREATE FUNCTION session_auth.has_permission(action text, resource text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1 SUPPORT session_auth.planned_with
AS 'MODULE_PATHNAME', 'session_auth_current_has_permission';
COMMENT ON FUNCTION session_auth.has_permission(text, text) IS
  'Whether any of the current identity''s roles is granted the action on the resource, and none is '
  'denied it. False when not authenticated; NULL for a NULL argument.';

CREATE FUNCTION session_auth.has_role(role text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1 SUPPORT session_auth.planned_with
AS 'MODULE_PATHNAME', 'session_auth_has_role';
COMMENT ON FUNCTION session_auth.has_role(text) IS
  'Whether the current identity holds the role, directly or by inheritance.';

CREATE FUNCTION session_auth.require_permission(action text, resource text) RETURNS void
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_require_permission';
COMMENT ON FUNCTION session_auth.require_permission(text, text) IS
  'Raises 28000 when not authenticated (HTTP 401) and 42501 when not allowed (HTTP 403).';

CREATE FUNCTION session_auth.demand_permission(action text, resource text) RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE COST 1 SUPPORT session_auth.planned_with
AS 'MODULE_PATHNAME', 'session_auth_demand_permission';
COMMENT ON FUNCTION session_auth.demand_permission(text, text) IS
  'For policies, as (SELECT session_auth.demand_permission(...)): true, or the errors of '
  'require_permission before the query has read anything. protect_table writes it for denied error.';

CREATE FUNCTION session_auth.explain_permission(role text, action text, resource text)
RETURNS TABLE (
  allowed boolean,
  via_role text,
  grant_action text,
  grant_resource text,
  reason text
)
LANGUAGE c STABLE PARALLEL SAFE ROWS 1
AS 'MODULE_PATHNAME', 'session_auth_explain_permission';
COMMENT ON FUNCTION session_auth.explain_permission(text, text, text) IS
  'One row: the verdict of has_permission, the grant or denial that decides it, and the reason.';

CREATE FUNCTION session_auth.permitted_resources(role text, action text) RETURNS text[]
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_permitted_resources';
COMMENT ON FUNCTION session_auth.permitted_resources(text, text) IS
  'The resources on which the role may do the action, sorted, for resource = ANY (...); {*} when it '
  'may on all. A grant of * with exceptions cannot be listed: only what is granted by name is.';

CREATE FUNCTION session_auth.list_permissions(role text DEFAULT NULL)
RETURNS TABLE (
  role text,
  action text,
  resource text,
  effect text,
  via_role text
)
LANGUAGE c STABLE PARALLEL SAFE ROWS 100
AS 'MODULE_PATHNAME', 'session_auth_list_permissions';
COMMENT ON FUNCTION session_auth.list_permissions(text) IS
  'What a role holds, inherited too; of every role when it is NULL. effect is allow or deny.';

-- Administration.  Each function checks its arguments first, changes at most one
-- thing, and records it.

CREATE FUNCTION session_auth.role_includes(role text, other text) RETURNS boolean
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', 'session_auth_role_includes';
COMMENT ON FUNCTION session_auth.role_includes(text, text) IS
  'internal: whether a role exists now and is the other, or inherits from it';

CREATE FUNCTION session_auth.require_role(role text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM session_auth.check_argument('role', $1);
  PERFORM session_auth.check_snapshot();
  -- locked, so that it is not dropped before what follows refers to it
  PERFORM FROM session_auth.roles r WHERE r.role = $1 FOR KEY SHARE;
  IF NOT FOUND THEN
    -- it is too new for this transaction's snapshot, and for its foreign keys
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable')
       AND session_auth.role_includes($1, $1) THEN
      RAISE EXCEPTION USING ERRCODE = '40001',
        MESSAGE = format('could not serialize access as role "%s" was created concurrently', $1),
        HINT = 'The transaction might succeed if retried.';
    END IF;
    PERFORM session_auth.refuse('role', format('Role "%s" does not exist.', $1));
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.require_role(text) IS
  'internal: 22023 when there is no such role; 40001 when it is newer than the snapshot';

CREATE FUNCTION session_auth.inherit_role(role text, parent text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM session_auth.require_role($1);
  PERFORM session_auth.require_role($2);
  -- two inheritances at once could close a cycle that neither sees; an older
  -- snapshot would not show the other's either
  LOCK TABLE session_auth.role_parents IN SHARE ROW EXCLUSIVE MODE;
  IF session_auth.role_includes($2, $1) THEN
    PERFORM session_auth.refuse('parent',
      format('Role "%s" would inherit from itself through "%s".', $1, $2));
  END IF;
  INSERT INTO session_auth.role_parents (role, parent) VALUES ($1, $2) ON CONFLICT DO NOTHING;
  IF FOUND THEN
    PERFORM session_auth.record_event('role_inherited', NULL,
      jsonb_build_object('role', $1, 'parent', $2));
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.inherit_role(text, text) IS
  'Lets a role hold what parent holds. 22023 when one does not exist or a cycle would close.';

CREATE FUNCTION session_auth.disinherit_role(role text, parent text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM session_auth.require_role($1);
  PERFORM session_auth.require_role($2);
  DELETE FROM session_auth.role_parents p WHERE p.role = $1 AND p.parent = $2;
  IF FOUND THEN
    PERFORM session_auth.record_event('role_disinherited', NULL,
      jsonb_build_object('role', $1, 'parent', $2));
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.disinherit_role(text, text) IS
  'Takes an inheritance back. 22023 when one of the roles does not exist.';

CREATE FUNCTION session_auth.create_role(role text, inherits text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  parent text;
BEGIN
  PERFORM session_auth.check_argument('role', $1);
  INSERT INTO session_auth.roles (role) VALUES ($1) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    PERFORM session_auth.refuse('role', format('Role "%s" exists already.', $1));
  END IF;
  PERFORM session_auth.record_event('role_created', NULL, jsonb_build_object('role', $1));
  FOREACH parent IN ARRAY coalesce($2, '{}') LOOP
    PERFORM session_auth.inherit_role($1, parent);
  END LOOP;
END
$$;
COMMENT ON FUNCTION session_auth.create_role(text, text[]) IS
  'Creates a role of the application (1 to 255 bytes) that inherits from others. 22023 when '
  'it exists already or a parent does not.';

CREATE FUNCTION session_auth.drop_role(role text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM session_auth.require_role($1);
  DELETE FROM session_auth.roles r WHERE r.role = $1;
  PERFORM session_auth.record_event('role_dropped', NULL, jsonb_build_object('role', $1));
END
$$;
COMMENT ON FUNCTION session_auth.drop_role(text) IS
  'Drops a role with its permissions, its inheritance and its grants to users. 22023 when there is none.';

CREATE FUNCTION session_auth.add_permission(
  role text, action text, resource text, denied boolean
) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM session_auth.require_role($1);
  PERFORM session_auth.check_argument('action', $2);
  PERFORM session_auth.check_argument('resource', $3);
  INSERT INTO session_auth.permissions (role, action, resource, denied)
  VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM session_auth.record_event(
    CASE WHEN $4 THEN 'denial_added' ELSE 'permission_granted' END, NULL,
    jsonb_build_object('role', $1, 'action', $2, 'resource', $3));
  RETURN true;
END
$$;
COMMENT ON FUNCTION session_auth.add_permission(text, text, text, boolean) IS
  'internal: grants or denies, and records it';

CREATE FUNCTION session_auth.grant_permission(role text, action text, resource text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN session_auth.add_permission($1, $2, $3, false);
END
$$;
COMMENT ON FUNCTION session_auth.grant_permission(text, text, text) IS
  'Grants a role an action on a resource; whether that changed anything. * as the action or the '
  'resource is all of them; a resource ending in :* or /* covers what starts so.';

CREATE FUNCTION session_auth.deny_permission(role text, action text, resource text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN session_auth.add_permission($1, $2, $3, true);
END
$$;
COMMENT ON FUNCTION session_auth.deny_permission(text, text, text) IS
  'Denies a role an action on a resource, against every grant, inherited ones too; whether that '
  'changed anything.';

CREATE FUNCTION session_auth.revoke_permission(role text, action text, resource text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM session_auth.require_role($1);
  PERFORM session_auth.check_argument('action', $2);
  PERFORM session_auth.check_argument('resource', $3);
  DELETE FROM session_auth.permissions p
  WHERE p.role = $1 AND p.action = $2 AND p.resource = $3;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM session_auth.record_event('permission_revoked', NULL,
    jsonb_build_object('role', $1, 'action', $2, 'resource', $3));
  RETURN true;
END
$$;
COMMENT ON FUNCTION session_auth.revoke_permission(text, text, text) IS
  'Takes back what was granted or denied in these very words; whether there was anything.';

CREATE FUNCTION session_auth.ensure_role(role text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF NOT EXISTS (SELECT FROM session_auth.roles r WHERE r.role = $1) THEN
    INSERT INTO session_auth.roles (role) VALUES ($1) ON CONFLICT DO NOTHING;
    IF FOUND THEN
      PERFORM session_auth.record_event('role_created', NULL, jsonb_build_object('role', $1));
    END IF;
  END IF;
END
$$;
COMMENT ON FUNCTION session_auth.ensure_role(text) IS
  'internal: creates a role that is named for the first time';

CREATE FUNCTION session_auth.import_permissions(permissions jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  entry record;
  denied boolean;
  pair text;
  changed integer := 0;
BEGIN
  IF $1 IS NULL OR jsonb_typeof($1) <> 'object' THEN
    PERFORM session_auth.refuse('permissions',
      'They must be an object that maps each role to an array of "action:resource".');
  END IF;
  FOR entry IN SELECT m.key AS role, m.value AS list FROM jsonb_each($1) m LOOP
    PERFORM session_auth.check_argument('role', entry.role);
    IF jsonb_typeof(entry.list) <> 'array' THEN
      PERFORM session_auth.refuse('permissions',
        format('Role "%s" does not map to an array.', entry.role));
    END IF;
    PERFORM session_auth.ensure_role(entry.role);
  END LOOP;
  FOR entry IN
    SELECT m.key AS role, e.value AS permission, e.value #>> '{}' AS pair
    FROM jsonb_each($1) m, jsonb_array_elements(m.value) e
  LOOP
    denied := left(entry.pair, 1) = '!';
    pair := CASE WHEN denied THEN substr(entry.pair, 2) ELSE entry.pair END;
    IF jsonb_typeof(entry.permission) <> 'string' OR strpos(pair, ':') = 0 THEN
      PERFORM session_auth.refuse('permissions',
        format('Role "%s" has an entry that is not of the form "action:resource".',
          entry.role));
    END IF;
    IF session_auth.add_permission(entry.role, split_part(pair, ':', 1),
         substr(pair, strpos(pair, ':') + 1), denied) THEN
      changed := changed + 1;
    END IF;
  END LOOP;
  RETURN changed;
END
$$;
COMMENT ON FUNCTION session_auth.import_permissions(jsonb) IS
  'Adds the map that applications already have, {"ADMIN": ["view:accounts"]}: creates the roles it '
  'names and grants what it lists; a leading ! denies. A pair splits at its first colon. How many '
  'grants and denials are new: 0 when repeated. All or nothing; takes nothing away.';

CREATE FUNCTION session_auth.export_permissions() RETURNS jsonb
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'session_auth_export_permissions';
COMMENT ON FUNCTION session_auth.export_permissions() IS
  'Every role with what it is itself granted and denied, as import_permissions takes it. Inheritance '
  'is not in it.';

CREATE FUNCTION session_auth.grant_role(user_id text, role text, tenant text DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM session_auth.check_argument('user_id', $1);
  PERFORM session_auth.require_role($2);
  IF $3 IS NOT NULL THEN
    PERFORM session_auth.check_argument('tenant', $3);
  END IF;
  INSERT INTO session_auth.user_roles (user_id, role, tenant) VALUES ($1, $2, $3)
  ON CONFLICT (user_id, role, tenant) DO NOTHING;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM session_auth.record_event('role_granted', $1,
    jsonb_build_object('role', $2, 'tenant', $3));
  RETURN true;
END
$$;
COMMENT ON FUNCTION session_auth.grant_role(text, text, text) IS
  'Gives a user a role, everywhere or in one tenant alone; whether that changed anything. 22023 when '
  'there is no such role.';

CREATE FUNCTION session_auth.revoke_role(user_id text, role text, tenant text DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM session_auth.check_argument('user_id', $1);
  PERFORM session_auth.require_role($2);
  DELETE FROM session_auth.user_roles u
  WHERE u.user_id = $1 AND u.role = $2 AND u.tenant IS NOT DISTINCT FROM $3;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM session_auth.record_event('role_revoked', $1,
    jsonb_build_object('role', $2, 'tenant', $3));
  RETURN true;
END
$$;
COMMENT ON FUNCTION session_auth.revoke_role(text, text, text) IS
  'Takes a role back from a user, where it was granted in these very words; whether it was.';
