-- Attack: have the victim use a session that the attacker knows: a chosen, weak or
-- used token, one that is somebody else's, a session's own old token, a session_id.
-- Holds: only an issuer registers a token, of 122 bits at least, once; a request role
-- neither creates, rotates nor moves a session, and rotation leaves the old one behind.
-- Guards: src/sql/sql_session.c, framework_token() and require_unused_token(); rights.sql.
SELECT plan(32);
\ir people.psql
SELECT gen_random_uuid() AS u1 \gset
SET ROLE sa_issuer;
SELECT throws_ok(format('SELECT session_auth.create_session(''victim'', token => %L)', token), '22023', 'invalid token', 'weak: ' || left(token, 40)) FROM unnest(ARRAY['', 'x', '12345678901234567890', repeat('a', 100), repeat('ab', 60), '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-4fff-bfff-ffffffffffff', 'c232ab00-9414-11ec-b3c8-9f6bdeced846', '01890a5d-ac96-774b-bcce-b302099a8057',
  'sat_' || repeat('A', 43), 'sat_short0123456789abcdef', '0123456789abcdef012345', repeat('A1b2', 4), 'token with spaces in it 0123456789', E'line\nfeed0123456789abcdefghijkl', 'eyJhbGciOiJub25lIn0.e30.AA', repeat('Ab1-', 70)]) token;
SELECT lives_ok(format('SELECT session_auth.create_session(''victim'', token => %L)', :'u1'), 'a uuid of version 4');
SELECT throws_ok(format('SELECT session_auth.create_session(''mallory'', token => %L)', :'u1'), '22023', 'invalid token', 'used by a session: for nobody else');
SELECT throws_ok(format('SELECT session_auth.create_session(''victim'', token => %L)', :'u1'), '22023', 'invalid token', '… nor for the same user');
SELECT token AS t2, session_id AS s2 FROM session_auth.rotate_session(:'u1') \gset
SELECT throws_ok(format('SELECT session_auth.create_session(''mallory'', token => %L)', :'u1'), '22023', 'invalid token', 'rotated away: never used again');
SELECT session_auth.expire_session(:'s2'::uuid) \g /dev/null
SELECT throws_ok(format('SELECT session_auth.create_session(''mallory'', token => %L)', :'t2'), '22023', 'invalid token', 'of an ended session: neither');
SELECT is((SELECT count(*) FROM session_auth.verify_session(:'s2'::text)), 0::bigint, 'a session_id opens nothing');
SELECT is((SELECT count(*) FROM session_auth.verify_session(encode(sha256(:'t2'), 'hex'))), 0::bigint, 'nor does the hash that is stored');

-- rotation at sign-in: what the attacker knew is left behind
SELECT token AS known, session_id AS known_id FROM session_auth.create_session('guest') \gset
SELECT token AS after, session_id AS after_id FROM session_auth.rotate_session(:'known') \gset
SELECT isnt(:'known'::text, :'after', 'sign-in rotates');
RESET ROLE;
SET session_auth.rotation_grace = 0;
SELECT is((SELECT count(*) FROM session_auth.verify_session(:'after')), 1::bigint, 'the new token is the user''s');
SELECT throws_ok(format('SELECT session_auth.rotate_session(%L)', :'known'), '28000', NULL, 'the known one rotates nothing');
RESET session_auth.rotation_grace;

-- a request role has no part in it
SET ROLE sa_request;
SELECT throws_ok(statement, '42501', NULL, 'request: ' || statement) FROM (VALUES ('SELECT session_auth.create_session(''victim'')'), (format('SELECT session_auth.rotate_session(%L)', :'alice')), (format('SELECT session_auth.refresh_session(%L)', :'alice')), (format('SELECT session_auth.impersonate(''alice'')'))) v (statement);
-- tokens in two places of one request: what stands first, and never the next
SELECT throws_ok(format('SELECT session_auth.authenticate_request(%L, %L)', 'session=' || gen_random_uuid(), 'Bearer ' || :'alice'), '28000', NULL, 'a cookie that is refused is not made good by a header');

SELECT * FROM finish();
