-- Attack: what the application's framework reads in one way and the database in another: two cookies
-- of one name, of which the other one counts there, or with two kinds of that name either; a value that is decoded twice; a user whose
-- number a library writes otherwise; a text that Ruby does not read.
-- Holds: both take the same user, or the database refuses.
-- Guards: src/pure/cookie.c, collect() and join(); src/verify/request.c, is_read_in_two_ways(); src/verify/prove_cookie.c, is_decoded(); src/pure/json_number.c,
-- json_is_whole(); src/pure/framework_envelope.c, read_rails_envelope(); src/pure/framework_cache.c, open_jwe().
-- Also: test/t/libraries.t, test/unit/cookie_test.c, test/pgtap/requests.sql.
SELECT plan(30);
SET client_min_messages = error;
\ir ../pgtap/tokens.psql
\ir ../pgtap/jwe.psql
\ir ../pgtap/cookies.psql
\set key 'one secret for all of an application'

-- Python's dictionaries keep the last
SELECT session_auth.add_cookie_secret('django', :'key') \g /dev/null
SELECT 'sessionid=' || django('{"_auth_user_id": "1"}', :'key') AS one, 'sessionid=' || django('{"_auth_user_id": "2"}', :'key') AS two \gset
SELECT is(who_asks(:'one' || '; ' || :'two'), '2', 'Django: the last of two cookies');
SELECT is(who_asks(:'two' || ';' || :'one'), '1', '… whichever it is');
SELECT is(who_asks(:'one' || '; sessionid=x'), 'nobody', '… also where it is none');
SELECT is(who_asks(:'one' || '; sessionid='), 'nobody', '… or empty');
SELECT is(who_asks('sessionid=x; a=1; ' || :'one'), '1', '… and what stands before it is no matter');
SELECT session_auth.add_cookie_secret('express', :'key', cookie_names => '{sid}') \g /dev/null
SELECT session_auth.create_session(who, token => token) FROM (VALUES ('ann', 'VYQdl8X0bJ5qk2uQm3sQ1n0yqvPZ0l5a'), ('ben', 'WYQdl8X0bJ5qk2uQm3sQ1n0yqvPZ0l5a')) t (who, token) \g /dev/null
SELECT is(who_asks('sid=' || express('VYQdl8X0bJ5qk2uQm3sQ1n0yqvPZ0l5a', :'key') || '; sid=' || express('WYQdl8X0bJ5qk2uQm3sQ1n0yqvPZ0l5a', :'key')), 'ann', 'express: the first');
-- one name of two kinds, of which one takes the first and the other the last
SELECT session_auth.add_cookie_secret('express', 'another secret, long enough too', cookie_names => '{sessionid}') \g /dev/null
SELECT is(who_asks(:'one' || '; ' || :'two'), 'nobody', 'a name of two kinds: neither of two cookies');
SELECT is(session_auth.token_from_cookie(:'one' || '; ' || :'two', '{sessionid}'), NULL, '… nor where the caller names it');
SELECT is(who_asks(:'one' || '; a=1; ' || :'one') || who_asks(:'two'), '12', '… but one that stands there twice, or alone');
SELECT session_auth.drop_cookie_secret('express', 'another secret, long enough too') \g /dev/null
SELECT is(who_asks(:'one' || '; ' || :'two'), '2', '… and the last as soon as there is one kind');

