-- Attack: the owner of a table plants a function in a policy and waits for an administrator to ask
-- explain_access: to be run with the extension's rights, or to write with the administrator's;
-- an administrator's helper functions are called to read rows, or conditions of his own.
-- Holds: conditions run as who asks, in a read-only transaction that is taken back, and
-- never as the extension's owner; rows are found and not shown.
-- Guards: sql/parts/access.sql, access_explanation(); src/sql/row_search.c; src/sql/sql_access.c, read_policy().
-- Also: test/pgtap/explain_access.sql.
SELECT plan(11);

SELECT session_auth.grant_usage('sa_owner', 'admin') \g /dev/null
GRANT CREATE ON SCHEMA public TO sa_owner;
CREATE TABLE public.spoils (by_whom text, what text);
GRANT ALL ON spoils TO PUBLIC;
CREATE TABLE public.accounts (id int PRIMARY KEY, owner text);
INSERT INTO accounts VALUES (1, 'ada');
ALTER TABLE accounts OWNER TO sa_owner;

SET ROLE sa_owner;
CREATE FUNCTION public.planted(n int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'as % of %, %', current_user, session_auth.user_id(), current_setting('transaction_read_only');
END $$;
CREATE FUNCTION public.writing(n int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO spoils VALUES (current_user, 'written'); RETURN true; END $$;
CREATE FUNCTION public.unlocking(n int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('transaction_read_only', 'off', true); INSERT INTO spoils VALUES (current_user, 'unlocked'); RETURN true; END $$;
CREATE FUNCTION public.granting(n int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM session_auth.create_role('PLANTED'); RETURN true; END $$;
CREATE FUNCTION public.staying(n int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM session_auth.impersonate('mallory'); RETURN true; END $$;
CREATE FUNCTION public.constant(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN IF current_user <> 'sa_owner' THEN RAISE EXCEPTION 'planned as %', current_user; END IF; RETURN n; END $$;
ALTER TABLE accounts ADD CHECK (constant(1) = 1), ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY a_planted ON accounts USING (planted(id));
CREATE POLICY b_writing ON accounts USING (writing(id));
CREATE POLICY c_unlocking ON accounts USING (unlocking(id));
CREATE POLICY d_granting ON accounts USING (granting(id));
CREATE POLICY e_staying ON accounts USING (staying(id));
RESET ROLE;

SET ROLE sa_admin;
CREATE TEMP TABLE said AS SELECT * FROM session_auth.explain_access('accounts', 'view', 'ada', '{"id": 1}');
SELECT is(reason, '"planted(id)" cannot be asked: as sa_admin of ada, on', 'a planted function runs as who asks') FROM said WHERE policy = 'a_planted';
SELECT is(reason, '"writing(id)" cannot be asked: cannot execute INSERT in a read-only transaction', '… and does not write') FROM said WHERE policy = 'b_writing';
SELECT matches(reason, 'cannot set transaction read-write mode inside a read-only transaction', '… nor when it tries to') FROM said WHERE policy = 'c_unlocking';
SELECT matches(reason, 'cannot execute INSERT in a read-only transaction', '… nor through the extension') FROM said WHERE policy = 'd_granting';
SELECT matches(reason, 'cannot execute impersonate\(\) in a read-only transaction', '… nor becomes somebody else') FROM said WHERE policy = 'e_staying';
SELECT is(session_auth.user_id(), NULL, 'nobody is left behind');
SELECT is((SELECT count(*) FROM spoils), 0::bigint, 'nothing is written');
SELECT is(reason, 'the row exists', 'what stands in a constraint is not run to find the row') FROM said WHERE kind = 'row';

-- the pieces by themselves
SELECT throws_ok(format($$SELECT session_auth.condition_holds(%s, false, 0, '{"event": "x"}', false, 'public')$$, (SELECT oid FROM pg_policy WHERE polname = 'granted')), '22023', 'invalid policy', 'the extension''s own policies are not asked');
SELECT throws_ok($$SELECT session_auth.rows_found('spoils', '{"what": "x"}')$$, '22023', 'invalid target', 'rows are looked for where there is row-level security alone');
SELECT throws_ok($$SELECT session_auth.rows_found('pg_authid', '{"rolname": "postgres"}')$$, '22023', 'invalid target', '… and not in the catalogue');
RESET ROLE;

SELECT * FROM finish();
