-- protect_table without subqueries, as Citus wants policies: the same rows, plans that cost as
-- much, and each question asked as seldom, whatever the settings are.
-- Also: test/pgtap/policies.sql, test/pgtap/gate.sql, test/attacks/folded_filters.sql.
SELECT plan(34);
\ir explain.psql

SELECT session_auth.import_permissions('{"ADMIN": ["*:notes", "*:plain"]}') \g /dev/null
SELECT session_auth.grant_role('1', 'ADMIN'), session_auth.grant_role('2', 'ADMIN') \g /dev/null
SELECT token AS one FROM session_auth.create_session('1') \gset
SELECT token AS two FROM session_auth.create_session('2') \gset
SELECT token AS none FROM session_auth.create_session('3') \gset

CREATE TABLE public.notes (id int PRIMARY KEY, owner bigint, org text);
INSERT INTO notes SELECT i, i % 100, 'org' || i % 2 FROM generate_series(1, 10000) i;
CREATE INDEX ON notes (owner);
CREATE TABLE public.plain (LIKE notes INCLUDING ALL);
INSERT INTO plain SELECT * FROM notes;
ANALYZE notes;
ANALYZE plain;
GRANT ALL ON notes, plain TO sa_request;

SELECT throws_ok($$SELECT session_auth.protect_table('plain', denied => 'error', subqueries => false)$$, '22023', 'invalid subqueries', 'what is demanded is asked in a subquery');
SELECT throws_ok($$SELECT session_auth.protect_table('plain', subqueries => NULL)$$, '22023', 'invalid subqueries', 'and it is one or the other');
SELECT session_auth.protect_table('notes', owner_column => 'owner'), session_auth.protect_table('plain', owner_column => 'owner', subqueries => false) \g /dev/null
SELECT is(pg_get_expr(polqual, polrelid), '(session_auth.has_permission(''view''::text, ''plain''::text) AND (owner = session_auth.user_id_as(NULL::bigint)))', 'no subquery') FROM pg_policy WHERE polrelid = 'plain'::regclass AND polname = 'session_auth_select';
SELECT is(count(*), 4::bigint, 'in none of the four') FROM pg_policy WHERE polrelid = 'plain'::regclass AND coalesce(pg_get_expr(polqual, polrelid), '') || coalesce(pg_get_expr(polwithcheck, polrelid), '') !~ 'SELECT';
SELECT is(problem, NULL, 'it is whole') FROM session_auth.list_protected() WHERE object = 'plain'::regclass;
SELECT is_empty($$SELECT * FROM session_auth.check_policies() WHERE object ~ '\mplain\M'$$, 'and nothing is to be said of it');

