-- The gate: a query that a policy denies reads nothing, and what could vary
-- from row to row is asked for each. permitted_resources uses an index.
-- Also: test/attacks/gate.sql, test/attacks/gate_changes.sql, test/attacks/gate_rechecks.t,
-- test/attacks/gate_subplans.sql.
SELECT plan(30);
\ir explain.psql

-- Whether a scan of accounts touched a block.
CREATE FUNCTION public.reads(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT json) ' || statement INTO plan;
  RETURN (WITH RECURSIVE node AS (
      SELECT plan -> 0 -> 'Plan' AS n
      UNION ALL SELECT child FROM node, json_array_elements(n -> 'Plans') child)
    SELECT CASE WHEN sum((n ->> 'Shared Hit Blocks')::int + (n ->> 'Shared Read Blocks')::int) > 0 THEN 'read' ELSE 'not read' END
    FROM node WHERE n ->> 'Relation Name' LIKE 'accounts%' AND n ->> 'Node Type' LIKE '%Scan');
END
$$;

SELECT session_auth.import_permissions('{
  "ADMIN": ["view:accounts", "edit:accounts"], "CLERK": ["read:r1", "read:r2"]}') \g /dev/null
SELECT session_auth.grant_role('ada', 'ADMIN'), session_auth.grant_role('cli', 'CLERK') \g /dev/null
SELECT token AS ada FROM session_auth.create_session('ada') \gset
SELECT token AS cli FROM session_auth.create_session('cli') \gset

CREATE TABLE public.accounts (id int PRIMARY KEY, r text);
INSERT INTO accounts SELECT i, 'r' || i % 500 FROM generate_series(1, 5000) i;
CREATE INDEX accounts_r_idx ON accounts (r);
ANALYZE accounts;
GRANT ALL ON accounts TO sa_request;
SELECT session_auth.protect_table('accounts') \g /dev/null

SET ROLE sa_request;
SELECT is(reads('SELECT * FROM accounts'), 'not read', 'denied, the table is not read');
SELECT is(reads('SELECT * FROM accounts WHERE id = 1'), 'not read', 'nor its index');
SELECT is(reads($$SELECT * FROM accounts WHERE id < 99 AND r <> 'r1'$$), 'not read', 'nor where the query has conditions of its own');
SELECT is(reads('UPDATE accounts SET r = NULL WHERE id = 1'), 'not read', 'nor for an UPDATE');
SELECT alike(explain('SELECT * FROM accounts'), E'Seq Scan on accounts\n  Filter: $0\n%', 'the plan is PostgreSQL''s own: the condition is in the filter of the scan');
BEGIN;
SELECT is(user_id, 'ada', 'allowed:') FROM session_auth.authenticate(:'ada');
SELECT is(count(*), 5000::bigint, 'every row is there') FROM accounts;
COMMIT;

-- a cached plan holds the question, not the answer
SET plan_cache_mode = force_generic_plan;
PREPARE counting AS SELECT count(*) FROM accounts;
PREPARE none_of_them AS SELECT 0::bigint;
PREPARE all_of_them AS SELECT 5000::bigint;
SELECT results_eq('counting', 'none_of_them', 'a generic plan of nobody finds nothing');
BEGIN;
SELECT FROM session_auth.authenticate(:'ada') \g /dev/null
SELECT results_eq('counting', 'all_of_them', 'the same plan of an administrator finds all');
COMMIT;
SELECT results_eq('counting', 'none_of_them', 'and of nobody again nothing');
RESET plan_cache_mode;

-- what reads a scan again
RESET ROLE;
CREATE TEMP TABLE three AS SELECT generate_series(1, 3) AS n;
GRANT SELECT ON three TO sa_request;
CREATE FUNCTION public.rewound() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c SCROLL CURSOR FOR SELECT id FROM public.accounts;
  seen int[] := '{}';
  n int;
BEGIN
  OPEN c;
  FETCH c INTO n; seen := seen || n;
  FETCH c INTO n; seen := seen || n;
  MOVE ABSOLUTE 0 IN c;
  FETCH c INTO n; seen := seen || n;
  CLOSE c;
  RETURN seen::text;
END
$$;
SET ROLE sa_request;
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off; SET enable_indexscan = off; SET enable_bitmapscan = off;
SET jit_above_cost = 0; SET jit = on;
SELECT is((SELECT count(*) FROM three LEFT JOIN accounts ON id = n WHERE id IS NOT NULL), 0::bigint, 'denied, a scan that is repeated is empty each time');
SELECT is(rewound(), '{NULL,NULL,NULL}', '… and a cursor that is rewound');
BEGIN;
SELECT FROM session_auth.authenticate(:'ada') \g /dev/null
SELECT is((SELECT count(*) FROM three JOIN accounts ON id = n), 3::bigint, 'allowed, a scan that is repeated is whole each time');
SELECT is((SELECT count(*) FROM three JOIN LATERAL (SELECT FROM accounts WHERE id <= n OFFSET 0) a ON true), 6::bigint, '… one with a parameter too');
SELECT is(rewound(), '{1,2,1}', '… and a cursor that is rewound');
COMMIT;
RESET jit; RESET jit_above_cost;
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_material; RESET enable_indexscan; RESET enable_bitmapscan;

