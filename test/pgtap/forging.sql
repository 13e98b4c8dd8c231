-- Nothing but authenticate and impersonate sets an identity: every route that a
-- statement has to a setting is refused, to superusers too. Routes that need
-- another connection are in test/t/forging.t.
-- Also: test/attacks/forged_identity.t.
SELECT plan(36);

SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts"]}') \g /dev/null
SELECT session_auth.grant_role('alice', 'ADMIN') \g /dev/null
SELECT * FROM session_auth.create_session('alice') \gset a_
SELECT current_database() AS db \gset

CREATE TABLE public.attempts (label text, statement text);
INSERT INTO attempts VALUES
  ('SET', $$SET session_auth.identity = 'alice'$$),
  ('SET LOCAL', $$SET LOCAL session_auth.identity = 'alice'$$),
  ('set_config', $$SELECT set_config('session_auth.identity', 'alice', false)$$),
  ('set_config, local', $$SELECT set_config('session_auth.identity', 'alice', true)$$),
  ('set_config, other case', $$SELECT set_config('SESSION_AUTH.Identity', 'alice', false)$$),
  ('UPDATE pg_settings', $$UPDATE pg_settings SET setting = 'alice' WHERE name = 'session_auth.identity' OR set_config('session_auth.identity', 'alice', false) IS NULL$$),
  ('a function''s SET clause', $$CREATE FUNCTION pg_temp.forge() RETURNS text LANGUAGE sql SET session_auth.identity = 'alice' AS 'SELECT session_auth.user_id()'$$),
  ('ALTER ROLE', $$ALTER ROLE sa_request SET session_auth.identity = 'alice'$$),
  ('ALTER ROLE ALL', $$ALTER ROLE ALL SET session_auth.identity = 'alice'$$),
  ('ALTER DATABASE', format('ALTER DATABASE %I SET session_auth.identity = ''alice''', :'db')),
  ('SET … TO a list', $$SET session_auth.identity TO 'alice', 'bob'$$);
GRANT SELECT ON attempts TO sa_request;

SET ROLE sa_request;
BEGIN;
SELECT throws_ok(statement, NULL, NULL, label || ' is refused to a request role') FROM attempts;
SELECT is(session_auth.user_id(), NULL, 'no identity came of it');
SELECT is(session_auth.is_authenticated(), false, 'and nobody is authenticated');
COMMIT;

RESET ROLE;
BEGIN;
SELECT throws_ok(statement, NULL, NULL, label || ' is refused to a superuser') FROM attempts;
SELECT is(session_auth.user_id(), NULL, 'no identity came of it');
COMMIT;

-- with an identity in force
BEGIN;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
SELECT unalike(coalesce(current_setting('session_auth.identity', true), ''), '%alice%', 'the setting never shows its content');
SELECT unalike(coalesce(current_setting('session_auth.identity', true), ''), '%' || :'a_session_id' || '%', '… nor the session');
SELECT is_empty($$SELECT FROM pg_settings WHERE name = 'session_auth.identity' AND pg_settings::text ~ 'alice'$$, 'nor does pg_settings');
SELECT current_setting('session_auth.identity', true) AS shown \gset
SELECT throws_ok(format('SET LOCAL session_auth.identity = %L', coalesce(nullif(:'shown', ''), 'x')), NULL, NULL, 'what it shows cannot be played back');
SELECT throws_ok('CREATE FUNCTION pg_temp.keep() RETURNS text LANGUAGE sql SET session_auth.identity FROM CURRENT AS ''SELECT session_auth.user_id()''', NULL, NULL, 'SET … FROM CURRENT is refused');
SELECT throws_ok('ALTER ROLE sa_request SET session_auth.identity FROM CURRENT', NULL, NULL, 'ALTER ROLE … SET … FROM CURRENT is refused');
SELECT is(session_auth.user_id(), 'alice', 'none of it changed the identity in force');
COMMIT;
SELECT is_empty($$SELECT FROM pg_db_role_setting WHERE setconfig::text ~ 'identity'$$, 'no catalogue keeps an identity');

-- a placeholder of the same prefix is no way in either
SELECT throws_ok('SET session_auth.user_id = ''alice''', NULL, NULL, 'settings of our prefix cannot be made up') ;
SELECT is(session_auth.user_id(), NULL, 'and there is still nobody');

-- settings that a request role cannot change
SET ROLE sa_request;
SELECT throws_ok('SET session_auth.rotation_grace = ''1d''', '42501', 'permission denied to set parameter "session_auth.rotation_grace"', 'a request role cannot change rotation_grace');
RESET ROLE;

SELECT * FROM finish();
