-- Part changes: what a change of permissions costs whoever asks next, and what many
-- combinations of roles cost. Procedures; bench/changes calls them in turn for both builds.

SET client_min_messages = warning;

CREATE EXTENSION dblink;

CREATE TABLE bench.change_costs (kind text, permissions bigint, round integer, us float8);
CREATE TABLE bench.backend_costs (backends integer, permissions bigint, round integer, us float8);

CREATE PROCEDURE bench.make_changed_roles(sizes bigint[])
LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  PERFORM session_auth.create_role('UNRELATED');
  FOREACH n IN ARRAY sizes LOOP
    PERFORM session_auth.create_role('CHANGED-' || n);
    INSERT INTO session_auth.permissions (role, action, resource, denied)
    SELECT 'CHANGED-' || n, 'view', 'document:' || g, false FROM generate_series(1, n) g;
  END LOOP;
END
$$;

CREATE FUNCTION bench.us_of_question(role text, resource text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  start float8 := bench.clock_ns();
BEGIN
  PERFORM session_auth.has_permission($1, 'view', $2);
  RETURN (bench.clock_ns() - start) / 1000;
END
$$;

-- The first question after a change of another role, and of the role itself.
CREATE PROCEDURE bench.measure_changes(sizes bigint[], round integer)
LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
  changed text;
BEGIN
  FOREACH n IN ARRAY sizes LOOP
    FOREACH changed IN ARRAY ARRAY['UNRELATED', 'CHANGED-' || n] LOOP
      PERFORM bench.us_of_question('CHANGED-' || n, 'document:1');
      PERFORM session_auth.grant_permission(changed, 'view', format('extra:%s:%s', n, round));
      COMMIT;
      INSERT INTO bench.change_costs
      VALUES (CASE changed WHEN 'UNRELATED' THEN 'unrelated' ELSE 'own' END, n, round, bench.us_of_question('CHANGED-' || n, 'document:1'));
      COMMIT;
    END LOOP;
  END LOOP;
END
$$;

-- A connection to this server.
CREATE FUNCTION bench.connection() RETURNS text LANGUAGE sql AS $$
  SELECT format('host=%s port=%s dbname=%s user=%s options=''-c max_parallel_workers_per_gather=0''',
    current_setting('unix_socket_directories'), current_setting('port'), current_database(), current_user)
$$;

-- What all that are connected spend together on the first question after a change of
-- another role; each has asked about the role before, and has seen a change.
CREATE PROCEDURE bench.measure_backends(sizes bigint[], counts integer[], round integer)
LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
  many integer;
  question text;
  spent float8;
BEGIN
  FOREACH n IN ARRAY sizes LOOP
    question := format('SELECT bench.us_of_question(%L, %L)', 'CHANGED-' || n, 'document:1');
    FOREACH many IN ARRAY counts LOOP
      PERFORM public.dblink_connect('b' || b, bench.connection()) FROM generate_series(1, many) b;
      FOR change IN 0..2 LOOP
        PERFORM session_auth.grant_permission('UNRELATED', 'view', format('backends:%s:%s:%s:%s', n, many, round, change));
        COMMIT;
        SELECT sum(us) INTO spent FROM generate_series(1, many) b, LATERAL public.dblink('b' || b, question) r (us float8);
      END LOOP;
      INSERT INTO bench.backend_costs VALUES (many, n, round, spent);
      PERFORM public.dblink_disconnect('b' || b) FROM generate_series(1, many) b;
      COMMIT;
    END LOOP;
  END LOOP;
END
$$;

-- A connection that has just begun, but for what is no matter of permissions.
CREATE PROCEDURE bench.measure_first(permissions bigint, round integer)
LANGUAGE plpgsql AS $$
DECLARE
  before bigint;
  us float8;
BEGIN
  PERFORM bench.us_of_question('NOBODY', 'document:1');
  SELECT sum(c.used_bytes) INTO before FROM pg_backend_memory_contexts c;
  SELECT sum(c.used_bytes) INTO before FROM pg_backend_memory_contexts c;
  us := bench.us_of_question('CHANGED-' || permissions, 'document:1');
  INSERT INTO bench.change_costs VALUES ('first', permissions, round, us);
  INSERT INTO bench.change_costs SELECT 'bytes', permissions, round, sum(c.used_bytes) - before FROM pg_backend_memory_contexts c;
END
$$;

-- Users who have a role in common and one of their own each.
CREATE PROCEDURE bench.make_combinations(kind text, users integer, common text, first bigint DEFAULT 1)
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO session_auth.roles SELECT format('OWN-%s-%s', kind, u) FROM generate_series(first, first + users - 1) u;
  INSERT INTO session_auth.permissions (role, action, resource, denied)
  SELECT format('OWN-%s-%s', kind, u), 'view', 'own:' || g, false FROM generate_series(first, first + users - 1) u, generate_series(1, 5) g;
  INSERT INTO session_auth.user_roles (user_id, role)
  SELECT format('%s-%s', kind, u), r.role FROM generate_series(first, first + users - 1) u, LATERAL (VALUES (common), (format('OWN-%s-%s', kind, u))) r (role);
END
$$;

-- A request of each user in turn, warm: who it is and what the user may do.
CREATE PROCEDURE bench.measure_combinations(kind text, users integer, round integer)
LANGUAGE plpgsql AS $$
DECLARE
  tokens text[] := ARRAY(SELECT (session_auth.create_session(format('%s-%s', kind, u))).token FROM generate_series(1, users) u);
  token text;
  start float8;
BEGIN
  COMMIT;
  FOR pass IN 0..3 LOOP
    start := bench.clock_ns();
    FOREACH token IN ARRAY tokens LOOP
      PERFORM FROM session_auth.authenticate(token);
      PERFORM session_auth.has_permission('view', 'document:' || g) FROM generate_series(1, 20) g;
      COMMIT;
    END LOOP;
    IF pass > 0 THEN
      INSERT INTO bench.change_costs VALUES (kind, users, round, (bench.clock_ns() - start) / 1000 / users);
    END IF;
  END LOOP;
END
$$;
