-- Attack: SQL that nobody has read, run for a user who was narrowed before, to see or do more than is
-- left to him: by settings, roles, functions, definers, cursors, DO, PREPARE, COPY, EXECUTE, savepoints,
-- blocks with EXCEPTION, plans from before, parallel workers, another token, filters of every kind, and by
-- ending the transaction.
-- Holds: at each step the same few rows; after the transaction nobody's. Guards: src/identity/identity.c,
-- identity_narrow(), identity_set(), undoes_narrowing() and identity_tell_workers(); src/permission/narrowing.c, narrowing_rules();
-- src/sql/sql_permission.c; src/verify/verify.c, identity_of_session(). Also: test/pgtap/narrow.sql.
SELECT plan(83);
\ir people.psql
SELECT session_auth.import_permissions('{"ADMIN": ["view:project:*", "view:vault", "edit:project:*"], "USER": ["view:accounts"]}') \g /dev/null
CREATE TABLE things AS
SELECT n AS id, CASE n % 3 WHEN 0 THEN 'accounts' WHEN 1 THEN 'project:' || n % 50 ELSE 'vault' END AS resource FROM generate_series(1, 6000) n;
CREATE TABLE by_role AS TABLE things;
CREATE TABLE by_holder AS TABLE things;
ALTER TABLE things ENABLE ROW LEVEL SECURITY;
ALTER TABLE by_role ENABLE ROW LEVEL SECURITY;
ALTER TABLE by_holder ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON things USING (session_auth.has_permission('view', resource));
CREATE POLICY p ON by_role USING (session_auth.has_permission(session_auth.role(), 'view', resource));
CREATE POLICY p ON by_holder USING (session_auth.has_role('ADMIN') OR resource = ANY (session_auth.permitted_resources(session_auth.role(), 'view')));
GRANT ALL ON things, by_role, by_holder TO sa_request;
ANALYZE things, by_role, by_holder;
-- 3 accounts; of the others 2,000 with accounts, 40 with project:7, 2,000 with vault
CREATE FUNCTION public.seen() RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT format('%s %s %s %s', (SELECT count(*) FROM accounts), (SELECT count(*) FROM things), (SELECT count(*) FROM by_role), (SELECT count(*) FROM by_holder)) $$;
CREATE FUNCTION public.definer(statement text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN EXECUTE statement; END $$;
GRANT CREATE ON SCHEMA public TO sa_admin;
ALTER FUNCTION definer(text) OWNER TO sa_admin;
CREATE FUNCTION public.pinned(statement text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$ BEGIN EXECUTE statement; END $$;
CREATE FUNCTION public.caught(statement text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN EXECUTE statement; RAISE 'undo' USING ERRCODE = 'P0001'; EXCEPTION WHEN raise_exception THEN NULL; END $$;
CREATE FUNCTION public.asked(role text, action text, resource text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN session_auth.has_permission(role, action, resource); END $$;
\set all '''3 6000 6000 6000'''
\set few '''3 2040 2040 2040'''
\set narrow 'SELECT session_auth.narrow(''{view:accounts,view:project:7}'')'
SELECT (SELECT count(*) FROM things WHERE resource IN ('accounts', 'project:7')) = 2040 AS counted \gset
SELECT ok(:'counted', 'the rows are what this takes them for');

-- who is nobody is not narrowed, and what could be undone does not narrow; what is said of that is not shown
\set VERBOSITY terse
SET ROLE sa_request;
BEGIN;
SELECT throws_ok(:'narrow', '28000', NULL, 'nobody');
COMMIT;
BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
SELECT is(seen(), :all, 'all that she may see');
SELECT throws_ok(:'narrow', '55000', NULL, 'not within a block with EXCEPTION');
SAVEPOINT s;
\set ON_ERROR_STOP off
:narrow;
\set state :SQLSTATE
\set ON_ERROR_STOP on
ROLLBACK TO s;
SELECT is(:'state'::text, '55000', 'nor within a savepoint');
RELEASE s;
DECLARE before CURSOR FOR SELECT * FROM things;
FETCH 1 FROM before \g /dev/null
SAVEPOINT s;
\set ON_ERROR_STOP off
:narrow;
\set state :SQLSTATE
\set ON_ERROR_STOP on
ROLLBACK TO s;
RELEASE s;
SELECT is(:'state'::text, '55000', 'nor with a cursor from before');
ROLLBACK;
BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
DECLARE kept CURSOR WITH HOLD FOR SELECT * FROM things;
COMMIT;
BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
\set ON_ERROR_STOP off
:narrow;
\set state :SQLSTATE
\set ON_ERROR_STOP on
ROLLBACK;
SELECT is(:'state'::text, '55000', 'nor with one that has its rows already');
CLOSE kept;

-- plans from before, of every kind
SET plan_cache_mode = force_generic_plan;
PREPARE plan_of_all AS SELECT count(*) FROM things;
PREPARE plan_of_one(text) AS SELECT session_auth.has_permission('view', $1);
PREPARE plan_of_role(text, text) AS SELECT session_auth.has_permission($1, 'view', $2);
BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
EXECUTE plan_of_all \g /dev/null
EXECUTE plan_of_one('vault') \g /dev/null
EXECUTE plan_of_role('ADMIN', 'vault') \g /dev/null
SELECT seen() \g /dev/null
COMMIT;

BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
EXECUTE plan_of_all \g /dev/null
EXECUTE plan_of_role('ADMIN', 'vault') \g /dev/null
:narrow \g /dev/null
SAVEPOINT s;
SELECT is(seen(), :few, 'narrowed');
EXECUTE plan_of_all \gset
SELECT is(:'count'::text, '2040', 'a generic plan that has run before');
EXECUTE plan_of_one('vault') \gset
SELECT is(:'has_permission'::text, 'f', 'a question with a parameter');
EXECUTE plan_of_role('ADMIN', 'vault') \gset
SELECT is(:'has_permission'::text, 'f', '… for a role that is given');
SELECT is(session_auth.has_role('ADMIN'), false, 'no role');
SELECT is(session_auth.has_permission('edit', 'project:7'), false, 'another action');
SELECT is(session_auth.has_permission('*', '*'), false, 'everything');
SELECT is(session_auth.has_permission('ADMIN', '*', 'accounts'), false, '… for a role');
SELECT is(session_auth.permitted_resources('ADMIN', 'view'), '{accounts,project:7}', 'resources are listed as far');
SELECT is((SELECT allowed FROM session_auth.explain_permission('ADMIN', 'view', 'vault')), false, '… and explained');
SELECT throws_ok('SELECT session_auth.require_permission(''view'', ''vault'')', '42501', NULL, '… and required');
WITH changed AS (UPDATE accounts SET owner = owner RETURNING 1) SELECT count(*) AS changed FROM changed \gset
SELECT is(:'changed'::text, '0', 'no row is changed');
SELECT throws_ok('INSERT INTO accounts VALUES (9)', '42501', NULL, '… or added');

-- its own words
SELECT throws_ok(s, '42501', NULL, s)
FROM unnest(ARRAY['SELECT set_config(''session_auth.identity'', '''', true)', 'SET session_auth.identity = ''x''', 'SET LOCAL session_auth.identity = ''1''', 'SET session_auth.gate_policies = off', 'SET session_auth.connection_scope = on', 'SELECT * FROM session_auth.permissions', 'SELECT session_auth.grant_permission(''ADMIN'', ''view'', ''x'')', 'SELECT FROM session_auth.create_session(''alice'')', 'SELECT FROM session_auth.impersonate(''alice'')']) s;
SELECT is(seen(), :few, 'settings and functions of others');
SELECT throws_ok(format(s, :'alice'), '55000', NULL, s)
FROM unnest(ARRAY['SELECT FROM session_auth.authenticate(%L)', 'SELECT FROM session_auth.authenticate(%L, ''connection'')', 'SELECT FROM session_auth.authenticate(%L, on_refused => ''nobody'')', 'SELECT FROM session_auth.authenticate_request(NULL, ''Bearer '' || %L)', 'SELECT pinned(format(''SELECT FROM session_auth.authenticate(%%L)'', %L))', 'SELECT definer(format(''SELECT FROM session_auth.impersonate(''''alice'''')'', %L))']) s;
SELECT is(seen(), :few, 'tokens');
RESET ROLE;
SET LOCAL ROLE sa_admin;
SELECT throws_ok('SELECT FROM session_auth.impersonate(''alice'')', '55000', NULL, 'SET ROLE to one that may impersonate');
SELECT is(session_auth.has_permission('view', 'vault'), false, '… and asks for itself');
SET LOCAL ROLE sa_request;
SELECT throws_ok('SELECT definer(''SELECT session_auth.require_permission(''''view'''', ''''vault'''')'')', '42501', NULL, 'a definer is asked for as its caller');

-- wider again, and undone
SELECT lives_ok(s, s) FROM unnest(ARRAY['SELECT session_auth.narrow(''{*:*}'')', 'SELECT pinned(''SELECT session_auth.narrow(''''{*:*}'''')'')', 'SELECT caught(''SELECT session_auth.narrow(''''{*:*}'''')'')', 'DO $$ BEGIN PERFORM session_auth.narrow(''{view:*}''); EXECUTE ''SELECT count(*) FROM things''; EXCEPTION WHEN others THEN NULL; END $$']) s;
SELECT is(seen(), :few, 'narrowing to more narrows nothing');
SELECT session_auth.narrow('{view:vault,view:accounts}') \g /dev/null
SELECT is(seen(), '3 2000 2000 2000', 'narrowing to others leaves what both cover');
ROLLBACK TO s;
SELECT is(seen(), :few, 'a savepoint gives back what it took, and no more');
SELECT caught('SELECT session_auth.narrow(''{}'')') \g /dev/null
SELECT is(seen(), :few, '… and so does a block with EXCEPTION');

-- ways to read
DECLARE after CURSOR FOR SELECT count(*) OVER () FROM things;
FETCH 1 FROM after \gset
SELECT is(:'count'::text, '2040', 'a cursor');
CLOSE after;
SELECT lives_ok('DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM things; IF n <> 2040 THEN RAISE ''%'', n; END IF; EXECUTE ''SELECT count(*) FROM by_role'' INTO n; IF n <> 2040 THEN RAISE ''%'', n; END IF; END $$', 'DO and EXECUTE');
\set copied `mktemp`
COPY (SELECT count(*) FROM things) TO STDOUT \g :copied
\set count `cat ":copied"; rm ":copied"`
SELECT is(:'count'::text, '2040', 'COPY');
PREPARE after AS SELECT count(*) FROM by_role;
EXECUTE after \gset
SELECT is(:'count'::text, '2040', 'PREPARE');
SELECT is((SELECT count(*) FROM things WHERE session_auth.has_permission('ADMIN', 'view', 'vault') OR resource = 'vault'), 0::bigint, 'conditions beside the policy''s');
SELECT is((SELECT count(*) FROM (SELECT * FROM things ORDER BY id LIMIT 5000) t), 2040::bigint, 'a subquery');
SELECT set_config(name, 'on', true) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query') \g /dev/null
SELECT count(*) AS current FROM things \gset
SELECT count(*) AS given FROM by_role \gset
SELECT count(*) AS held FROM by_holder \gset
SELECT is(:'current' || ' ' || :'given' || ' ' || :'held', '2040 2040 2040', 'parallel workers');
SELECT set_config(name, 'off', true) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query') \g /dev/null

-- nobody, but nobody else
SAVEPOINT s;
RESET ALL;
SELECT is(seen(), '0 0 0 0', 'RESET ALL leaves nobody');
SELECT throws_ok(format('SELECT FROM session_auth.authenticate(%L)', :'alice'), '55000', NULL, '… who cannot become somebody');
ROLLBACK TO s;
SELECT session_auth.deauthenticate() \g /dev/null
SELECT is(seen(), '0 0 0 0', 'so does deauthenticate');
SELECT throws_ok(format('SELECT FROM session_auth.authenticate(%L)', :'alice'), '55000', NULL, '… for the rest of the transaction');
ROLLBACK TO s;
SELECT is(seen(), :few, 'a savepoint gives back the narrowed one');
COMMIT AND CHAIN;
SELECT is(seen(), '0 0 0 0', 'a chained transaction is nobody''s');
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
SELECT is(seen(), :all, '… and may be anybody''s who has a token');
ROLLBACK;
SELECT is(seen(), '0 0 0 0', 'so is the next');

-- with settings on and off, as filters are evaluated in other ways
RESET ROLE;
CREATE FUNCTION public.seen_narrowed(gate boolean, token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM enter(gate, token), session_auth.narrow('{view:accounts,view:project:7}');
  RETURN seen();
END $$;
BEGIN; SELECT seen_narrowed(true, :'alice') AS seen \gset
SELECT is(:'seen'::text, :few, 'with gates and folded filters');
ROLLBACK;
BEGIN; SELECT seen_narrowed(false, :'alice') AS seen \gset
SELECT is(:'seen'::text, :few, '… and without');
ROLLBACK;

-- a function that has settings of its own takes back what an identity of a connection was found to be in it
BEGIN; SET LOCAL ROLE sa_request;
SELECT FROM session_auth.authenticate(:'alice', 'connection') \g /dev/null
COMMIT;
BEGIN; SET LOCAL ROLE sa_request;
SELECT pinned('SELECT session_auth.narrow(''{view:accounts,view:project:7}'')') \g /dev/null
SELECT ok(seen() IN (:few, '0 0 0 0'), 'a narrowing that is taken back leaves nobody');
SELECT set_config(name, 'on', true) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query') \g /dev/null
SELECT session_auth.has_permission('ADMIN', 'view', 'vault') AS may, session_auth.is_authenticated() AS there \gset
SELECT is(:'may' || :'there', 'ff', '… in workers too');
SELECT set_config(name, 'off', true) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query') \g /dev/null
SELECT is(seen(), '0 0 0 0', '… and after they were told');
COMMIT;
BEGIN; SET LOCAL ROLE sa_request;
SELECT is(seen(), :all, 'an identity of the connection is narrowed for a transaction');
COMMIT;
SELECT session_auth.deauthenticate() \g /dev/null

-- nobody is left: what a given role may do is not wider for that, in workers neither
BEGIN; SELECT enter(true, :'alice'), session_auth.narrow('{view:accounts}') \g /dev/null
SELECT is(session_auth.has_permission('ADMIN', 'view', 'vault'), false, 'a given role is narrowed');
SAVEPOINT s;
SELECT session_auth.deauthenticate() \g /dev/null
SELECT is(session_auth.has_permission('ADMIN', 'view', 'vault'), false, '… after deauthenticate too');
SELECT set_config(name, 'on', true) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query') \g /dev/null
SELECT session_auth.has_permission('ADMIN', 'view', 'vault') AS may, session_auth.is_authenticated() AS there \gset
SELECT is(:'may' || :'there', 'ff', '… in workers too, where nobody is in force');
ROLLBACK TO s;
RESET ALL;
SELECT is(session_auth.has_permission('ADMIN', 'view', 'vault'), false, '… and after RESET ALL');
SELECT set_config(name, 'on', true) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query') \g /dev/null
SELECT session_auth.has_permission('ADMIN', 'view', 'vault') AS may, session_auth.is_authenticated() AS there \gset
SELECT is(:'may' || :'there', 'ff', '… in workers too');
ROLLBACK;
SELECT is(session_auth.has_permission('ADMIN', 'view', 'vault'), true, '… to the end of the transaction');

-- a question that has been answered in the same statement
BEGIN; SELECT enter(true, :'alice') \g /dev/null
SELECT asked('ADMIN', 'view', 'vault') AS before, session_auth.narrow('{view:accounts}'), asked('ADMIN', 'view', 'vault') AS after \gset
SELECT is(:'before' || :'after', 'tf', 'a question for a role that was answered before');
ROLLBACK;

-- scopes of a token: none is nothing, and what else it says does not widen them
SELECT session_auth.add_key('scoped', 'HS256', 'a secret of more than thirty-two bytes', scope_claim => 'scope') \g /dev/null
SELECT session_auth.issue_token('alice', '1 hour', '{"scope": "openid view:accounts view:project:7"}', 'scoped') AS scoped, session_auth.issue_token('alice', '1 hour', '{"permissions": ["*:*"], "roles": ["ADMIN"]}', 'scoped') AS bare,
  session_auth.issue_token('alice', '1 hour', '{"scope": {"*:*": false}}', 'scoped') AS keys \gset
BEGIN; SELECT enter(true, :'scoped') \g /dev/null
SELECT is(seen(), :few, 'a token of less');
ROLLBACK;
BEGIN; SELECT enter(true, :'bare') \g /dev/null
SELECT is(seen(), '0 0 0 0', '… of nothing');
ROLLBACK;
SELECT is((SELECT count(*) FROM session_auth.verify_session(:'keys')), 0::bigint, '… with scopes that nobody understands');

-- a session that is narrowed from its start, and what is left of it after it was given a new token
SELECT token AS key, session_id AS key_id FROM session_auth.create_session('alice', permissions => '{view:accounts,view:project:7}') \gset
BEGIN; SELECT enter(true, :'key') \g /dev/null
SELECT is(seen(), :few, 'a session of less');
SELECT session_auth.narrow('{*:vault,*:accounts}') \g /dev/null
SELECT is(seen(), '3 2000 2000 2000', '… narrowed further');
ROLLBACK;
SELECT token AS key FROM session_auth.rotate_session(:'key') \gset
SELECT session_auth.refresh_session(:'key') \g /dev/null
BEGIN; SET LOCAL ROLE sa_request;
SELECT FROM session_auth.authenticate(:'key', 'connection') \g /dev/null
SELECT is(seen(), :few, '… with a new token');
COMMIT;
BEGIN; SET LOCAL ROLE sa_request;
SELECT is(seen(), :few, '… looked up again');
ROLLBACK;
SELECT * FROM finish();
