-- adopt_sessions: every option, what it makes of rows that come, change and go, and what
-- it refuses. Siblings: adopt.sql (plain tables), adopt_roles.sql, adopt_partitions.sql;
-- test/attacks/adoption_forms.sql.
SET timezone = 'Asia/Tokyo';
SELECT plan(149);
\ir adoption.psql

CREATE FUNCTION public.ends(token text) RETURNS timestamptz LANGUAGE sql
AS $$ SELECT v.expires_at FROM session_auth.verify_session(token) v $$;
SET client_min_messages = error;

-- digests: what is stored opens nothing, what it is the digest of does
SELECT 't-' || md5(n::text) || md5('x' || n) AS token, sha256(('t-' || md5(n::text) || md5('x' || n))::bytea) AS hash, n INTO public.made FROM generate_series(1, 9) n;
SELECT token AS t1, encode(hash, 'hex') AS h1, encode(hash, 'base64') AS b1 FROM made WHERE n = 1 \gset
SELECT token AS t2 FROM made WHERE n = 2 \gset
CREATE TABLE hashed (form text, value text, who text, until timestamptz) PARTITION BY LIST (form);
CREATE TABLE hex AS SELECT encode(hash, 'hex') AS token, 'hex' || n AS who, timestamptz '2100-01-01' AS until FROM made;
CREATE TABLE base64 AS SELECT encode(hash, 'base64') AS token, 'base64-' || n AS who, timestamptz '2100-01-01' AS until FROM made;
CREATE TABLE base64url AS SELECT rtrim(translate(encode(hash, 'base64'), '+/', '-_'), '=') AS token, 'base64url-' || n AS who, timestamptz '2100-01-01' AS until FROM made;
CREATE TABLE bytes AS SELECT hash AS token, 'bytes' || n AS who, timestamptz '2100-01-01' AS until FROM made;

SELECT is(detail_of($$SELECT session_auth.adopt_sessions('hex', 'token', 'who', 'until')$$), 'invalid token_form: All tokens in column "token" are 64 hexadecimal digits. Where these are SHA-256 hashes it must be sha256-hex; where they are the tokens themselves, bytea.', 'a table of 64 hexadecimal digits is refused as plain');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgrelid = 'hex'::regclass), 0::bigint, 'and is not left with triggers');
UPDATE hex SET token = upper(token) WHERE who = 'hex2';
SELECT is(detail_of($$SELECT session_auth.adopt_sessions('hex', 'token', 'who', 'until')$$), 'invalid token_form: All tokens in column "token" are 64 hexadecimal digits. Where these are SHA-256 hashes it must be sha256-hex; where they are the tokens themselves, bytea.', 'in upper case too');
SELECT is(session_auth.adopt_sessions('hex', 'token', 'who', 'until', token_form => 'sha256-hex'), 9::bigint, 'sha256-hex');
SELECT is(who(:'t1') || ' ' || who(:'t2'), 'hex1 hex2', 'the token whose digest is stored opens');
SELECT is(who(:'h1'), 'nobody', 'the stored digest does not');
DELETE FROM hex;
SELECT is(who(:'t1'), 'nobody', 'a row that goes ends it');
SELECT session_auth.abandon('hex') \g /dev/null
SELECT is(session_auth.adopt_sessions('base64', 'token', 'who', 'until', token_form => 'sha256-base64'), 9::bigint, 'sha256-base64');
SELECT is(who(:'t1') || ' ' || who(:'b1'), 'base64-1 nobody', 'opens for the token, not for what is stored');
SELECT session_auth.abandon('base64') \g /dev/null
SELECT is(session_auth.adopt_sessions('base64url', 'token', 'who', 'until', token_form => 'sha256-base64url'), 9::bigint, 'sha256-base64url, without padding');
SELECT is(who(:'t1'), 'base64url-1', 'opens');
UPDATE base64url SET token = token || '=';
SELECT is(who(:'t1'), 'base64url-1', 'padding at the end changes nothing');
SELECT session_auth.abandon('base64url') \g /dev/null
SELECT is(session_auth.adopt_sessions('bytes', 'token', 'who', 'until', token_form => 'sha256-bytea'), 9::bigint, 'sha256-bytea');
SELECT is(who(:'t1'), 'bytes1', 'opens');
INSERT INTO bytes SELECT hash, 'late', '2100-01-01' FROM (SELECT sha256('a-token-that-comes-later-0123456789'::bytea) AS hash) h;
SELECT is(who('a-token-that-comes-later-0123456789'), 'late', 'a login that comes later');
SELECT lives_ok($$INSERT INTO bytes VALUES ('\x00', 'short', '2100-01-01'), (decode(repeat('00', 32), 'hex'), 'zeros', '2100-01-01')$$, 'what is no digest makes no login fail');
SELECT is_empty($$SELECT FROM session_auth.sessions WHERE user_id IN ('short', 'zeros')$$, 'and opens nothing');
SET bytea_output = 'escape';
UPDATE bytes SET until = '2101-01-01' WHERE who = 'bytes1';
SELECT is(ends(:'t1'), '2101-01-01'::timestamptz, 'bytea_output makes no difference');
RESET bytea_output;
SELECT session_auth.abandon('bytes') \g /dev/null

