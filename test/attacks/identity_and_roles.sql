-- Attack: SET ROLE, SET SESSION AUTHORIZATION, RESET ROLE, RESET ALL and DISCARD in
-- and out of transactions, to change the identity or to keep it where it must end.
-- Holds: a database role never changes it; RESET ALL and DISCARD ALL end it, in
-- both scopes. Guards: src/identity/identity.c, identity_init() (no GUC_NO_RESET_ALL).
-- Also: test/pgtap/identity.sql, test/attacks/transaction_end.sql, test/attacks/savepoints.t.
\ir people.psql
-- DISCARD ALL would take pgTAP's own tables with it, so it comes first
SET ROLE sa_request;
SELECT FROM session_auth.authenticate(:'alice', 'connection') \g /dev/null
PREPARE asking AS SELECT count(*) FROM accounts;
SELECT who() AS before \gset
EXECUTE asking \gset before_
DISCARD ALL;
SELECT who() AS after, current_user = session_user AS superuser \gset
SET ROLE sa_request;
SELECT count(*) AS after_count FROM accounts \gset
RESET ROLE;
SELECT plan(14);
SELECT is(:'before' || :'before_count', 'alice3', 'an identity of scope connection');
SELECT is(:'superuser'::text, 't', 'DISCARD ALL ends the database role');
SELECT is(:'after'::text, 'nobody', '… and the identity');
SELECT is(:'after_count'::text, '0', '… which then sees no row');

BEGIN;
SELECT FROM session_auth.authenticate(:'alice') \g /dev/null
SET ROLE sa_request;
SELECT is(who(), 'alice', 'SET ROLE keeps the identity');
SET SESSION AUTHORIZATION sa_request;
SELECT is(who(), 'alice', 'so does SET SESSION AUTHORIZATION');
SAVEPOINT s;
RESET ROLE;
SELECT is(who(), 'alice', 'RESET ROLE keeps it');
RESET ALL;
SELECT is(who(), 'nobody', 'RESET ALL ends it, though the setting is not the role''s own');
SELECT is(count(*), 0::bigint, '… and the policies follow') FROM accounts;
ROLLBACK TO s;
SELECT is(who(), 'alice', 'a RESET ALL that is rolled back did not happen');
DISCARD PLANS;
DISCARD SEQUENCES;
SELECT is(who(), 'alice', 'DISCARD of other things keeps it');
RESET SESSION AUTHORIZATION;
COMMIT;

SELECT FROM session_auth.authenticate(:'alice', 'connection') \g /dev/null
SELECT is(who(), 'alice', 'scope connection');
SET ROLE sa_request;
RESET ALL;
SELECT is(who(), 'nobody', 'RESET ALL ends scope connection');
SELECT FROM session_auth.authenticate(:'alice', 'connection') \g /dev/null
BEGIN;
RESET ALL;
ROLLBACK;
SELECT is(who(), 'alice', '… unless it is rolled back');
SELECT session_auth.deauthenticate() \g /dev/null

SELECT * FROM finish();
