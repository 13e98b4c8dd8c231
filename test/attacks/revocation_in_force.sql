-- Attack: go on with an identity in force whose session, roles, key or token were taken
-- away, by never leaving the transaction or connection; or outlive an expiry.
-- Holds: scope transaction ends by itself, its expiry counts at every statement; scope
-- connection is looked up again at its first use in every transaction, roles too.
-- Guards: src/identity/identity.c, identity_current() and check_connection_identity().
-- Also: test/pgtap/tokens_revoked.sql.
SELECT plan(19);
\ir people.psql
SELECT session_auth.add_key('k', 'HS256', repeat('k', 40)) \g /dev/null

-- scope connection, by what was taken away in between
SELECT session_auth.authenticate(:'alice', 'connection') \g /dev/null
SELECT is(who() || session_auth.has_role('ADMIN'), 'alicetrue', 'scope connection');
SELECT session_auth.revoke_role('alice', 'ADMIN') \g /dev/null
SELECT is(who() || session_auth.has_role('ADMIN'), 'alicefalse', 'a role that went is gone');
SELECT is(session_auth.roles(), '{}'::text[], '… from the list too');
SELECT session_auth.grant_role('alice', 'ADMIN') \g /dev/null
SET session_auth.absolute_lifetime = 1;
SELECT pg_sleep(1.1) \g /dev/null
SELECT is(who(), 'nobody', 'an absolute limit that came later ends it');
RESET session_auth.absolute_lifetime;
SELECT is(who(), 'alice', '… while it holds: the session itself is not ended by it');
SELECT session_auth.authenticate(:'alice', 'connection') \g /dev/null
UPDATE session_auth.sessions SET expires_at = now() - interval '1 second' WHERE user_id = 'alice';
SELECT is(who(), 'nobody', 'an expiry that was moved back');
UPDATE session_auth.sessions SET expires_at = now() + interval '1 hour' WHERE user_id = 'alice';
SELECT session_auth.authenticate(:'alice', 'connection') \g /dev/null
DELETE FROM session_auth.sessions WHERE user_id = 'alice';
SELECT is(who(), 'nobody', 'a row that was deleted');
SELECT session_auth.authenticate(session_auth.issue_token('carol', '1 hour'), 'connection') \g /dev/null
SELECT is(who(), 'carol', 'a signed token, scope connection');
SELECT session_auth.revoke_token(session_auth.claim('jti')) \g /dev/null
SELECT is(who(), 'nobody', '… revoked');
SELECT session_auth.authenticate(session_auth.issue_token('carol', '1 hour'), 'connection') \g /dev/null
SELECT session_auth.disable_key('k') \g /dev/null
SELECT is(who(), 'nobody', '… its key disabled');

-- within a transaction
BEGIN;
SELECT session_auth.authenticate(:'bob', 'connection') \g /dev/null
SAVEPOINT s;
SELECT session_auth.expire_session(:'bob_session'::uuid) \g /dev/null
SELECT is(who(), 'bob', 'a transaction''s identity stays to its end, as documented');
ROLLBACK TO s;
COMMIT;
SELECT is(who(), 'bob', 'what was rolled back ended nothing');
BEGIN;
SELECT is(who(), 'bob', 'looked up at its first use in a transaction');
SELECT session_auth.expire_session(:'bob_session'::uuid) \g /dev/null
COMMIT AND CHAIN;
SELECT is(who(), 'nobody', 'and again in the chained one');
COMMIT;

-- several transactions in one message
SELECT token AS dora FROM session_auth.create_session('dora') \gset
CREATE TABLE seen (what text);
SELECT session_auth.authenticate(:'dora', 'connection') \g /dev/null
BEGIN\; INSERT INTO seen SELECT who()\; COMMIT\; BEGIN\; UPDATE session_auth.sessions SET ended_at = now()\; COMMIT\; BEGIN\; INSERT INTO seen SELECT who()\; COMMIT;
SELECT is(string_agg(what, ', '), 'dora, nobody', 'transactions of one message') FROM seen;
UPDATE session_auth.sessions SET ended_at = NULL;
TRUNCATE seen;
BEGIN\; SELECT session_auth.authenticate(:'dora', 'connection')\; COMMIT\; BEGIN\; UPDATE session_auth.sessions SET ended_at = now()\; COMMIT\; BEGIN\; INSERT INTO seen SELECT who()\; COMMIT;
SELECT is(string_agg(what, ', '), 'nobody', 'authenticate and other transactions in one message') FROM seen;
SELECT is(who(), 'nobody', 'the next message');

-- expiry, at every statement and row
SELECT token AS short FROM session_auth.create_session('short', '1 second') \gset
BEGIN;
SELECT session_auth.authenticate(:'short') \g /dev/null
SELECT pg_sleep(1.1) \g /dev/null
SELECT is(who() || session_auth.is_authenticated() || coalesce(session_auth.claims()::text, '-') || coalesce(session_auth.session_id()::text, '-'), 'nobodyfalse--', 'expired in mid-transaction: for every reader');
SELECT throws_ok('SELECT session_auth.sign_out()', '28000', NULL, '… and it cannot sign out');
COMMIT;

SELECT * FROM finish();
