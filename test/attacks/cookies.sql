-- Attack: a web framework's cookie that is not what it should be: under another name, by another
-- secret, salt or purpose, a cache without its token, a session's token without the signature,
-- an id or a digest in its place, what was seen before its end; a row that nobody signed.
-- Holds: what a framework refuses is refused, and whatever ended here has ended.
-- Guards: src/verify/prove_cookie.c, is_worth_trying(); src/verify/prove_jwe.c, decrypt(); src/verify/external_read.c,
-- read_cookie_user(); src/verify/verify.c, find_session_behind() and check_again(); src/verify/proved_row.c; src/sql/sql_request.c.
-- Also: test/pgtap/cookie_secrets.sql, test/t/web_vectors.t, test/attacks/adoption_forms.sql.
SELECT plan(40);
SET client_min_messages = error;
\ir ../pgtap/tokens.psql
\ir ../pgtap/jwe.psql
\ir ../pgtap/cookies.psql
\set rails 'rails-fixed-test-secret-key-base-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'
\set signed_7 'eyJfcmFpbHMiOnsibWVzc2FnZSI6Ik53PT0iLCJleHAiOiIyMDUwLTAzLTE3VDE3OjQ2OjQwLjAwMFoiLCJwdXIiOiJjb29raWUuc2Vzc2lvbl9pZCJ9fQ%3D%3D--4ef80c5f716b59a1f5031aa8b67bfc2b9a294b7f'
CREATE TABLE sessions (id bigint, who text, until timestamptz);
INSERT INTO sessions VALUES (7, 'ann', '2100-01-01'), (8, 'ben', '2100-01-01');
SELECT session_auth.adopt_sessions('sessions', 'id', 'who', 'until', token_form => 'id') \g /dev/null
SELECT session_auth.add_cookie_secret('rails-signed', :'rails') \g /dev/null
SELECT is(who('session_id=' || :'signed_7'), 'ann', 'Rails'' own cookie opens');
SELECT is(who_asks('session_id=' || v), 'nobody', what) FROM (VALUES ('7', 'the id does not'), ('Nw==', 'nor in base64'), (replace(:'signed_7', 'Ik53', 'Ik9B'), 'nor another id behind the signature'), (encode(sha256('7'), 'hex'), 'nor its digest'), (encode(sha256('\x00' || 'session_auth id'::bytea || '\x00' || '7'::bytea), 'hex'), 'nor what it is found by'), (split_part(:'signed_7', '--', 1), 'nor the payload alone'), (split_part(:'signed_7', '--', 1) || '--' || repeat('0', 40), 'nor with another signature')) t (v, what);

-- another name, another application
SELECT session_auth.add_cookie_secret('flask-login', 'the secret of a shop', cookie_names => '{shop}', without_end => true), session_auth.add_cookie_secret('flask-login', 'the secret of a blog', cookie_names => '{blog}', without_end => true) \g /dev/null
SELECT flask_login('admin', 'the secret of a blog') AS blog \gset
SELECT is(who_asks('blog=' || :'blog'), 'admin', 'a cookie of the blog');
SELECT is(who_asks('shop=' || :'blog'), 'nobody', '… is none of the shop, whose cookies another program may set');
SELECT is(who_asks('remember_token=' || :'blog') || who('shop=' || :'blog'), 'nobodynobody', 'nor under another name');
SELECT is(who_asks('blog=' || :'blog') || who_asks('shop=' || :'blog'), 'adminnobody', 'nor when it has been seen as the blog''s');
-- … also of Auth.js
SELECT session_auth.add_authjs_secret('a secret') \g /dev/null
SELECT authjs('{}', 'a secret', '__Secure-authjs.session-token') AS secure \gset
SELECT is(who_asks('__Secure-authjs.session-token=' || :'secure'), 'alice', 'Auth.js'' secure cookie');
SELECT is(who_asks('authjs.session-token=' || :'secure') || who('authjs.session-token=' || :'secure'), 'nobodynobody', '… under the name that anybody can plant');

