-- Attack: policies that ask for each row what is the same for all, beside what is not,
-- in queries in which that is computed once: it must be this identity's, of this
-- statement, whatever was computed for another before, and never in the place of what
-- does differ from row to row. Holds: with and without session_auth.gate_policies and fold_filters the
-- same rows, for each identity, kept plans, parallel workers and repeated scans.
-- Guards: src/executor/fold.c and src/executor/constancy.c, is_constant() and is_own_call().
SELECT plan(27);
\ir people.psql

-- more rows than are tested before a filter is made anew
CREATE TABLE many (id int PRIMARY KEY, owner text, org text, resource text, who text);
INSERT INTO many SELECT n, (ARRAY['alice', 'bob', 'carol', NULL])[n % 4 + 1], (ARRAY['acme', NULL])[n % 2 + 1], (ARRAY['accounts', 'profile', 'project:' || n, 'vault'])[n % 4 + 1], (ARRAY['ADMIN', 'USER', NULL])[n % 3 + 1]
FROM generate_series(1, 4000) n;
CREATE INDEX ON many (owner);
ANALYZE many;
SELECT session_auth.import_permissions('{"USER": ["view:project:*", "view:profile"], "ADMIN": ["view:*", "!view:vault"]}') \g /dev/null
ALTER TABLE many ENABLE ROW LEVEL SECURITY;
GRANT ALL ON many TO sa_request;
-- of somebody else: no function of ours, though it has our function's name
CREATE SCHEMA other;
CREATE SEQUENCE other.calls;
CREATE FUNCTION other.role() RETURNS text LANGUAGE sql VOLATILE SECURITY DEFINER AS $$SELECT CASE WHEN nextval('other.calls') % 2 = 0 THEN 'ADMIN' END$$;
GRANT USAGE ON SCHEMA other TO sa_request;

CREATE TABLE shapes (n int GENERATED ALWAYS AS IDENTITY, condition text);
INSERT INTO shapes (condition) VALUES
  ($$session_auth.has_permission(session_auth.role(), 'view', resource)$$),
  ($$session_auth.has_permission((SELECT session_auth.role()), 'view', resource)$$),
  ($$session_auth.has_permission('view', resource)$$),
  ($$session_auth.has_permission(who, 'view', resource)$$),
  ($$session_auth.has_permission(coalesce(session_auth.role(), 'USER'), 'view', resource)$$),
  ($$NOT session_auth.has_permission(session_auth.role(), 'view', resource)$$),
  ($$owner = session_auth.user_id()$$),
  ($$owner = session_auth.user_id() OR session_auth.has_permission('view', 'accounts')$$),
  ($$owner IS NOT DISTINCT FROM session_auth.user_id()$$),
  ($$session_auth.role() IS NULL OR id % 7 = 0$$),
  ($$CASE WHEN session_auth.is_authenticated() THEN owner = session_auth.user_id() ELSE id % 100 = 0 END$$),
  ($$resource = ANY (session_auth.permitted_resources(session_auth.role(), 'view'))$$),
  ($$session_auth.has_permission('view', CASE WHEN id % 2 = 0 THEN session_auth.user_id() ELSE resource END)$$),
  ($$EXISTS (SELECT FROM open o WHERE o.owner = many.owner AND session_auth.has_permission('view', many.resource))$$),
  ($$(session_auth.claims() ->> 'sub') = owner OR session_auth.has_role(who)$$);
CREATE TABLE open (owner text);
INSERT INTO open VALUES ('alice'), ('bob');
GRANT SELECT ON open TO sa_request;

