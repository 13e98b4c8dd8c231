-- What a user would write instead, as guides and answers show it.

CREATE EXTENSION pgcrypto SCHEMA bench;

-- Floors: see floor.c.
CREATE FUNCTION bench.yes(role text, action text, resource text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1 AS :'floor', 'bench_yes';
CREATE FUNCTION bench.nothing(token text) RETURNS boolean
LANGUAGE c STRICT AS :'floor', 'bench_nothing';
CREATE FUNCTION bench.probe(token_key bigint) RETURNS boolean
LANGUAGE c STRICT AS :'floor', 'bench_probe';
CREATE FUNCTION bench.sha256(token text) RETURNS boolean
LANGUAGE c STRICT AS :'floor', 'bench_sha256';
CREATE FUNCTION bench.probe_token(token text) RETURNS boolean
LANGUAGE c STRICT AS :'floor', 'bench_probe_token';
CREATE FUNCTION bench.spi(token text) RETURNS boolean
LANGUAGE c STRICT AS :'floor', 'bench_spi';

-- Permissions per row -------------------------------------------------------

CREATE TABLE bench.role_permissions (
  role text, action text, resource text, PRIMARY KEY (role, action, resource)
);
INSERT INTO bench.role_permissions
SELECT role, action, resource FROM session_auth.permissions;
VACUUM ANALYZE bench.role_permissions;
GRANT SELECT ON bench.role_permissions TO bench_app;

CREATE FUNCTION bench.plpgsql_nothing(role text, action text, resource text) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN true;
END
$$;

CREATE FUNCTION bench.plpgsql_has_permission(role text, action text, resource text) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN EXISTS (
    SELECT FROM bench.role_permissions p
    WHERE p.role = $1 AND p.action = $2 AND p.resource = $3);
END
$$;

CREATE FUNCTION bench.sql_has_permission(role text, action text, resource text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (
    SELECT FROM bench.role_permissions p
    WHERE p.role = $1 AND p.action = $2 AND p.resource = $3);
$$;

-- Sessions per call ---------------------------------------------------------

CREATE TABLE bench.web_sessions (
  token_hash bytea PRIMARY KEY,
  user_id text NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE TABLE bench.web_user_roles (
  user_id text, role text, PRIMARY KEY (user_id, role)
);

-- Looks the session up, and no more: beside verify_session.
CREATE FUNCTION bench.plpgsql_find_session(token text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
  found_user text;
BEGIN
  SELECT s.user_id INTO found_user FROM bench.web_sessions s
  WHERE s.token_hash = bench.digest($1, 'sha256') AND s.expires_at > now();
  RETURN found_user;
END
$$;

-- Looks it up with the user's roles and hands both on in settings, which any
-- statement can overwrite: beside authenticate.
CREATE FUNCTION bench.plpgsql_authenticate(token text) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  found_user text;
  found_roles text;
BEGIN
  SELECT s.user_id INTO found_user FROM bench.web_sessions s
  WHERE s.token_hash = bench.digest($1, 'sha256') AND s.expires_at > now();
  IF NOT FOUND THEN
    RAISE EXCEPTION 'invalid session' USING ERRCODE = '28000';
  END IF;
  SELECT string_agg(r.role, ',') INTO found_roles FROM bench.web_user_roles r
  WHERE r.user_id = found_user;
  PERFORM set_config('app.user_id', found_user, true);
  PERFORM set_config('app.roles', found_roles, true);
  RETURN found_user;
END
$$;

-- The same sessions and roles for us and for them.
CREATE PROCEDURE bench.have_sessions(wanted bigint)
LANGUAGE plpgsql AS $$
DECLARE
  -- of session_auth.sessions other parts have made some of their own
  present bigint := (SELECT count(*) FROM bench.web_sessions);
BEGIN
  CALL bench.add_sessions(present + 1, wanted);
  CALL bench.add_users(present + 1, wanted);
  INSERT INTO bench.web_sessions
  SELECT sha256(bench.token(n)::bytea), 'user-' || n, now() + '30 days'
  FROM generate_series(present + 1, wanted) n;
  INSERT INTO bench.web_user_roles
  SELECT 'user-' || n, 'USER' FROM generate_series(present + 1, wanted) n;
END
$$;

-- authenticate has one more argument since 0.2.0.
CREATE FUNCTION bench.authenticate() RETURNS regprocedure
LANGUAGE sql AS $$
  SELECT coalesce(to_regprocedure('session_auth.authenticate(text,text,text,text)'),
                  to_regprocedure('session_auth.authenticate(text,text,text)'))
$$;

CREATE FUNCTION bench.authenticate_defaults() RETURNS text[]
LANGUAGE sql AS $$
  SELECT (ARRAY['transaction', NULL, 'error'])[:pronargs - 1] FROM pg_proc WHERE oid = bench.authenticate()
$$;

-- The calls of parts calls and huge.
CREATE FUNCTION bench.calls() RETURNS bench.call[]
LANGUAGE sql AS $$
  SELECT array_agg((item, function::regprocedure, list, others)::bench.call) FROM (VALUES
    ('floor: empty C function', 'bench.nothing(text)', 'tokens', '{}'::text[]),
    ('floor: SHA-256', 'bench.sha256(text)', 'tokens', '{}'),
    ('floor: index probe', 'bench.probe(bigint)', 'keys', '{}'),
    ('floor: SHA-256 and index probe', 'bench.probe_token(text)', 'tokens', '{}'),
    ('verify_session', 'session_auth.verify_session(text,text)', 'tokens', '{NULL}'),
    ('authenticate', bench.authenticate(), 'tokens', bench.authenticate_defaults()),
    ('floor: index probe, 100 users', 'bench.probe(bigint)', 'few keys', '{}'),
    ('authenticate, 100 users', bench.authenticate(), 'few tokens', bench.authenticate_defaults()),
    ('C function, SPI', 'bench.spi(text)', 'tokens', '{}'),
    ('plpgsql with pgcrypto', 'bench.plpgsql_find_session(text)', 'tokens', '{}'),
    ('plpgsql with pgcrypto, roles, settings', 'bench.plpgsql_authenticate(text)', 'tokens', '{}')
  ) c (item, function, list, others)
$$;

-- Again, of users and sessions that a backend does not remember, because its caches
-- are small. To be measured before what makes them grow.
CREATE PROCEDURE bench.measure_strangers(part text, x bigint, rounds integer, calls bigint)
LANGUAGE plpgsql AS $$
BEGIN
  SET session_auth.role_cache_size = '64kB';
  SET session_auth.session_cache_size = '64kB';
  CALL bench.measure_calls(part, x, rounds, calls, ARRAY[
    ('floor: index probe, none remembered', 'bench.probe(bigint)', 'keys', '{}'),
    ('authenticate, none remembered', bench.authenticate(), 'tokens', bench.authenticate_defaults())
  ]::bench.call[]);
  RESET session_auth.role_cache_size;
  RESET session_auth.session_cache_size;
END
$$;

-- What the floors and the peers look up is the same sessions.
CREATE PROCEDURE bench.fill_lists(sessions bigint, size bigint)
LANGUAGE sql AS $$
  DELETE FROM bench.lists;
  WITH drawn AS (
    SELECT bench.token(1 + floor(random() * sessions)::bigint) AS token
    FROM generate_series(1, least(sessions, size))
  )
  INSERT INTO bench.lists (list, keys, tokens)
  SELECT 'keys', array_agg(bench.token_key(token)), NULL FROM drawn
  UNION ALL
  SELECT 'tokens', NULL, array_agg(token) FROM drawn
  UNION ALL
  SELECT 'few keys', array_agg(bench.token_key(bench.token(n))), NULL FROM generate_series(1, 100) n
  UNION ALL
  SELECT 'few tokens', NULL, array_agg(bench.token(n)) FROM generate_series(1, 100) n
$$;

CALL bench.have_sessions(:few_sessions);
VACUUM (ANALYZE, FREEZE) session_auth.sessions, session_auth.user_roles, bench.web_sessions, bench.web_user_roles;