-- another salt, another purpose, another kind with the same secret
\set key 'one secret for all of an application'
SELECT session_auth.add_cookie_secret('django', :'key', id_path => '{}', cookie_names => '{uid}') \g /dev/null
SELECT is(who_asks('uid=' || django('{"_auth_user_id": "1"}', :'key')), 'nobody', 'Django''s session where a signed cookie is asked for');
SELECT is(who_asks('uid=' || django('{"_auth_user_id": "1"}', :'key', salt => 'django.core.signing')), 'nobody', 'what the application signed for something else');
SELECT session_auth.add_cookie_secret('django', :'key', salts => '{sessions}') \g /dev/null
SELECT is(who(django('{"_auth_user_id": "1"}', :'key')) || who(django('{"_auth_user_id": "1"}', :'key', salt => 'django.contrib.sessions.SessionStore')), 'nobodynobody', 'a row of its table as a cookie');
SELECT is(who(django('{"_auth_user_id": "1"}', :'key', salt => 'sessions')), '1', 'the right one');

-- a token that is signed, without
SELECT session_auth.add_cookie_secret('express', :'key') \g /dev/null
CREATE TABLE store (sid text, who text, until timestamptz);
INSERT INTO store VALUES ('VYQdl8X0bJ5qk2uQm3sQ1n0yqvPZ0l5a', 'ann', '2100-01-01');
SELECT session_auth.adopt_sessions('store', 'sid', 'who', 'until') \g /dev/null
SELECT is(who(v), wanted, what) FROM (VALUES (express('VYQdl8X0bJ5qk2uQm3sQ1n0yqvPZ0l5a', :'key'), 'ann', 'signed'), ('VYQdl8X0bJ5qk2uQm3sQ1n0yqvPZ0l5a', 'nobody', 'bare'), ('connect.sid=VYQdl8X0bJ5qk2uQm3sQ1n0yqvPZ0l5a', 'nobody', 'bare in its cookie'), ('session=VYQdl8X0bJ5qk2uQm3sQ1n0yqvPZ0l5a', 'nobody', 'bare in another'), (flask_login('VYQdl8X0bJ5qk2uQm3sQ1n0yqvPZ0l5a', 'the secret of a blog'), 'VYQdl8X0bJ5qk2uQm3sQ1n0yqvPZ0l5a', 'signed as a user, it is a user')) t (v, wanted, what);
SELECT is(session_id, NULL, '… of no session') FROM session_auth.verify_session(flask_login('VYQdl8X0bJ5qk2uQm3sQ1n0yqvPZ0l5a', 'the secret of a blog'));

