-- Encrypted tokens (JWE): Auth.js v5's cookies and better-auth's session cache,
-- encrypted here with pgcrypto; rotation of secrets, revocation, and what a
-- holder of the secret could still get wrong. The libraries' own are in test/t/vectors.t.
-- Also: test/attacks/jwe.sql.
\ir tokens.psql
SELECT plan(104);

\ir jwe.psql

-- Auth.js
SELECT throws_ok(format('SELECT session_auth.authenticate(%L)', authjs()), '28000', 'invalid or expired session token', 'while there is no secret');
SELECT session_auth.add_authjs_secret('a secret') \g /dev/null
SELECT unnest(ARRAY[is(v.kind, 'jwe', 'the kind'), is(v.user_id, 'alice', 'the user'), is(v.roles, '{ADMIN}'::text[], 'the role'), is(v.claims, '{"sub": "alice", "exp": 4102444800, "role": "ADMIN", "name": "Åsa 🦊"}'::jsonb, 'the claims')])
  FROM session_auth.verify_session(authjs('{"exp": 4102444800, "role": "ADMIN", "name": "Åsa 🦊"}')) v;
SELECT accepted(authjs('{}', 'a secret', '__Secure-authjs.session-token'), 'of the cookie with the secure name');
SELECT refused(token, what) FROM (VALUES
  (authjs('{}', 'another secret'), 'another secret'), (authjs('{}', 'a secret', 'another.name'), 'another cookie name: a wrong salt'), (raw_jwe('{"alg":"dir","enc":"A256CBC-HS512"}', '{"sub":"alice","exp":4102444800}', hkdf('a secret', 'authjs.session-token', 'NextAuth.js Generated Encryption Key')), 'another info'),
  (authjs('{"exp": 1}'), 'expired'), (authjs('{"exp": null}'), 'without exp'), (authjs(jsonb_build_object('nbf', in_seconds(600))), 'not valid yet'), (authjs('{"sub": null}'), 'without sub'),
  (authjs(header => '{"alg":"dir","enc":"A256CBC-HS512","zip":"DEF"}'), 'zip'), (authjs(header => '{"alg":"dir","enc":"A256CBC-HS512","crit":[]}'), 'an empty crit'), (authjs(header => '{"alg":"dir","enc":"A128CBC-HS256"}'), 'another enc'), (authjs(header => '{"alg":"dir","enc":"A256GCM"}'), 'the other enc'), (authjs(header => '{"alg":"none","enc":"A256CBC-HS512"}'), 'alg none'), (authjs(header => '{"alg":"A256KW","enc":"A256CBC-HS512"}'), 'alg A256KW'), (authjs(header => '{"alg":"PBES2-HS256+A128KW","p2c":1000000,"p2s":"AAAA","enc":"A256CBC-HS512"}'), 'PBES2'), (authjs(header => '{"alg":"dir","enc":"A256CBC-HS512","kid":"unknown"}'), 'a kid that names no secret'), (authjs(header => '{"alg":"dir","alg":"dir","enc":"A256CBC-HS512"}'), 'alg twice'), (authjs(header => '{"alg":"dir","enc":"A256CBC-HS512","sub":"mallory","iss":"x"}'), 'a claim in the header that is not the payload''s'),
  (raw_jwe('{"alg":"dir","enc":"A256CBC-HS512"}', '{"sub":"alice","exp":4102444800}', hkdf('a secret', 'authjs.session-token', 'Auth.js Generated Encryption Key (authjs.session-token)'), 16), 'a truncated tag'), (raw_jwe('{"alg":"dir","enc":"A256CBC-HS512"}', '{"sub":"alice","exp":4102444800}', hkdf('a secret', 'authjs.session-token', 'Auth.js Generated Encryption Key (authjs.session-token)'), 64), 'a tag that is too long'), (raw_jwe('{"alg":"dir","enc":"A256CBC-HS512"}', '{"sub":"alice","exp":4102444800}', hkdf('a secret', 'authjs.session-token', 'Auth.js Generated Encryption Key (authjs.session-token)'), 0), 'no tag'), (raw_jwe('{"alg":"dir","enc":"A256CBC-HS512"}', '{"sub":"alice","exp":4102444800}', hkdf('a secret', 'authjs.session-token', 'Auth.js Generated Encryption Key (authjs.session-token)'), 32, 'AAAA'), 'a key in the token'), (raw_jwe('{"alg":"dir","enc":"A256CBC-HS512"}', '{"sub":"mallory","sub":"alice","exp":4102444800}', hkdf('a secret', 'authjs.session-token', 'Auth.js Generated Encryption Key (authjs.session-token)')), 'sub twice')) t (token, what);

