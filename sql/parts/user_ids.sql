-- User ids that are numbers or uuids: a user's id is text, and most applications keep
-- another type. PostgreSQL takes the form for text where a type is not known, as of
-- literals and of most drivers' parameters, and one of these for integers and uuids.

CREATE FUNCTION session_auth.create_session(
  user_id bigint,
  expires_in interval DEFAULT NULL,
  token text DEFAULT NULL,
  metadata jsonb DEFAULT '{}',
  permissions text[] DEFAULT NULL,
  OUT session_id uuid,
  OUT token text,
  OUT expires_at timestamptz
)
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT * FROM session_auth.create_session($1::text, $2, $3, $4, $5);
END;
COMMENT ON FUNCTION session_auth.create_session(bigint, interval, text, jsonb, text[]) IS
  'create_session for user ids of type bigint: the same by their text.';

CREATE FUNCTION session_auth.create_session(
  user_id uuid,
  expires_in interval DEFAULT NULL,
  token text DEFAULT NULL,
  metadata jsonb DEFAULT '{}',
  permissions text[] DEFAULT NULL,
  OUT session_id uuid,
  OUT token text,
  OUT expires_at timestamptz
)
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT * FROM session_auth.create_session($1::text, $2, $3, $4, $5);
END;
COMMENT ON FUNCTION session_auth.create_session(uuid, interval, text, jsonb, text[]) IS
  'create_session for user ids of type uuid: the same by their text.';

CREATE FUNCTION session_auth.expire_user_sessions(
  user_id bigint,
  except_session uuid DEFAULT NULL
)
RETURNS bigint
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT session_auth.expire_user_sessions($1::text, $2);
END;
COMMENT ON FUNCTION session_auth.expire_user_sessions(bigint, uuid) IS
  'expire_user_sessions for user ids of type bigint: the same by their text.';

CREATE FUNCTION session_auth.expire_user_sessions(
  user_id uuid,
  except_session uuid DEFAULT NULL
)
RETURNS bigint
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT session_auth.expire_user_sessions($1::text, $2);
END;
COMMENT ON FUNCTION session_auth.expire_user_sessions(uuid, uuid) IS
  'expire_user_sessions for user ids of type uuid: the same by their text.';

CREATE FUNCTION session_auth.list_sessions(
  user_id bigint
)
RETURNS TABLE (
  session_id uuid,
  created_at timestamptz,
  last_seen_at timestamptz,
  expires_at timestamptz,
  current boolean,
  metadata jsonb,
  permissions text[]
)
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 10
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT * FROM session_auth.list_sessions($1::text);
END;
COMMENT ON FUNCTION session_auth.list_sessions(bigint) IS
  'list_sessions for user ids of type bigint: the same by their text.';

CREATE FUNCTION session_auth.list_sessions(
  user_id uuid
)
RETURNS TABLE (
  session_id uuid,
  created_at timestamptz,
  last_seen_at timestamptz,
  expires_at timestamptz,
  current boolean,
  metadata jsonb,
  permissions text[]
)
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 10
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT * FROM session_auth.list_sessions($1::text);
END;
COMMENT ON FUNCTION session_auth.list_sessions(uuid) IS
  'list_sessions for user ids of type uuid: the same by their text.';

CREATE FUNCTION session_auth.impersonate(
  user_id bigint,
  roles text[] DEFAULT NULL,
  reason text DEFAULT NULL,
  OUT user_id text,
  OUT role text,
  OUT roles text[],
  OUT tenant text,
  OUT session_id uuid,
  OUT expires_at timestamptz
)
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT * FROM session_auth.impersonate($1::text, $2, $3);
END;
COMMENT ON FUNCTION session_auth.impersonate(bigint, text[], text) IS
  'impersonate for user ids of type bigint: the same by their text.';

CREATE FUNCTION session_auth.impersonate(
  user_id uuid,
  roles text[] DEFAULT NULL,
  reason text DEFAULT NULL,
  OUT user_id text,
  OUT role text,
  OUT roles text[],
  OUT tenant text,
  OUT session_id uuid,
  OUT expires_at timestamptz
)
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT * FROM session_auth.impersonate($1::text, $2, $3);
END;
COMMENT ON FUNCTION session_auth.impersonate(uuid, text[], text) IS
  'impersonate for user ids of type uuid: the same by their text.';