-- the same rows, with each of the settings
CREATE FUNCTION public.rows_as(token text, OUT notes text, OUT plain text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM session_auth.authenticate(token, on_refused => 'nobody');
  SET LOCAL ROLE sa_request;
  SELECT count(*) || ' ' || coalesce(sum(t.id), 0) INTO notes FROM public.notes t;
  SELECT count(*) || ' ' || coalesce(sum(t.id), 0) INTO plain FROM public.plain t;
  RESET ROLE;
  PERFORM session_auth.deauthenticate();
END
$$;
CREATE TABLE public.tokens AS SELECT * FROM (VALUES ('one', :'one', '100'), ('two', :'two', '100'), ('who may not', :'none', '0'), ('nobody', NULL, '0')) v (name, token, sees);
CREATE FUNCTION public.same_rows(setting text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  -- no cursor is open while the identity changes
  who public.tokens;
  all_of_them CONSTANT public.tokens[] := ARRAY(SELECT t FROM public.tokens t);
  seen record;
BEGIN
  FOREACH who IN ARRAY all_of_them LOOP
    SELECT * INTO seen FROM public.rows_as(who.token);
    RETURN NEXT is(seen.plain, seen.notes, format('%s: the rows of %s', setting, who.name));
    RETURN NEXT is(split_part(seen.plain, ' ', 1), who.sees, '… which are so many');
  END LOOP;
END
$$;
SELECT same_rows('gate on');
SET session_auth.gate_policies = off; SET session_auth.fold_filters = off;
SELECT same_rows('gate off');
SELECT isnt_empty($$SELECT FROM session_auth.check_policies() WHERE object LIKE '%plain%' AND problem ~ 'evaluated for each'$$, 'then check_policies says that it is slow');
RESET session_auth.gate_policies; RESET session_auth.fold_filters;

-- writing
BEGIN;
SELECT FROM session_auth.authenticate(:'one') \g /dev/null
SET LOCAL ROLE sa_request;
SELECT throws_ok($$INSERT INTO plain VALUES (0, 2, 'x')$$, '42501', NULL, 'nobody else''s row is written');
SELECT lives_ok($$INSERT INTO plain VALUES (0, 1, 'x')$$, 'one''s own is');
ROLLBACK;

-- plans, and how often is asked
BEGIN;
SELECT FROM session_auth.authenticate(:'one') \g /dev/null
SET LOCAL ROLE sa_request;
SELECT alike(explain('SELECT * FROM plain'), '%Index Cond: (owner = session_auth.user_id_as(NULL::bigint))%', 'the index on the owner serves');
SELECT unalike(explain('SELECT * FROM plain'), '%Plan%', 'without a subplan');
ROLLBACK;
CREATE FUNCTION public.cost(statement text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
  plan json;
BEGIN
  SET LOCAL ROLE sa_request;
  EXECUTE 'EXPLAIN (FORMAT json) ' || statement INTO plan;
  RESET ROLE;
  RETURN plan -> 0 -> 'Plan' ->> 'Total Cost';
END
$$;
SELECT cmp_ok(cost('SELECT * FROM plain'), '<=', 1.05 * cost('SELECT * FROM notes'), 'by the index it costs as much');
SET enable_bitmapscan = off; SET enable_indexscan = off;
SELECT cmp_ok(cost('SELECT * FROM plain'), '<=', 1.3 * cost('SELECT * FROM notes'), 'and hardly more where all is read, as PostgreSQL reckons with two calls for each row');
SET track_functions = 'all'; SET jit = off;
CREATE FUNCTION public.times_asked(token text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  asked CONSTANT text := $f$SELECT coalesce(sum(calls), 0) FROM pg_stat_xact_user_functions WHERE schemaname = 'session_auth' AND funcname IN ('has_permission', 'user_id_as')$f$;
  before bigint;
  afterwards bigint;
BEGIN
  EXECUTE asked INTO before;
  PERFORM public.rows_as(token);
  EXECUTE asked INTO afterwards;
  RETURN afterwards - before;
END
$$;
SELECT cmp_ok(times_asked(:'one'), '<', 1200::bigint, 'the owner is asked for until the filter is made anew, and the permission once');
SELECT cmp_ok(times_asked(:'none'), '<', 10::bigint, 'who may not: once');
RESET track_functions; RESET jit; RESET enable_bitmapscan; RESET enable_indexscan;

-- what happens to it
SET session_auth.guard_protection = off;
ALTER POLICY session_auth_select ON plain USING (session_auth.has_permission('view', 'plain') OR owner = session_auth.user_id_as(NULL::bigint));
SELECT is(advice, $$SELECT session_auth.protect_table('public.plain', 'plain', owner_column => 'owner', subqueries => false)$$, 'altered, and how to mend it') FROM session_auth.check_policies() WHERE object ~ 'plain' AND severity = 'error';
RESET session_auth.guard_protection;
SELECT session_auth.protect_table('plain', owner_column => 'owner', subqueries => false) \g /dev/null
DELETE FROM session_auth.protections WHERE target = 'plain'::regclass;
SELECT matches(advice, 'subqueries => false', 'restored without what is remembered, it is known by its form') FROM session_auth.check_policies() WHERE object ~ 'plain' AND problem ~ 'nobody remembers';
SELECT session_auth.protect_table('plain', owner_column => 'owner') \g /dev/null
SELECT matches(pg_get_expr(polqual, polrelid), 'SELECT', 'and it can be had with subqueries again') FROM pg_policy WHERE polrelid = 'plain'::regclass AND polname = 'session_auth_select';

SELECT * FROM finish();