-- a value is decoded once
CREATE FUNCTION public.escaped(text) RETURNS text LANGUAGE sql AS
$$ SELECT replace(replace(replace(replace(replace($1, '%', '%25'), '+', '%2B'), '/', '%2F'), ':', '%3A'), '=', '%3D') $$;
SELECT unnest(ARRAY[is(who_asks('sid=' || escaped(v)), 'ann', 'escaped'), is(who_asks('sid=' || escaped(escaped(v))), 'nobody', 'escaped twice')]) FROM express('VYQdl8X0bJ5qk2uQm3sQ1n0yqvPZ0l5a', :'key') v;
SELECT is(who_asks('sid=sid=' || express('VYQdl8X0bJ5qk2uQm3sQ1n0yqvPZ0l5a', :'key')), 'nobody', 'a cookie within a cookie');
\set rails 'rails-fixed-test-secret-key-base-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'
SELECT session_auth.add_cookie_secret('rails-signed', :'rails', cookie_names => '{uid}', id_path => '{}', without_end => true) \g /dev/null
-- PBKDF2 with a thousand rounds, of "signed cookie", for this secret
CREATE FUNCTION public.rails_key(secret text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
  key bytea := '';
  u bytea; t bytea;
BEGIN
  FOR block IN 1..4 LOOP
    u := public.hmac('signed cookie'::bytea || int4send(block), secret::bytea, 'sha1');
    t := u;
    FOR round IN 2..1000 LOOP
      u := public.hmac(u, secret::bytea, 'sha1');
      t := (SELECT decode(string_agg(lpad(to_hex(get_byte(t, i) # get_byte(u, i)), 2, '0'), '' ORDER BY i), 'hex') FROM generate_series(0, 19) i);
    END LOOP;
    key := key || t;
  END LOOP;
  RETURN substr(key, 1, 64);
END $$;
SELECT rails_key(:'rails') AS rails_key \gset
CREATE FUNCTION public.rails_signed(envelope text, key bytea) RETURNS text LANGUAGE sql AS
$$ SELECT v || '--' || encode(public.hmac(v::bytea, key, 'sha1'), 'hex') FROM translate(encode(convert_to(envelope, 'UTF8'), 'base64'), E'\n', '') v $$;
-- its base64 has a plus
\set with_plus '{"_rails":{"message":"InUtMSI=","exp":null,"pur":"cookie.uid"},"x":">>>>"}'
SELECT unnest(ARRAY[matches(rails_signed(:'with_plus', :'rails_key'), '\+', 'a cookie of Rails with a plus'),
  is(who_asks('uid=' || replace(rails_signed(:'with_plus', :'rails_key'), '+', '%2B')), 'u-1', '… which is escaped'),
  is(who_asks('uid=' || rails_signed(:'with_plus', :'rails_key')), 'nobody', '… and would be a space otherwise')]);
SELECT is(who_asks('uid=' || replace(rails_signed(format('{"_rails":{"message":"InUtMSI=","exp":null,"pur":"cookie.uid"},"x":"%s"}', x), :'rails_key'), '+', '%2B')), wanted, what)
FROM (VALUES ('\u00e9', 'u-1', 'an escape'), ('\ud83e\udd8a', 'u-1', 'a pair of surrogates'), ('\ud800', 'nobody', 'half of one, which Ruby refuses')) t (x, wanted, what);

-- one user, several numbers
SELECT session_auth.add_key('k', 'HS256', secret()) \g /dev/null
SELECT is(coalesce((SELECT user_id FROM session_auth.verify_session(raw_jwt('{"alg":"HS256","kid":"k"}', format('{"sub":%s,"exp":%s}', sub, in_seconds(60)), secret()::bytea))), 'nobody'), wanted, sub)
FROM (VALUES ('7', '7'), ('-7', '-7'), ('7.0', 'nobody'), ('70e-1', 'nobody'), ('7e0', 'nobody'), ('-0', 'nobody')) t (sub, wanted);
SELECT is(who(django('{"_auth_user_id": 7}', :'key')), '7', 'a number in a cookie');
SELECT is(who(django('{"_auth_user_id": 7.0}', :'key')), 'nobody', '… with a fraction');

-- what an encrypted token says in clear, too: better-auth's cache, beside its token
SELECT session_auth.add_cookie_secret('better-auth', :'key') \g /dev/null
CREATE FUNCTION public.cache(header text, key text) RETURNS text LANGUAGE sql AS $$
  SELECT 'better-auth.session_token=' || token || '.' || escaped(encode(hmac(token, key, 'sha256'), 'base64')) || '; better-auth.session_data=' ||
    raw_jwe(header, jsonb_build_object('exp', in_seconds(300), 'session', jsonb_build_object('id', 's', 'userId', 'ann', 'token', token, 'expiresAt', '2100-01-01T00:00:00.000Z'), 'user', jsonb_build_object('id', 'ann'))::text,
      hkdf(key, 'better-auth-session', 'BetterAuth.js Generated Encryption Key'))
  FROM (VALUES ('BetterAuthTokenOf32Characters001')) t (token) $$;
SELECT is(who_asks(cache(format('{"alg":"dir","enc":"A256CBC-HS512"%s}', more), :'key')), wanted, 'an encrypted cache' || more)
FROM (VALUES ('', 'ann'), (',"sub":"bob"', 'nobody'), (',"iss":1', 'nobody')) t (more, wanted);

SELECT * FROM finish();
