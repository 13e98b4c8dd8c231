-- Requests: the token in a Cookie or Authorization header, or in the settings
-- that PostgREST makes of these.
\ir tokens.psql
SELECT plan(141);

SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"]}') \g /dev/null
SELECT session_auth.grant_role('alice', 'ADMIN') \g /dev/null
SELECT * FROM session_auth.create_session('alice') \gset a_
SELECT * FROM session_auth.create_session('bob') \gset b_

-- token_from_cookie, by names that are given: whatever the cookie holds
SELECT is(session_auth.token_from_cookie(header, string_to_array(names, ' ')), token, what)
FROM (VALUES
  (NULL, 'session', NULL, 'no header'), ('', 'session', NULL, 'an empty header'), (';;; ;', 'session', NULL, 'only semicolons'), ('=x', 'session', NULL, 'no name'), ('a=1; b=2', 'session', NULL, 'other cookies'), ('session', 'session', NULL, 'a name without a value'), ('session=', 'session', NULL, 'an empty value'), ('session=x', '', NULL, 'no names'),
  ('authjs.session-token=x', 'authjs.session-token', 'x', 'Auth.js'), ('__Secure-authjs.session-token=x', '__Secure-authjs.session-token', 'x', '… secure'), ('better-auth.session_token=x.y', 'better-auth.session_token', 'x.y', 'better-auth'), ('better-auth.session_data=x; better-auth.session_token=y%3D', 'better-auth.session_data', 'better-auth.session_data=x; better-auth.session_token=y%3D', '… its cache, with the token beside it'), ('connect.sid=s%3Ax.y', 'connect.sid', 's:x.y', 'express-session'), ('session=x', 'session', 'x', 'session'), ('mine=x%2By', 'mine', 'x+y', 'a name that nobody knows'),
  ('a=1; session=x; b=2', 'session', 'x', 'among others'), ('a=1;session=x;b=2', 'session', 'x', '… without spaces'), ('a=1;   session=x  ; b=2', 'session', 'x', '… with more'), ('SESSION=x', 'session', NULL, 'names are case-sensitive'), ('xsession=x', 'session', NULL, 'a name that ends alike'), ('session2=x', 'session', NULL, 'a name that begins alike'),
  ('b=2; a=1', 'a b', '1', 'the first name that is there'), ('b=2', 'a b', '2', '… or the next'), ('session=x; session=y', 'session', 'x', 'the first of duplicates'), ('session=; session=y', 'session', NULL, '… also when it is empty'),
  ('session=a%2Bb%3D', 'session', 'a+b=', 'percent-decoding'), ('session=a%2', 'session', 'a%2', '… stays as it is when malformed'), ('session=a%zz', 'session', 'a%zz', '… or no hexadecimal'), ('session=%ff', 'session', '%ff', '… or no UTF-8'), ('session=a%00b', 'session', NULL, '… or nothing where that is no text'), ('session=%c3%a5', 'session', 'å', '… UTF-8'), ('session="x"', 'session', 'x', 'quotes around a value'), ('session=a=b', 'session', 'a=b', 'an equals sign in a value'),
  ('authjs.session-token.0=a; authjs.session-token.1=b', 'authjs.session-token', 'ab', 'chunks'), ('authjs.session-token.1=b; authjs.session-token.0=a', 'authjs.session-token', 'ab', '… in numeric order'), ('authjs.session-token.10=k; ' || (SELECT string_agg(format('authjs.session-token.%s=%s', i, chr(97 + i)), '; ' ORDER BY i DESC) FROM generate_series(0, 9) i), 'authjs.session-token', 'abcdefghijk', '… of 11'), ('__Secure-next-auth.session-token.0=a; __Secure-next-auth.session-token.1=b', '__Secure-next-auth.session-token', 'ab', '… of next-auth'), ('better-auth.session_data.0=a; better-auth.session_data.1=b', 'better-auth.session_data', 'better-auth.session_data=ab', '… of better-auth'), ('better-auth.session_token.0=a; better-auth.session_token.1=b', 'better-auth.session_token', NULL, '… of a cookie that has none'), ('session.0=a; session.1=b', 'session', NULL, '… of another'),
  ('session=' || repeat('x', 16384), 'session', repeat('x', 16384), 'a value of max_token_length'), ('session=' || repeat('x', 16385), 'session', NULL, 'a longer one'), (repeat('a=1; ', 100000) || 'session=x', 'session', 'x', 'behind 100,000 cookies'), (repeat('a', 2000000) || '; session=x', 'session', NULL, 'a header of two megabytes')) c (header, names, token, what);
