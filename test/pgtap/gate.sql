-- The gate: a query that a policy denies reads nothing, and what could vary
-- from row to row is left where it was. permitted_resources uses an index.
SELECT plan(16);

CREATE FUNCTION public.explain(statement text, options text DEFAULT 'COSTS OFF') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  line text;
  plan text := '';
BEGIN
  FOR line IN EXECUTE format('EXPLAIN (%s) %s', options, statement) LOOP
    -- since 17 an InitPlan's value is not $0 but named
    plan := plan || regexp_replace(line, '\(InitPlan \d+\)\.col\d+', '$0') || E'\n';
  END LOOP;
  RETURN plan;
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
SELECT alike(explain('SELECT * FROM accounts'), '%One-Time Filter: $0%', 'the policy is a one-time filter');
SELECT alike(explain('SELECT * FROM accounts', 'ANALYZE, COSTS OFF, TIMING OFF'), '%Seq Scan on accounts (never executed)%', 'denied, the table is not read');
SELECT alike(explain('UPDATE accounts SET r = NULL WHERE id = 1', 'ANALYZE, COSTS OFF, TIMING OFF'), '%accounts (never executed)%', 'nor for an UPDATE');
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

-- what may vary is no gate
RESET ROLE;
SELECT session_auth.unprotect_table('accounts') \g /dev/null
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY a_policy ON accounts USING (random() < 2 AND (SELECT session_auth.is_authenticated()));
SET ROLE sa_request;
SELECT alike(explain('SELECT * FROM accounts'), E'%One-Time Filter: $0\n%Seq Scan on accounts\n%Filter: (random()%', 'a volatile condition stays at the scan, what is beside it need not');
RESET ROLE;
DROP POLICY a_policy ON accounts;
CREATE POLICY a_policy ON accounts USING ((SELECT session_auth.has_permission('view', accounts.r)));
SET ROLE sa_request;
SELECT unalike(explain('SELECT * FROM accounts'), '%One-Time Filter%', 'so does a correlated subquery');
RESET ROLE;
DROP POLICY a_policy ON accounts;
CREATE POLICY a_policy ON accounts USING (session_auth.has_permission('view', 'accounts'));
SET ROLE sa_request;
SELECT alike(explain('SELECT * FROM accounts'), '%One-Time Filter: session_auth.has_permission(%', 'a bare call without columns becomes a gate too');
RESET ROLE;
SET session_auth.gate_policies = off;
SET ROLE sa_request;
SELECT unalike(explain('SELECT * FROM accounts'), '%One-Time Filter%', 'the setting turns it off');
SELECT throws_ok('SET session_auth.gate_policies = on', '42501', NULL, 'which is not the request''s to change');
RESET ROLE;
RESET session_auth.gate_policies;

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
