-- The settings that end a session in time, what keeps it alive, and when
-- last_seen_at is written.
-- Also: test/attacks/clock.t.
SELECT plan(23);

CREATE FUNCTION public.seen(wanted text) RETURNS timestamptz LANGUAGE sql AS 'SELECT last_seen_at FROM session_auth.list_sessions(wanted)';
SELECT * FROM session_auth.create_session('alice', '1 hour') \gset a_
SELECT public.seen('alice') AS created \gset

-- touch_interval
SELECT count(*) FROM session_auth.verify_session(:'a_token') \g /dev/null
SELECT is(public.seen('alice'), :'created', 'within touch_interval nothing is written');
SET session_auth.touch_interval = 0;
EXPLAIN SELECT session_auth.user_id(), session_auth.has_permission('view', 'accounts') \g /dev/null
EXPLAIN SELECT * FROM session_auth.authenticate(:'a_token') \g /dev/null
EXPLAIN SELECT * FROM session_auth.verify_session(:'a_token') \g /dev/null
SELECT is(public.seen('alice'), :'created', 'planning writes nothing');
BEGIN READ ONLY;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
COMMIT;
SELECT is(public.seen('alice'), :'created', 'a read-only transaction writes nothing');
BEGIN;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
ROLLBACK;
SELECT is(public.seen('alice'), :'created', 'a transaction that is rolled back writes nothing');
BEGIN;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
COMMIT;
SELECT cmp_ok(public.seen('alice'), '>', :'created'::timestamptz, 'authenticate is seen');
SELECT is(v.expires_at, :'a_expires_at', '… and leaves the expiry alone') FROM session_auth.verify_session(:'a_token') v;
BEGIN;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
SELECT session_auth.expire_session(:'a_session_id'::uuid) \g /dev/null
COMMIT;
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'a_token'), 'a session that is seen and ended in one transaction has ended');
RESET session_auth.touch_interval;

-- idle_timeout
SELECT * FROM session_auth.create_session('busy') \gset busy_
SELECT * FROM session_auth.create_session('lazy') \gset lazy_
SET session_auth.touch_interval = 0;
SET session_auth.idle_timeout = '3s';
SELECT pg_sleep(1.6) \g /dev/null
BEGIN;
SELECT session_auth.authenticate(:'busy_token') \g /dev/null
COMMIT;
SELECT pg_sleep(1.6) \g /dev/null
SELECT is(v.user_id, 'busy', 'being seen keeps a session alive') FROM session_auth.verify_session(:'busy_token') v;
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'lazy_token'), '… not being seen ends it');
SELECT throws_ok(format('SELECT session_auth.refresh_session(%L)', :'lazy_token'), '28000', 'invalid or expired session token', '… and it cannot be refreshed');
SELECT throws_ok(format('SELECT session_auth.rotate_session(%L)', :'lazy_token'), '28000', 'invalid or expired session token', '… nor rotated');
SELECT is_empty('SELECT * FROM session_auth.list_sessions(''lazy'')', '… nor is it on the list');
SELECT is(session_auth.purge_sessions() > 0, true, 'purge_sessions takes it');
SELECT is_empty($$SELECT FROM session_auth.sessions WHERE user_id = 'lazy'$$, '… away');
RESET session_auth.idle_timeout;
RESET session_auth.touch_interval;

-- absolute_lifetime
SELECT * FROM session_auth.create_session('old', '1 hour') \gset old_
SET session_auth.absolute_lifetime = '1s';
SELECT * FROM session_auth.create_session('young', '1 hour') \gset young_
SELECT cmp_ok(:'young_expires_at'::timestamptz, '<=', clock_timestamp() + '1 second', 'a new session does not outlive absolute_lifetime');
SELECT pg_sleep(1.2) \g /dev/null
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'old_token'), 'absolute_lifetime ends a session that was promised more');
SELECT throws_ok(format('SELECT session_auth.authenticate(%L)', :'old_token'), '28000', 'invalid or expired session token', '… for authenticate too');
SELECT throws_ok(format('SELECT session_auth.rotate_session(%L)', :'old_token'), '28000', 'invalid or expired session token', '… and rotation is no way around');
SELECT is(session_auth.purge_sessions(), 3::bigint, 'purge_sessions takes all that are as old');
RESET session_auth.absolute_lifetime;

-- event_retention
SELECT isnt_empty('SELECT FROM session_auth.session_events', 'events are kept');
SET session_auth.event_retention = '1s';
SELECT pg_sleep(1.2) \g /dev/null
SELECT session_auth.purge_sessions() \g /dev/null
SELECT is_empty($$SELECT FROM session_auth.session_events WHERE at < clock_timestamp() - interval '1 second'$$, '… for event_retention');
RESET session_auth.event_retention;

-- bounds
SELECT throws_ok('SET session_auth.session_lifetime = ''-1s''', '22023', NULL, 'a negative lifetime is refused');
SELECT throws_ok('SET session_auth.rotation_grace = ''-1s''', '22023', NULL, 'a negative grace is refused');

SELECT * FROM finish();
