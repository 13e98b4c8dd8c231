-- Part rows: what a permission costs per row, over the scan without one.
--
-- x is the number of parallel workers. The leader does not help, so that two
-- workers are two processes.

SET jit = off;
SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET parallel_leader_participation = off;
SET client_min_messages = warning;
-- the PostgREST way needs claims to read
SET "request.jwt.claims" = '{"sub": "user-1", "role": "USER", "aud": "app", "iat": 1700000000, "exp": 4000000000}';

CREATE OR REPLACE FUNCTION bench.scans() RETURNS bench.scan[]
LANGUAGE sql AS $$
  SELECT array_agg((item, target, condition, gate)::bench.scan) FROM (VALUES
    ('resource IS NOT NULL', 'bench.items'::regclass, $q$resource IS NOT NULL$q$, false),
    ('resource <> constant', 'bench.items', $q$resource <> 'nothing'$q$, false),
    ('floor: C function, column', 'bench.items', $q$bench.yes('USER', 'view', resource)$q$, false),
    ('floor: C function, constants', 'bench.items', $q$bench.yes('USER', 'view', 'project:1')$q$, false),
    ('has_permission(role(), action, column)', 'bench.items',
      $q$session_auth.has_permission(session_auth.role(), 'view', resource)$q$, true),
    ('has_permission((SELECT role()), action, column)', 'bench.items',
      $q$session_auth.has_permission((SELECT session_auth.role()), 'view', resource)$q$, true),
    ('has_permission(action, column)', 'bench.items',
      $q$session_auth.has_permission('view', resource)$q$, true),
    ('has_permission(constants)', 'bench.items',
      $q$session_auth.has_permission('view', 'project:1')$q$, true),
    ('has_permission(constants), no gate', 'bench.items',
      $q$session_auth.has_permission('view', 'project:1')$q$, false),
    ('has_permission(role(), constants), no gate', 'bench.items',
      $q$session_auth.has_permission(session_auth.role(), 'view', 'project:1')$q$, false),
    ('(SELECT has_permission(constants))', 'bench.items',
      $q$(SELECT session_auth.has_permission('view', 'project:1'))$q$, true),
    ('(SELECT has_permission(constants)), no gate', 'bench.items',
      $q$(SELECT session_auth.has_permission('view', 'project:1'))$q$, false),
    ('protect_table', 'bench.items', NULL, true),
    ('protect_table, no gate', 'bench.items', NULL, false),
    ('(SELECT has_permission(constants)), denied', 'bench.items',
      $q$(SELECT session_auth.has_permission('view', 'what nobody may'))$q$, true),
    ('(SELECT has_permission(constants)), denied, no gate', 'bench.items',
      $q$(SELECT session_auth.has_permission('view', 'what nobody may'))$q$, false),
    ('column = ANY (SELECT permitted_resources())', 'bench.items',
      $q$resource = ANY ((SELECT session_auth.permitted_resources(session_auth.role(), 'view'))::text[])$q$, true),
    ('EXISTS on a permission table', 'bench.items',
      $q$EXISTS (SELECT FROM bench.role_permissions p
                 WHERE p.role = 'USER' AND p.action = 'view' AND p.resource = items.resource)$q$, false),
    ('empty plpgsql function', 'bench.items', $q$bench.plpgsql_nothing('USER', 'view', resource)$q$, false),
    ('setting read as JSON', 'bench.few_items',
      $q$current_setting('request.jwt.claims', true)::json ->> 'role' = 'USER'$q$, false),
    ('SQL function, permission table', 'bench.few_items',
      $q$bench.sql_has_permission('USER', 'view', resource)$q$, false),
    ('plpgsql function, permission table', 'bench.few_items',
      $q$bench.plpgsql_has_permission('USER', 'view', resource)$q$, false)
  ) s (item, target, condition, gate)
$$;

-- Shown beside the figures: in parallel, and once per query.
CREATE TABLE IF NOT EXISTS bench.plans AS SELECT ''::text AS item, ''::text AS plan LIMIT 0;
TRUNCATE bench.plans;

BEGIN;
SELECT FROM session_auth.authenticate(bench.token(1));
INSERT INTO bench.plans
SELECT s.item, bench.plan(s) FROM unnest(bench.scans()) s
WHERE s.item IN ('has_permission(role(), action, column)', 'protect_table');
SET LOCAL max_parallel_workers_per_gather = 0;
CALL bench.measure_scans('rows', 0, :rounds, bench.scans());
SET LOCAL max_parallel_workers_per_gather = 2;
CALL bench.measure_scans('rows', 2, :rounds, bench.scans());
COMMIT;

SELECT to_regprocedure('session_auth.narrow(text[])') IS NOT NULL AS can_narrow \gset
\if :can_narrow
-- What an identity that is narrowed pays: to a pattern, of roles whose names are known; and to names.
CREATE OR REPLACE FUNCTION bench.narrowed_scans(narrowed text) RETURNS bench.scan[]
LANGUAGE sql AS $$
  SELECT array_agg((s.item || ', narrowed to ' || narrowed, s.target, s.condition, s.gate)::bench.scan)
  FROM unnest(bench.scans()) s
  WHERE s.item IN ('has_permission(role(), action, column)', 'has_permission(action, column)',
    'has_permission(constants), no gate', 'protect_table')
$$;

BEGIN;
SELECT FROM session_auth.authenticate(bench.token(1));
SELECT session_auth.narrow('{view:project:*,view:items}');
SET LOCAL max_parallel_workers_per_gather = 0;
CALL bench.measure_scans('rows', 0, :rounds, bench.narrowed_scans('a pattern'));
SET LOCAL max_parallel_workers_per_gather = 2;
CALL bench.measure_scans('rows', 2, :rounds, bench.narrowed_scans('a pattern'));
COMMIT;

BEGIN;
SELECT FROM session_auth.authenticate(bench.token(1));
SELECT session_auth.narrow((SELECT array_agg('view:project:' || n) FROM generate_series(1, 100) n) || '{view:items}');
SET LOCAL max_parallel_workers_per_gather = 0;
CALL bench.measure_scans('rows', 0, :rounds, bench.narrowed_scans('names'));
SET LOCAL max_parallel_workers_per_gather = 2;
CALL bench.measure_scans('rows', 2, :rounds, bench.narrowed_scans('names'));
COMMIT;
\endif

\o :results/plans.txt
\pset format unaligned
\pset tuples_only on
SELECT item || E'\n' || plan FROM bench.plans;
\o /dev/null