CREATE TABLE seen (how text, n int, who text, query int, rows bigint, sum bigint);
GRANT ALL ON seen TO sa_request;
CREATE FUNCTION public.look(how text, n int, VARIADIC tokens text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  queries text[] := '{"SELECT count(*), sum(id) FROM many", "SELECT count(*), sum(m.id) FROM generate_series(1, 3) g, LATERAL (SELECT id FROM many m WHERE m.id % g = 0 OFFSET 0) m", "SELECT count(*), sum(id) FROM many WHERE owner = ''bob''"}';
  found record;
BEGIN
  FOR q IN 1..cardinality(queries) LOOP
    EXECUTE format('PREPARE q%s AS %s', q, queries[q]);
    FOR round IN 1..2 LOOP
      FOR i IN 1..cardinality(tokens) LOOP
        PERFORM session_auth.deauthenticate();
        IF tokens[i] <> '' THEN PERFORM session_auth.authenticate(tokens[i]); END IF;
        EXECUTE format('EXECUTE q%s', q) INTO found;
        INSERT INTO public.seen VALUES (how, n, coalesce(session_auth.user_id(), 'nobody'), q, found.count, found.sum);
      END LOOP;
    END LOOP;
    EXECUTE format('DEALLOCATE q%s', q);
  END LOOP;
END $$;
CREATE FUNCTION public.shape(how text, tokens text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  conditions text[] := (SELECT array_agg(s.condition ORDER BY s.n) FROM shapes s);
BEGIN
  FOR n IN 1..cardinality(conditions) LOOP
    EXECUTE 'DROP POLICY IF EXISTS p ON many';
    EXECUTE format('CREATE POLICY p ON many USING (%s)', conditions[n]);
    SET LOCAL ROLE sa_request;
    PERFORM look(how, n, VARIADIC tokens);
    RESET ROLE;
  END LOOP;
END $$;

SELECT ARRAY['', :'alice', :'bob'] AS tokens \gset
SET session_auth.gate_policies = off; SET session_auth.fold_filters = off;
SELECT shape('each row', :'tokens') \g /dev/null
SET session_auth.gate_policies = on; SET session_auth.fold_filters = on;
SELECT shape('folded', :'tokens') \g /dev/null
SET plan_cache_mode = force_generic_plan;
SELECT shape('generic plans', :'tokens') \g /dev/null
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off;
SELECT shape('parallel', :'tokens') \g /dev/null
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET parallel_leader_participation; RESET plan_cache_mode;
SET jit = on; SET jit_above_cost = 0;
SELECT shape('compiled', :'tokens') \g /dev/null
RESET jit; RESET jit_above_cost;

SELECT is(count(DISTINCT (x.who, x.query, x.rows, x.sum)), 3::bigint * 3, 'the same rows: ' || s.condition) FROM shapes s JOIN seen x USING (n) GROUP BY s.n, s.condition ORDER BY s.n;
SELECT cmp_ok((SELECT count(*) FROM seen WHERE rows > 1000), '>', 100::bigint, 'of many rows');
SELECT is((SELECT string_agg(DISTINCT rows::text, ',') FROM seen WHERE who = 'nobody' AND n IN (1, 2, 3, 6, 7, 12)), '0', 'nobody sees nothing');
SELECT is((SELECT string_agg(DISTINCT rows::text, ',') FROM seen WHERE who = 'bob' AND n = 7 AND query = 1), '1000', 'bob sees his own');

-- what is volatile, or not ours, is asked for each row
DROP POLICY p ON many;
CREATE POLICY p ON many USING (session_auth.has_permission(other.role(), 'view', resource));
BEGIN;
SET LOCAL ROLE sa_request;
SELECT is((SELECT count(*) FROM many WHERE resource = 'accounts'), 500::bigint, 'a function that answers now this, now that, is called for each row') FROM session_auth.authenticate(:'bob');
COMMIT;

-- computed once, and again when it could be another: a statement that drops its own identity
-- in the midst of its rows
DROP POLICY p ON many;
CREATE POLICY p ON many USING (owner = session_auth.user_id());
SET track_functions = 'all';
CREATE FUNCTION public.times_asked(gate boolean, token text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  before bigint := (SELECT calls FROM pg_stat_xact_user_functions WHERE schemaname = 'session_auth' AND funcname = 'user_id');
BEGIN
  PERFORM set_config('session_auth.gate_policies', gate::text, true), set_config('session_auth.fold_filters', gate::text, true), set_config('enable_indexscan', 'off', true), set_config('enable_bitmapscan', 'off', true);
  SET LOCAL ROLE sa_request;
  PERFORM session_auth.authenticate(token);
  PERFORM count(*) FROM many;
  RESET ROLE;
  RETURN (SELECT calls FROM pg_stat_xact_user_functions WHERE schemaname = 'session_auth' AND funcname = 'user_id') - coalesce(before, 0);
END $$;
SELECT cmp_ok(times_asked(false, :'bob'), '>=', 4000::bigint, 'each row is asked for without the setting');
SELECT cmp_ok(times_asked(true, :'bob'), '<', 1100::bigint, 'some are with it');
RESET track_functions;
CREATE FUNCTION public.drops(gate boolean, token text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  PERFORM set_config('session_auth.gate_policies', gate::text, true), set_config('session_auth.fold_filters', gate::text, true), set_config('enable_indexscan', 'off', true), set_config('enable_bitmapscan', 'off', true);
  SET LOCAL ROLE sa_request;
  PERFORM session_auth.authenticate(token);
  SELECT count(x) INTO n FROM (SELECT CASE WHEN id >= 2000 THEN session_auth.deauthenticate() IS NOT NULL END, id AS x FROM many OFFSET 0) m;
  RESET ROLE;
  RETURN n;
END $$;
SELECT is(drops(false, :'bob'), 501::bigint, 'rows end with the identity without the setting');
SELECT is(drops(true, :'bob'), 501::bigint, '… and with it');
BEGIN;
SET LOCAL ROLE sa_request;
SELECT is((SELECT count(*) FROM many), 0::bigint, 'and the next statement is nobody''s') FROM session_auth.deauthenticate();
SELECT user_id FROM session_auth.authenticate(:'bob') \g /dev/null
PREPARE again AS SELECT count(*) FROM many;
SET LOCAL plan_cache_mode = force_generic_plan;
SELECT results_eq('again', 'SELECT 1000::bigint', 'a kept plan is bob''s');
SELECT user_id FROM session_auth.authenticate(:'alice') \g /dev/null
SELECT results_eq('again', 'SELECT 1000::bigint', '… alice''s');
SELECT session_auth.deauthenticate() \g /dev/null
SELECT results_eq('again', 'SELECT 0::bigint', '… and nobody''s');
COMMIT;
SELECT * FROM finish();