-- raw bytes, and hexadecimal digits that are the token
CREATE TABLE raw (token bytea, who text, until timestamptz);
INSERT INTO raw VALUES (decode(md5('a') || md5('b'), 'hex'), 'raw', '2100-01-01'), ('k3Jd82mQpZx7Vb1nLr5TwYc9Hf0Gs4Ae', 'text', '2100-01-01'), ('\x0102', 'short', '2100-01-01'), (decode(repeat('ab', 40), 'hex'), 'same', '2100-01-01');
SELECT is(session_auth.adopt_sessions('raw', 'token', 'who', 'until', token_form => 'bytea'), 2::bigint, 'bytea: neither few bytes nor the same ones');
SELECT is((SELECT token_hash FROM session_auth.sessions WHERE user_id = 'raw'), sha256(decode(md5('a') || md5('b'), 'hex')), 'the token is its own bytes');
SELECT is(who('k3Jd82mQpZx7Vb1nLr5TwYc9Hf0Gs4Ae'), 'text', 'a text is its UTF-8');
CREATE TABLE hex_tokens (token text, who text, until timestamptz);
SELECT is(session_auth.adopt_sessions('hex_tokens', 'token', 'who', 'until'), 0::bigint, 'an empty table passes as plain');
INSERT INTO hex_tokens VALUES (:'h1', 'hexed', '2100-01-01');
SELECT is(who(:'h1'), 'nobody', 'but a row of 64 hexadecimal digits that comes later opens nothing');
SELECT is(session_auth.adopt_sessions('hex_tokens', 'token', 'who', 'until', token_form => 'bytea'), 1::bigint, 'who says that the text is the token');
SELECT is(who(:'h1'), 'hexed', 'gets it');
SELECT is(who(:'t1'), 'nobody', 'and nothing by what it might be the digest of');

-- where
CREATE TABLE users_tokens (user_id int, token bytea, context text, inserted_at timestamp);
INSERT INTO users_tokens VALUES (42, decode(md5('s1') || md5('s1'), 'hex') || '\x01', 'session', now() AT TIME ZONE 'UTC'),
  (42, convert_to('reset-token-0123456789abcdefghijk', 'UTF8'), 'reset_password', now() AT TIME ZONE 'UTC'), (43, convert_to('session-token-0123456789abcdefghi', 'UTF8'), 'session', now() AT TIME ZONE 'UTC' - interval '59 days');
SELECT is(session_auth.adopt_sessions('users_tokens', 'token', 'user_id', 'inserted_at', token_form => 'bytea', where_column => 'context', where_value => 'session', lifetime => '60 days'), 2::bigint, 'Phoenix: the rows of one context');
SELECT is(who('reset-token-0123456789abcdefghijk'), 'nobody', 'others open nothing');
SELECT is(who('session-token-0123456789abcdefghi'), '43', 'a session does');
SELECT is(ends('session-token-0123456789abcdefghi')::date, (now() + interval '1 day')::date, 'for as long as the lifetime is, from when it was made');
UPDATE users_tokens SET context = 'session' WHERE context = 'reset_password';
SELECT is(who('reset-token-0123456789abcdefghijk'), '42', 'a row that comes into the context');
UPDATE users_tokens SET context = 'confirm';
SELECT is(who('reset-token-0123456789abcdefghijk') || who('session-token-0123456789abcdefghi'), 'nobodynobody', 'and one that leaves it');
INSERT INTO users_tokens VALUES (44, convert_to('other-token-0123456789abcdefghijk', 'UTF8'), NULL, now() AT TIME ZONE 'UTC');
SELECT is(who('other-token-0123456789abcdefghijk'), 'nobody', 'NULL is no value');

