-- add_cookie_secret: what each argument does and which are refused; users with claims, their ends,
-- and sessions that a proved cookie leads to. What each framework signs: test/t/web_vectors.t.
-- Also: test/attacks/cookies.sql, test/pgtap/tokens_cookies.sql.
SELECT plan(160);
SET client_min_messages = error;
\ir cookies.psql
CREATE FUNCTION public.refusal(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  EXECUTE 'SELECT session_auth.' || call;
  RETURN 'none';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN SQLSTATE || ' ' || SQLERRM || ': ' || detail;
END
$$;
\set key 'an application''s secret of 32 bytes or more'

-- kinds
SELECT is(refusal('add_cookie_secret(''rail'', ''s'')'), '22023 invalid kind: It must be one of: better-auth, express, fastify, fastify-secure, django, flask, flask-login, starlette, rails, rails-signed, laravel, phoenix, phoenix-token, cookie-session, koa, react-router, remix, iron-session, h3.', 'an unknown kind');
SELECT is(left(refusal(format('add_cookie_secret(%L, ''s'')', kind)), 18), '22023 invalid kind', coalesce(kind, 'no kind') || ' is none') FROM unnest('{authjs,lucia,Django,NULL,""}'::text[]) kind;

-- what each kind must have
SELECT is(split_part(refusal(format('add_cookie_secret(%s)', call)), ':', 1), wanted, call)
FROM (VALUES
  ('''django'', ''s''', 'none'), ('''flask'', ''s''', 'none'), ('''starlette'', ''s''', 'none'), ('''express'', ''s''', 'none'), ('''fastify'', ''s''', 'none'), ('''better-auth'', ''s''', 'none'), ('''koa'', ''s''', 'none'), ('''rails-signed'', ''s''', 'none'),
  ('''laravel'', ''0123456789abcdef0123456789abcdef''', 'none'), ('''laravel'', ''short''', '22023 invalid secret'), ('''iron-session'', ''short''', '22023 invalid secret'), ('''iron-session'', repeat(''s'', 32)', 'none'),
  ('''flask-login'', ''s''', '22023 invalid without_end'), ('''flask-login'', ''s'', without_end => true', 'none'), ('''flask-login'', ''s'', max_age => ''1 day'', without_end => true', '22023 invalid max_age'), ('''cookie-session'', ''s''', '22023 invalid without_end'), ('''react-router'', ''s''', '22023 invalid without_end'), ('''react-router'', ''s'', id_path => ''{}''', 'none'), ('''remix'', ''s''', '22023 invalid without_end'), ('''remix'', ''s'', id_path => ''{}''', 'none'),
  ('''h3'', repeat(''s'', 32)', '22023 invalid without_end'), ('''h3'', repeat(''s'', 32), max_age => ''1 hour''', 'none'),
  ('''rails'', ''s''', '22023 invalid cookie_names'), ('''rails'', ''s'', cookie_names => ''{_app_session}''', '22023 invalid without_end'), ('''rails'', ''s'', cookie_names => ''{_app_session}'', without_end => true', 'none'),
  ('''phoenix'', repeat(''s'', 64)', '22023 invalid salts'), ('''phoenix'', repeat(''s'', 64), salts => ''{signing}''', 'none'), ('''phoenix'', repeat(''s'', 63), salts => ''{signing}''', '22023 invalid secret'),
  ('''phoenix-token'', repeat(''s'', 20)', '22023 invalid salts'), ('''phoenix-token'', repeat(''s'', 20), cookie_names => ''{_app_web_user_remember_me}''', 'none'), ('''phoenix-token'', repeat(''s'', 19), cookie_names => ''{_app_web_user_remember_me}''', '22023 invalid secret'),
  ('''iron-session'', repeat(''s'', 31)', '22023 invalid secret'), ('''h3'', repeat(''s'', 31), max_age => ''1 hour''', '22023 invalid secret'),
  ('''django'', ''s'', id_path => ''{}''', '22023 invalid cookie_names'), ('''django'', ''s'', id_path => ''{}'', cookie_names => ''{uid}''', 'none')) c (call, wanted);
SELECT matches(refusal(format('add_cookie_secret(%s)', call)), '^(none|0A000 cookies of kind .* are not supported: session_auth was built without libsodium.)$', call || ', with or without libsodium') FROM (VALUES ('''fastify-secure'', repeat(''s'', 32)'), ('''phoenix'', repeat(''s'', 64), salts => ''{signing,encryption}''')) c (call);
SELECT matches(refusal('add_cookie_secret(''flask-login'', ''s'')'), 'cannot be revoked one by one; replacing the secret ends all of them', 'without_end says what it means');
SELECT matches(refusal('add_cookie_secret(''h3'', repeat(''s'', 32))'), 'unless max_age is given', '… and what else would do');

SELECT is(refusal('add_cookie_secret(''phoenix'', ''short'', salts => ''{signing}'')'), '22023 invalid secret: The framework itself refuses one so short. It takes at least 64 bytes.', 'what Plug refuses is refused');

-- arguments
SELECT is(split_part(refusal(format('add_cookie_secret(''django'', %s)', call)), ':', 1), wanted, call)
FROM (VALUES
  ('NULL', '22023 invalid secret'), ('''''', '22023 invalid secret'), ('repeat(''s'', 4097)', '22023 invalid secret'), ('''file:/no/such/file''', '22023 invalid secret'),
  ('''s'', cookie_names => ''{}''', '22023 invalid cookie_names'), ('''s'', cookie_names => ''{NULL}''', '22023 invalid cookie_names'), ('''s'', cookie_names => ''{""}''', '22023 invalid cookie_names'), ('''s'', cookie_names => ''{a=b}''', '22023 invalid cookie_names'), ('''s'', cookie_names => ''{"a;b"}''', '22023 invalid cookie_names'), ('''s'', cookie_names => ''{"a b"}''', '22023 invalid cookie_names'), ('''s'', cookie_names => ''{å}''', '22023 invalid cookie_names'), ('''s'', cookie_names => ARRAY[repeat(''n'', 257)]', '22023 invalid cookie_names'), ('''s'', cookie_names => ARRAY(SELECT ''n'' || i FROM generate_series(1, 17) i)', '22023 invalid cookie_names'), ('''s'', cookie_names => ''{{a},{b}}''', 'none'),
  ('''s'', max_age => ''0''', '22023 invalid max_age'), ('''s'', max_age => ''-1 s''', '22023 invalid max_age'), ('''s'', max_age => ''1 month''', '22023 invalid max_age'), ('''s'', max_age => ''36501 days''', '22023 invalid max_age'), ('''s'', max_age => ''36500 days''', 'none'), ('''s'', max_age => ''1 day -1 hour''', '22023 invalid max_age'),
  ('''s'', id_path => ''{NULL}''', '22023 invalid id_path'), ('''s'', id_path => ''{""}''', '22023 invalid id_path'), ('''s'', id_path => array_fill(''a''::text, ''{17}'')', '22023 invalid id_path'),
  ('''s'', salts => ''{a,b,c,d,e}''', '22023 invalid salts'), ('''s'', salts => ''{NULL}''', '22023 invalid salts'), ('''s'', salts => ARRAY[repeat(''s'', 513)]', '22023 invalid salts'),
  ('''s'', role_claim => ''''', '22023 invalid role_claim'), ('''s'', tenant_claim => repeat(''t'', 1025)', '22023 invalid tenant_claim'), ('''s'', without_end => NULL', '22023 invalid without_end')) c (call, wanted);
SELECT is(split_part(refusal('add_cookie_secret(''express'', ''s'', salts => ''{x}'')'), ':', 1), '22023 invalid salts', 'salts where there are none');
SELECT is(session_auth.drop_cookie_secret('express', 'none of these'), false, 'drop_cookie_secret of none');
DELETE FROM session_auth.cookie_secrets;

-- a user with claims
SELECT session_auth.create_role('ADMIN'), session_auth.create_role('EDITOR'), session_auth.add_cookie_secret('django', :'key') \g /dev/null
SELECT django('{"_auth_user_id": "42", "role": "ADMIN", "theme": "dark"}', :'key') AS cookie \gset
SELECT unnest(ARRAY[is(v.user_id, '42', 'the user'), is(v.kind, 'django', 'the kind'), is(v.roles, '{ADMIN}'::text[], 'the roles'), is(v.claims->>'theme', 'dark', 'the claims'), is(v.session_id, NULL, 'no session'),
  ok(v.expires_at BETWEEN now() + '13 days 23:59:00' AND now() + '14 days 00:00:01', 'until Django''s two weeks are over')]) FROM session_auth.verify_session(:'cookie') v;
SELECT is(who(text), '42', what) FROM (VALUES (:'cookie', 'a bare value'), ('sessionid=' || :'cookie', 'name=value'), ('__Host-sessionid=' || :'cookie', 'another name of Django''s'), ('a=1; sessionid=' || :'cookie' || '; b=2', 'a whole header')) t (text, what);
SELECT is(session_auth.token_from_cookie('a=1; sessionid=' || :'cookie'), :'cookie', 'token_from_cookie');
SELECT is(who_asks('session=garbage; sessionid=' || :'cookie'), '42', 'authenticate_request');
SELECT is(who(text), 'nobody', what) FROM (VALUES (left(:'cookie', -1), 'cut short'), (:'cookie' || 'A', 'longer'), (django('{"_auth_user_id": "42"}', 'another secret'), 'by another secret'), (django('{"_auth_user_id": "42"}', :'key', salt => 'another'), 'by another salt'), (django('{"_auth_user_id": "42"}', :'key', 1209601), 'too old'), (django('{}', :'key'), 'of nobody'), (django('{"_auth_user_id": {"a": 1}}', :'key'), 'of what is no user'), (django(jsonb_build_object('_auth_user_id', E'4\n2'), :'key'), 'of what no user is called'), ('other=' || :'cookie', 'under another name'), ('sessionid=', 'empty')) t (text, what);
-- the options
SELECT session_auth.add_cookie_secret('django', :'key', cookie_names => '{mine}', max_age => '1 hour', id_path => '{user,id}', salts => '{first,second}', role_claim => 'user.roles', tenant_claim => 'user.org') \g /dev/null
SELECT is(who(django('{"user": {"id": 7}}', :'key', age, salt)), wanted, what) FROM (VALUES (10, 'first', '7', 'the first salt'), (10, 'second', '7', 'the second'), (10, 'django.contrib.sessions.backends.signed_cookies', 'nobody', 'Django''s own no more'), (3601, 'first', 'nobody', 'older than max_age')) t (age, salt, wanted, what);
SELECT unnest(ARRAY[is(v.roles, '{EDITOR}'::text[], 'role_claim'), is(v.tenant, 'acme', 'tenant_claim')]) FROM session_auth.verify_session(django('{"user": {"id": 7, "roles": ["EDITOR"], "org": "acme"}}', :'key', salt => 'first')) v;
SELECT is(who_asks(name || '=' || django('{"user": {"id": 7}}', :'key', salt => 'first')), wanted, name) FROM (VALUES ('mine', '7'), ('sessionid', 'nobody')) t (name, wanted);
SELECT is((SELECT count(*) FROM session_auth.verify_session(django('{"user": {"id": 7, "org": "acme"}}', :'key', salt => 'first'), 'other')), 0::bigint, 'another tenant');
SELECT is((SELECT count(*) FROM session_auth.cookie_secrets), 1::bigint, 'adding a secret again replaces what is set up for it');

-- an end, also of what was seen before
SELECT session_auth.drop_cookie_secret('django', :'key') \g /dev/null
SELECT is(who(:'cookie'), 'nobody', 'dropped');
SELECT session_auth.add_cookie_secret('django', :'key', max_age => '2 s') \g /dev/null
SELECT django('{"_auth_user_id": "42"}', :'key') AS short \gset
SELECT is(who(:'short'), '42', 'seen');
SELECT pg_sleep(2.1) \g /dev/null
SELECT is(who(:'short'), 'nobody', '… and expired');

-- logged out everywhere, by the time in the cookie
SELECT session_auth.add_cookie_secret('django', :'key') \g /dev/null
SELECT django('{"_auth_user_id": "42"}', :'key', 5) AS old, django('{"_auth_user_id": "43"}', :'key', 5) AS others \gset
SELECT is(who(:'old'), '42', 'before');
SELECT session_auth.expire_user_sessions('42') \g /dev/null
SELECT is(who(:'old'), 'nobody', 'expire_user_sessions');
SELECT is(who(:'others'), '43', '… of that user alone');
SELECT is(who(django('{"_auth_user_id": "42"}', :'key', -1)), '42', '… not what is issued later');
BEGIN;
SELECT session_auth.authenticate(:'others') \g /dev/null
SELECT is(session_auth.sign_out(), 1::bigint, 'sign_out');
COMMIT;
SELECT is(who(:'others'), 'nobody', '… ends what was issued before');
-- a jti is its own
SELECT django('{"_auth_user_id": "44", "jti": "one"}', :'key', 5) AS one, django('{"_auth_user_id": "44", "jti": "two"}', :'key', 5) AS two \gset
BEGIN;
SELECT session_auth.authenticate(:'one') \g /dev/null
SELECT session_auth.sign_out() \g /dev/null
COMMIT;
SELECT is(who(:'one') || who(:'two'), 'nobody44', 'with a jti sign_out ends that one alone');

-- rows that say the same, as merging two servers' tables or 0.1.0 could leave them
INSERT INTO session_auth.cookie_secrets (kind, secret, since) SELECT 'express', 'twice there, and in three rows', now() - n * interval '1 day' FROM generate_series(1, 3) n;
INSERT INTO session_auth.authjs_secrets (secret, cookie_names, role_source) SELECT 'twice there, and in three rows', '{a}', 'both' FROM generate_series(1, 3);
SELECT session_auth.add_cookie_secret('express', 'twice there, and in three rows') \g /dev/null
SELECT results_eq($$SELECT count(*), min(since) < now() - interval '70 hours' FROM session_auth.cookie_secrets WHERE secret LIKE 'twice%'$$, 'VALUES (1::bigint, true)', 'adding a secret leaves one row, as old as the oldest');
INSERT INTO session_auth.cookie_secrets (kind, secret) VALUES ('express', 'twice there, and in three rows');
SELECT ok(session_auth.drop_cookie_secret('express', 'twice there, and in three rows') AND session_auth.drop_authjs_secret('twice there, and in three rows'), 'dropping a secret');
SELECT is((SELECT count(*) FROM session_auth.cookie_secrets WHERE secret LIKE 'twice%') + (SELECT count(*) FROM session_auth.authjs_secrets WHERE secret LIKE 'twice%'), 0::bigint, 'leaves no row with it');

-- without an end, and without a time
SELECT session_auth.add_cookie_secret('flask-login', :'key', without_end => true) \g /dev/null
SELECT flask_login('50', :'key') AS remember \gset
SELECT is(who(:'remember'), '50', 'flask-login');
-- a name that Werkzeug writes in quotes, with backslashes
SELECT is(who_asks(format('a=1; remember_token="%s|%s"', w.written, split_part(flask_login(w.name, :'key'), '|', 2))), w.name, 'flask-login: ' || w.name)
FROM (VALUES ('Jürg', 'J\303\274rg'), ('Doe, Ann', 'Doe\054 Ann'), ('"q"\', '\"q\"\\')) w (name, written);
SELECT is(who_asks(format('remember_token=Doe\054 Ann|%s', split_part(flask_login('Doe, Ann', :'key'), '|', 2))), 'nobody', 'which without quotes stand for themselves');
SELECT is(who_asks(format('remember_token="%s|%s"', written, mac)), 'nobody', 'flask-login: no name: ' || written)
FROM (VALUES ('50\000', encode(hmac('50\000'::bytea, convert_to(:'key', 'UTF8'), 'sha512'), 'hex')), ('50\377', encode(hmac('50\377'::bytea, convert_to(:'key', 'UTF8'), 'sha512'), 'hex'))) w (written, mac);
SELECT is(session_auth.token_from_cookie('remember_token="50\000|x"'), NULL, '… nor a text');
SELECT ok(v.expires_at BETWEEN now() + '29 days 23:59:00' AND now() + '30 days 00:00:01', 'its identity ends after session_lifetime') FROM session_auth.verify_session(:'remember') v;
SELECT is(v.claims->>'sub', '50', 'it has no claims but that') FROM session_auth.verify_session(:'remember') v;
BEGIN;
SELECT session_auth.authenticate(:'remember') \g /dev/null
SELECT is(session_auth.sign_out(), 0::bigint, 'sign_out cannot tell it from later ones');
COMMIT;
SELECT is(who(:'remember'), '50', '… and leaves it');
SELECT session_auth.expire_user_sessions('50') \g /dev/null
SELECT is(who(:'remember'), 'nobody', 'expire_user_sessions refuses it');
SELECT session_auth.add_cookie_secret('flask-login', :'key', without_end => true) \g /dev/null
SELECT is(who(:'remember'), 'nobody', '… also when the secret is added again');
SELECT session_auth.add_cookie_secret('flask-login', 'a new secret of the application', without_end => true), session_auth.drop_cookie_secret('flask-login', :'key') \g /dev/null
SELECT is(who(flask_login('50', 'a new secret of the application')) || who(:'remember'), '50nobody', 'a new secret is the way back in');

-- two cookies
SELECT session_auth.add_cookie_secret('cookie-session', :'key', without_end => true) \g /dev/null
SELECT cookie_session('{"passport": {"user": "60"}}', :'key') AS pair \gset
SELECT is(who(text), wanted, what) FROM (VALUES (:'pair', '60', 'name=value; name.sig=value'), ('a=1; ' || :'pair', '60', 'a whole header'), (split_part(:'pair', ';', 1), 'nobody', 'without its signature'), (split_part(split_part(:'pair', ';', 1), '=', 2), 'nobody', 'a bare value')) t (text, wanted, what);
SELECT is(session_auth.token_from_cookie('a=1; ' || :'pair' || '; b=2'), :'pair', 'token_from_cookie gives both');
SELECT is(who_asks('b=2; ' || :'pair'), '60', 'authenticate_request hands both over');

-- an identity that a connection holds
SELECT session_auth.authenticate(:'pair', 'connection') \g /dev/null
SELECT is(session_auth.user_id() || (session_auth.claims() #>> '{passport,user}'), '6060', 'scope connection');
SELECT session_auth.drop_cookie_secret('cookie-session', :'key') \g /dev/null
SELECT is(session_auth.user_id(), NULL, '… ends with its secret');
SELECT django('{"_auth_user_id": "45"}', :'key', 5) AS held \gset
SELECT session_auth.authenticate(:'held', 'connection') \g /dev/null
SELECT is(session_auth.user_id(), '45', '… of a user');
SELECT session_auth.expire_user_sessions('45') \g /dev/null
SELECT is(session_auth.user_id(), NULL, '… who was logged out everywhere');

-- sessions that a cookie names
SELECT session_auth.add_cookie_secret('express', :'key') \g /dev/null
\set sid 'VYQdl8X0bJ5qk2uQm3sQ1n0yqvPZ0l5a'
SELECT session_id FROM session_auth.create_session('70', token => :'sid') \gset
SELECT is(v.kind || v.user_id || v.session_id, 'express70' || :'session_id', 'express') FROM session_auth.verify_session('connect.sid=' || express(:'sid', :'key')) v;
SELECT session_auth.authenticate(express(:'sid', :'key'), 'connection') \g /dev/null
SELECT is(session_auth.session_id(), :'session_id'::uuid, 'scope connection');
SELECT session_auth.drop_cookie_secret('express', :'key') \g /dev/null
SELECT is(session_auth.user_id(), NULL, '… ends with the secret');
SELECT session_auth.add_cookie_secret('express', :'key') \g /dev/null
SELECT session_auth.authenticate(express(:'sid', :'key'), 'connection') \g /dev/null
SELECT session_auth.expire_session(:'session_id'::uuid) \g /dev/null
SELECT is(session_auth.user_id(), NULL, '… and with the session');
SELECT is(who(express(:'sid', :'key')), 'nobody', 'a session that has ended, seen before');

-- Django's table
CREATE TABLE django_session (session_key text, session_data text, expire_date timestamptz);
INSERT INTO django_session VALUES ('fxygquay7pps0ef69cearfl2wbkqyk7t', django('{"_auth_user_id": "42"}', :'key', salt => 'django.contrib.sessions.SessionStore'), now() + '1 hour'), ('gxygquay7pps0ef69cearfl2wbkqyk7t', django('{"_auth_user_id": "1"}', 'forged', salt => 'django.contrib.sessions.SessionStore'), now() + '1 hour');
SELECT session_auth.drop_cookie_secret('django', :'key') \g /dev/null
SELECT is(left(refusal('adopt_sessions(''django_session'', ''session_key'', ''session_data'', ''expire_date'', user_form => ''django'')'), 23), '22023 invalid user_form', 'user_form django without a secret');
SELECT session_auth.add_cookie_secret('django', :'key') \g /dev/null
SELECT is(session_auth.adopt_sessions('django_session', 'session_key', 'session_data', 'expire_date', user_form => 'django'), 1::bigint, 'with it: the rows that it signed');
SELECT is(who('sessionid=fxygquay7pps0ef69cearfl2wbkqyk7t') || who('gxygquay7pps0ef69cearfl2wbkqyk7t'), '42nobody', 'the key opens it');
INSERT INTO django_session VALUES ('hxygquay7pps0ef69cearfl2wbkqyk7t', django('{"_auth_user_id": "43"}', :'key', 9999999, 'django.contrib.sessions.SessionStore'), now() + '1 hour'), ('ixygquay7pps0ef69cearfl2wbkqyk7t', django('{"_auth_user_id": "44"}', :'key'), now() + '1 hour'), ('jxygquay7pps0ef69cearfl2wbkqyk7t', '{"_auth_user_id": "45"}', now() + '1 hour');
SELECT is(who('hxygquay7pps0ef69cearfl2wbkqyk7t') || who('ixygquay7pps0ef69cearfl2wbkqyk7t') || who('jxygquay7pps0ef69cearfl2wbkqyk7t'), '43nobodynobody', 'rows that come later, of any age, signed as rows are');
UPDATE django_session SET session_data = django('{"theme": "dark"}', :'key', salt => 'django.contrib.sessions.SessionStore') WHERE session_key LIKE 'f%';
SELECT is(who('fxygquay7pps0ef69cearfl2wbkqyk7t'), 'nobody', 'a row that nobody is in');
SELECT is((SELECT count(*) FROM session_auth.list_adoptions() WHERE source = 'django_session'::regclass), 1::bigint, 'it is listed');

-- a file
SELECT current_setting('data_directory') || '/cookie_secret' AS file \gset
SELECT format('COPY (SELECT %L) TO %L', :'key', :'file') \gexec
SELECT session_auth.add_cookie_secret('starlette', 'file:' || :'file') \g /dev/null
SELECT is(session_auth.drop_cookie_secret('starlette', 'file:' || :'file'), true, 'file:');
SELECT is(has_function_privilege('sa_request', 'session_auth.add_cookie_secret(text, text, text[], interval, text[], text[], text, text, boolean)', 'EXECUTE'), false, 'not for a request role') FROM (SELECT set_config('x.y', '', true)) s WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = 'sa_request') UNION ALL SELECT pass('no request role here') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sa_request');

SELECT * FROM finish();
