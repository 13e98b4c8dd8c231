-- What is measured against: rows to be filtered, roles, users, a request role.

-- A million rows by default. Resources repeat, out of order, as they do in life.
CREATE TABLE bench.items AS
SELECT n::bigint AS id,
       'project:' || (1 + mod(n * 7919::bigint, 100)) AS resource,
       'user-' || mod(n, 1000) AS owner_id,
       repeat('x', 40) AS body
FROM generate_series(1, :rows) n;

-- For what takes microseconds a row: a million rows would take half a minute.
CREATE TABLE bench.few_items AS SELECT * FROM bench.items WHERE id <= :few_rows;

VACUUM (ANALYZE, FREEZE) bench.items;
VACUUM (ANALYZE, FREEZE) bench.few_items;

CREATE ROLE bench_app LOGIN;
GRANT USAGE ON SCHEMA bench TO bench_app;
GRANT SELECT ON bench.items, bench.few_items TO bench_app;
SELECT session_auth.grant_usage('bench_app', 'request');

SELECT session_auth.create_role('USER');
SELECT session_auth.create_role('ADMIN', '{USER}');
INSERT INTO session_auth.permissions (role, action, resource, denied)
SELECT 'USER', 'view', 'project:' || n, false FROM generate_series(1, 100) n;
SELECT session_auth.grant_permission('USER', 'view', 'items');

-- The token of the nth session: in the form of create_session's own, though not
-- as random, so that a client can name one without a list of them all.
CREATE FUNCTION bench.token(n bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT 'sat_000000000000000000000000000000000' || (1000000000 + n)
$$;

CREATE FUNCTION bench.token_key(token text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ('x' || encode(substr(sha256($1::bytea), 1, 8), 'hex'))::bit(64)::bigint
$$;

-- What create_session writes, in bulk and without its event. Inlined, it costs
-- no call per row.
CREATE FUNCTION bench.session_row(token text, user_id text, expires_in interval)
RETURNS TABLE (
  session_id uuid, token_key bigint, created_at timestamptz, expires_at timestamptz,
  last_seen_at timestamptz, lifetime interval, token_hash bytea, user_id text
)
LANGUAGE sql STABLE AS $$
  SELECT md5($1)::uuid, bench.token_key($1), now() - interval '1 hour', now() + $3,
         now() - interval '1 hour', interval '30 days', sha256($1::bytea), $2
$$;

-- Sessions first..last, of one user each.
CREATE PROCEDURE bench.add_sessions(
  first bigint, last bigint, owner text DEFAULT 'user-', expires_in interval DEFAULT '30 days'
)
LANGUAGE sql AS $$
  INSERT INTO session_auth.sessions
    (session_id, token_key, created_at, expires_at, last_seen_at, lifetime, token_hash, user_id)
  SELECT r.* FROM generate_series(first, last) n, bench.session_row(bench.token(n), owner || n, $4 - n % 3600000 * interval '1 millisecond') r
$$;

CREATE PROCEDURE bench.add_users(first bigint, last bigint)
LANGUAGE sql AS $$
  INSERT INTO session_auth.user_roles (user_id, role)
  SELECT 'user-' || n, 'USER' FROM generate_series(first, last) n
$$;