-- times
CREATE TABLE flagged (token text, who text, until timestamptz, flag boolean);
INSERT INTO flagged VALUES ('flagged-0123456789abcdefghijklmno', 'f', '2100-01-01', true), ('unflagged-0123456789abcdefghijklm', 'u', '2100-01-01', false), ('neither-0123456789abcdefghijklmno', 'n', '2100-01-01', NULL);
CREATE TABLE numbers (token text, who text, n bigint, i int, d numeric, t varchar(255), l timestamp, at timestamptz);
CREATE FUNCTION public.adopt_number(col name, form text, span interval DEFAULT NULL) RETURNS bigint LANGUAGE sql
AS $$ SELECT session_auth.adopt_sessions('numbers', 'token', 'who', col, expires_form => form, lifetime => span) $$;
INSERT INTO numbers VALUES ('numbers-0123456789abcdefghijk-1', 'ada', 4102444800123, 1899999940, 4102444800.75, '4102444800123', NULL, NULL),
  ('numbers-0123456789abcdefghijk-2', 'bea', 253402300800000, -1, 'NaN', 'soon', 'infinity', NULL),
  ('numbers-0123456789abcdefghijk-3', 'cid', NULL, 0, 'Infinity', '', NULL, NULL);
SELECT is(adopt_number('n', 'milliseconds'), 1::bigint, 'bigint, milliseconds');
SELECT is(ends('numbers-0123456789abcdefghijk-1'), '2100-01-01 00:00:00.123+00', 'to the millisecond');
SELECT is(adopt_number('i', 'seconds', '2 hours'), 1::bigint, 'integer, seconds, and a lifetime: the last activity');
SELECT is(ends('numbers-0123456789abcdefghijk-1'), to_timestamp(1899999940 + 7200), 'they add up');
UPDATE numbers SET i = i + 60 WHERE who = 'ada';
SELECT is(ends('numbers-0123456789abcdefghijk-1'), to_timestamp(1899999940 + 7260), 'activity slides it');
SELECT adopt_number('i', 'seconds', '1 year 2 months 3 days 04:05:06.5') \g /dev/null
SELECT is(ends('numbers-0123456789abcdefghijk-1'), to_timestamp(1899999940 + 60 + 14 * 30 * 86400 + 3 * 86400 + 14706.5), 'a month is 30 days');
SELECT is(adopt_number('d', 'seconds'), 1::bigint, 'numeric, neither NaN nor infinity');
SELECT is(ends('numbers-0123456789abcdefghijk-1'), '2100-01-01 00:00:00+00', 'without a fraction');
SELECT is(adopt_number('t', 'milliseconds'), 1::bigint, 'varchar of milliseconds');
SELECT is(ends('numbers-0123456789abcdefghijk-1'), '2100-01-01 00:00:00.123+00', 'as TypeORM keeps them');
SELECT lives_ok(format('UPDATE numbers SET t = %L WHERE who = ''ada''', t), 'no login fails for ' || t) FROM unnest('{99999999999999999999999999999999,-5,1e9," 4102444800123",0x10,4102444800123x}'::text[]) t;
SELECT is(who('numbers-0123456789abcdefghijk-1'), 'nobody', 'and what is no time opens nothing');
SELECT session_auth.abandon('numbers') \g /dev/null
INSERT INTO numbers (token, who, l) VALUES ('numbers-0123456789abcdefghijk-4', 'dan', '2100-07-01 12:00'), ('numbers-0123456789abcdefghijk-5', 'eve', '2100-01-01 12:00');
SELECT is(session_auth.adopt_sessions('numbers', 'token', 'who', 'l', time_zone => 'europe/berlin'), 3::bigint, 'local time of a zone, in any case of letters; never is a time');
SELECT is(ends('numbers-0123456789abcdefghijk-4'), '2100-07-01 10:00+00', 'in summer');
SELECT is(ends('numbers-0123456789abcdefghijk-5'), '2100-01-01 11:00+00', 'in winter');
SELECT is((SELECT options->>'time_zone' FROM session_auth.list_adoptions()  WHERE source = 'numbers'::regclass), 'Europe/Berlin', 'under its own name');
SELECT session_auth.abandon('numbers') \g /dev/null