-- … and without: what may be the token of a session, or a JWT of ours; a stranger's cookie is as good as none
SELECT is(session_auth.token_from_cookie(header), token, what)
FROM (VALUES
  ('session=' || :'a_token', :'a_token', 'a token of a session'), ('__Host-session=' || :'a_token', :'a_token', '… with __Host-'), ('authjs.session-token=0b4f6a0e-9d1c-4d4e-8f21-6f0a1b2c3d4e', '0b4f6a0e-9d1c-4d4e-8f21-6f0a1b2c3d4e', '… of Auth.js'), ('session=x.' || encode(sha256('y'), 'base64'), 'x.' || encode(sha256('y'), 'base64'), '… of Lucia'), ('session=x; authjs.session-token=' || :'a_token', :'a_token', '… beside a stranger''s'), ('authjs.session-token=' || :'a_token' || '; __Secure-authjs.session-token=' || :'b_token', :'b_token', 'the secure name before the plain one'),
  ('session=eyJfcGVybWFuZW50Ijp0cnVlfQ.ZxY.abc', NULL, 'Flask''s'), ('session=.eJwNyUEKwCAMBMC_7DkE.ZxY.abc', NULL, '… compressed'), ('connect.sid=s%3Ax.y', NULL, 'express-session''s'), ('better-auth.session_token=x.y', NULL, 'better-auth''s'), ('authjs.session-token=eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..a.b.c', NULL, 'Auth.js'' that is encrypted'), ('session=' || public.jwt(), NULL, 'a JWT of no key'), ('session=garbage', NULL, 'anything'), ('mine=' || :'a_token', NULL, 'a token under another name')) c (header, token, what);
SELECT session_auth.add_key('k', 'HS256', 'a secret of 32 bytes or even more') \g /dev/null
SELECT unnest(ARRAY[isnt(session_auth.token_from_cookie('session=' || jwt), NULL, 'a JWT that names a key of ours'), is(session_auth.token_from_cookie('session=eyJfcGVybWFuZW50Ijp0cnVlfQ.ZxY.abc'), NULL, '… which Flask''s does not')]) FROM (SELECT session_auth.issue_token('alice', '1 hour', kid => 'k')) t (jwt);
SELECT session_auth.drop_key('k') \g /dev/null
SELECT session_auth.add_authjs_secret('a secret', '{my.cookie}') \g /dev/null
SELECT is(session_auth.token_from_cookie('my.cookie=x; authjs.session-token=' || :'a_token'), 'x', 'a cookie name that was set up goes first');
SELECT is(session_auth.token_from_cookie('my.cookie.0=x; my.cookie.1=y'), 'xy', '… with chunks');

-- authenticate_request
CREATE FUNCTION public.who(cookie text, authorization_header text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT user_id FROM session_auth.authenticate_request(cookie, authorization_header));
EXCEPTION WHEN invalid_authorization_specification THEN
  RETURN SQLERRM;
END
$$;
\set refusal 'invalid or expired session token'
SELECT is(who(cookie, header), coalesce(who, :'refusal'), what)
FROM (VALUES
  ('session=' || :'a_token', NULL, 'alice', 'a cookie'), (NULL, 'Bearer ' || :'a_token', 'alice', 'a bearer'), (NULL, 'bearer ' || :'a_token', 'alice', '… in lower case'), ('x=1', 'Bearer ' || :'a_token', 'alice', 'a bearer beside other cookies'),
  ('session=' || :'a_token', 'Bearer ' || :'b_token', 'alice', 'the cookie before the bearer'), ('session=garbage', 'Bearer ' || :'b_token', 'bob', '… but a stranger''s hides no bearer'), ('session=' || repeat('x', 20000), 'Bearer ' || :'b_token', 'bob', '… nor does one that is too long'), ('session=garbage', 'Bearer garbage', NULL, 'both refused'),
  ('session=garbage; session=' || :'a_token', NULL, NULL, 'the first of duplicates'), (NULL, NULL, NULL, 'neither'), ('', '', NULL, 'both empty'), (NULL, 'Basic ' || :'a_token', NULL, 'another scheme'), (NULL, 'Bearer', NULL, 'no word'), (NULL, 'Bearer  ' || :'a_token', NULL, 'two spaces'), (NULL, :'a_token', NULL, 'no scheme'), (NULL, 'Bearer ' || :'a_token' || '%', NULL, 'a malformed escape'), (NULL, 'Bearer ' || :'a_token' || ' and more', 'alice', 'more words')) r (cookie, header, who, what);
