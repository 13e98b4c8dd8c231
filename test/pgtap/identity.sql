-- The current identity: how it is set, read, replaced and ended. That nothing
-- else can set it is in forging.sql.
-- Also: test/attacks/identity_and_roles.sql, test/attacks/transaction_end.sql,
-- test/attacks/savepoints.t.
SELECT plan(111);

SELECT session_auth.import_permissions('{"ADMIN": ["view:accounts", "edit:accounts"], "USER": ["view:accounts"]}') \g /dev/null
SELECT gen_random_uuid() AS uuid \gset
SELECT session_auth.grant_role('alice', 'USER') \g /dev/null
SELECT session_auth.grant_role('alice', 'ADMIN') \g /dev/null
SELECT session_auth.grant_role('bob', 'USER') \g /dev/null
SELECT * FROM session_auth.create_session('alice') \gset a_
SELECT * FROM session_auth.create_session('bob') \gset b_
SELECT * FROM session_auth.create_session('carol') \gset c_
SELECT * FROM session_auth.create_session(:'uuid') \gset u_
SET ROLE sa_request;

-- nobody
SELECT is(session_auth.user_id(), NULL, 'without an identity: no user_id');
SELECT is(session_auth.user_uuid(), NULL, '… no user_uuid');
SELECT is(session_auth.role(), NULL, '… no role');
SELECT is(session_auth.roles(), NULL, '… no roles');
SELECT is(session_auth.tenant(), NULL, '… no tenant');
SELECT is(session_auth.session_id(), NULL, '… no session');
SELECT is(session_auth.claims(), NULL, '… no claims');
SELECT is(session_auth.claim('sub'), NULL, '… no claim');
SELECT is(session_auth.is_authenticated(), false, '… not authenticated');
SELECT is(session_auth.has_role('USER'), false, '… has no role');
SELECT is(session_auth.has_permission('view', 'accounts'), false, '… has no permission');

-- authenticate
BEGIN;
SELECT * FROM session_auth.authenticate(:'a_token') \gset r_
SELECT is(:'r_user_id'::text, 'alice', 'authenticate returns the user');
SELECT is(:'r_role'::text, 'USER', '… the role granted first');
SELECT is(:'r_roles'::text[], '{USER,ADMIN}'::text[], '… all roles');
SELECT is(:'r_session_id'::text, :'a_session_id', '… the session');
SELECT is(:'r_expires_at'::text, :'a_expires_at', '… its expiry');
SELECT is(session_auth.user_id(), 'alice', 'user_id()');
SELECT is(session_auth.role(), 'USER', 'role()');
SELECT is(session_auth.roles(), '{USER,ADMIN}'::text[], 'roles()');
SELECT is(session_auth.session_id(), :'a_session_id', 'session_id()');
SELECT is(session_auth.is_authenticated(), true, 'is_authenticated()');
SELECT is(session_auth.has_role('ADMIN'), true, 'has_role() of a role held');
SELECT is(session_auth.has_role('NONE'), false, 'has_role() of another');
SELECT is(session_auth.has_permission('edit', 'accounts'), true, 'has_permission() by any of the roles');
COMMIT;
SELECT is(session_auth.is_authenticated(), false, 'COMMIT ends it');

BEGIN;
SELECT session_auth.authenticate(:'c_token') \g /dev/null
SELECT is(session_auth.role(), NULL, 'a user without roles has no role');
SELECT is(session_auth.roles(), '{}'::text[], '… and an empty list of roles');
SELECT is(session_auth.is_authenticated(), true, '… but is authenticated');
SELECT session_auth.authenticate(:'u_token') \g /dev/null
SELECT is(session_auth.user_uuid(), :'uuid'::uuid, 'user_uuid() of a user whose id is one');
ROLLBACK;
SELECT is(session_auth.is_authenticated(), false, 'ROLLBACK ends it');

