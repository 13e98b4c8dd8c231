-- Bad input: a clear error with its SQLSTATE, and nothing half done.
SELECT plan(70);

SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"]}') \g /dev/null
SELECT session_auth.grant_role('alice', 'ADMIN') \g /dev/null
SELECT * FROM session_auth.create_session('alice') \gset a_

-- tokens
CREATE TABLE public.tokens (label text, token text);
INSERT INTO tokens VALUES
  ('NULL', NULL),
  ('empty', ''),
  ('one letter', 'x'),
  ('blanks', '   '),
  ('a prefix alone', 'sat_'),
  ('one character too few', 'sat_' || repeat('A', 42)),
  ('one character too many', 'sat_' || repeat('A', 44)),
  ('a character that base64url has not', 'sat_' || repeat('A', 42) || '+'),
  ('padding', 'sat_' || repeat('A', 43) || '='),
  ('a line feed at the end', :'a_token' || E'\n'),
  ('four parts', 'a.b.c.d'),
  ('six parts', 'a.b.c.d.e.f'),
  ('dots alone', '....'),
  ('an unknown uuid', gen_random_uuid()::text),
  ('letters outside ASCII', 'sät_' || repeat('ß', 43)),
  ('20 MB', repeat('a', 20 * 1024 * 1024)),
  ('20 MB behind a prefix', 'sat_' || repeat('A', 20 * 1024 * 1024)),
  ('SQL', 'x'' OR ''1''=''1');
SELECT throws_ok('SELECT session_auth.authenticate(token) FROM public.tokens WHERE label = ' || quote_literal(label), '28000', 'invalid or expired session token', 'authenticate: ' || label) FROM tokens;
SELECT is_empty('SELECT v.* FROM public.tokens, session_auth.verify_session(token) v', 'verify_session: none of them gives a row');
SELECT throws_ok('SELECT session_auth.authenticate(convert_from(''\xc3'', ''UTF8''))', '22021', NULL, 'what is not UTF-8 does not even become text');
SELECT throws_ok('SELECT session_auth.refresh_session(token) FROM public.tokens WHERE label = ''20 MB''', '28000', 'invalid or expired session token', 'refresh_session: 20 MB');
SELECT throws_ok('SELECT session_auth.rotate_session(token) FROM public.tokens WHERE label = ''empty''', '28000', 'invalid or expired session token', 'rotate_session: empty');
SELECT is_empty('SELECT FROM public.tokens WHERE session_auth.expire_session(token)', 'expire_session: none of them ends anything');

-- roles
SELECT throws_ok(format('SELECT session_auth.create_role(%L)', name), '22023', 'invalid role', 'create_role: ' || label)
  FROM (VALUES ('empty', ''), ('10 kB', repeat('R', 10240)), ('with a line break', E'A\nB')) v(label, name);
SELECT throws_ok('SELECT session_auth.import_permissions(jsonb_build_object(''' || name || ''', ''["view:x"]''::jsonb))', '22023', 'invalid role', 'import_permissions: a role that is ' || label)
  FROM (VALUES ('empty', ''), ('10 kB', repeat('R', 10240)), ('with a line break', E'A\nB')) v(label, name);
SELECT throws_ok('SELECT session_auth.create_role(NULL)', '22023', 'invalid role', 'create_role: NULL');
SELECT throws_ok('SELECT session_auth.grant_role('''', ''ADMIN'')', '22023', 'invalid user_id', 'grant_role: an empty user');
SELECT throws_ok('SELECT session_auth.grant_role(NULL, ''ADMIN'')', '22023', 'invalid user_id', 'grant_role: a NULL user');
SELECT is(session_auth.has_permission(repeat('R', 10240), 'view', 'accounts'), false, 'has_permission: a role of 10 kB is unknown');
SELECT is(session_auth.has_permission('ADMIN', repeat('v', 1024 * 1024), repeat('r', 1024 * 1024)), false, 'has_permission: an action and a resource of 1 MB');

