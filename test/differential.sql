-- What test/differential runs: cases drawn at random, each compared with what it must be.
-- Needs psql variables seconds and seed.
SET client_min_messages = warning;
CREATE DATABASE session_auth_differential TEMPLATE template0;
\c session_auth_differential
SET client_min_messages = warning;
CREATE EXTENSION session_auth;
CREATE SCHEMA d;
CREATE ROLE differential_app;
SELECT session_auth.grant_usage('differential_app', 'request') \g /dev/null
GRANT USAGE ON SCHEMA d TO differential_app;
-- a server that was built without ICU has no such collation
SELECT EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i' AND pg_collation_actual_version(oid) IS NOT NULL) AS icu \gset
\if :icu
CREATE COLLATION d.no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
\else
CREATE COLLATION d.no_case FROM "C";
\endif
CREATE DOMAIN d.resource AS text;
SELECT setseed(:seed % 1000003 / 1000003.0) \g /dev/null

CREATE FUNCTION d.pick(VARIADIC choices text[]) RETURNS text LANGUAGE sql VOLATILE AS
$$ SELECT $1[1 + floor(random() * cardinality($1))::int] $$;
CREATE FUNCTION d.chance(p float8) RETURNS boolean LANGUAGE sql VOLATILE AS $$ SELECT random() < $1 $$;