CREATE FUNCTION session_auth.grant_role(
  user_id bigint,
  role text,
  tenant text DEFAULT NULL
)
RETURNS boolean
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT session_auth.grant_role($1::text, $2, $3);
END;
COMMENT ON FUNCTION session_auth.grant_role(bigint, text, text) IS
  'grant_role for user ids of type bigint: the same by their text.';

CREATE FUNCTION session_auth.grant_role(
  user_id uuid,
  role text,
  tenant text DEFAULT NULL
)
RETURNS boolean
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT session_auth.grant_role($1::text, $2, $3);
END;
COMMENT ON FUNCTION session_auth.grant_role(uuid, text, text) IS
  'grant_role for user ids of type uuid: the same by their text.';

CREATE FUNCTION session_auth.revoke_role(
  user_id bigint,
  role text,
  tenant text DEFAULT NULL
)
RETURNS boolean
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT session_auth.revoke_role($1::text, $2, $3);
END;
COMMENT ON FUNCTION session_auth.revoke_role(bigint, text, text) IS
  'revoke_role for user ids of type bigint: the same by their text.';

CREATE FUNCTION session_auth.revoke_role(
  user_id uuid,
  role text,
  tenant text DEFAULT NULL
)
RETURNS boolean
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT session_auth.revoke_role($1::text, $2, $3);
END;
COMMENT ON FUNCTION session_auth.revoke_role(uuid, text, text) IS
  'revoke_role for user ids of type uuid: the same by their text.';

CREATE FUNCTION session_auth.issue_token(
  user_id bigint,
  expires_in interval,
  claims jsonb DEFAULT '{}',
  kid text DEFAULT NULL
)
RETURNS text
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT session_auth.issue_token($1::text, $2, $3, $4);
END;
COMMENT ON FUNCTION session_auth.issue_token(bigint, interval, jsonb, text) IS
  'issue_token for user ids of type bigint: the same by their text.';

CREATE FUNCTION session_auth.issue_token(
  user_id uuid,
  expires_in interval,
  claims jsonb DEFAULT '{}',
  kid text DEFAULT NULL
)
RETURNS text
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT session_auth.issue_token($1::text, $2, $3, $4);
END;
COMMENT ON FUNCTION session_auth.issue_token(uuid, interval, jsonb, text) IS
  'issue_token for user ids of type uuid: the same by their text.';

CREATE FUNCTION session_auth.explain_access(
  target regclass,
  action text,
  user_id bigint,
  row_key jsonb DEFAULT NULL
) RETURNS TABLE (policy name, command text, kind text, condition text, holds boolean, reason text)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
  -- without a search_path of its own: conditions are shown as the caller's reads them
  SELECT e.policy, e.command, e.kind, e.condition, e.holds, e.reason
  FROM session_auth.explain_access($1, $2, $3::text, $4) e;
END;
COMMENT ON FUNCTION session_auth.explain_access(regclass, text, bigint, jsonb) IS
  'explain_access for user ids of type bigint: the same by their text.';

CREATE FUNCTION session_auth.explain_access(
  target regclass,
  action text,
  user_id uuid,
  row_key jsonb DEFAULT NULL
) RETURNS TABLE (policy name, command text, kind text, condition text, holds boolean, reason text)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
  -- without a search_path of its own: conditions are shown as the caller's reads them
  SELECT e.policy, e.command, e.kind, e.condition, e.holds, e.reason
  FROM session_auth.explain_access($1, $2, $3::text, $4) e;
END;
COMMENT ON FUNCTION session_auth.explain_access(regclass, text, uuid, jsonb) IS
  'explain_access for user ids of type uuid: the same by their text.';

CREATE FUNCTION session_auth.list_user_roles(user_id bigint)
RETURNS TABLE (user_id text, role text, tenant text, granted_at timestamptz, sources regclass[])
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT * FROM session_auth.list_user_roles($1::text);
END;
COMMENT ON FUNCTION session_auth.list_user_roles(bigint) IS
  'list_user_roles for user ids of type bigint: the same by their text.';

CREATE FUNCTION session_auth.list_user_roles(user_id uuid)
RETURNS TABLE (user_id text, role text, tenant text, granted_at timestamptz, sources regclass[])
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT * FROM session_auth.list_user_roles($1::text);
END;
COMMENT ON FUNCTION session_auth.list_user_roles(uuid) IS
  'list_user_roles for user ids of type uuid: the same by their text.';