-- in parallel workers: the leader's verdict, and what a join hands to them is none
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off;
SELECT is((SELECT count(*) FROM accounts), 0::bigint, 'denied, workers find nothing');
BEGIN;
SELECT FROM session_auth.authenticate(:'ada') \g /dev/null
SELECT is((SELECT count(*) FROM accounts), 5000::bigint, 'allowed, they find all');
COMMIT;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET parallel_leader_participation;

-- what may vary is no gate
RESET ROLE;
SELECT session_auth.unprotect_table('accounts') \g /dev/null
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY a_policy ON accounts USING (random() < 2 AND (SELECT session_auth.is_authenticated()));
SET ROLE sa_request;
SELECT is(reads('SELECT * FROM accounts'), 'not read', 'beside a volatile condition, one that is constant is a gate');
RESET ROLE;
DROP POLICY a_policy ON accounts;
CREATE POLICY a_policy ON accounts USING ((SELECT session_auth.has_permission('view', accounts.r)));
SET ROLE sa_request;
SELECT is(reads('SELECT * FROM accounts'), 'read', 'a correlated subquery is asked for each row');
RESET ROLE;
DROP POLICY a_policy ON accounts;
CREATE POLICY a_policy ON accounts USING (session_auth.has_permission('view', 'accounts'));
SET ROLE sa_request;
SELECT is(reads('SELECT * FROM accounts'), 'not read', 'a bare call without columns is a gate too');
RESET ROLE;
DROP POLICY a_policy ON accounts;
CREATE POLICY a_policy ON accounts USING (random() < 0);
SET ROLE sa_request;
SELECT is(reads('SELECT * FROM accounts'), 'read', 'a volatile condition alone is asked for each row');
RESET ROLE;
DROP POLICY a_policy ON accounts;
CREATE POLICY a_policy ON accounts USING ((SELECT session_auth.has_permission('view', 'accounts')));
SET session_auth.gate_policies = off;
SET ROLE sa_request;
SELECT is(reads('SELECT * FROM accounts'), 'read', 'the setting turns it off');
SELECT throws_ok('SET session_auth.gate_policies = on', '42501', NULL, 'which is not the request''s to change');
RESET ROLE;
RESET session_auth.gate_policies;

-- folding has a setting of its own: how often a scan of 5,000 rows asks
DROP POLICY a_policy ON accounts;
CREATE POLICY a_policy ON accounts USING (r = session_auth.user_id());
SET track_functions = 'all'; SET jit = off;
CREATE FUNCTION public.times_asked() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  before bigint := (SELECT calls FROM pg_stat_xact_user_functions WHERE schemaname = 'session_auth' AND funcname = 'user_id');
BEGIN
  SET LOCAL ROLE sa_request;
  SET LOCAL enable_bitmapscan = off; SET LOCAL enable_indexscan = off;
  EXECUTE 'SELECT count(*) FROM accounts';
  RESET ROLE;
  RETURN (SELECT calls FROM pg_stat_xact_user_functions WHERE schemaname = 'session_auth' AND funcname = 'user_id') - coalesce(before, 0);
END
$$;
SELECT cmp_ok(times_asked(), '<', 1200::bigint, 'a bare user_id() is asked for some rows');
SET session_auth.gate_policies = off;
SELECT cmp_ok(times_asked(), '<', 1200::bigint, '… whatever the gate''s setting is');
RESET session_auth.gate_policies;
SET session_auth.fold_filters = off;
SELECT cmp_ok(times_asked(), '>=', 5000::bigint, '… and for each with fold_filters off');
SET ROLE sa_request;
SELECT throws_ok('SET session_auth.fold_filters = on', '42501', NULL, 'which is not the request''s to change');
RESET ROLE;
RESET session_auth.fold_filters; RESET track_functions; RESET jit;

-- by an index
DROP POLICY a_policy ON accounts;
CREATE POLICY a_policy ON accounts
  USING (r = ANY ((SELECT session_auth.permitted_resources(session_auth.role(), 'read'))::text[]));
SET ROLE sa_request;
SELECT is(count(*), 0::bigint, 'permitted_resources of nobody are none') FROM accounts;
BEGIN;
SELECT FROM session_auth.authenticate(:'cli') \g /dev/null
SELECT is(count(*), 20::bigint, 'of a clerk, two resources with ten rows each') FROM accounts;
SELECT alike(explain('SELECT * FROM accounts'), '%Index% on accounts_r_idx%', 'found by the index');
COMMIT;
SELECT * FROM finish();
