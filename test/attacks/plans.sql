-- Attack: a plan that was made, cached or inlined for one identity and run for
-- another: prepared, generic, of PL/pgSQL, of an SQL function, behind a constant
-- that was folded, an index, a partial index, a generated column or a check.
-- Holds: plans follow the identity; what would freeze it is refused, as nothing is
-- IMMUTABLE. Guards: sql/parts/identity.sql and permissions.sql (STABLE).
SELECT plan(28);
\ir people.psql

CREATE FUNCTION public.by_sql() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM public.accounts';
CREATE FUNCTION public.by_plpgsql() RETURNS bigint LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT count(*) FROM public.accounts WHERE (SELECT session_auth.has_role('ADMIN'))); END $$;
CREATE FUNCTION public.expression() RETURNS text LANGUAGE plpgsql STABLE AS $$ DECLARE x text := coalesce(session_auth.user_id(), 'nobody'); BEGIN RETURN x; END $$;
PREPARE rows AS SELECT count(*) FROM accounts;
PREPARE mine(text) AS SELECT count(*) FROM accounts WHERE owner = session_auth.user_id() AND $1 = 'x';
PREPARE nots AS SELECT count(*) FROM (VALUES (1)) v WHERE NOT session_auth.has_permission('view', 'accounts') OR session_auth.user_id() IS NULL;
CREATE FUNCTION public.all_of_it() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE r text; m text; n text;
BEGIN
  EXECUTE 'EXECUTE rows' INTO r;
  EXECUTE 'EXECUTE mine(''x'')' INTO m;
  EXECUTE 'EXECUTE nots' INTO n;
  RETURN concat_ws(' ', r, m, n, public.by_sql(), public.by_plpgsql(), public.expression());
END $$;

SET ROLE sa_request;
SELECT is(all_of_it(), '0 0 1 0 0 nobody', 'planned for nobody');
-- each in both modes, and several times, as a plan becomes generic after five
SET plan_cache_mode = force_generic_plan;
BEGIN; SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
SELECT is(all_of_it(), '3 2 0 3 3 alice', 'generic: alice');
SELECT FROM session_auth.authenticate(:'bob') \g /dev/null
SELECT is(all_of_it(), '0 0 1 0 0 bob', 'generic: bob, in the same transaction');
SELECT session_auth.deauthenticate() \g /dev/null
SELECT is(all_of_it(), '0 0 1 0 0 nobody', 'generic: nobody');
COMMIT;
SET plan_cache_mode = force_custom_plan;
BEGIN; SELECT FROM session_auth.authenticate(:'bob') \g /dev/null
SELECT is(all_of_it(), '0 0 1 0 0 bob', 'custom: bob');
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
SELECT is(all_of_it(), '3 2 0 3 3 alice', 'custom: alice');
COMMIT;
SET plan_cache_mode = auto;
BEGIN; SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
SELECT is(all_of_it(), '3 2 0 3 3 alice', 'auto, alice, time ' || i) FROM generate_series(1, 8) i;
COMMIT;
SELECT is(all_of_it(), '0 0 1 0 0 nobody', 'auto, nobody, time ' || i) FROM generate_series(1, 2) i;

-- within one statement: what changes the identity, and what reads it after
SELECT is((SELECT count(*) FROM accounts), 0::bigint, 'nobody sees nothing');
CREATE FUNCTION pg_temp.steps(a text, b text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE r text[];
BEGIN
  FOR i IN 1..3 LOOP
    PERFORM session_auth.authenticate(a);
    r := r || (public.who() || public.by_sql() || public.by_plpgsql());
    PERFORM session_auth.authenticate(b);
    r := r || (public.who() || public.by_sql() || public.by_plpgsql());
  END LOOP;
  RETURN r;
END $$;
SELECT is(pg_temp.steps(:'alice', :'bob'), '{alice33,bob00,alice33,bob00,alice33,bob00}'::text[], 'call sites in one function follow each change');
RESET plan_cache_mode;

-- what PostgreSQL would keep for ever has to be IMMUTABLE
RESET ROLE;
SELECT throws_ok(statement, '42P17', NULL, what) FROM (VALUES
  ('CREATE INDEX ON accounts (id) WHERE session_auth.has_permission(''view'', ''accounts'')', 'a partial index'),
  ('CREATE INDEX ON accounts ((session_auth.user_id()))', 'an index'),
  ('ALTER TABLE accounts ADD g text GENERATED ALWAYS AS (session_auth.user_id()) STORED', 'a generated column'),
  ('CREATE TABLE p (a int) PARTITION BY LIST ((session_auth.user_id()))', 'a partition key')) v (statement, what);
SELECT is_empty($$SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'session_auth'::regnamespace AND provolatile = 'i'$$, 'nothing is IMMUTABLE');
SELECT ok(pg_get_expr(polqual, polrelid) NOT LIKE '%true%', 'a policy keeps its question: ' || polname) FROM pg_policy WHERE polrelid = 'accounts'::regclass AND polqual IS NOT NULL;
-- a materialized view holds the rows of who refreshed it
CREATE MATERIALIZED VIEW snapshot AS SELECT * FROM accounts;
SELECT isnt_empty($$SELECT FROM session_auth.check_policies() WHERE object LIKE '%snapshot'$$, 'and check_policies reports one over a protected table');
BEGIN; SELECT FROM session_auth.authenticate(:'bob') \g /dev/null
SET LOCAL ROLE sa_request;
CREATE TEMP TABLE copied AS SELECT * FROM accounts;
SELECT is_empty('SELECT * FROM copied', 'CREATE TABLE AS copies what may be seen');
ROLLBACK;

SELECT * FROM finish();
