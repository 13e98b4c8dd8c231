-- Rotation: a new token for the same session, the grace window, and theft.
-- Also: test/specs/two_rotations.spec, test/attacks/stolen_tokens.t.
SELECT plan(30);

SET session_auth.rotation_grace = '10s';
SELECT * FROM session_auth.create_session('alice') \gset a_
SELECT * FROM session_auth.rotate_session(:'a_token') \gset b_
SELECT is(:'b_session_id'::text, :'a_session_id', 'rotation keeps the session');
SELECT matches(:'b_token'::text, '^sat_[A-Za-z0-9_-]{43}$', 'it gives a token of our own form');
SELECT isnt(:'b_token'::text, :'a_token', 'it gives a new token');
SELECT is(v.session_id, :'a_session_id', 'the new token verifies') FROM session_auth.verify_session(:'b_token') v;
SELECT is(v.session_id, :'a_session_id', 'the old one verifies within its grace') FROM session_auth.verify_session(:'a_token') v;
SELECT is(v.user_id, 'alice', '… and authenticates') FROM session_auth.authenticate(:'a_token') v;
SELECT results_eq(format('SELECT * FROM session_auth.rotate_session(%L)', :'a_token'), format('SELECT %L::uuid, NULL::text, %L::timestamptz', :'a_session_id', :'b_expires_at'), 'who rotates it again within its grace is told to keep it, and until when');
SELECT is(v.session_id, :'a_session_id', '… it goes on verifying') FROM session_auth.verify_session(:'a_token') v;
SELECT is(token_hash, sha256(:'b_token'), '… and the new token stays the new one') FROM session_auth.sessions WHERE session_id = :'a_session_id';
SELECT is(v.session_id, :'a_session_id', 'that attempt did not end the session') FROM session_auth.verify_session(:'b_token') v;
SELECT * FROM session_auth.rotate_session(:'b_token') \gset c_
SELECT is(v.session_id, :'a_session_id', 'a second rotation works') FROM session_auth.verify_session(:'c_token') v;
SELECT is(count(*), 1::bigint, 'it is still one session') FROM session_auth.list_sessions('alice');
SELECT ok(count(*) >= 2, 'rotations are recorded') FROM session_auth.session_events WHERE session_id = :'a_session_id' AND event ILIKE '%rotat%';
SELECT is(count(*), 0::bigint, 'no event holds a token') FROM session_auth.session_events e WHERE e::text LIKE '%' || :'c_token' || '%' OR e::text LIKE '%' || :'b_token' || '%';

SELECT is(r.token, NULL, 'the first of three tokens, too, within its grace') FROM session_auth.rotate_session(:'a_token') r;
SELECT is(count(*), 2::bigint, 'rotations that came second are none') FROM session_auth.session_events WHERE session_id = :'a_session_id' AND event = 'session_rotated';

-- theft, seen by rotate_session
SET session_auth.rotation_grace = 0;
SELECT * FROM session_auth.create_session('frank') \gset t5_
SELECT * FROM session_auth.rotate_session(:'t5_token') \gset t6_
\set ON_ERROR_STOP off
\set VERBOSITY sqlstate
SELECT session_auth.rotate_session(:'t5_token');
\set refused :SQLSTATE
\set ON_ERROR_STOP on
SELECT is(:'refused'::text, '28000', 'after the grace rotation is refused');
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'t6_token'), '… and ended the session as stolen');

-- theft, seen by verify_session
SET session_auth.rotation_grace = '1s';
SELECT * FROM session_auth.create_session('bob') \gset t1_
SELECT * FROM session_auth.rotate_session(:'t1_token') \gset t2_
SELECT pg_sleep(1.3) \g /dev/null
SELECT is(v.user_id, 'bob', 'after the grace the new token is good') FROM session_auth.verify_session(:'t2_token') v;
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'t1_token'), 'the old one is not');
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'t2_token'), 'and presenting it ended the session');
SELECT ok(count(*) > 0, 'theft is recorded') FROM session_auth.session_events WHERE session_id = :'t1_session_id' AND (event || detail::text) ILIKE '%theft%';

-- theft, seen by authenticate
SELECT * FROM session_auth.create_session('carol') \gset t3_
SELECT * FROM session_auth.rotate_session(:'t3_token') \gset t4_
SELECT pg_sleep(1.3) \g /dev/null
\set ON_ERROR_STOP off
\set VERBOSITY sqlstate
SELECT session_auth.authenticate(:'t3_token');
\set refused :SQLSTATE
\set ON_ERROR_STOP on
SELECT is(:'refused'::text, '28000', 'authenticate refuses a stolen token');
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'t4_token'), 'and that ended the session too');

-- the grace counts from the call, not from its commit
SET session_auth.rotation_grace = '300ms';
SELECT * FROM session_auth.create_session('gina') \gset t7_
BEGIN;
SELECT * FROM session_auth.rotate_session(:'t7_token') \gset t8_
SELECT pg_sleep(0.5) \g /dev/null
COMMIT;
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'t7_token'), 'a transaction that stays open for longer than the grace uses it up');
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'t8_token'), '… so that a request with the old token ends the session');

-- what cannot be rotated
SELECT throws_ok('SELECT session_auth.rotate_session(''sat_' || repeat('A', 43) || ''')', '28000', 'invalid or expired session token', 'an unknown token');
SELECT throws_ok('SELECT session_auth.rotate_session(NULL)', '28000', 'invalid or expired session token', 'no token');
SELECT * FROM session_auth.create_session('dora') \gset d_
SELECT session_auth.expire_session(:'d_session_id'::uuid) \g /dev/null
SELECT throws_ok(format('SELECT session_auth.rotate_session(%L)', :'d_token'), '28000', 'invalid or expired session token', 'the token of an ended session');
BEGIN;
SELECT * FROM session_auth.create_session('erin') \gset e_
SAVEPOINT s;
SELECT token FROM session_auth.rotate_session(:'e_token') \gset r_
ROLLBACK TO s;
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'r_token'), 'a rotation that is rolled back never was');
COMMIT;

SELECT * FROM finish();