-- connect-pg-simple in two time zones: shared/cases/local_timestamps.sql
CREATE TABLE tokyo (sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL);
CREATE TABLE new_york (LIKE tokyo);
CREATE TABLE mixed (LIKE tokyo);
ALTER TABLE mixed ALTER expire TYPE timestamptz;
SELECT session_auth.adopt_sessions('tokyo', 'sid', 'sess', 'expire', user_path => '{userId}', time_zone => 'Asia/Tokyo') \g /dev/null
SELECT session_auth.adopt_sessions('new_york', 'sid', 'sess', 'expire', user_path => '{userId}', time_zone => 'America/New_York') \g /dev/null
SELECT session_auth.adopt_sessions('mixed', 'sid', 'sess', 'expire', user_path => '{userId}') \g /dev/null
INSERT INTO tokyo VALUES ('l3Jd82mQpZx7Vb1nLr5TwYc9Hf0Gs4Ae', '{"userId":"u1"}', to_timestamp(extract(epoch FROM now()) + 3600));
INSERT INTO mixed VALUES ('m3Jd82mQpZx7Vb1nLr5TwYc9Hf0Gs4Ae', '{"userId":"u1"}', to_timestamp(extract(epoch FROM now()) + 3600));
SET timezone = 'America/New_York';
INSERT INTO new_york VALUES ('n3Jd82mQpZx7Vb1nLr5TwYc9Hf0Gs4Ae', '{"userId":"u2"}', to_timestamp(extract(epoch FROM now()) + 3600));
INSERT INTO mixed VALUES ('o3Jd82mQpZx7Vb1nLr5TwYc9Hf0Gs4Ae', '{"userId":"u2"}', to_timestamp(extract(epoch FROM now()) + 3600));
SELECT ok(ends('l3Jd82mQpZx7Vb1nLr5TwYc9Hf0Gs4Ae') BETWEEN now() + interval '59 minutes' AND now() + interval '1 hour', 'local time of Tokyo is an hour from now');
SELECT ok(ends('n3Jd82mQpZx7Vb1nLr5TwYc9Hf0Gs4Ae') BETWEEN now() + interval '59 minutes' AND now() + interval '1 hour', 'so is that of New York');
SELECT ok(bool_and(ends(left(c, 1) || '3Jd82mQpZx7Vb1nLr5TwYc9Hf0Gs4Ae') BETWEEN now() + interval '59 minutes' AND now() + interval '1 hour'), 'where both write, timestamptz is right') FROM unnest('{m,o}'::text[]) c;
SET timezone = 'Asia/Tokyo';

-- users within JSON
CREATE TABLE session (sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL);
CREATE FUNCTION public.sid(n int) RETURNS text LANGUAGE sql AS $$ SELECT 'k3Jd82mQpZx7Vb1nLr5TwYc9Hf0Gs4A' || n $$;
INSERT INTO session VALUES (sid(1), '{"cookie": {"path": "/"}, "passport": {"user": 42}}', '2100-01-01'), (sid(2), '{"passport": {"user": "u2"}}', '2100-01-01'),
  (sid(3), '{"passport": {}}', '2100-01-01'), (sid(4), '{"passport": {"user": {"id": 4}}}', '2100-01-01'), (sid(5), '{"passport": {"user": null}}', '2100-01-01'), (sid(6), '[]', '2100-01-01'), (sid(7), '{"passport": {"user": ["x"]}, "user": "u7"}', '2100-01-01'), (sid(8), '{"passport": {"user": "a\u0000b"}}', '2100-01-01'),
  (sid(9), '{"passport": {"user": 7.0}}', '2100-01-01'), (sid(10), '{"passport": {"user": 7e0}}', '2100-01-01');
