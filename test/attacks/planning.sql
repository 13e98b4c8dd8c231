-- Attack: have something done, written or leaked while a query is only planned:
-- EXPLAIN, PREPARE, selectivity of STABLE functions, folding of constants.
-- Holds: planning has no side effects: no last_seen_at, no identity, no event; what
-- changes something is VOLATILE. Guards: sql/parts/identity.sql and sessions.sql.
SELECT plan(24);
\ir people.psql
SET session_auth.touch_interval = 0;
CREATE VIEW public.state AS SELECT (SELECT string_agg(s::text, E'\n' ORDER BY s.session_id) FROM session_auth.sessions s) AS sessions,
  (SELECT count(*) FROM session_auth.session_events) AS events, (SELECT count(*) FROM session_auth.rotated_tokens) AS rotated;
CREATE TABLE public.before AS SELECT * FROM state;
CREATE FUNCTION public.planned(statement text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (VERBOSE) ' || statement LOOP END LOOP;
  EXECUTE 'PREPARE p AS ' || statement;
  FOR line IN EXECUTE 'EXPLAIN EXECUTE p' LOOP END LOOP;
  DEALLOCATE p;
END $$;
SELECT pg_sleep(0.01) \g /dev/null
BEGIN;
SELECT planned(statement) FROM (VALUES
  (format('SELECT * FROM session_auth.authenticate(%L)', :'alice')),
  (format('SELECT session_auth.authenticate(%L, ''connection'')', :'alice')),
  (format('SELECT 1 FROM accounts WHERE owner = (session_auth.authenticate(%L)).user_id', :'alice')),
  (format('SELECT * FROM session_auth.verify_session(%L)', :'alice')),
  (format('SELECT 1 FROM accounts WHERE owner = (SELECT v.user_id FROM session_auth.verify_session(%L) v)', :'alice')),
  (format('SELECT session_auth.refresh_session(%L) > now()', :'alice')),
  (format('SELECT session_auth.rotate_session(%L)', :'alice')),
  (format('SELECT 1 FROM accounts WHERE session_auth.expire_session(%L::text)', :'alice')),
  ('SELECT session_auth.expire_user_sessions(''alice'')'),
  ('SELECT 1 FROM accounts WHERE id = session_auth.sign_out()'),
  ('SELECT session_auth.deauthenticate()'),
  ('SELECT session_auth.create_session(''alice'')'),
  ('SELECT session_auth.impersonate(''alice'')'),
  ('SELECT 1 FROM accounts WHERE id < session_auth.purge_sessions()'),
  ('SELECT * FROM accounts WHERE owner = session_auth.user_id() AND session_auth.has_permission(''view'', owner)')) v (statement) \g /dev/null
SELECT is(who(), 'nobody', 'planning authenticates nobody');
COMMIT;
SELECT set_eq('TABLE state', 'TABLE before', 'and changes no session, no token, no event');
SELECT is(session_auth.is_authenticated(), false, 'nor the connection''s identity');
SELECT isnt(provolatile, 's', proname || ' is VOLATILE, so no planner calls it') FROM pg_proc
  WHERE pronamespace = 'session_auth'::regnamespace AND proname IN ('authenticate', 'deauthenticate', 'impersonate', 'verify_session', 'refresh_session', 'rotate_session', 'expire_user_sessions', 'sign_out', 'create_session', 'purge_sessions') ORDER BY proname;
-- and a reader, which a planner may call, writes nothing when it is
BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
ROLLBACK;
SELECT set_eq('TABLE state', 'TABLE before', 'an identity that was rolled back wrote nothing');
SELECT is_empty($$SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'session_auth'::regnamespace AND provolatile <> 'v' AND proname <> 'column_writer' AND prosrc ~* '(?<!AFTER |OR )\m(insert|update|delete) '$$, 'no STABLE function of SQL writes');
-- a reader called for its selectivity, by who is denied, tells nothing
SET ROLE sa_request;
CREATE FUNCTION pg_temp.estimate(statement text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN ' || statement LOOP RETURN substring(line FROM 'rows=(\d+)')::numeric; END LOOP;
END $$;
SELECT is(pg_temp.estimate('SELECT * FROM accounts WHERE owner = ''alice'''), pg_temp.estimate('SELECT * FROM accounts WHERE owner = ''nobody at all'''), 'estimates behind a policy tell nothing of its rows');
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
SELECT is(who(), 'nobody', 'outside a transaction an identity ends with its statement, planned or not');

SELECT * FROM finish();