-- rotation: several secrets at once
SELECT session_auth.add_authjs_secret('a new secret') \g /dev/null
SELECT accepted(authjs('{}', 'a new secret'), 'the new secret');
SELECT accepted(authjs('{}', 'a secret'), 'the old one as well');
SELECT authjs('{"jti": "a1"}', 'a secret') AS old, authjs('{"jti": "a2"}', 'a new secret') AS new \gset
SELECT accepted(:'old', 'remembered');
SELECT session_auth.authenticate(:'old', 'connection') \g /dev/null
SELECT is(session_auth.user_id(), 'alice', 'scope connection');
SELECT session_auth.drop_authjs_secret('a secret') \g /dev/null
SELECT refused(:'old', 'of a dropped secret, remembered');
SELECT is(session_auth.user_id(), NULL, 'dropping the secret ends the connection''s identity');
SELECT accepted(:'new', 'the other stays');
SELECT session_auth.revoke_token('a2') \g /dev/null
SELECT refused(:'new', 'revoked by its jti');
SELECT session_auth.add_authjs_secret('a named secret', '{my.cookie}', 'user.roles', 'claims') \g /dev/null
SELECT is(v.roles, '{A,B}'::text[], 'a cookie name and a role claim of one''s own') FROM session_auth.verify_session(authjs('{"user": {"roles": ["A", "B"]}, "role": "ADMIN"}', 'a named secret', 'my.cookie')) v;
SELECT refused(authjs('{}', 'a named secret'), 'that secret with another cookie name');
SELECT session_auth.add_authjs_secret('a secret kept', '{next-auth.session-token}') \g /dev/null
SELECT accepted(authjs('{}', 'a secret kept', 'next-auth.session-token'), 'Auth.js v5 under the cookie name of v4');

-- better-auth's session cache
CREATE FUNCTION public.session_data(claims jsonb DEFAULT '{}', token text DEFAULT 'TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT') RETURNS text LANGUAGE sql AS $$
  SELECT public.raw_jwe('{"alg":"dir","enc":"A256CBC-HS512"}', (jsonb_build_object('iat', public.in_seconds(-1), 'exp', public.in_seconds(300), 'jti', 'b1',
    'session', jsonb_build_object('id', 's-1', 'userId', 'bob', 'token', token, 'expiresAt', '2100-01-01T00:00:00.000Z'), 'user', '{"id": "bob", "role": "USER"}'::jsonb) || claims)::text,
    public.hkdf('a secret of better-auth', 'better-auth-session', 'BetterAuth.js Generated Encryption Key'))
$$;
-- … beside the signed token of its session, without which it counts for nothing
CREATE FUNCTION public.session_cache(claims jsonb DEFAULT '{}', token text DEFAULT 'TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT') RETURNS text LANGUAGE sql AS $$
  SELECT 'better-auth.session_data=' || session_data(claims, token) || '; better-auth.session_token=' || token || '.' || replace(replace(replace(
    encode(hmac(token, 'a secret of better-auth', 'sha256'), 'base64'), '+', '%2B'), '/', '%2F'), '=', '%3D')
