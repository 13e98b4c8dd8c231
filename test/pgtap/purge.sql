-- purge(), purge_sessions and what is recorded: batches, what is locked, equal times,
-- idle sessions, events, and where a procedure may not commit.
-- Also: test/pgtap/sessions.sql, test/pgtap/lifetimes.sql, test/specs/purge_refresh.spec, test/t/purge_worker.t.
SELECT plan(37);

CREATE PROCEDURE public.fill(n int, ended text) LANGUAGE sql AS $$
  INSERT INTO session_auth.sessions (session_id, token_key, created_at, expires_at, last_seen_at, lifetime, token_hash, user_id)
  SELECT gen_random_uuid(), ('x' || left(encode(h, 'hex'), 16))::bit(64)::bigint, now() - interval '40 days',
    CASE ended WHEN 'equal' THEN date_trunc('day', now()) WHEN 'live' THEN now() + interval '1 day' ELSE now() - random() * interval '10 days' END,
    now() - interval '40 days', '1 day', h, 'u' || i
  FROM generate_series(1, n) i, LATERAL sha256((random()::text || '-' || i)::bytea) h;
$$;
CREATE VIEW public.left_over AS SELECT count(*) FILTER (WHERE expires_at <= now()) AS ended, count(*) FILTER (WHERE expires_at > now()) AS live FROM session_auth.sessions;
SET session_auth.purge_delay = 0;

-- all of it, and nothing else, in any batch
SELECT is((SELECT count(*) FROM pg_proc WHERE proname = 'purge' AND prokind = 'p' AND pg_get_function_arguments(oid) = 'IN batch_size integer DEFAULT 10000'), 1::bigint, 'purge is a procedure with a default');
CALL public.fill(500, 'live');
CALL public.fill(2500, 'random');
CALL session_auth.purge(1000);
SELECT results_eq('TABLE public.left_over', 'VALUES (0::bigint, 500::bigint)', 'purge deletes all that has ended, and no more');
CALL public.fill(2500, 'equal');
CALL session_auth.purge(1000);
SELECT results_eq('TABLE public.left_over', 'VALUES (0::bigint, 500::bigint)', '… also what ended at one time');
CALL public.fill(7, 'equal');
CALL public.fill(7, 'random');
CALL session_auth.purge(1);
SELECT results_eq('TABLE public.left_over', 'VALUES (0::bigint, 500::bigint)', '… one by one');
CALL public.fill(2000, 'equal');
CALL session_auth.purge(1000);
SELECT results_eq('TABLE public.left_over', 'VALUES (0::bigint, 500::bigint)', '… in full batches');
CALL public.fill(20, 'random');
CALL session_auth.purge();
SELECT results_eq('TABLE public.left_over', 'VALUES (0::bigint, 500::bigint)', '… with the batch that is the default');
CALL public.fill(20, 'random');
CALL session_auth.purge(2147483647);
SELECT results_eq('TABLE public.left_over', 'VALUES (0::bigint, 500::bigint)', '… with the largest');
CALL public.fill(25, 'random');
SELECT is(session_auth.purge_sessions(10), 10::bigint, 'purge_sessions deletes a batch');
SELECT is(session_auth.purge_sessions(10), 10::bigint, '… and a batch');
SELECT is(session_auth.purge_sessions(10), 5::bigint, '… and the rest');
SELECT is(session_auth.purge_sessions(10), 0::bigint, '… and then nothing');

-- the oldest first
CALL public.fill(20, 'random');
SELECT max(expires_at) AS tenth FROM (SELECT expires_at FROM session_auth.sessions ORDER BY expires_at LIMIT 10) s \gset
SELECT session_auth.purge_sessions(10) \g /dev/null
SELECT is((SELECT count(*) FROM session_auth.sessions WHERE expires_at <= :'tenth'), 0::bigint, 'what ended first goes first');
CALL session_auth.purge();

