-- Requests: the token in a Cookie or Authorization header, or in the settings
-- that PostgREST makes of these.
\ir tokens.psql
SELECT plan(111);

SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"]}') \g /dev/null
SELECT session_auth.grant_role('alice', 'ADMIN') \g /dev/null
SELECT * FROM session_auth.create_session('alice') \gset a_
SELECT * FROM session_auth.create_session('bob') \gset b_

-- token_from_cookie
SELECT is(session_auth.token_from_cookie(header), token, what)
FROM (VALUES
  (NULL, NULL, 'no header'), ('', NULL, 'an empty header'), (';;; ;', NULL, 'only semicolons'), ('=x', NULL, 'no name'), ('a=1; b=2', NULL, 'other cookies'), ('session', NULL, 'a name without a value'), ('session=', NULL, 'an empty value'),
  ('authjs.session-token=x', 'x', 'Auth.js'), ('__Secure-authjs.session-token=x', 'x', '… secure'), ('next-auth.session-token=x', 'x', 'next-auth'), ('__Secure-next-auth.session-token=x', 'x', '… secure'), ('better-auth.session_token=x.y', 'x.y', 'better-auth'), ('__Secure-better-auth.session_token=x', 'x', '… secure'), ('better-auth.session_data=x', 'x', '… its cache'), ('connect.sid=s%3Ax.y', 's:x.y', 'express-session'), ('session=x', 'x', 'session'), ('__Host-session=x', 'x', '… with __Host-'),
  ('a=1; authjs.session-token=x; b=2', 'x', 'among others'), ('a=1;authjs.session-token=x;b=2', 'x', '… without spaces'), ('a=1;   authjs.session-token=x  ; b=2', 'x', '… with more'), ('AUTHJS.SESSION-TOKEN=x', NULL, 'names are case-sensitive'), ('xauthjs.session-token=x', NULL, 'a name that ends alike'), ('session2=x', NULL, 'a name that begins alike'),
  ('authjs.session-token=x; authjs.session-token=y', 'x', 'the first of duplicates'), ('session=; session=y', NULL, '… also when it is empty'), ('authjs.session-token=x; __Secure-authjs.session-token=y', 'y', 'the secure name before the plain one'), ('better-auth.session_data=d; better-auth.session_token=t', 't', 'better-auth''s token before its cache'),
  ('session=a%2Bb%3D', 'a+b=', 'percent-decoding'), ('session=a%2', 'a%2', '… stays as it is when malformed'), ('session=a%zz', 'a%zz', '… or no hexadecimal'), ('session=%ff', '%ff', '… or no UTF-8'), ('session=%c3%a5', 'å', '… UTF-8'), ('session="x"', 'x', 'quotes around a value'), ('session=a=b', 'a=b', 'an equals sign in a value'),
  ('authjs.session-token.0=a; authjs.session-token.1=b', 'ab', 'chunks'), ('authjs.session-token.1=b; authjs.session-token.0=a', 'ab', '… in numeric order'), ('authjs.session-token.10=k; ' || (SELECT string_agg(format('authjs.session-token.%s=%s', i, chr(97 + i)), '; ' ORDER BY i DESC) FROM generate_series(0, 9) i), 'abcdefghijk', '… of 11'), ('__Secure-next-auth.session-token.0=a; __Secure-next-auth.session-token.1=b', 'ab', '… of next-auth'), ('better-auth.session_data.0=a; better-auth.session_data.1=b', 'ab', '… of better-auth'), ('better-auth.session_token.0=a; better-auth.session_token.1=b', NULL, '… of a cookie that has none'), ('session.0=a; session.1=b', NULL, '… of another'),
  ('session=' || repeat('x', 16384), repeat('x', 16384), 'a value of max_token_length'), ('session=' || repeat('x', 16385), NULL, 'a longer one'), (repeat('a=1; ', 100000) || 'session=x', 'x', 'behind 100,000 cookies'), (repeat('a', 2000000) || '; session=x', NULL, 'a header of two megabytes')) c (header, token, what);
SELECT session_auth.add_authjs_secret('a secret', '{my.cookie}') \g /dev/null
SELECT is(session_auth.token_from_cookie('my.cookie=x; authjs.session-token=y'), 'x', 'a cookie name that was set up goes first');
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
  ('session=' || :'a_token', 'Bearer ' || :'b_token', 'alice', 'the cookie before the bearer'), ('session=garbage', 'Bearer ' || :'b_token', 'bob', '… but one that is refused hides no bearer'), ('session=' || repeat('x', 20000), 'Bearer ' || :'b_token', 'bob', '… nor does one that is too long'), ('session=garbage', 'Bearer garbage', NULL, 'both refused'),
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
  ('{"x": "1"}', '{"authorization": "Basic eA==", "accept": "*/*"}', 'anonymous', 'other cookies and another scheme'), ('{"session": "garbage"}', :'headers', 'bob', 'a cookie that is refused hides no bearer'), ('{"session": "garbage"}', '{}', 'PT401 ' || :'refusal', 'a cookie that is refused'), ('{}', '{"authorization": "Bearer garbage"}', 'PT401 ' || :'refusal', 'a bearer that is refused'), ('{"session": 1}', :'headers', 'bob', 'a cookie that is no string'), ('[]', '[]', 'anonymous', 'arrays'), ('{"session": ""}', :'headers', 'bob', 'an empty cookie'),
  ('{"authjs.session-token.1": "bage", "authjs.session-token.0": "gar"}', '{}', 'PT401 ' || :'refusal', 'chunks'), ('{}', '{"Authorization": "Bearer garbage"}', 'anonymous', 'PostgREST''s names are in lower case')) r (cookies, headers, who, what);
COMMIT;
SELECT is(session_auth.user_id(), NULL, 'the identity ends with the transaction');
SET session_auth.pre_request_refused = nobody;
SELECT is(request('{"session": "garbage"}', '{}'), 'anonymous', 'pre_request_refused nobody: an old cookie makes no public page fail');
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
