-- Attack: functions and operators in a filter, a join, ORDER BY, RETURNING, CHECK or a
-- trigger that tell of rows which the policies hide, made cheap to come first.
-- Holds: nothing of the extension is LEAKPROOF, only superusers can mark a function
-- so, and no hidden row reaches one. Guards: sql/parts/*.sql, and src/executor/gate.c (which
-- moves a condition out of the scan: never one of the caller's).
SELECT plan(15);
\ir people.psql
INSERT INTO accounts VALUES (0, 'a secret') ;
SELECT session_auth.import_permissions('{"USER": ["view:own"]}') \g /dev/null
CREATE TABLE own (id int, owner text);
INSERT INTO own SELECT i, CASE i % 2 WHEN 0 THEN 'alice' ELSE 'bob' END FROM generate_series(1, 100) i;
CREATE INDEX ON own (owner);
ANALYZE own;
SELECT session_auth.protect_table('own', owner_column => 'owner') \g /dev/null
GRANT ALL ON own TO sa_request;
CREATE TABLE spied (what text);
GRANT ALL ON spied TO sa_request;
GRANT CREATE ON SCHEMA public TO sa_request;

SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass WHERE proleakproof AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'session_auth')$$, 'nothing of the extension is LEAKPROOF');
SET ROLE sa_request;
CREATE FUNCTION public.spy(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN INSERT INTO public.spied VALUES ($1); RETURN true; END $$;
CREATE FUNCTION public.spy2(text, text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN INSERT INTO public.spied VALUES ($1), ($2); RETURN true; END $$;
CREATE OPERATOR public.<<< (LEFTARG = text, RIGHTARG = text, FUNCTION = spy2, RESTRICT = eqsel, JOIN = eqjoinsel);
SELECT throws_ok('ALTER FUNCTION spy(text) LEAKPROOF', '42501', NULL, 'a request role cannot mark its own function LEAKPROOF');
CREATE FUNCTION pg_temp.seen(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r record; found text;
BEGIN
  DELETE FROM public.spied;
  BEGIN EXECUTE statement; EXCEPTION WHEN OTHERS THEN RETURN SQLERRM; END;
  SELECT string_agg(DISTINCT what, ',' ORDER BY what) INTO found FROM public.spied;
  RETURN coalesce(found, 'nothing');
END $$;

SELECT is(pg_temp.seen('SELECT count(*) FROM accounts WHERE spy(owner)'), 'nothing', 'nobody: a filter');
SELECT is(pg_temp.seen('SELECT count(*) FROM accounts WHERE owner <<< ''x'' AND id = 0'), 'nothing', 'nobody: an operator with an estimator');
SELECT is(pg_temp.seen('UPDATE accounts SET owner = owner WHERE spy(owner)'), 'nothing', 'nobody: UPDATE');
SELECT is(pg_temp.seen('DELETE FROM accounts WHERE spy(owner) RETURNING spy(owner)'), 'nothing', 'nobody: DELETE RETURNING');
BEGIN;
SELECT FROM session_auth.authenticate(:'bob') \g /dev/null
SELECT is(pg_temp.seen(statement), 'bob', what) FROM (VALUES
  ('SELECT count(*) FROM own WHERE spy(owner)', 'bob: a filter sees bob''s'),
  ('SELECT count(*) FROM own WHERE spy(owner) OR false OFFSET 0', 'bob: OR'),
  ('SELECT count(*) FROM own WHERE CASE WHEN spy(owner) THEN true ELSE false END', 'bob: CASE'),
  ('SELECT count(*) FROM own o JOIN own p ON o.owner <<< p.owner', 'bob: a join'),
  ('SELECT count(*) FROM generate_series(1, 2) g LEFT JOIN own ON spy(owner)', 'bob: an outer join'),
  ('SELECT count(*) FROM (SELECT owner, row_number() OVER (ORDER BY spy(owner)) FROM own) w', 'bob: a window'),
  ('SELECT count(*) FROM own GROUP BY spy(owner) HAVING bool_and(spy(owner))', 'bob: HAVING')) v (statement, what);
-- an error's text is a channel too
SELECT unalike(pg_temp.seen('SELECT count(*) FROM own WHERE owner::int > 0'), '%alice%', 'bob: an error of a cast speaks of bob''s row alone');
SELECT unalike(pg_temp.seen('INSERT INTO accounts VALUES (0, ''x'')'), '%secret%', 'bob: a unique key''s error does not quote the hidden row');
COMMIT;

SELECT * FROM finish();