SELECT is(session_auth.adopt_sessions('session', 'sid', 'sess', 'expire', user_path => '{passport,user}'), 2::bigint, 'connect-pg-simple with passport');
SELECT is(who(sid(1)) || ' ' || who(sid(2)), '42 u2', 'a number counts as its text');
SELECT is(who(sid(n)), 'nobody', 'nobody has logged in: ' || (SELECT sess FROM session WHERE sid = sid(n))) FROM generate_series(3, 10) n;
UPDATE session SET sess = '{"passport": {"user": 3}}' WHERE sid = sid(3);
SELECT is(who(sid(3)), '3', 'a login in a session that was there');
UPDATE session SET sess = '{"cookie": {}}' WHERE sid = sid(3);
SELECT is(who(sid(3)), 'nobody', 'and a logout');
SELECT session_auth.abandon('session') \g /dev/null
DELETE FROM session WHERE sid = sid(8);
ALTER TABLE session ALTER sess TYPE jsonb, ADD note text;
SELECT is(session_auth.adopt_sessions('session', 'sid', 'sess', 'expire', user_path => '{user}'), 1::bigint, 'jsonb');
SELECT is(who(sid(7)), 'u7', 'a path of one step');
UPDATE session SET note = CASE sid WHEN sid(1) THEN '{"user": "from text"}' WHEN sid(2) THEN '{"user": "cut' END;
SELECT is(session_auth.adopt_sessions('session', 'sid', 'note', 'expire', user_path => '{user}'), 1::bigint, 'a text of JSON, and one of none');
SELECT is(who(sid(1)) || ' ' || who(sid(7)), 'from text nobody', 'where it was and is no more it ends');

-- tenants
SELECT session_auth.create_role('ADMIN'), session_auth.grant_role('u1', 'ADMIN', 'acme') \g /dev/null
CREATE TABLE active (token text, "userId" text, "expiresAt" timestamptz, "activeOrganizationId" text);
INSERT INTO active VALUES ('active-0123456789abcdefghijklm-1', 'u1', '2100-01-01', 'acme'), ('active-0123456789abcdefghijklm-2', 'u1', '2100-01-01', NULL), ('active-0123456789abcdefghijklm-3', 'u1', '2100-01-01', '');
SELECT is(session_auth.adopt_sessions('active', 'token', 'userId', 'expiresAt', tenant_column => 'activeOrganizationId'), 2::bigint, 'an active organization; the empty one is none');
SELECT is((SELECT tenant || roles::text FROM session_auth.verify_session('active-0123456789abcdefghijklm-1')), 'acme{ADMIN}', 'it is the tenant when none is asked for, and its roles hold');
SELECT is((SELECT tenant FROM session_auth.verify_session('active-0123456789abcdefghijklm-1', 'acme')), 'acme', 'and when it is asked for');
SELECT is_empty($$SELECT * FROM session_auth.verify_session('active-0123456789abcdefghijklm-1', 'other')$$, 'not when another is');
SELECT is((SELECT coalesce(tenant, 'none') || roles::text FROM session_auth.verify_session('active-0123456789abcdefghijklm-2')), 'none{}', 'a session in none is in none');
SELECT is_empty($$SELECT * FROM session_auth.verify_session('active-0123456789abcdefghijklm-2', 'acme')$$, 'whatever is asked for');
UPDATE active SET "activeOrganizationId" = 'other' WHERE token LIKE '%1';
SELECT is((SELECT tenant || roles::text FROM session_auth.verify_session('active-0123456789abcdefghijklm-1')), 'other{}', 'it follows');
SELECT is((SELECT tenant FROM session_auth.authenticate('active-0123456789abcdefghijklm-1', 'connection')), 'other', 'a connection''s identity');
UPDATE active SET "activeOrganizationId" = 'acme' WHERE token LIKE '%1';
SELECT is(session_auth.user_id(), NULL, 'ends when the organization is another');

-- a cookie's proof
CREATE TABLE signed (id int, token text, who text, until timestamptz);
INSERT INTO signed VALUES (1, 'signed-0123456789abcdefghijklmn', 'ann', '2100-01-01');
SELECT is(session_auth.adopt_sessions('signed', 'token', 'who', 'until'), 1::bigint, 'a table');
SELECT is(who('signed-0123456789abcdefghijklmn'), 'ann', 'a bare token opens it while nothing signs');
SELECT session_auth.add_cookie_secret('express', 'the secret of an application') \g /dev/null
SELECT is(who('signed-0123456789abcdefghijklmn'), 'nobody', 'no more once a cookie secret is set up');
CREATE EXTENSION pgcrypto;
CREATE FUNCTION public.sign(value text) RETURNS text LANGUAGE sql AS $$
  SELECT 's:' || value || '.' || rtrim(encode(hmac(value, 'the secret of an application', 'sha256'), 'base64'), '=') $$;