BEGIN;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
COMMIT AND CHAIN;
SELECT is(session_auth.is_authenticated(), false, 'COMMIT AND CHAIN ends it');
SELECT session_auth.authenticate(:'a_token') \g /dev/null
ROLLBACK AND CHAIN;
SELECT is(session_auth.is_authenticated(), false, 'ROLLBACK AND CHAIN ends it');
COMMIT;

BEGIN;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
\set ON_ERROR_STOP off
SELECT 1 / 0;
\set ON_ERROR_STOP on
COMMIT;
SELECT is(session_auth.is_authenticated(), false, 'an error ends it');

CREATE TEMP TABLE seen (step int, who text);
CREATE PROCEDURE pg_temp.commits(token text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM session_auth.authenticate(token);
  INSERT INTO seen VALUES (1, session_auth.user_id());
  COMMIT;
  INSERT INTO seen VALUES (2, session_auth.user_id());
END
$$;
CALL pg_temp.commits(:'a_token');
SELECT is((SELECT who FROM seen WHERE step = 1), 'alice', 'a procedure authenticates');
SELECT is((SELECT who FROM seen WHERE step = 2), NULL, 'its COMMIT ends the identity');

SET client_min_messages = error;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
RESET client_min_messages;
SELECT is(session_auth.is_authenticated(), false, 'outside a transaction block it ends with its own statement');

-- refusals
BEGIN;
SELECT session_auth.authenticate(:'b_token') \g /dev/null
SELECT throws_ok('SELECT session_auth.authenticate(''sat_' || repeat('A', 43) || ''')', '28000', 'invalid or expired session token', 'an unknown token is refused');
SELECT throws_ok('SELECT session_auth.authenticate(NULL)', '28000', 'invalid or expired session token', 'so is NULL');
SELECT is(session_auth.user_id(), 'bob', 'a refused authenticate leaves the identity');
SELECT throws_ok(format('SELECT session_auth.authenticate(%L, ''forever'')', :'a_token'), '22023', 'invalid scope', 'an unknown scope is an error');
COMMIT;

-- replacing, and dropping
BEGIN;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
SELECT session_auth.authenticate(:'b_token') \g /dev/null
SELECT is(session_auth.user_id(), 'bob', 'authenticate replaces the identity');
SELECT is(session_auth.has_permission('edit', 'accounts'), false, '… and its permissions');
SELECT session_auth.deauthenticate() \g /dev/null
SELECT is(session_auth.user_id(), NULL, 'deauthenticate drops it');
SELECT lives_ok('SELECT session_auth.deauthenticate()', 'deauthenticate without an identity is fine');
COMMIT;

-- savepoints
BEGIN;
SAVEPOINT s1;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
ROLLBACK TO s1;
SELECT is(session_auth.user_id(), NULL, 'rolled back to before the first: nobody');
SELECT session_auth.authenticate(:'a_token') \g /dev/null
SAVEPOINT s2;
SELECT session_auth.authenticate(:'b_token') \g /dev/null
ROLLBACK TO s2;
SELECT is(session_auth.user_id(), 'alice', 'rolled back: the earlier identity');
SELECT session_auth.authenticate(:'b_token') \g /dev/null
RELEASE s2;
SELECT is(session_auth.user_id(), 'bob', 'released: the newer identity');
ROLLBACK TO s1;
SELECT is(session_auth.user_id(), NULL, 'released, then the outer one rolled back');
COMMIT;

BEGIN;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
SAVEPOINT outer_;
SELECT session_auth.authenticate(:'b_token') \g /dev/null
SAVEPOINT inner_;
SELECT session_auth.authenticate(:'c_token') \g /dev/null
SAVEPOINT innermost;
SELECT session_auth.deauthenticate() \g /dev/null
SELECT is(session_auth.user_id(), NULL, 'nested: dropped in the innermost');
ROLLBACK TO innermost;
SELECT is(session_auth.user_id(), 'carol', 'nested: restored by its rollback');
RELEASE inner_;
SELECT is(session_auth.user_id(), 'carol', 'nested: kept by a release');
ROLLBACK TO outer_;
SELECT is(session_auth.user_id(), 'alice', 'nested: the outermost rollback restores the first');
SAVEPOINT failing;
\set ON_ERROR_STOP off
SELECT session_auth.authenticate('nonsense');
\set ON_ERROR_STOP on
ROLLBACK TO failing;
SELECT is(session_auth.user_id(), 'alice', 'a failed authenticate in a savepoint leaves the earlier identity');
DO $$
BEGIN
  PERFORM session_auth.deauthenticate();
  RAISE EXCEPTION 'undo';
EXCEPTION WHEN raise_exception THEN NULL;
END
$$;
SELECT is(session_auth.user_id(), 'alice', 'so does an exception block');
COMMIT;

-- cursors
BEGIN;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
DECLARE c CURSOR FOR SELECT session_auth.user_id() FROM generate_series(1, 3);
SELECT throws_ok(format('SELECT session_auth.authenticate(%L)', :'b_token'), '55000', 'cannot change the identity while a cursor is open', 'authenticate is refused while a cursor is open');
FETCH c \gset first_
SELECT is(:'first_user_id'::text, 'alice', 'the cursor has its identity');
SELECT throws_ok(format('SELECT session_auth.authenticate(%L)', :'b_token'), '55000', 'cannot change the identity while a cursor is open', '… also after a FETCH');
CLOSE c;
SELECT lives_ok(format('SELECT session_auth.authenticate(%L)', :'b_token'), 'once it is closed, authenticate works');
SELECT is(session_auth.user_id(), 'bob', '… and replaces the identity');
COMMIT;

BEGIN;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
DECLARE h CURSOR WITH HOLD FOR SELECT session_auth.user_id() FROM generate_series(1, 2);
COMMIT;
FETCH h \gset held_
SELECT is(:'held_user_id'::text, 'alice', 'a held cursor''s rows are those of the identity at COMMIT');
SELECT lives_ok(format('SELECT session_auth.authenticate(%L)', :'b_token'), '… stored, so that it keeps nobody from authenticating');
CLOSE h;
SELECT lives_ok(format('SELECT session_auth.authenticate(%L)', :'b_token'), '… until it is closed');

-- roles of the database, settings
BEGIN;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
RESET ROLE;
SELECT is(session_auth.user_id(), 'alice', 'RESET ROLE keeps the identity');
SET LOCAL ROLE sa_request;
SELECT is(session_auth.user_id(), 'alice', 'SET LOCAL ROLE keeps the identity');
RESET ALL;
SELECT is(session_auth.user_id(), NULL, 'RESET ALL ends it');
COMMIT;
SET ROLE sa_request;

-- plans follow the current identity
PREPARE who AS SELECT coalesce(session_auth.user_id(), 'nobody') AS user_id;
SET plan_cache_mode = force_generic_plan;
BEGIN;
SELECT session_auth.authenticate(:'a_token') \g /dev/null
EXECUTE who \gset generic_a_
SELECT session_auth.authenticate(:'b_token') \g /dev/null
EXECUTE who \gset generic_b_
COMMIT;
EXECUTE who \gset generic_nobody_
SELECT is(:'generic_a_user_id'::text, 'alice', 'a generic plan follows the identity');
SELECT is(:'generic_b_user_id'::text, 'bob', '… to the next');
SELECT is(:'generic_nobody_user_id'::text, 'nobody', '… and to nobody');
RESET plan_cache_mode;

-- SECURITY DEFINER functions have the session's identity
RESET ROLE;
CREATE FUNCTION public.definer() RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT session_auth.user_id()';
SET ROLE sa_request;
BEGIN;
SELECT session_auth.authenticate(:'b_token') \g /dev/null
SELECT is(public.definer(), 'bob', 'a SECURITY DEFINER function sees the session''s identity');
COMMIT;

-- expiry in mid-transaction
RESET ROLE;
SELECT * FROM session_auth.create_session('alice', '2 seconds') \gset short_
SET ROLE sa_request;
BEGIN;
SELECT session_auth.authenticate(:'short_token') \g /dev/null
SELECT is(session_auth.user_id(), 'alice', 'a short identity is there at first');
SELECT pg_sleep(2.2) \g /dev/null
SELECT is(session_auth.user_id(), NULL, 'an expired one reads as none, in mid-transaction');
SELECT is(session_auth.has_permission('view', 'accounts'), false, '… and has no permission');
SELECT throws_ok('SELECT session_auth.require_permission(''view'', ''accounts'')', '28000', 'not authenticated', '… and require_permission says so');
COMMIT;

-- the roles are read at authenticate
RESET ROLE;
SELECT session_auth.revoke_role('alice', 'ADMIN') \g /dev/null
SET ROLE sa_request;
BEGIN;
SELECT is(a.roles, '{USER}'::text[], 'authenticate reads the roles anew') FROM session_auth.authenticate(:'a_token') a;
COMMIT;

-- scope connection
RESET ROLE;
SELECT * FROM session_auth.create_session('conn') \gset n_
SELECT session_auth.grant_role('conn', 'USER') \g /dev/null
SELECT session_auth.authenticate(:'n_token', 'connection') \g /dev/null
SELECT is(session_auth.user_id(), 'conn', 'scope connection outlives its transaction');
SELECT session_auth.grant_role('conn', 'ADMIN') \g /dev/null
SELECT is(session_auth.roles(), '{USER,ADMIN}'::text[], 'its roles are read again in the next transaction');
SELECT session_auth.deauthenticate() \g /dev/null
SELECT is(session_auth.user_id(), NULL, 'deauthenticate ends it');
SELECT session_auth.authenticate(:'n_token', scope => 'connection') \g /dev/null
RESET ALL;
SELECT is(session_auth.user_id(), NULL, 'RESET ALL ends it');
BEGIN;
SELECT session_auth.authenticate(:'n_token', 'connection') \g /dev/null
ROLLBACK;
SELECT is(session_auth.user_id(), NULL, 'it is undone by a ROLLBACK');
SELECT session_auth.authenticate(:'n_token', 'connection') \g /dev/null
SELECT session_auth.expire_session(:'n_session_id'::uuid) \g /dev/null
SELECT is(session_auth.user_id(), NULL, 'it is checked again: an ended session is nobody');
SELECT session_auth.deauthenticate() \g /dev/null

-- sign_out and my_sessions, by the request role
SELECT * FROM session_auth.create_session('dora') \gset d1_
SELECT * FROM session_auth.create_session('dora') \gset d2_
SELECT * FROM session_auth.create_session('dora') \gset d3_
SET ROLE sa_request;
SELECT is_empty('SELECT * FROM session_auth.my_sessions()', 'my_sessions of nobody is empty');
BEGIN;
SELECT session_auth.authenticate(:'d1_token') \g /dev/null
SELECT is((SELECT count(*) FROM session_auth.my_sessions()), 3::bigint, 'my_sessions lists the user''s devices');
SELECT is((SELECT count(*) FROM session_auth.my_sessions() m WHERE m::text LIKE '%' || :'b_session_id' || '%'), 0::bigint, '… and nobody else''s');
SELECT throws_ok('SELECT session_auth.sign_out(''everything'')', '22023', 'invalid scope', 'sign_out refuses an unknown scope');
PREPARE by_text(text) AS SELECT session_auth.sign_out($1);
CREATE FUNCTION pg_temp.ended(statement text) RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE n bigint; BEGIN EXECUTE statement INTO n; RETURN n; END $$;
SELECT is(session_auth.sign_out(session_id => :'b_session_id'), 0::bigint, 'sign_out ends nobody else''s session');
SELECT is(session_auth.sign_out(:'b_session_id'), 0::bigint, '… nor by its id as text');
SELECT is(session_auth.sign_out(gen_random_uuid()), 0::bigint, '… nor one that is not there');
SELECT is(session_auth.sign_out(NULL::uuid), 0::bigint, '… nor by NULL');
SELECT throws_ok('SELECT session_auth.sign_out(NULL)', '22023', 'invalid scope', 'NULL as text is no scope');
SELECT is(session_auth.sign_out(:'d2_session_id'::uuid), 1::bigint, 'sign_out of one device');
SELECT is(session_auth.sign_out(:'d2_session_id'::uuid), 0::bigint, '… once');
SELECT is(pg_temp.ended(format('EXECUTE by_text(%L)', upper(:'d3_session_id'))), 1::bigint, '… by its id as text');
SELECT is(session_auth.user_id(), 'dora', '… and the identity stays');
SELECT is((SELECT array_agg(session_id) FROM session_auth.my_sessions()), ARRAY[:'d1_session_id'::uuid], '… with its own session');
RESET ROLE;
SELECT * FROM session_auth.create_session('dora') \gset d4_
SELECT * FROM session_auth.create_session('dora') \gset d5_
SET ROLE sa_request;
SELECT is(session_auth.sign_out('others'), 2::bigint, 'sign_out others');
SELECT is(session_auth.sign_out(:'d1_session_id'::uuid), 1::bigint, 'by its id the session itself too');
SELECT is(session_auth.user_id(), NULL, '… with which the identity ends');
SELECT throws_ok(format('SELECT session_auth.sign_out(%L::uuid)', :'d1_session_id'), '28000', 'not authenticated', 'nobody signs out');
ROLLBACK;
BEGIN;
SELECT session_auth.authenticate(:'d1_token') \g /dev/null
SELECT is(session_auth.sign_out('others'), 2::bigint, 'sign_out others, after a ROLLBACK');
SELECT is(session_auth.sign_out(), 1::bigint, 'sign_out ends the session itself');
COMMIT;
BEGIN READ ONLY;
SELECT session_auth.authenticate(:'b_token') \g /dev/null
SELECT throws_ok(format('SELECT session_auth.sign_out(%L::uuid)', :'b_session_id'), '25006', NULL, 'not in a READ ONLY transaction');
ROLLBACK;
SELECT is_empty(format('SELECT * FROM session_auth.verify_session(%L)', :'d1_token'), 'and its token verifies no longer');
SELECT is(v.user_id, 'bob', 'other users stay signed in') FROM session_auth.verify_session(:'b_token') v;

-- impersonate
SELECT throws_ok('SELECT session_auth.impersonate(''alice'')', '42501', 'permission denied for function impersonate', 'a request role cannot impersonate');
SET ROLE sa_admin;
BEGIN;
SELECT is(i.roles, '{USER}'::text[], 'impersonate takes the user''s own roles') FROM session_auth.impersonate('bob', reason => 'ticket 7') i;
SELECT isnt(session_auth.actor(), NULL, 'actor() tells who acts');
SELECT session_auth.impersonate('bob', '{ADMIN}') \g /dev/null
RESET ROLE;
SELECT is(session_auth.user_id(), 'bob', 'impersonate sets the identity');
SELECT is(session_auth.has_permission('edit', 'accounts'), true, '… with the roles given');
COMMIT;
SELECT is(session_auth.user_id(), NULL, '… until the transaction ends');
SELECT ok(count(*) >= 2, 'it is recorded') FROM session_auth.session_events WHERE event ILIKE '%impersonat%' AND user_id = 'bob';
SELECT ok(count(*) = 1, '… with its reason') FROM session_auth.session_events WHERE event ILIKE '%impersonat%' AND detail::text LIKE '%ticket 7%';

SELECT * FROM finish();