-- Permissions, and the oracle: the documented rules, read from the tables for each question.
CREATE FUNCTION d.covers(pattern text, asked text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT $1 = '*' OR $1 = $2 OR ($1 ~ '[:/]\*$' AND starts_with($2, left($1, -1))) $$;
CREATE FUNCTION d.oracle(roles text[], action text, resource text) RETURNS boolean LANGUAGE sql STABLE AS $$
  WITH RECURSIVE held (role) AS (
    SELECT r.role FROM session_auth.roles r WHERE r.role = ANY ($1)
    UNION SELECT p.parent FROM held h JOIN session_auth.role_parents p ON p.role = h.role)
  SELECT coalesce(bool_and(NOT p.denied), false)
  FROM session_auth.permissions p JOIN held h ON h.role = p.role
  WHERE d.covers(p.action, $2) AND d.covers(p.resource, $3)
$$;
CREATE FUNCTION d.role() RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT d.pick('r0', 'r1', 'r2', 'r3', 'r4', 'r5') $$;
CREATE FUNCTION d.asked() RETURNS text LANGUAGE sql VOLATILE AS
$$ SELECT d.pick('a', 'b', 'p:1', 'p:2', 'p:1/x', 'q/1', 'q/1/y', 'p:', 'q/', 'P:1', 'é') $$;
CREATE FUNCTION d.pattern() RETURNS text LANGUAGE sql VOLATILE AS
$$ SELECT CASE WHEN d.chance(0.6) THEN d.asked() ELSE d.pick('*', 'p:*', 'q/*', 'p:1/*', 'q/1/*') END $$;
CREATE TABLE d.people (user_id text, token text);
SELECT session_auth.create_role('r' || n) FROM generate_series(0, 5) n \g /dev/null
INSERT INTO d.people SELECT 'u' || n, s.token FROM generate_series(0, 3) n, session_auth.create_session('u' || n) s;

CREATE FUNCTION d.change_permissions() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  one text := d.role();
  other text := d.role();
  what int := floor(random() * 8);
BEGIN
  IF what <= 1 THEN PERFORM session_auth.grant_permission(one, d.pick('view', 'edit', '*'), d.pattern());
  ELSIF what = 2 THEN PERFORM session_auth.deny_permission(one, d.pick('view', 'edit', '*'), d.pattern());
  ELSIF what = 3 THEN DELETE FROM session_auth.permissions WHERE role = one AND d.chance(0.3);
  ELSIF what = 4 AND one < other THEN PERFORM session_auth.inherit_role(one, other);
  ELSIF what = 5 THEN DELETE FROM session_auth.role_parents WHERE role = one;
  ELSIF what = 6 THEN PERFORM session_auth.grant_role(d.pick('u0', 'u1', 'u2', 'u3'), one, d.pick('acme', 'other', NULL));
  ELSE DELETE FROM session_auth.user_roles WHERE d.chance(0.1);
  END IF;
END $$;

CREATE TABLE d.counts (questions bigint, filters bigint, rows bigint, elsewhere bigint, kept bigint);
INSERT INTO d.counts VALUES (0, 0, 0, 0, 0);

CREATE FUNCTION d.ask(n int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  who d.people;
  their text;
  roles text[];
  one text; action text; resource text;
BEGIN
  SELECT * INTO who FROM d.people ORDER BY random() LIMIT 1;
  their := d.pick('acme', 'other', NULL);
  PERFORM session_auth.authenticate(who.token, 'transaction', their);
  roles := ARRAY(SELECT r.role FROM session_auth.user_roles r WHERE r.user_id = who.user_id AND (r.tenant IS NULL OR r.tenant = their));
  FOR i IN 1..n LOOP
    one := d.role(); action := d.pick('view', 'edit', 'other'); resource := d.asked();
    IF session_auth.has_permission(one, action, resource) IS DISTINCT FROM d.oracle(ARRAY[one], action, resource) THEN
      RAISE EXCEPTION 'has_permission(%, %, %) is not what the tables say', one, action, resource;
    END IF;
    IF session_auth.has_permission(action, resource) IS DISTINCT FROM d.oracle(roles, action, resource) THEN
      RAISE EXCEPTION 'has_permission(%, %) of % in % is not what the tables say', action, resource, who.user_id, their;
    END IF;
  END LOOP;
  UPDATE d.counts SET questions = questions + 2 * n;
END $$;

-- Changes that stay, and changes that a savepoint takes back, with questions in between.
CREATE FUNCTION d.permissions_case() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..5 LOOP
    BEGIN
      PERFORM d.change_permissions() FROM generate_series(1, 3);
      PERFORM d.ask(5);
      IF d.chance(0.4) THEN RAISE SQLSTATE 'UNDO0'; END IF;
    EXCEPTION WHEN SQLSTATE 'UNDO0' THEN NULL;
    END;
    PERFORM d.ask(5);
  END LOOP;
END $$;

-- Tables: the same columns in other places, among columns that are gone.
CREATE FUNCTION d.columns() RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT string_agg(c, ', ' ORDER BY random()) FROM unnest(ARRAY[
    'id int NOT NULL', 'owner text', 'resource text', 'res d.resource', 'short varchar(30)', 'kind text COLLATE d.no_case', 'long text', 'gone_' || floor(random() * 9)::int || ' int']) c
$$;
CREATE FUNCTION d.drop_gone(t text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE gone text;
BEGIN
  FOR gone IN SELECT attname FROM pg_attribute WHERE attrelid = t::regclass AND attname LIKE 'gone\_%' LOOP
    EXECUTE format('ALTER TABLE %s DROP COLUMN %I', t, gone);
  END LOOP;
END $$;
CREATE FUNCTION d.make_table() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  shape text := d.pick('plain', 'parts', 'inherited');
  n int := d.pick('50', '1500', '5000')::int;
BEGIN
  DROP TABLE IF EXISTS d.t CASCADE;
  EXECUTE format('CREATE TABLE d.t (%s) %s', d.columns(), CASE WHEN shape = 'parts' THEN 'PARTITION BY RANGE (id)' ELSE '' END);
  PERFORM d.drop_gone('d.t');
  IF shape <> 'plain' THEN
    FOR i IN 0..2 LOOP
      EXECUTE format('CREATE TABLE d.t_%s (%s)', i, d.columns());
      PERFORM d.drop_gone('d.t_' || i);
      IF shape = 'parts' THEN
        EXECUTE format('ALTER TABLE d.t ATTACH PARTITION d.t_%s FOR VALUES FROM (%s) TO (%s)', i, i * n / 3, (i + 1) * n / 3);
      ELSE
        EXECUTE format('ALTER TABLE d.t_%s INHERIT d.t', i);
      END IF;
    END LOOP;
  END IF;
  IF d.chance(0.5) THEN ALTER TABLE d.t ADD gen text GENERATED ALWAYS AS (resource || '') STORED; ELSE ALTER TABLE d.t ADD gen text DEFAULT 'p:1'; END IF;
  ALTER TABLE d.t ALTER long SET STORAGE EXTERNAL;
  INSERT INTO d.t (id, owner, resource, res, short, kind, long)
  SELECT i, d.pick('u0', 'u1', 'u2', 'u3', 'U1', NULL), r, r, r, d.pick('Red', 'red', 'blue', NULL), r || CASE WHEN i % 97 = 0 THEN repeat('x', 3000) ELSE '' END
  FROM generate_series(0, n - 1) i, LATERAL (SELECT CASE WHEN i % 13 = 0 THEN NULL ELSE d.asked() END) s (r);
  IF shape = 'inherited' THEN
    INSERT INTO d.t_1 (id, owner, resource) SELECT n + i, d.pick('u0', 'u1'), d.asked() FROM generate_series(0, 1200) i;
  END IF;
  IF d.chance(0.5) THEN CREATE INDEX ON d.t (owner); END IF;
  EXECUTE 'ANALYZE d.t';
  GRANT SELECT, UPDATE ON d.t TO differential_app;
  ALTER TABLE d.t ENABLE ROW LEVEL SECURITY;
END $$;

CREATE FUNCTION d.condition(depth int) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  col text := d.pick('resource', 'res', 'short', 'long', 'gen');
  act text := d.pick('view', 'edit', 'other');
BEGIN
  IF depth > 0 AND d.chance(0.4) THEN
    RETURN CASE floor(random() * 4)::int
      WHEN 0 THEN format('(%s AND %s)', d.condition(depth - 1), d.condition(depth - 1))
      WHEN 1 THEN format('(%s OR %s)', d.condition(depth - 1), d.condition(depth - 1))
      WHEN 2 THEN format('NOT %s', d.condition(depth - 1))
      ELSE format('CASE WHEN %s THEN %s ELSE %s END', d.condition(depth - 1), d.condition(depth - 1), d.condition(depth - 1)) END;
  END IF;
  RETURN CASE floor(random() * 17)::int
    WHEN 0 THEN format('session_auth.has_permission(%L, %s)', act, col)
    WHEN 1 THEN format('session_auth.has_permission(session_auth.role(), %L, %s)', act, col)
    WHEN 2 THEN format('session_auth.has_permission((SELECT session_auth.role()), %L, %s)', act, col)
    WHEN 3 THEN format('session_auth.has_permission(%L, %L, %s)', d.role(), act, col)
    WHEN 4 THEN format('session_auth.has_permission(%L, %L)', act, d.asked())
    WHEN 5 THEN format('(SELECT session_auth.has_permission(%L, %L))', act, d.asked())
    WHEN 6 THEN '(owner = session_auth.user_id())'
    WHEN 7 THEN '(owner = (SELECT session_auth.user_id()))'
    WHEN 8 THEN '(owner IS NOT DISTINCT FROM session_auth.user_id())'
    WHEN 9 THEN '(kind = ''RED'')'
    WHEN 10 THEN format('(id %% %s = 0)', 1 + floor(random() * 5)::int)
    WHEN 11 THEN format('(%s = ANY (session_auth.permitted_resources(session_auth.role(), %L)))', col, act)
    WHEN 12 THEN format('(%s = ANY ((SELECT session_auth.permitted_resources(session_auth.role(), %L))::text[]))', col, act)
    WHEN 13 THEN format('session_auth.has_role(%L)', d.role())
    WHEN 14 THEN format('(SELECT session_auth.is_authenticated())')
    WHEN 15 THEN '(session_auth.tenant() IS NULL)'
    ELSE format('session_auth.has_permission(%L, coalesce(%s, session_auth.user_id()))', act, col) END;
END $$;

CREATE FUNCTION d.query() RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT replace(d.pick('SELECT * FROM d.t x', 'SELECT id, resource FROM d.t x WHERE #', 'SELECT count(*), sum(id) FROM d.t x WHERE #', 'SELECT DISTINCT lower(kind COLLATE "C"), owner FROM d.t x',
    'SELECT x.id, y.id FROM d.t x JOIN d.t y ON y.id = x.id + 1 WHERE #', 'SELECT x.id, y.id FROM d.t x LEFT JOIN d.t y ON y.id = 2 * x.id AND y.owner = x.owner', 'SELECT g, l.id FROM generate_series(1, 3) g, LATERAL (SELECT id FROM d.t x WHERE x.id % g = 0 AND # ORDER BY id LIMIT 1500) l',
    'SELECT g FROM generate_series(1, 40) g WHERE g IN (SELECT id FROM d.t x WHERE #)', 'SELECT g FROM generate_series(1, 40) g WHERE NOT EXISTS (SELECT FROM d.t x WHERE x.id = g)',
    'SELECT (SELECT max(y.id) FROM d.t y WHERE y.id <= g) FROM generate_series(1, 5) g', 'SELECT id FROM d.t x ORDER BY id LIMIT 30', 'SELECT id, length(long) FROM d.t x WHERE owner = ''u1''', 'UPDATE d.t x SET kind = ''green'' WHERE # RETURNING id'),
    '#', d.pick('x.id < 1300', 'x.id > 20', 'x.owner = ''u1''', 'x.kind = ''red''', 'x.resource LIKE ''p%''', 'true', 'length(x.long) > 10'))
$$;

-- What somebody gets: the rows as one text, or the error.
CREATE FUNCTION d.answer(query text, token text, their text, treated boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  found text;
BEGIN
  PERFORM session_auth.deauthenticate();
  PERFORM set_config('session_auth.gate_policies', treated::text, true), set_config('session_auth.fold_filters', treated::text, true);
  IF token IS NOT NULL THEN PERFORM session_auth.authenticate(token, 'transaction', their); END IF;
  BEGIN
    SET LOCAL ROLE differential_app;
    EXECUTE format('WITH q AS (%s) SELECT count(*) || '' rows '' || coalesce(md5(string_agg(q::text, '','' ORDER BY q::text COLLATE "C")), '''') FROM q', query) INTO found;
    RAISE EXCEPTION USING ERRCODE = 'UNDO0', MESSAGE = found;
  EXCEPTION WHEN OTHERS THEN
    found := CASE WHEN SQLSTATE = 'UNDO0' THEN SQLERRM ELSE 'error ' || SQLSTATE END;
  END;
  RESET ROLE;
  RETURN found;
END $$;

CREATE FUNCTION d.plan_settings() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  way text;
BEGIN
  FOREACH way IN ARRAY '{enable_seqscan,enable_indexscan,enable_bitmapscan,enable_hashjoin,enable_mergejoin,enable_nestloop,enable_material,enable_memoize,enable_hashagg,jit}'::text[] LOOP
    PERFORM set_config(way, d.pick('on', 'on', 'off'), true);
  END LOOP;
  PERFORM set_config('jit_above_cost', d.pick('20', '100000', '100000'), true), set_config('jit_inline_above_cost', d.pick('20', '-1', '-1', '-1', '-1', '-1', '-1', '-1'), true), set_config('jit_optimize_above_cost', d.pick('20', '-1', '-1', '-1', '-1', '-1', '-1', '-1'), true);
  way := d.pick('1', '0', '0');
  PERFORM set_config('max_parallel_workers_per_gather', CASE way WHEN '1' THEN '2' ELSE '0' END, true), set_config('parallel_setup_cost', '0', true), set_config('parallel_tuple_cost', '0', true), set_config('min_parallel_table_scan_size', '0', true);
END $$;

CREATE FUNCTION d.filters_case() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  who d.people;
  query text; their text; plain text; treated text; policies text;
BEGIN
  PERFORM d.make_table();
  FOR i IN 1..4 LOOP
    policies := '';
    FOR p IN 1..1 + floor(random() * 3)::int LOOP
      EXECUTE format('DROP POLICY IF EXISTS p%s ON d.t', p);
      query := format('CREATE POLICY p%s ON d.t AS %s USING (%s)', p, CASE WHEN p = 1 THEN 'PERMISSIVE' ELSE d.pick('PERMISSIVE', 'RESTRICTIVE') END, d.condition(2));
      EXECUTE query;
      policies := policies || query || '; ';
    END LOOP;
    FOR q IN 1..4 LOOP
      SELECT * INTO who FROM d.people ORDER BY random() LIMIT 1;
      their := d.pick('acme', NULL);
      IF d.chance(0.1) THEN who.token := NULL; END IF;
      query := d.query();
      PERFORM d.plan_settings();
      plain := d.answer(query, who.token, their, false);
      treated := d.answer(query, who.token, their, true);
      IF treated <> plain THEN
        RAISE EXCEPTION 'not the same: % instead of %, for % in %, %: %', treated, plain, who.user_id, their, policies, query;
      END IF;
      UPDATE d.counts SET filters = filters + 1, rows = d.counts.rows + CASE WHEN plain LIKE '% rows%' THEN split_part(plain, ' ', 1)::bigint ELSE 0 END;
    END LOOP;
  END LOOP;
END $$;

-- A second connection asks while this one changes and commits: each of its statements answers
-- by what was committed before it, in a transaction of any isolation level, with the plans that it
-- keeps.  There the policies' filters are compared with themselves, too.
CREATE EXTENSION dblink;
CREATE FUNCTION d.elsewhere(statement text) RETURNS text LANGUAGE sql VOLATILE AS
$$ SELECT string_agg(a, ' ') FROM dblink('asker', $1) q (a text) $$;
CREATE FUNCTION d.connect() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM dblink_connect('asker', format('dbname=%s host=%s port=%s user=%s', current_database(),
    split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), session_user));
  PERFORM d.elsewhere($q$SELECT set_config('client_min_messages', 'warning', false)$q$);
  PERFORM dblink_exec('asker', 'PREPARE ask_of (text, text, text) AS SELECT session_auth.has_permission($1, $2, $3)::text');
  PERFORM dblink_exec('asker', 'PREPARE ask (text, text) AS SELECT session_auth.has_permission($1, $2)::text');
END $$;

CREATE FUNCTION d.ask_elsewhere(who d.people, in_transaction boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  roles text[] := ARRAY(SELECT r.role FROM session_auth.user_roles r WHERE r.user_id = who.user_id AND r.tenant IS NULL);
  one text; action text; resource text;
BEGIN
  FOR i IN 1..4 LOOP
    one := d.role(); action := d.pick('view', 'edit', 'other'); resource := d.asked();
    IF d.elsewhere(format('EXECUTE ask_of (%L, %L, %L)', one, action, resource)) IS DISTINCT FROM d.oracle(ARRAY[one], action, resource)::text THEN
      RAISE EXCEPTION 'elsewhere: has_permission(%, %, %) is not what is committed', one, action, resource;
    END IF;
    -- whose roles a transaction has read, it keeps
    CONTINUE WHEN in_transaction;
    IF d.elsewhere(format('EXECUTE ask (%L, %L)', action, resource)) IS DISTINCT FROM d.oracle(roles, action, resource)::text THEN
      RAISE EXCEPTION 'elsewhere: has_permission(%, %) of % is not what is committed', action, resource, who.user_id;
    END IF;
  END LOOP;
  UPDATE d.counts SET elsewhere = elsewhere + CASE WHEN in_transaction THEN 4 ELSE 8 END;
END $$;

-- The same kept plan, with and without our part in the executor.
CREATE FUNCTION d.filter_elsewhere(query text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  answers text[] := '{}';
  treated text;
BEGIN
  FOREACH treated IN ARRAY '{off,on}'::text[] LOOP
    PERFORM d.elsewhere(format('SELECT set_config(s, %L, false) FROM unnest(''{session_auth.gate_policies,session_auth.fold_filters}''::text[]) s', treated));
    PERFORM dblink_exec('asker', 'SET ROLE differential_app');
    answers := answers || coalesce(d.elsewhere('EXECUTE kept'), '');
    PERFORM dblink_exec('asker', 'RESET ROLE');
  END LOOP;
  IF answers[1] <> answers[2] THEN
    RAISE EXCEPTION 'elsewhere, with a kept plan: % instead of %, for %', answers[2], answers[1], query;
  END IF;
  UPDATE d.counts SET kept = kept + 1;
END $$;

CREATE PROCEDURE d.meanwhile_case() LANGUAGE plpgsql AS $$
DECLARE
  who d.people;
  in_transaction boolean := d.chance(0.5);
  query text := format('SELECT x.id, x.owner FROM d.t x WHERE x.id > $1 AND %s', d.condition(1));
BEGIN
  SELECT * INTO who FROM d.people ORDER BY random() LIMIT 1;
  PERFORM d.elsewhere(format('SELECT set_config(''plan_cache_mode'', %L, false)', d.pick('force_generic_plan', 'force_custom_plan', 'auto')));
  PERFORM d.elsewhere(format('SELECT user_id FROM session_auth.authenticate(%L, ''connection'')', who.token));
  PERFORM dblink_exec('asker', format('PREPARE kept AS SELECT count(*) || coalesce(md5(string_agg(q::text, '','' ORDER BY q::text COLLATE "C")), '''') FROM (%s) q', replace(query, '$1', '20')));
  COMMIT;
  IF in_transaction THEN
    PERFORM dblink_exec('asker', format('BEGIN ISOLATION LEVEL %s', d.pick('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')));
    PERFORM d.elsewhere('SELECT count(*)::text FROM d.people');
  END IF;
  FOR i IN 1..4 LOOP
    PERFORM d.change_permissions() FROM generate_series(1, 3);
    IF d.chance(0.7) THEN COMMIT; ELSE ROLLBACK; END IF;
    PERFORM d.ask_elsewhere(who, in_transaction);
    PERFORM d.filter_elsewhere(query);
    COMMIT;
  END LOOP;
  IF in_transaction THEN PERFORM dblink_exec('asker', 'ROLLBACK'); END IF;
  PERFORM dblink_exec('asker', 'DEALLOCATE kept');
  PERFORM d.elsewhere('SELECT session_auth.deauthenticate()::text');
END $$;

CREATE PROCEDURE d.differential(seconds float8) LANGUAGE plpgsql AS $$
DECLARE
  stop timestamptz := clock_timestamp() + make_interval(secs => seconds);
BEGIN
  PERFORM d.connect();
  LOOP
    PERFORM set_config('default_transaction_isolation', d.pick('read committed', 'repeatable read', 'serializable'), false);
    COMMIT;
    PERFORM d.permissions_case();
    COMMIT;
    PERFORM d.filters_case();
    COMMIT;
    CALL d.meanwhile_case();
    COMMIT;
    EXIT WHEN clock_timestamp() >= stop;
  END LOOP;
  PERFORM dblink_disconnect('asker');
END $$;
CALL d.differential(:seconds);
SELECT format('%s questions about permissions, %s queries with %s rows: all the same', questions, filters, rows) FROM d.counts;
SELECT format('%s questions and %s kept plans of a connection while another committed: all the same', elsewhere, kept) FROM d.counts;
\c postgres
DROP DATABASE session_auth_differential;
DROP ROLE differential_app;