SELECT is(who(sign('signed-0123456789abcdefghijklmn')), 'ann', 'the signed cookie does');
SELECT is(session_auth.adopt_sessions('signed', 'token', 'who', 'until', signed_only => false), 1::bigint, 'signed_only => false');
SELECT is(who('signed-0123456789abcdefghijklmn'), 'ann', 'a bare token opens it again');
SELECT session_auth.drop_cookie_secret('express', 'the secret of an application') \g /dev/null
SELECT session_auth.adopt_sessions('signed', 'token', 'who', 'until', signed_only => true) \g /dev/null
SELECT is(who('signed-0123456789abcdefghijklmn'), 'nobody', 'signed_only => true, without any secret too');
SELECT token AS own FROM session_auth.create_session('ben') \gset
SELECT session_auth.add_cookie_secret('express', 'the secret of an application') \g /dev/null
SELECT is(who(:'own'), 'ben', 'sessions that were created here need no cookie');
SELECT is(session_auth.adopt_sessions('signed', 'id', 'who', 'until', token_form => 'id'), 1::bigint, 'an id');
SELECT is(who('1') || who(sign('1')), 'nobodyann', 'is no token, but a cookie that is proved may name it');
SELECT is((SELECT signed_only FROM session_auth.sessions WHERE user_id = 'ann' AND ended_at IS NULL), true, 'it is opened by a proved cookie alone');
SELECT is((SELECT token_hash FROM session_auth.sessions WHERE user_id = 'ann' AND ended_at IS NULL), sha256('\x00' || 'session_auth id'::bytea || '\x00' || '1'::bytea), 'found by what no token can be');

RESET client_min_messages;
-- list_adoptions
SELECT is((SELECT row(kind, token_column, user_column, expires_column, role_column, tenant_column, options, carried, fires)::text FROM session_auth.list_adoptions() WHERE source = 'users_tokens'::regclass),
  '(sessions,token,user_id,inserted_at,,,"{""lifetime"": ""1440:00:00"", ""token_form"": ""bytea"", ""where_value"": ""session"", ""where_column"": ""context""}",0,t)', 'list_adoptions tells how');
SELECT is((SELECT options->'user_path' FROM session_auth.list_adoptions() WHERE source = 'session'::regclass), '["user"]', 'a path is a list');
SELECT is((SELECT tenant_column || carried FROM session_auth.list_adoptions() WHERE source = 'active'::regclass), 'activeOrganizationId2', 'and how many sessions are carried over');

