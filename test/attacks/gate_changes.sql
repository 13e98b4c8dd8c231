-- Attack: a query that goes on while what it was let in for is taken away: between two FETCHes,
-- or by the query itself, which becomes somebody else for its next rows. And what is computed
-- early, that no row asks for, or as somebody who may not: errors where there were none.
-- Holds: the same with and without session_auth.gate_policies and fold_filters. Guards: src/executor/moment.h, and in
-- src/executor/fold.c stands_alone() and is_due(), in src/executor/constancy.c changes_by_itself().
-- Also: test/pgtap/gate.sql, test/attacks/gate.sql, test/attacks/gate_rechecks.t,
-- test/attacks/gate_subplans.sql.
SELECT plan(19);
\ir people.psql

CREATE TABLE many (id int, owner text, resource text, kind text);
INSERT INTO many SELECT n, 'alice', 'accounts', 'ordinary' FROM generate_series(1, 2200) n;
GRANT SELECT ON many TO sa_request;
ALTER TABLE many ENABLE ROW LEVEL SECURITY;

-- What is left to be fetched after 1,040 rows and a change.
CREATE FUNCTION public.rest(gate boolean, token text, change text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  c refcursor;
  n int;
BEGIN
  PERFORM enter(gate, token);
  OPEN c FOR SELECT id FROM public.many;
  MOVE 1040 FROM c;
  RESET ROLE;
  EXECUTE change;
  SET LOCAL ROLE sa_request;
  MOVE ALL FROM c;
  GET DIAGNOSTICS n = ROW_COUNT;
  CLOSE c;
  RESET ROLE;
  RETURN n;
END $$;

CREATE POLICY p ON many USING (session_auth.has_permission('view', 'accounts'));
BEGIN;
SELECT is(rest(g, :'alice', 'SELECT session_auth.deauthenticate()'), 0, 'a bare has_permission, and nobody; gate ' || g) FROM unnest('{f,t}'::boolean[]) g;
SELECT is(rest(g, :'alice', 'SELECT 1'), 1160, '… and nothing; gate ' || g) FROM unnest('{f,t}'::boolean[]) g;
SELECT is(rest(g, :'alice', $$SELECT session_auth.deny_permission('ADMIN', 'view', 'accounts')$$), 0, '… and a denial; gate ' || g) FROM unnest('{t,f}'::boolean[]) g;
ROLLBACK;
DROP POLICY p ON many;
CREATE POLICY p ON many USING (session_auth.has_permission(session_auth.role(), 'view', resource) AND owner = session_auth.user_id());
BEGIN;
SELECT is(rest(g, :'alice', 'SELECT session_auth.deauthenticate()'), 0, 'calls for each row, and nobody; gate ' || g) FROM unnest('{f,t}'::boolean[]) g;
ROLLBACK;
DROP POLICY p ON many;
CREATE POLICY p ON many USING (current_setting('app.who', true) = 'alice');
BEGIN;
SET LOCAL app.who = 'alice';
SELECT is(rest(g, :'alice', 'SET LOCAL app.who = mallory'), 0, 'a setting that no function of ours reads; gate ' || g) FROM unnest('{f}'::boolean[]) g;
SET LOCAL app.who = 'alice';
SELECT is(rest(g, :'alice', 'SET LOCAL app.who = mallory'), 0, 'a setting that no function of ours reads; gate ' || g) FROM unnest('{t}'::boolean[]) g;
COMMIT;

-- an expiry, which comes with the next statement
DROP POLICY p ON many;
CREATE POLICY p ON many USING (owner = session_auth.user_id());
CREATE TABLE rests (gate text, n int);
GRANT INSERT ON rests TO sa_request;
UPDATE session_auth.sessions SET expires_at = clock_timestamp() + interval '3 s' WHERE user_id = 'alice';
BEGIN;
SET LOCAL ROLE sa_request;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
DECLARE c CURSOR FOR SELECT id FROM many;
MOVE 1040 FROM c;
SELECT pg_sleep(3.1) \g /dev/null
SELECT is(session_auth.user_id(), NULL, 'the identity has expired');
FETCH ALL FROM c \g /dev/null
SELECT is(:ROW_COUNT, 0, 'an expiry between two FETCHes');
COMMIT;
UPDATE session_auth.sessions SET expires_at = clock_timestamp() + interval '1 h' WHERE user_id = 'alice';

-- a query that becomes bob for its second row, and scans again
DROP POLICY p ON many;
CREATE POLICY p ON many USING (session_auth.has_permission('view', 'accounts'));
CREATE FUNCTION public.become(token text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$ BEGIN PERFORM session_auth.authenticate(token); RETURN session_auth.user_id(); END $$;
CREATE TABLE tokens (n int, token text);
INSERT INTO tokens VALUES (1, :'alice'), (2, :'bob');
GRANT SELECT ON tokens TO sa_request;
CREATE FUNCTION public.turns(gate boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  found text;
BEGIN
  PERFORM session_auth.deauthenticate();
  PERFORM set_config('session_auth.gate_policies', gate::text, true), set_config('session_auth.fold_filters', gate::text, true), set_config('enable_material', 'off', true);
  SET LOCAL ROLE sa_request;
  SELECT string_agg(t.who, ' ') INTO found FROM (SELECT become(token) AS who FROM tokens ORDER BY n OFFSET 0) t, LATERAL (SELECT FROM many WHERE id <= 2 AND t.who IS NOT NULL OFFSET 0) m;
  RESET ROLE;
  RETURN found;
END $$;
SELECT is(turns(g), 'alice alice', 'a query that becomes somebody else; gate ' || g) FROM unnest('{f,t}'::boolean[]) g;

-- errors that no row asks for
CREATE FUNCTION public.count_of(gate boolean, token text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  PERFORM enter(gate, token);
  SELECT count(*) INTO n FROM public.many;
  RESET ROLE;
  RETURN n;
END $$;
DROP POLICY p ON many;
CREATE POLICY p ON many USING (CASE WHEN kind = 'special' THEN session_auth.has_permission('view', current_setting('app.special')) ELSE true END);
SELECT is(count_of(g, :'alice'), 2200::bigint, 'an argument that raises an error, in a CASE; gate ' || g) FROM unnest('{f,t}'::boolean[]) g;
DROP POLICY p ON many;
CREATE POLICY p ON many USING (session_auth.has_permission('view', current_setting('app.special')));
CREATE TABLE aside AS TABLE many;
TRUNCATE many;
SELECT is(count_of(g, :'alice'), 0::bigint, '… on an empty table; gate ' || g) FROM unnest('{f,t}'::boolean[]) g;
INSERT INTO many TABLE aside;

-- a filter is not made anew as somebody who may not call what is in it
CREATE FUNCTION public.secret(text) RETURNS boolean LANGUAGE plpgsql STABLE AS 'BEGIN RETURN true; END';
REVOKE ALL ON FUNCTION secret(text) FROM PUBLIC;
CREATE ROLE attacks_definer;
SELECT session_auth.grant_usage('attacks_definer', 'request') \g /dev/null
GRANT SELECT ON many TO attacks_definer;
GRANT EXECUTE ON FUNCTION secret(text) TO attacks_definer;
CREATE FUNCTION public.opens() RETURNS refcursor LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  c refcursor := 'opened';
BEGIN
  OPEN c FOR SELECT id FROM public.many;
  RETURN c;
END $$;
ALTER FUNCTION opens() OWNER TO attacks_definer;
DROP POLICY p ON many;
CREATE POLICY p ON many USING (owner = session_auth.user_id() AND secret(kind));
BEGIN;
SET LOCAL ROLE sa_request;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
SELECT opens() \g /dev/null
FETCH ALL FROM opened \g /dev/null
SELECT is(:ROW_COUNT, 2200, 'a cursor of a definer goes on as its caller');
COMMIT;
DROP OWNED BY attacks_definer;
DROP ROLE attacks_definer;
SELECT * FROM finish();
