-- Signed and encrypted tokens that are taken back: at once, also where their
-- cryptography is remembered, in any isolation level, and under an identity that
-- the connection holds. Other connections are in test/t/jwt.t.
-- Also: test/attacks/revocation_in_force.sql.
\ir tokens.psql
SELECT plan(87);

SELECT session_auth.add_key(NULL, 'HS256', secret()) \g /dev/null
SELECT session_auth.add_key('a', 'HS256', secret()) \g /dev/null
SELECT session_auth.add_key('b', 'HS256', secret(), 'https://b.example') \g /dev/null
SET session_auth.clock_skew = 0;

-- by jti
SELECT jwt('{"jti": "j1"}') AS one, jwt('{"jti": "j1", "iss": "https://b.example"}', '{"kid": "b"}') AS same_jti, jwt('{"jti": "j2"}') AS two, jwt('{"jti": "j1", "x": 1}') AS again \gset
SELECT accepted(:'one', 'before, and now remembered');
SELECT accepted(:'same_jti', 'another issuer''s with that jti');
SELECT accepted(:'again', 'another text with that jti');
SELECT is(session_auth.revoke_token('j1', 'https://b.example'), true, 'revoke_token of an issuer');
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'same_jti'), '… refuses that issuer''s');
SELECT accepted(:'one', '… not the other''s');
SELECT is(session_auth.revoke_token('j1'), true, 'revoke_token whoever issued it');
SELECT refused(:'one', 'a revoked token that is remembered');
SELECT refused(:'again', 'another text of it');
SELECT is(session_auth.revoke_token('j1'), false, 'once');
SELECT is(session_auth.revoke_token('j1', until => 'infinity'), false, '… and for ever is longest');
SELECT accepted(:'two', 'other tokens stay');
SELECT is(session_auth.revoke_token('j2', until => now() + interval '1 hour'), true, 'until its end');
SELECT is(session_auth.revoke_token('j2', until => now() + interval '1 minute'), false, 'a shorter one changes nothing');
SELECT is(session_auth.revoke_token('j2', until => now() + interval '2 hours'), true, 'a longer one does');
SELECT refused(:'two', 'a token revoked until its end');
BEGIN;
SELECT session_auth.revoke_token('j3') \g /dev/null
SELECT refused(jwt('{"jti": "j3"}'), 'in the transaction that revokes it');
ROLLBACK;
SELECT accepted(jwt('{"jti": "j3"}'), 'a revocation that is rolled back never was');

-- purging: a revocation is kept as long as its token could be used
SET session_auth.clock_skew = '60s';
SELECT jwt(jsonb_build_object('jti', 'late', 'exp', in_seconds(-2))) AS late \gset
SELECT session_auth.revoke_token('late', until => now() - interval '2 seconds') \g /dev/null
SELECT refused(:'late', 'revoked, past its end, within the clock skew');
SELECT session_auth.purge_sessions() \g /dev/null
SELECT refused(:'late', '… after purge_sessions too');
SELECT jwt(jsonb_build_object('exp', in_seconds(-2))) AS skewed \gset
SELECT accepted(:'skewed', 'past its end, within the clock skew');
SET session_auth.clock_skew = 0;
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'skewed'), 'a smaller clock skew binds at once');
SELECT refused(:'two', 'what is revoked for longer outlives purge_sessions');

-- by user
SELECT jwt(jsonb_build_object('sub', 'bob', 'iat', in_seconds(-10))) AS old, jwt('{"sub": "bob"}') AS undated, jwt(jsonb_build_object('sub', 'bobby', 'iat', in_seconds(-10))) AS other \gset
SELECT accepted(:'old', 'bob''s token');
SELECT accepted(:'undated', '… one without iat');
SELECT accepted(:'other', 'somebody else''s');
SELECT session_auth.expire_user_sessions('bob') \g /dev/null
SELECT refused(:'old', 'issued before expire_user_sessions');
SELECT refused(:'undated', 'without iat: it may have been');
SELECT accepted(:'other', 'somebody else''s stays');
SELECT session_auth.purge_sessions() \g /dev/null
SELECT refused(:'old', '… after purge_sessions too');
SET session_auth.clock_skew = '15s';
SELECT accepted(jwt(jsonb_build_object('sub', 'bob', 'iat', in_seconds(2))), 'issued after it');
SET session_auth.clock_skew = 0;
BEGIN;
SELECT session_auth.expire_user_sessions('bobby') \g /dev/null
SELECT refused(:'other', 'in the transaction that ends it');
ROLLBACK;
SELECT accepted(:'other', 'rolled back');