-- actions and resources
SELECT throws_ok('SELECT session_auth.grant_permission(''ADMIN'', '''', ''accounts'')', '22023', 'invalid action', 'grant_permission: an empty action');
SELECT throws_ok('SELECT session_auth.grant_permission(''ADMIN'', ''view'', '''')', '22023', 'invalid resource', 'grant_permission: an empty resource');
SELECT throws_ok('SELECT session_auth.deny_permission(''ADMIN'', '''', ''accounts'')', '22023', 'invalid action', 'deny_permission: an empty action');
SELECT throws_ok('SELECT session_auth.deny_permission(''ADMIN'', ''view'', '''')', '22023', 'invalid resource', 'deny_permission: an empty resource');
SELECT throws_ok('SELECT session_auth.grant_permission(''NO_SUCH_ROLE'', ''view'', ''accounts'')', '22023', 'invalid role', 'grant_permission: an unknown role');

-- maps
SELECT session_auth.export_permissions() AS before \gset
SELECT throws_ok(format('SELECT session_auth.import_permissions(%L)', map), '22023', NULL, 'import_permissions: ' || label)
  FROM (VALUES
    ('an array', '["view:accounts"]'),
    ('a string', '"ADMIN"'),
    ('a number', '7'),
    ('null', 'null'),
    ('a string for a list', '{"NEW": "view:accounts"}'),
    ('null for a list', '{"NEW": null}'),
    ('an entry without a colon', '{"NEW": ["view:accounts", "view"]}'),
    ('an entry without an action', '{"NEW": ["view:accounts", ":accounts"]}'),
    ('an entry without a resource', '{"NEW": ["view:accounts", "view:"]}'),
    ('a denial of nothing', '{"NEW": ["view:accounts", "!"]}'),
    ('an empty entry', '{"NEW": ["view:accounts", ""]}'),
    ('a number for an entry', '{"NEW": ["view:accounts", 1]}'),
    ('null for an entry', '{"NEW": ["view:accounts", null]}'),
    ('a nested list', '{"NEW": ["view:accounts", ["view:x"]]}'),
    ('a nested map', '{"NEW": {"view": ["accounts"]}}')) v(label, map);
SELECT is(session_auth.export_permissions(), :'before'::jsonb, 'nothing of them was imported');

-- intervals
SELECT throws_ok('SELECT session_auth.create_session(''alice'', ''-1 second'')', '22023', 'invalid expires_in', 'create_session: a negative interval');
SELECT throws_ok('SELECT session_auth.create_session(''alice'', ''0'')', '22023', 'invalid expires_in', 'create_session: an interval of nothing');
SELECT throws_ok('SELECT session_auth.create_session(''alice'', ''178000000 years'')', '22023', 'invalid expires_in', 'create_session: an interval that overflows');
SELECT throws_ok('SELECT session_auth.create_session(''alice'', ''101 years'')', '22023', 'invalid expires_in', 'create_session: more than 100 years');
SELECT throws_ok('SELECT session_auth.create_session(''alice'', ''infinity'')', CASE WHEN current_setting('server_version_num')::int < 170000 THEN '22007' ELSE '22023' END, NULL, 'create_session: an infinite interval');

-- users, metadata, foreign tokens
SELECT throws_ok('SELECT session_auth.create_session('''')', '22023', 'invalid user_id', 'create_session: an empty user');
SELECT throws_ok('SELECT session_auth.create_session(NULL)', '22023', 'invalid user_id', 'create_session: a NULL user');
SELECT throws_ok('SELECT session_auth.create_session(''alice'', token => '''')', '22023', 'invalid token', 'create_session: an empty token');
SELECT throws_ok('SELECT session_auth.create_session(''alice'', token => repeat(''ab1'', 10 * 1024 * 1024))', '22023', 'invalid token', 'create_session: a token of 30 MB');
SELECT throws_ok('SELECT session_auth.create_session(''alice'', metadata => ''[]'')', '22023', 'invalid metadata', 'create_session: metadata that is no object');
SELECT is(count(*), 1::bigint, 'none of them left a session') FROM session_auth.list_sessions('alice');

-- purging
SELECT throws_ok('SELECT session_auth.purge_sessions(0)', '22023', 'invalid batch_size', 'purge_sessions: a batch of nothing');
SELECT throws_ok('SELECT session_auth.purge_sessions(-1)', '22023', 'invalid batch_size', 'purge_sessions: a negative batch');

-- asking
SELECT throws_ok('SELECT session_auth.require_permission(NULL, ''accounts'')', '22023', 'invalid action', 'require_permission: NULL is no way around, for nobody');
BEGIN;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
SELECT throws_ok('SELECT session_auth.require_permission(NULL, ''accounts'')', '22023', 'invalid action', '… nor for somebody');
COMMIT;

SELECT * FROM finish();