-- what is refused
SELECT is(split_part(detail_of(format('SELECT session_auth.adopt_sessions(%L, %L, %L, %L, %s)', source, token, who, until, more)), ':', 1), message, 'refused: ' || more)
FROM (VALUES
  ('signed', 'token', 'who', 'until', 'token_form => NULL', 'invalid token_form'),
  ('signed', 'token', 'who', 'until', 'token_form => ''sha512''', 'invalid token_form'),
  ('signed', 'token', 'who', 'until', 'token_form => ''sha256-bytea''', 'invalid token_column'),
  ('raw', 'token', 'who', 'until', 'token_form => ''sha256-hex''', 'invalid token_column'),
  ('signed', 'id', 'who', 'until', 'token_form => ''id'', signed_only => false', 'invalid signed_only'),
  ('signed', 'token', 'who', 'until', 'user_form => ''django''', 'invalid user_form'),
  ('signed', 'token', 'who', 'until', 'user_form => ''rails''', 'invalid user_form'),
  ('session', 'sid', 'sess', 'expire', 'user_path => NULL', 'invalid user_column'),
  ('session', 'sid', 'sess', 'expire', 'user_form => ''symfony''', 'invalid user_path'),
  ('session', 'sid', 'sess', 'expire', 'user_form => ''symfony'', user_path => ''{_security_main}''', 'invalid user_path'),
  ('session', 'sid', 'sess', 'expire', 'user_form => ''symfony'', user_path => ''{_security_main,id}''', 'invalid user_column'),
  ('flagged', 'token', 'who', 'until', 'where_column => ''flag'', where_value => ''yes''', 'invalid where_value'),
  ('session', 'sid', 'sess', 'expire', 'user_path => ''{}''', 'invalid user_path'),
  ('session', 'sid', 'sess', 'expire', 'user_path => ''{a,NULL}''', 'invalid user_path'),
  ('numbers', 'token', 'who', 'n', 'expires_form => ''minutes''', 'invalid expires_form'),
  ('numbers', 'token', 'who', 'at', 'expires_form => ''seconds''', 'invalid expires_form'),
  ('numbers', 'token', 'who', 'l', 'time_zone => ''Nowhere/Else''', 'invalid time_zone'),
  ('numbers', 'token', 'who', 'l', 'time_zone => NULL', 'invalid time_zone'),
  ('numbers', 'token', 'who', 'at', 'time_zone => ''Europe/Berlin''', 'invalid time_zone'),
  ('numbers', 'token', 'who', 'at', 'lifetime => ''102 years''', 'invalid lifetime'),
  ('numbers', 'token', 'who', 'at', 'lifetime => ''-1 s''', 'invalid lifetime'),
  ('numbers', 'token', 'who', 'at', 'where_column => ''who''', 'invalid where_value'),
  ('numbers', 'token', 'who', 'at', 'where_value => ''x''', 'invalid where_value'),
  ('numbers', 'token', 'who', 'at', 'where_column => ''at'', where_value => ''x''', 'invalid where_column'),
  ('numbers', 'token', 'who', 'at', 'tenant_column => ''nowhere''', 'invalid tenant_column')
) v (source, token, who, until, more, message);

-- a boolean says which rows count
SELECT is(session_auth.adopt_sessions('flagged', 'token', 'who', 'until', where_column => 'flag', where_value => 'true', signed_only => false), 1::bigint, 'only rows with a true flag');
SELECT is(who('flagged-0123456789abcdefghijklmno') || who('unflagged-0123456789abcdefghijklm'), 'fnobody', 'that one and no other');
UPDATE flagged SET flag = NOT flag;
SELECT is(who('flagged-0123456789abcdefghijklmno') || who('unflagged-0123456789abcdefghijklm'), 'nobodyu', 'a flag that changes');