-- better-auth's cache: beside its token alone, and not beyond the end of its session
SELECT session_auth.add_cookie_secret('better-auth', :'key') \g /dev/null
CREATE FUNCTION public.cache(token text, who text, key text, created timestamptz DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
  SELECT 'better-auth.session_data=' || raw_jwe('{"alg":"dir","enc":"A256CBC-HS512"}', jsonb_build_object('exp', in_seconds(300), 'session', jsonb_build_object('id', 's', 'userId', who, 'token', token, 'expiresAt', '2100-01-01T00:00:00.000Z', 'createdAt', to_char(created AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')), 'user', jsonb_build_object('id', who))::text,
    hkdf(key, 'better-auth-session', 'BetterAuth.js Generated Encryption Key')) $$;
CREATE FUNCTION public.beside(token text, key text) RETURNS text LANGUAGE sql AS $$
  SELECT '; better-auth.session_token=' || token || '.' || replace(replace(replace(encode(hmac(token, key, 'sha256'), 'base64'), '+', '%2B'), '/', '%2F'), '=', '%3D') $$;
\set token 'BetterAuthTokenOf32Characters001'
SELECT session_id AS ours FROM session_auth.create_session('ann', token => :'token') \gset
SELECT is(who_asks(cache(:'token', 'ann', :'key') || beside(:'token', :'key')), 'ann', 'a cache with its token');
SELECT is(who_asks(cache(:'token', 'ann', :'key')) || who(cache(:'token', 'ann', :'key')) || who(split_part(cache(:'token', 'ann', :'key'), '=', 2)), 'nobodynobodynobody', 'without');
SELECT is(who_asks(cache(:'token', 'ann', :'key') || beside(:'token', 'another')), 'nobody', 'with one that another secret signed');
SELECT is(who_asks(cache('BetterAuthTokenOf32Characters002', 'mallory', :'key') || beside(:'token', :'key')), 'ann', 'with that of another session: the session counts');
SELECT is(who_asks(cache(:'token', 'mallory', :'key') || beside(:'token', :'key')), 'nobody', 'of another user than the session''s');
SELECT cache(:'token', 'ann', :'key') || beside(:'token', :'key') AS pair \gset
SELECT is(who_asks(:'pair'), 'ann', 'seen before');
SELECT session_auth.expire_session(:'ours'::uuid) \g /dev/null
SELECT is(who_asks(:'pair'), 'nobody', 'the session''s end is the cache''s');
SELECT session_id AS kept FROM session_auth.create_session('eva', token => 'BetterAuthTokenOf32Characters004') \gset
SELECT cache('BetterAuthTokenOf32Characters004', 'eva', :'key', now()) || beside('BetterAuthTokenOf32Characters004', :'key') AS kept_pair,
  cache('BetterAuthTokenOf32Characters005', 'eva', :'key', now()) || beside('BetterAuthTokenOf32Characters005', :'key') AS other_pair \gset
SELECT is(who_asks(:'kept_pair') || who_asks(:'other_pair'), 'evaeva', 'caches of two sessions, one of which is known');
SELECT session_auth.expire_user_sessions('eva', except_session => :'kept') \g /dev/null
SELECT is(who_asks(:'kept_pair') || who_asks(:'other_pair'), 'evanobody', 'all but the one that is kept have ended');
SELECT is(who_asks(cache('BetterAuthTokenOf32Characters006', 'eva', :'key', clock_timestamp() + interval '1 ms') || beside('BetterAuthTokenOf32Characters006', :'key')), 'eva', 'one of a later sign-in has not');
DELETE FROM session_auth.sessions WHERE session_id = :'kept';
SELECT is(who_asks(:'kept_pair'), 'nobody', 'nor does the kept one outlive its row');

-- what was seen, and has ended since
SELECT session_auth.add_cookie_secret('django', :'key', max_age => '2 s', salts => '{sessions}') \g /dev/null
SELECT django('{"_auth_user_id": "1"}', :'key', salt => 'sessions') AS short \gset
SELECT session_auth.authenticate(:'short', 'connection') \g /dev/null
SELECT is(session_auth.user_id() || who(:'short'), '11', 'a cookie of two seconds');
SELECT pg_sleep(2.1) \g /dev/null
SELECT is(who(:'short'), 'nobody', 'has expired, though it was proved before');
SELECT is(session_auth.user_id(), NULL, '… also for a connection');
SELECT session_auth.expire_user_sessions('admin') \g /dev/null
SELECT is(who(:'blog') || who_asks('blog=' || :'blog'), 'nobodynobody', 'a cookie without a time, of a user who was logged out everywhere');

-- a row of Django's that nobody signed
CREATE TABLE django_session (session_key text, session_data text, expire_date timestamptz);
SELECT session_auth.adopt_sessions('django_session', 'session_key', 'session_data', 'expire_date', user_form => 'django') \g /dev/null
INSERT INTO django_session VALUES ('aaygquay7pps0ef69cearfl2wbkqyk7t', django('{"_auth_user_id": "1"}', 'guess', salt => 'django.contrib.sessions.SessionStore'), '2100-01-01'), ('bbygquay7pps0ef69cearfl2wbkqyk7t', django('{"_auth_user_id": "1"}', :'key', salt => 'sessions'), '2100-01-01'), ('ccygquay7pps0ef69cearfl2wbkqyk7t', '{"_auth_user_id": "1"}', '2100-01-01');
SELECT is(who('aaygquay7pps0ef69cearfl2wbkqyk7t') || who('bbygquay7pps0ef69cearfl2wbkqyk7t') || who('ccygquay7pps0ef69cearfl2wbkqyk7t'), 'nobodynobodynobody', 'who may write the table, and has not its secret, names no user');

SELECT * FROM finish();