$$;
SELECT session_auth.add_cookie_secret('better-auth', 'a secret of better-auth') \g /dev/null
SELECT unnest(ARRAY[is(v.user_id, 'bob', 'better-auth: the user'), is(v.roles, '{USER}'::text[], '… the role'), is(v.session_id, NULL, '… of a session that is not ours')]) FROM session_auth.verify_session(session_cache()) v;
BEGIN;
SELECT session_auth.authenticate(session_cache()) \g /dev/null
SELECT is_empty($$SELECT WHERE session_auth.claims()::text LIKE '%TTTTTTTT%' OR session_auth.claim('session') LIKE '%TTTTTTTT%'$$, 'its claims do not show the session''s token, which is good elsewhere');
COMMIT;
SELECT refused(session_cache('{"session": {"userId": "bob", "token": "TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT", "expiresAt": "2020-01-01T00:00:00.000Z"}}'), 'a cache whose session has expired');
SELECT refused(session_cache('{"user": {"id": "mallory"}}'), 'a cache of two users');
SELECT refused(session_cache('{"session": null}'), 'a cache without a session');
SELECT refused(session_cache(jsonb_build_object('exp', in_seconds(-60))), 'a cache that has expired itself');
SELECT refused(session_cache('{"exp": null}'), 'a cache without exp');
SELECT refused(session_cache(jsonb_build_object('nbf', in_seconds(600))), 'a cache that is not valid yet');
SELECT session_auth.revoke_token('b2') \g /dev/null
SELECT refused(session_cache('{"jti": "b2"}'), 'a cache that was revoked by its jti');
BEGIN;
SELECT session_auth.authenticate(session_cache('{"jti": "b3"}')) \g /dev/null
SELECT is(session_auth.sign_out(), 1::bigint, 'sign_out of a cache');
COMMIT;
SELECT refused(session_cache('{"jti": "b3"}'), 'a cache that was signed out');

-- … with a session that is ours
SELECT session_auth.create_session('bob', token => 'Abcdefghijklmnopqrstuvwxyz012345') \g /dev/null
SELECT session_cache(token => 'Abcdefghijklmnopqrstuvwxyz012345') AS ours \gset
SELECT is(v.session_id, s.session_id, 'a cache of our session') FROM session_auth.verify_session(:'ours') v, session_auth.list_sessions('bob') s;
SELECT session_auth.create_session('carol', token => 'Bcdefghijklmnopqrstuvwxyz0123456') \g /dev/null
SELECT refused(session_cache(token => 'Bcdefghijklmnopqrstuvwxyz0123456'), 'a cache that names somebody else''s session');
SELECT refused(session_data(token => 'Abcdefghijklmnopqrstuvwxyz012345'), 'a cache without the signed token');
SELECT refused('better-auth.session_data=' || session_data(token => 'Abcdefghijklmnopqrstuvwxyz012345'), '… by its name');
SELECT refused(split_part(session_cache(), ';', 1) || ';' || split_part(:'ours', ';', 2) || 'A', '… whose signature is none');
SELECT is(v.session_id, s.session_id, '… beside the token of another session: the token counts, not the cache') FROM session_auth.verify_session(split_part(session_cache(), ';', 1) || ';' || split_part(:'ours', ';', 2)) v, session_auth.list_sessions('bob') s;
SELECT session_auth.expire_session(session_id) FROM session_auth.list_sessions('bob') \g /dev/null
SELECT refused(:'ours', 'a cache whose session has ended');
SELECT session_auth.purge_sessions() \g /dev/null
SELECT refused(:'ours', '… and was purged');

-- by user
SELECT session_auth.expire_user_sessions('bob') \g /dev/null
SELECT refused(session_cache(), 'a cache of a user who was logged out everywhere');
SELECT pg_sleep(1.1) \g /dev/null
SELECT accepted(session_cache(jsonb_build_object('iat', in_seconds(0))), 'a cache of a later sign-in');

-- secrets of Auth.js do not open better-auth's, and the other way round
SELECT session_auth.drop_cookie_secret('better-auth', 'a secret of better-auth'), session_auth.add_authjs_secret('a secret of better-auth') \g /dev/null
SELECT refused(session_cache('{"sub": "dora"}'), 'a cache with the secret under the wrong kind');

SELECT * FROM finish();