-- Symfony's session in PHP's serialization, ~ for a zero byte; what its own classes write is in
-- test/frameworks/with_symfony.php
CREATE FUNCTION public.symfony(the_user text, firewall text DEFAULT '_security_main', class text DEFAULT 'UsernamePasswordToken', authenticated text DEFAULT '1') RETURNS bytea LANGUAGE sql AS $$
  SELECT decode(replace(encode(convert_to(format('_sf2_attributes|a:2:{s:1:"x";R:1;s:%s:"%s";s:%s:"%s";}_sf2_meta|a:0:{}', length(firewall), firewall, octet_length(t), t), 'UTF8'), 'hex'), '7e', '00'), 'hex')
  FROM (SELECT format('O:%s:"%s":3:{i:0;N;i:1;s:4:"main";i:2;a:5:{i:0;%si:1;b:%s;i:2;N;i:3;a:0:{}i:4;a:0:{}}}', length(c), c, the_user, authenticated)
        FROM (SELECT 'Symfony\Component\Security\Core\Authentication\Token\' || class) n (c)) t (t) $$;
CREATE FUNCTION public.symfony_user(data bytea, VARIADIC path text[]) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce((a.session).user_id, a.left_out)
  FROM (SELECT 'symfony-0123456789abcdefghijklmno' AS sess_id, data AS sess_data, 4102444800 AS sess_lifetime) s,
    session_auth.adopted_row('hex'::regclass, s, now(), ARRAY['sess_id', 'sess_data', 'sess_lifetime', 'user_form=symfony', 'expires_form=seconds']
      || ARRAY(SELECT 'user_path=' || p FROM unnest(path) WITH ORDINALITY u (p, n) ORDER BY n)) a $$;
SELECT is(symfony_user(symfony(u), VARIADIC '{_security_main}' || p::text[]), wanted, what) FROM (VALUES
  ('O:4:"User":1:{s:8:"~User~id";i:42;}', '{id}', '42', 'Symfony: a private number'),
  ('O:4:"User":1:{s:5:"~*~id";s:2:"42";}', '{id}', '42', 'a protected text'),
  ('O:4:"User":1:{s:4:"name";s:4:"Zoë";}', '{name}', 'Zoë', 'a public one, in UTF-8'),
  ('O:4:"User":1:{s:2:"id";O:28:"Symfony\Component\Uid\UuidV4":1:{s:6:"~*~uid";s:3:"abc";}}', '{id,uid}', 'abc', 'an object within'),
  ('O:4:"User":2:{s:7:"~User~i";i:1;s:8:"~Base~id";i:42;}', '{id}', '42', 'one of a parent class'),
  ('O:4:"User":3:{s:2:"x";E:9:"Suit:Club";s:2:"yy";C:3:"Foo":4:{i:1;}s:2:"id";i:42;}', '{id}', 'without a user', 'a length that is none'),
  ('O:4:"User":3:{s:1:"x";E:9:"Suit:Club";s:2:"yy";C:3:"Foo":4:{i:1;}s:2:"id";i:42;}', '{id}', '42', 'beside what is stepped over'),
  ('O:4:"User":1:{s:2:"id";r:1;}', '{id}', 'without a user', 'a reference is nobody'),
  ('O:4:"User":1:{s:2:"id";i:42;}', '{email}', 'without a user', 'another property'),
  ('O:4:"User":2:{s:8:"~User~id";i:1;s:8:"~Base~id";i:42;}', '{id}', 'without a user', 'two of one name are nobody'),
  ('s:5:"anon.";', '{id}', 'without a user', 'a text is nobody'),
  ('O:4:"User":1:{s:2:"id";s:4:"42~x";}', '{id}', 'without a user', 'a zero byte cuts nothing off'),
  ('O:4:"User":1:{s:2:"id";s:0:"";}', '{id}', 'with a user that is no user_id', 'an empty name')
) v (u, p, wanted, what);
SELECT is(symfony_user(symfony('O:4:"User":1:{s:2:"id";i:42;}', '_security_other'), '_security_main', 'id'), 'without a user', 'another firewall');
SELECT is(symfony_user(convert_to(d, 'UTF8'), '_security_main', 'id'), 'without a user', what) FROM (VALUES
  ('', 'an empty session'), ('_sf2_attributes|a:0:{}', 'a guest'), ('_sf2_attributes|a:1:{', 'one that is cut off'),
  ('x|i:1;_sf2_attributes|a:1:{s:14:"_security_main";s:2:"N;";}', 'a token that is none'), ('a:0:{}', 'another format'),
  ('_sf2_attributes|a:1:{s:14:"_security_main";i:1;}', 'a number for a token')) v (d, what);

-- Spring Session 2 and later write base64 of the id into the cookie SESSION (DefaultCookieSerializer)
CREATE TABLE public.spring_session (primary_id char(36) PRIMARY KEY, session_id char(36) NOT NULL, expiry_time bigint NOT NULL, principal_name varchar(100));
INSERT INTO public.spring_session VALUES ('d3b0b9fc-51ab-4a0e-9f0e-5f3ac71bd001', 'd3b0b9fc-51ab-4a0e-9f0e-5f3ac71bd002', 4102444800000, 'sam');
SELECT session_auth.adopt_sessions('public.spring_session', 'session_id', 'principal_name', 'expiry_time', expires_form => 'milliseconds', signed_only => false) \g /dev/null
SELECT encode('d3b0b9fc-51ab-4a0e-9f0e-5f3ac71bd002', 'base64') AS spring, encode('d3b0b9fc-51ab-4a0e-9f0e-5f3ac71bd003', 'base64') AS other \gset
SELECT is(user_id, 'sam', 'Spring''s cookie is base64 of the id') FROM session_auth.verify_session(:'spring');
SELECT is(user_id, 'sam', '… by its name') FROM session_auth.authenticate_request('SESSION=' || :'spring', NULL);
SELECT is(user_id, 'sam', 'the id itself too') FROM session_auth.verify_session('d3b0b9fc-51ab-4a0e-9f0e-5f3ac71bd002');
SELECT is_empty(format('SELECT FROM session_auth.verify_session(%L)', :'other'), 'another id is none');

SELECT * FROM finish();