-- by key
SELECT accepted(jwt('{"x": 1}', '{"kid": "a"}'), 'with key a');
SELECT jwt('{"x": 1}', '{"kid": "a"}') AS a \gset
SELECT accepted(:'a', 'remembered');
BEGIN;
SELECT session_auth.disable_key('a') \g /dev/null
SELECT refused(:'a', 'in the transaction that retires its key');
SAVEPOINT s;
SELECT session_auth.add_key('new', 'HS256', secret()) \g /dev/null
SELECT jwt('{"x": 1}', '{"kid": "new"}') AS new \gset
SELECT accepted(:'new', 'a key that this subtransaction added');
ROLLBACK TO s;
SELECT refused(:'new', '… and took back');
ROLLBACK;
SELECT accepted(:'a', 'a key whose retirement is rolled back');
SELECT session_auth.disable_key('a') \g /dev/null
SELECT refused(:'a', 'of a retired key, remembered');
SELECT session_auth.drop_key('a') \g /dev/null
SELECT refused(:'a', 'of a dropped key');
SELECT session_auth.add_key('a', 'HS256', repeat('another secret of 32 bytes. ', 2)) \g /dev/null
SELECT refused(:'a', 'of a key that another secret has taken the place of');
SELECT session_auth.drop_key('a'), session_auth.add_key('a', 'HS256', secret(), audiences => '{api}') \g /dev/null
SELECT refused(:'a', 'of the same key with audiences');
SELECT session_auth.drop_key('a'), session_auth.add_key('a', 'HS256', secret()) \g /dev/null
SELECT accepted(:'a', 'of the same key as before');

-- an older snapshot hides nothing
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT accepted(:'a', 'in REPEATABLE READ');
SELECT session_auth.drop_key('a') \g /dev/null
SELECT refused(:'a', 'in REPEATABLE READ, of a dropped key');
ROLLBACK;

-- an identity that the connection holds
SELECT jwt('{"jti": "c1", "role": "ADMIN"}', '{"kid": "a"}') AS c1 \gset
SELECT session_auth.authenticate(:'c1', 'connection') \g /dev/null
SELECT is(session_auth.user_id(), 'alice', 'scope connection');
SELECT is(session_auth.role(), 'ADMIN', 'its role');
SELECT session_auth.revoke_token('c1') \g /dev/null
SELECT is(session_auth.user_id(), NULL, 'revoke_token ends it at the next transaction');
SELECT session_auth.authenticate(:'a', 'connection') \g /dev/null
SELECT is(session_auth.user_id(), 'alice', 'another token');
SELECT session_auth.disable_key('a') \g /dev/null
SELECT is(session_auth.user_id(), NULL, 'disable_key ends it');
SELECT session_auth.drop_key('a'), session_auth.add_key('a', 'HS256', secret()) \g /dev/null
SELECT session_auth.authenticate(:'a', 'connection') \g /dev/null
SELECT is(session_auth.user_id(), 'alice', 'the key is there again');
SELECT session_auth.expire_user_sessions('alice') \g /dev/null
SELECT is(session_auth.user_id(), NULL, 'expire_user_sessions ends it');
SELECT session_auth.authenticate(jwt(jsonb_build_object('sub', 'carol', 'exp', in_seconds(2)), '{"kid": "a"}'), 'connection') \g /dev/null
SELECT is(session_auth.user_id(), 'carol', 'a token of two seconds');
SELECT pg_sleep(2.2) \g /dev/null
SELECT is(session_auth.user_id(), NULL, '… ends by itself');
SELECT session_auth.authenticate(jwt('{"sub": "dora", "jti": "d"}'), 'connection') \g /dev/null
SELECT session_auth.grant_role('dora', 'LATE') FROM session_auth.create_role('LATE') \g /dev/null
SELECT is(session_auth.roles(), '{LATE}'::text[], 'a role granted since is seen at the next transaction');

-- sign_out
SELECT is(session_auth.sign_out(), 1::bigint, 'sign_out revokes the token by its jti');
SELECT is(session_auth.user_id(), NULL, '… and drops the identity');
SELECT refused(jwt('{"sub": "dora", "jti": "d"}'), 'a token that was signed out');
BEGIN;
SELECT session_auth.authenticate(jwt('{"sub": "dora"}')) \g /dev/null
SELECT is(session_auth.sign_out(), 1::bigint, 'sign_out of a token without jti');
COMMIT;
SELECT refused(jwt('{"sub": "dora"}'), '… refuses it, and as it cannot be told from others');
SELECT refused(jwt(jsonb_build_object('sub', 'dora', 'jti', 'd2', 'iat', in_seconds(-1))), '… all that the user had');
SELECT jwt(jsonb_build_object('sub', 'erin', 'iat', in_seconds(-5), 'jti', 'e1')) AS e1, jwt(jsonb_build_object('sub', 'erin', 'iat', in_seconds(-5), 'jti', 'e2')) AS e2 \gset
BEGIN;
SELECT session_auth.authenticate(:'e1') \g /dev/null
SELECT session_auth.sign_out('global') \g /dev/null
COMMIT;
SELECT refused(:'e1', 'sign_out global refuses this token');
SELECT refused(:'e2', '… and the user''s others');

SELECT * FROM finish();