-- a row that was updated, and so lies elsewhere than the index says
CALL public.fill(50, 'live');
UPDATE session_auth.sessions SET last_seen_at = now();
UPDATE session_auth.sessions SET last_seen_at = now() - interval '1 second';
SELECT results_eq('TABLE public.left_over', 'VALUES (0::bigint, 550::bigint)', 'sessions that were seen');
UPDATE session_auth.sessions SET expires_at = now() - interval '1 second' WHERE session_id IN (SELECT session_id FROM session_auth.sessions LIMIT 300);
UPDATE session_auth.sessions SET last_seen_at = now() WHERE expires_at < now();
UPDATE session_auth.sessions SET expires_at = now() + interval '1 hour' WHERE session_id IN (SELECT session_id FROM session_auth.sessions WHERE expires_at < now() LIMIT 100);
CALL session_auth.purge(30);
SELECT results_eq('TABLE public.left_over', 'VALUES (0::bigint, 350::bigint)', 'what moved in the table is found, and what was refreshed is kept');

-- what goes with it
SELECT * FROM session_auth.create_session('alice') \gset a_
SELECT token AS new FROM session_auth.rotate_session(:'a_token') \gset
UPDATE session_auth.sessions SET expires_at = now() - interval '1 second' WHERE session_id = :'a_session_id';
SELECT is(count(*), 1::bigint, 'a rotated token') FROM session_auth.rotated_tokens;
CALL session_auth.purge();
SELECT is(count(*), 0::bigint, '… goes with its session') FROM session_auth.rotated_tokens;
CREATE TABLE public.devices (id uuid REFERENCES session_auth.sessions ON DELETE CASCADE);
CALL public.fill(5, 'random');
INSERT INTO public.devices SELECT session_id FROM session_auth.sessions WHERE expires_at < now();
CALL session_auth.purge(2);
SELECT is_empty('SELECT FROM public.devices', 'foreign keys that refer to sessions are served');
DROP TABLE public.devices;
CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN old.user_id = 'u1' THEN NULL ELSE old END; END $$;
BEGIN;
SET LOCAL session_auth.guard_protection = off;
CREATE TRIGGER keep BEFORE DELETE ON session_auth.sessions FOR EACH ROW EXECUTE FUNCTION public.keep();
CALL public.fill(3, 'random');
SELECT session_auth.purge_sessions() \g /dev/null
SELECT results_eq('SELECT user_id FROM session_auth.sessions WHERE expires_at < now()', $$VALUES ('u1' COLLATE "C")$$, 'so are triggers before a row is deleted');
ROLLBACK;

-- better-auth's cache of a session
CALL public.fill(10, 'random');
SELECT session_auth.add_cookie_secret('better-auth', 'a secret of better-auth') \g /dev/null
CALL session_auth.purge();
SELECT results_eq('SELECT ended FROM public.left_over', 'VALUES (10::bigint)', 'with better-auth what has ended is kept');
UPDATE session_auth.sessions SET expires_at = expires_at - interval '30 days' WHERE expires_at < now();
CALL session_auth.purge();
SELECT results_eq('SELECT ended FROM public.left_over', 'VALUES (0::bigint)', '… for 30 days');
SELECT session_auth.drop_cookie_secret('better-auth', 'a secret of better-auth') \g /dev/null

-- limits that no index knows
DELETE FROM session_auth.sessions;
CALL public.fill(25, 'live');
SET session_auth.idle_timeout = '1d';
CALL session_auth.purge(10);
SELECT is_empty('SELECT FROM session_auth.sessions', 'what was idle for too long goes too, batch after batch');
RESET session_auth.idle_timeout;

