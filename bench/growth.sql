-- Part growth: the same figures, while what they depend on grows.
--
-- x is the number of permissions of the role that is asked for, of roles of the
-- user, or of levels of inheritance; part calls has the number of sessions.

SET jit = off;
SET client_min_messages = warning;
SET session_auth.touch_interval = '1d';
SET max_parallel_workers_per_gather = 0;

-- The nth holder's and the nth member's session, far from everybody else's.
CREATE FUNCTION bench.session_of(kind text, n bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT n + CASE kind WHEN 'holder' THEN 2000000000 ELSE 3000000000 END
$$;

-- A role that holds n permissions, and rows that need any of them.
CREATE PROCEDURE bench.grow_permissions(n bigint, rows bigint)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM session_auth.create_role('HOLDER-' || n);
  INSERT INTO session_auth.permissions (role, action, resource, denied)
  SELECT 'HOLDER-' || n, 'view', 'document:' || g, false FROM generate_series(1, n) g;
  INSERT INTO session_auth.user_roles (user_id, role) VALUES ('holder-' || bench.session_of('holder', n), 'HOLDER-' || n);
  CALL bench.add_sessions(bench.session_of('holder', n), bench.session_of('holder', n), 'holder-');
  EXECUTE format($q$
    CREATE TABLE bench.items_%1$s AS
    SELECT g::bigint AS id, 'document:' || (1 + floor(random() * %1$s)::bigint) AS resource
    FROM generate_series(1, %2$s) g$q$, n, rows);
  EXECUTE format('ANALYZE bench.items_%s', n);
  EXECUTE format('GRANT SELECT ON bench.items_%s TO bench_app', n);
END
$$;

-- A user with n roles of one permission each.
CREATE PROCEDURE bench.grow_roles(n bigint)
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO session_auth.roles (role)
  SELECT format('TEAM-%s-%s', n, g) FROM generate_series(1, n) g;
  INSERT INTO session_auth.permissions (role, action, resource, denied)
  SELECT format('TEAM-%s-%s', n, g), 'view', 'project:' || g, false FROM generate_series(1, n) g;
  INSERT INTO session_auth.user_roles (user_id, role)
  SELECT 'member-' || bench.session_of('member', n), format('TEAM-%s-%s', n, g) FROM generate_series(1, n) g;
  CALL bench.add_sessions(bench.session_of('member', n), bench.session_of('member', n), 'member-');
END
$$;

-- A role n levels above the one that holds something.
CREATE PROCEDURE bench.grow_inheritance(n bigint)
LANGUAGE sql AS $$
  INSERT INTO session_auth.roles (role)
  SELECT format('LEVEL-%s-%s', n, g) FROM generate_series(0, n) g;
  INSERT INTO session_auth.role_parents (role, parent)
  SELECT format('LEVEL-%s-%s', n, g), format('LEVEL-%s-%s', n, g - 1) FROM generate_series(1, n) g;
  INSERT INTO session_auth.permissions (role, action, resource, denied)
  SELECT format('LEVEL-%s-0', n), 'view', 'project:' || g, false FROM generate_series(1, 100) g;
$$;

-- A change of the role drops what is cached of it, and the next enumeration reads it whole:
-- what that takes longer than the one after it. Memory is what the cache gains.
CREATE TABLE bench.cache_memory (item text, x bigint, bytes bigint);
CREATE FUNCTION bench.cached_bytes() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT sum(c.total_bytes) FROM pg_backend_memory_contexts c
  WHERE c.name IN ('session_auth permissions', 'session_auth roles', 'session_auth role', 'session_auth action')
$$;
CREATE FUNCTION bench.ns_of_enumeration(role text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  start float8 := bench.clock_ns();
BEGIN
  PERFORM session_auth.permitted_resources($1, 'view');
  RETURN bench.clock_ns() - start;
END
$$;
CREATE PROCEDURE bench.measure_fill(item text, x bigint, rounds integer, role text)
LANGUAGE plpgsql AS $$
DECLARE
  bytes bigint;
BEGIN
  FOR round IN 0..rounds LOOP
    UPDATE session_auth.roles r SET role = r.role WHERE r.role = $4;
    PERFORM session_auth.has_permission('NOBODY', 'view', 'anything');
    bytes := bench.cached_bytes();
    INSERT INTO bench.samples
    SELECT 'fill', $1, $2, round, greatest(0, bench.ns_of_enumeration($4) - bench.ns_of_enumeration($4)), 0
    WHERE round > 0;
  END LOOP;
  PERFORM bench.ns_of_enumeration($4);
  INSERT INTO bench.cache_memory SELECT $1, $2, bench.cached_bytes() - bytes;
END
$$;

CREATE PROCEDURE bench.measure_authenticate(part text, x bigint, rounds integer, calls bigint, token text)
LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM bench.lists;
  INSERT INTO bench.lists VALUES
    ('tokens', NULL, ARRAY[token]), ('keys', ARRAY[bench.token_key(token)], NULL);
  CALL bench.measure_calls(part, x, rounds, calls, ARRAY[
    ('floor: index probe', 'bench.probe(bigint)'::regprocedure, 'keys', '{}'),
    ('authenticate', bench.authenticate(), 'tokens', bench.authenticate_defaults())]::bench.call[]);
END
$$;

CREATE PROCEDURE bench.measure_rows(part text, x bigint, rounds integer, target regclass, condition text)
LANGUAGE sql AS $$
  CALL bench.measure_scans(part, x, rounds, ARRAY[
    ('floor: C function, column', target, $q$bench.yes('USER', 'view', resource)$q$, false),
    ('has_permission', target, condition, true)]::bench.scan[])
$$;

CREATE PROCEDURE bench.measure_growth(
  permissions bigint[], roles bigint[], levels bigint[], rows bigint, rounds integer, calls bigint
)
LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  FOREACH n IN ARRAY permissions LOOP
    CALL bench.grow_permissions(n, rows);
    CALL bench.measure_fill('permissions', n, rounds, 'HOLDER-' || n);
    PERFORM session_auth.authenticate(bench.token(bench.session_of('holder', n)));
    CALL bench.measure_rows('rows by permissions', n, rounds, ('bench.items_' || n)::regclass,
      $q$session_auth.has_permission((SELECT session_auth.role()), 'view', resource)$q$);
    CALL bench.measure_authenticate('calls by permissions', n, rounds, calls, bench.token(bench.session_of('holder', n)));
  END LOOP;
  FOREACH n IN ARRAY roles LOOP
    CALL bench.grow_roles(n);
    PERFORM session_auth.authenticate(bench.token(bench.session_of('member', n)));
    CALL bench.measure_rows('rows by roles', n, rounds, 'bench.items',
      $q$session_auth.has_permission('view', resource)$q$);
    CALL bench.measure_authenticate('calls by roles', n, rounds, calls / n + 1, bench.token(bench.session_of('member', n)));
  END LOOP;
  FOREACH n IN ARRAY levels LOOP
    CALL bench.grow_inheritance(n);
    CALL bench.measure_fill('levels', n, rounds, format('LEVEL-%s-%s', n, n));
    CALL bench.measure_rows('rows by levels', n, rounds, 'bench.items',
      format($q$session_auth.has_permission('LEVEL-%s-%s', 'view', resource)$q$, n, n));
  END LOOP;
END
$$;

BEGIN;
CALL bench.measure_growth(:growth_permissions, '{1,10,100,1000}', '{1,10,100}',
                          :rows, :growth_rounds, :calls);
COMMIT;

\o :results/memory.tsv
\pset format unaligned
\pset fieldsep '\t'
\pset footer off
SELECT item, x, bytes FROM bench.cache_memory;
\o /dev/null