SELECT unnest(ARRAY[is(r.user_id, 'alice', 'all columns: user'), is(r.role, 'ADMIN', '… role'), is(r.roles, '{ADMIN}'::text[], '… roles'), is(r.tenant, 'acme', '… tenant'), is(r.session_id, :'a_session_id', '… session'), is(r.expires_at, :'a_expires_at', '… expiry')])
  FROM session_auth.authenticate_request('session=' || :'a_token', NULL, tenant => 'acme') r;
SELECT throws_ok(format('SELECT session_auth.authenticate_request(%L, NULL, %L)', 'session=' || :'a_token', 'forever'), '22023', 'invalid scope', 'an unknown scope');
SELECT throws_ok(format('SELECT session_auth.authenticate_request(%L, NULL, NULL)', 'session=' || :'a_token'), '22023', 'invalid scope', 'no scope');
SELECT throws_ok(format('SELECT session_auth.authenticate_request(%L, NULL, tenant => %L)', 'session=' || :'a_token', ''), '22023', 'invalid tenant', 'an empty tenant');
-- on_refused: pages that work with and without a login
CREATE FUNCTION public.or_nobody(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  r record;
BEGIN
  PERFORM session_auth.authenticate((session_auth.create_session('before')).token);
  EXECUTE 'SELECT * FROM session_auth.' || call INTO r;
  RETURN format('%s: %s, %s', to_json(r)::text = '{"user_id":null,"role":null,"roles":null,"tenant":null,"session_id":null,"expires_at":null}',
    r.user_id, session_auth.user_id());
END
$$;
SELECT is(or_nobody(format(call, :'a_token')), wanted, call)
FROM (VALUES
  ('authenticate(%L, on_refused => ''nobody'')', 'f: alice, alice'), ('authenticate(NULL, on_refused => ''nobody'')', 't: , '), ('authenticate('''', on_refused => ''nobody'')', 't: , '),
  ('authenticate(''garbage'', on_refused => ''nobody'')', 't: , '), ('authenticate(repeat(''x'', 20000), on_refused => ''nobody'')', 't: , '),
  ('authenticate_request(''session='' || %L, NULL, on_refused => ''nobody'')', 'f: alice, alice'), ('authenticate_request(NULL, NULL, on_refused => ''nobody'')', 't: , '),
  ('authenticate_request(''session=garbage'', ''Bearer garbage'', on_refused => ''nobody'')', 't: , ')) c (call, wanted);
SELECT throws_ok(format('SELECT session_auth.%s, on_refused => %s)', call, v), '22023', 'invalid on_refused', call || ', on_refused ' || v)
FROM unnest('{authenticate(NULL,"authenticate_request(NULL, NULL"}'::text[]) call, unnest('{NULL::text,''anybody''}'::text[]) v;

SELECT session_auth.authenticate_request(NULL, 'Bearer ' || :'a_token', 'connection') \g /dev/null
SELECT is(session_auth.user_id(), 'alice', 'scope connection');
SELECT session_auth.deauthenticate() \g /dev/null

-- pre_request, as PostgREST calls it: settings of the transaction, perhaps READ ONLY, a database role
GRANT sa_request TO CURRENT_USER;
CREATE FUNCTION public.request(cookies text, headers text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('request.cookies', cookies, true), set_config('request.headers', headers, true);
  PERFORM session_auth.pre_request();
  RETURN coalesce(session_auth.user_id(), 'anonymous');
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
GRANT EXECUTE ON FUNCTION public.request TO sa_request;
SELECT jsonb_build_object('session', :'a_token') AS cookies, jsonb_build_object('authorization', 'Bearer ' || :'b_token') AS headers \gset
BEGIN READ ONLY;
SET LOCAL ROLE sa_request;
SELECT is(request(cookies, headers), who, 'pre_request: ' || what)
FROM (VALUES
  (:'cookies', '{}', 'alice', 'request.cookies'), ('{}', :'headers', 'bob', 'request.headers'), (:'cookies', :'headers', 'alice', 'cookies first'), (:'cookies', NULL, 'alice', 'headers that are not set'), (NULL, :'headers', 'bob', 'cookies that are not set'), (NULL, NULL, 'anonymous', 'neither'), ('{}', '{}', 'anonymous', 'neither of both'), ('', '', 'anonymous', 'empty settings, as after another transaction'),
  ('{"x": "1"}', '{"authorization": "Basic eA==", "accept": "*/*"}', 'anonymous', 'other cookies and another scheme'), ('{"session": "garbage"}', :'headers', 'bob', 'a cookie that is refused hides no bearer'), ('{"session": "garbage"}', '{}', 'anonymous', 'a stranger''s cookie is as good as none'), ('{"session": "eyJfcGVybWFuZW50Ijp0cnVlfQ.ZxY.abc"}', :'headers', 'bob', '… and hides no bearer'), (jsonb_build_object('session', 'sat_' || repeat('A', 43))::text, '{}', 'PT401 ' || :'refusal', 'a cookie that is refused'), (jsonb_build_object('session', 'sat_' || repeat('A', 43))::text, :'headers', 'PT401 ' || :'refusal', '… also beside a bearer'), ('{}', '{"authorization": "Bearer garbage"}', 'PT401 ' || :'refusal', 'a bearer that is refused'), ('{"session": 1}', :'headers', 'bob', 'a cookie that is no string'), ('[]', '[]', 'anonymous', 'arrays'), ('{"session": ""}', :'headers', 'bob', 'an empty cookie'),
  ('{"my.cookie.1": "bage", "my.cookie.0": "gar"}', '{}', 'PT401 ' || :'refusal', 'chunks of a cookie that is set up'), ('{}', '{"Authorization": "Bearer garbage"}', 'anonymous', 'PostgREST''s names are in lower case')) r (cookies, headers, who, what);
COMMIT;
-- an own session that has ended, and one that is unknown, as another program's may be
SELECT token AS old_token, session_id AS old_id FROM session_auth.create_session('bob') \gset
SELECT session_auth.expire_session(:'old_id'::uuid) \g /dev/null
SELECT token AS late_token, session_id AS late_id FROM session_auth.create_session('alice') \gset
UPDATE session_auth.sessions SET expires_at = now() WHERE session_id = :'late_id';
SELECT token AS idle_token, session_id AS idle_id FROM session_auth.create_session('alice') \gset
UPDATE session_auth.sessions SET last_seen_at = now() - interval '2 hours' WHERE session_id = :'idle_id';
SELECT * FROM session_auth.create_session('alice') \gset stolen_
SELECT token AS next_token FROM session_auth.rotate_session(:'stolen_token') \gset
SET session_auth.idle_timeout = '1h';
SELECT is(who('session=' || t, 'Bearer ' || :'b_token'), 'bob', what || ' hides no bearer') FROM (VALUES (:'late_token', 'an own session that has expired'), (:'idle_token', 'one that nobody used')) c (t, what);
SELECT is(who('session=' || t, 'Bearer ' || :'b_token'), :'refusal', what) FROM (VALUES (:'old_token', 'an own session that has ended decides'), ('0b4f6a0e-9d1c-4d4e-8f21-6f0a1b2c3d4e', 'so does what looks like the token of a session')) c (t, what);
SELECT is(who('session=' || :'late_token', header), :'refusal', 'beside ' || what || ' it is refused') FROM (VALUES (NULL, 'no header'), ('Bearer garbage', 'a bearer that is refused'), ('Basic eA==', 'another scheme')) c (header, what);
RESET session_auth.idle_timeout;
SET session_auth.rotation_grace = 0;
SELECT is(who('session=' || :'stolen_token', 'Bearer ' || :'b_token'), :'refusal', 'a stolen token decides');
SELECT is(who('session=' || :'next_token', NULL), :'refusal', '… and has ended its session');
RESET session_auth.rotation_grace;
SELECT is(who('my.cookie=' || :'late_token', 'Bearer ' || :'b_token'), 'bob', 'a session that has expired, under a name that is set up');
SELECT is(who('my.cookie=garbage', 'Bearer ' || :'b_token'), :'refusal', 'a cookie that is set up decides');
SELECT is(who('session=0b4f6a0e-9d1c-4d4e-8f21-6f0a1b2c3d4e', NULL), :'refusal', 'without a bearer it is refused');
SELECT is(session_auth.user_id(), NULL, 'the identity ends with the transaction');
SET session_auth.pre_request_refused = nobody;
SELECT is(request(jsonb_build_object('session', 'sat_' || repeat('A', 43))::text, '{}'), 'anonymous', 'pre_request_refused nobody: an old cookie makes no public page fail');
SELECT is(request('{}', '{"authorization": "Bearer garbage"}'), 'anonymous', '… nor does a bearer');
RESET session_auth.pre_request_refused;
SELECT session_auth.authenticate(:'a_token', 'connection') \g /dev/null
SELECT is(request('{}', '{}'), 'anonymous', 'without a token pre_request drops the identity that there was');
SELECT is(session_auth.user_id(), NULL, '… for good');
BEGIN READ ONLY;
SELECT is(request(:'cookies', '{}'), 'alice', 'in a transaction');
SET LOCAL ROLE sa_request;
SELECT is(session_auth.has_permission('view', 'accounts'), true, '… the query after it has the permissions');
COMMIT;
SELECT is(request('{"session": "x', '{}') ~ '^PT401', true, 'what is no JSON is an error');

SELECT * FROM finish();
