-- How last_seen_at is written: by an update that needs no lock beside itself, within the
-- row's page, unless somebody else is to see it or the row has changed meanwhile.
-- Also: test/pgtap/lifetimes.sql, test/specs/expire_authenticate.spec.
SELECT plan(10);

SELECT session_auth.create_session('user ' || n) FROM generate_series(1, 60) n \g /dev/null
SELECT * FROM session_auth.create_session('alice') \gset a_
CREATE FUNCTION public.seen() RETURNS timestamptz LANGUAGE sql AS $$SELECT last_seen_at FROM session_auth.sessions WHERE user_id = 'alice'$$;
SET session_auth.touch_interval = 0;

SELECT public.seen() AS before \gset
BEGIN;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
COMMIT;
SELECT cmp_ok(public.seen(), '>', :'before'::timestamptz, 'a session is seen');
SELECT is(xmax::text, '0', '… and its row was not locked for it') FROM session_auth.sessions WHERE user_id = 'alice';

-- a page has room for few versions of a row
SELECT pg_relation_size('session_auth.sessions') AS size \gset
CREATE PROCEDURE public.be_seen(token text, times int) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..times LOOP
    PERFORM session_auth.authenticate(token);
    COMMIT;
  END LOOP;
END
$$;
SET client_min_messages = warning;
CALL public.be_seen(:'a_token', 200);
RESET client_min_messages;
SELECT is(pg_relation_size('session_auth.sessions'), :size::bigint, 'one that is seen 200 times stays within its page');
SELECT is(xmax::text, '0', '… with no lock, however full the page was') FROM session_auth.sessions WHERE user_id = 'alice';

-- rows that the transaction has changed itself since it saw them
SELECT public.seen() AS before \gset
BEGIN;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
UPDATE session_auth.sessions SET metadata = '{"a": 1}', last_seen_at = 'epoch' WHERE user_id = 'alice';
COMMIT;
SELECT is(metadata::text, '{"a": 1}', 'what the transaction writes to the row stays') FROM session_auth.sessions WHERE user_id = 'alice';
SELECT cmp_ok(public.seen(), '>', :'before'::timestamptz, '… and the session is seen all the same');
BEGIN;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
DELETE FROM session_auth.sessions WHERE user_id = 'alice';
COMMIT;
SELECT is_empty('SELECT FROM session_auth.sessions WHERE user_id = ''alice''', 'one that it deletes is gone');

-- a trigger of somebody's is told
SELECT * FROM session_auth.create_session('alice') \gset a_
SET session_auth.guard_protection = off;
CREATE TABLE public.log (seen_at timestamptz);
CREATE FUNCTION public.log() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO public.log VALUES (NEW.last_seen_at); RETURN NEW; END$$;
CREATE TRIGGER log BEFORE UPDATE ON session_auth.sessions FOR EACH ROW EXECUTE FUNCTION public.log();
BEGIN;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
COMMIT;
SELECT is((SELECT count(*) FROM log), 1::bigint, 'a trigger on the table sees the update');
SELECT is((SELECT seen_at FROM log), public.seen(), '… as it is');
ALTER TABLE session_auth.sessions DISABLE TRIGGER log;
BEGIN;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
COMMIT;
SELECT is((SELECT count(*) FROM log), 1::bigint, '… unless it is disabled');

SELECT * FROM finish();
