-- Attack: queries whose expressions are compiled, over many partitions, whose filters are made anew and asked
-- before the scan: that costs no compiling of its own, and what changes in the midst of them is seen.
-- Holds: as many functions are compiled as without session_auth.gate_policies and fold_filters; the same rows.
-- Guards: src/executor/interpreted.c, and is_faster() in src/executor/fold.c.
SELECT plan(26);
\ir people.psql

CREATE TABLE parts (id int, owner text, resource text, n1 int, n2 int, n3 int, n4 int, far text) PARTITION BY HASH (id);
SELECT format('CREATE TABLE part_%s PARTITION OF parts FOR VALUES WITH (MODULUS 8, REMAINDER %1$s)', n) FROM generate_series(0, 7) n \gexec
INSERT INTO parts SELECT n, 'alice', 'accounts', n, n, n, n, 'accounts' FROM generate_series(1, 12000) n;
ANALYZE parts;
GRANT SELECT ON parts TO sa_request;
ALTER TABLE parts ENABLE ROW LEVEL SECURITY;
SET jit = on; SET jit_above_cost = 0; SET jit_inline_above_cost = -1; SET jit_optimize_above_cost = -1;
SET max_parallel_workers_per_gather = 0;

-- What a query returned, and how much was compiled for it.
CREATE FUNCTION public.compiled(gate boolean, token text, OUT rows int, OUT functions int) LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  PERFORM enter(gate, token);
  EXECUTE 'EXPLAIN (ANALYZE, FORMAT json, TIMING OFF) SELECT id FROM parts' INTO plan;
  RESET ROLE;
  rows := (plan -> 0 -> 'Plan' ->> 'Actual Rows')::float8;
  functions := plan -> 0 -> 'JIT' ->> 'Functions';
END $$;

CREATE TABLE shapes (n int GENERATED ALWAYS AS IDENTITY, condition text);
INSERT INTO shapes (condition) VALUES
  ($$owner = session_auth.user_id()$$),
  ($$session_auth.has_permission('view', resource)$$),
  ($$session_auth.has_permission(session_auth.role(), 'view', resource)$$),
  ($$session_auth.has_permission('view', resource) AND n1 + n2 > 0$$),
  ($$session_auth.has_permission('view', far)$$),
  ($$session_auth.has_permission('view', 'accounts')$$),
  ($$session_auth.has_permission('view', 'accounts') AND n1 + n2 > 0$$),
  ($$(SELECT session_auth.has_permission('view', 'accounts')) AND owner = session_auth.user_id()$$),
  ($$(SELECT session_auth.has_permission('view', 'accounts')) AND session_auth.has_permission('view', resource)$$);
CREATE FUNCTION public.compare(n int, condition text, token text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  plain record;
  treated record;
BEGIN
  EXECUTE 'DROP POLICY IF EXISTS p ON parts';
  EXECUTE format('CREATE POLICY p ON parts USING (%s)', condition);
  SELECT * INTO plain FROM compiled(false, token);
  SELECT * INTO treated FROM compiled(true, token);
  RETURN NEXT is(treated.rows, plain.rows, format('the same %s rows: %s', plain.rows, condition));
  RETURN NEXT ok(treated.functions IS NOT DISTINCT FROM plain.functions, format('and as much is compiled (%s, not %s)', plain.functions, treated.functions));
END $$;
BEGIN;
SELECT c FROM shapes s, compare(s.n, s.condition, :'alice') c ORDER BY s.n;
COMMIT;

-- What is asked while a filter is evaluated: once where the question is answered directly, and for each row where
-- the compiled filter is faster than another that is not.
SET track_functions = 'all';
CREATE FUNCTION public.times(asked text, gate boolean, token text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  before bigint := (SELECT sum(calls) FROM pg_stat_xact_user_functions WHERE schemaname = 'session_auth' AND funcname = asked);
BEGIN
  PERFORM enter(gate, token);
  EXECUTE 'SELECT count(*) FROM parts';
  RESET ROLE;
  RETURN (SELECT sum(calls) FROM pg_stat_xact_user_functions WHERE schemaname = 'session_auth' AND funcname = asked) - coalesce(before, 0);
END $$;
DROP POLICY p ON parts;
CREATE POLICY p ON parts USING (session_auth.has_permission(session_auth.role(), 'view', resource));
BEGIN;
SELECT is(times('role', false, :'alice'), 12000::bigint, 'a role is asked for at each row');
SELECT cmp_ok(times('role', true, :'alice'), '<', 9000::bigint, 'and not where the filter is made anew');
SET LOCAL jit_optimize_above_cost = 0;
SELECT is(times('role', true, :'alice'), 12000::bigint, 'a filter that was optimized is left alone');
COMMIT;
DROP POLICY p ON parts;
CREATE POLICY p ON parts USING (owner = session_auth.user_id());
BEGIN;
SELECT cmp_ok(times('user_id', true, :'alice'), '>=', 12000::bigint, 'a compiled comparison is left alone');
SET LOCAL jit = off;
SELECT cmp_ok(times('user_id', true, :'alice'), '<', 9000::bigint, 'and one that is not compiled is made anew');
COMMIT;
RESET track_functions;

-- what changes between two FETCHes
DROP POLICY p ON parts;
CREATE POLICY p ON parts USING (session_auth.has_permission('view', resource));
CREATE FUNCTION public.rest(gate boolean, token text, change text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  c refcursor;
  n int;
BEGIN
  PERFORM enter(gate, token);
  OPEN c FOR SELECT id FROM public.parts;
  MOVE 1200 FROM c;
  RESET ROLE;
  EXECUTE change;
  SET LOCAL ROLE sa_request;
  MOVE ALL FROM c;
  GET DIAGNOSTICS n = ROW_COUNT;
  CLOSE c;
  RESET ROLE;
  RETURN n;
END $$;
BEGIN;
SELECT is(rest(true, :'alice', 'SELECT 1'), 10800, 'nothing changes');
SELECT is(rest(true, :'alice', 'SELECT session_auth.deauthenticate()'), 0, 'nobody goes on');
SELECT is(rest(true, :'alice', $$SELECT session_auth.deny_permission('ADMIN', 'view', 'accounts')$$), 0, 'a denial is seen');
ROLLBACK;
SELECT * FROM finish();