-- events
DELETE FROM session_auth.session_events;
INSERT INTO session_auth.session_events (at, event) SELECT now() - interval '100 days', 'session_created' FROM generate_series(1, 25);
INSERT INTO session_auth.session_events (at, event) VALUES (now() - interval '80 days', 'session_created');
CALL session_auth.purge(10);
SELECT is(count(*), 1::bigint, 'old events go, batch after batch') FROM session_auth.session_events;
INSERT INTO session_auth.session_events (at, event) SELECT now() - interval '100 days', 'session_created' FROM generate_series(1, 25);
SELECT session_auth.purge_sessions(10) \g /dev/null
SELECT is(count(*), 1::bigint, '… with purge_sessions all at once') FROM session_auth.session_events;

-- errors
SELECT throws_ok('CALL session_auth.purge()', '25001', 'purge() cannot be called where it cannot commit', 'within a function it is refused');
SELECT throws_ok('CALL session_auth.purge(0)', '22023', 'invalid batch_size', 'a batch of nothing');
SELECT throws_ok('CALL session_auth.purge(NULL)', '22023', 'invalid batch_size', '… of NULL');
SELECT throws_ok('SELECT session_auth.purge_sessions(NULL)', '22023', 'invalid batch_size', 'purge_sessions likewise');
\set VERBOSITY sqlstate
\set ON_ERROR_STOP off
BEGIN;
CALL session_auth.purge();
\set in_block :LAST_ERROR_SQLSTATE
ROLLBACK;
SELECT is(:'in_block'::text, '25001', 'in a transaction block it is refused');
CREATE PROCEDURE public.twice() LANGUAGE plpgsql AS $$ BEGIN CALL session_auth.purge(); CALL session_auth.purge(); END $$;
CALL public.twice();
SELECT is(:'ERROR'::text, 'false', 'in a procedure that may commit it works');

-- which transactions
CALL public.fill(3, 'random');
CREATE TABLE public.transactions (id xid8);
CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.transactions VALUES (pg_current_xact_id()); RETURN NULL; END $$;
SET session_auth.guard_protection = off;
CREATE TRIGGER note AFTER DELETE ON session_auth.sessions FOR EACH ROW EXECUTE FUNCTION public.note();
CALL session_auth.purge(1);
SELECT is(count(DISTINCT id), 3::bigint, 'a batch is a transaction') FROM public.transactions;
DROP TRIGGER note ON session_auth.sessions;
RESET session_auth.guard_protection;

-- what is recorded
CREATE FUNCTION public.recorded(setting text) RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM session_auth.session_events;
  PERFORM set_config('session_auth.record_events', setting, true);
  PERFORM session_auth.create_session('bob');
  PERFORM session_auth.create_role('R'), session_auth.grant_role('bob', 'R'), session_auth.drop_role('R');
  PERFORM session_auth.impersonate('bob');
  PERFORM session_auth.deauthenticate();
  PERFORM session_auth.add_cookie_secret('express', 'one more'), session_auth.drop_cookie_secret('express', 'one more');
  PERFORM session_auth.grant_usage('sa_plain', 'monitor'), session_auth.revoke_usage('sa_plain', 'monitor');
  RETURN (SELECT array_agg(DISTINCT split_part(event, '_', 1) ORDER BY split_part(event, '_', 1)) FROM session_auth.session_events);
END $$;
SELECT is(public.recorded('all'), '{cookie,impersonated,role,session,usage}', 'all events');
SELECT is(public.recorded('none'), NULL, 'none');
SELECT is(public.recorded('sessions, keys'), '{cookie,session}', 'some classes');
SELECT is(public.recorded('impersonation,permissions,usages'), '{impersonated,role,usage}', '… and others');
SELECT throws_ok($$SET session_auth.record_events = 'sessions,none'$$, '22023', 'invalid value for parameter "session_auth.record_events": "sessions,none"', 'none is none of several');
SELECT throws_ok($$SET session_auth.record_events = ''$$, '22023', 'invalid value for parameter "session_auth.record_events": ""', 'nothing is no answer');
SET ROLE sa_admin;
SELECT throws_ok($$SET session_auth.record_events = 'none'$$, '42501', NULL, 'it is not the administrator''s to change');
RESET ROLE;

SELECT * FROM finish();
