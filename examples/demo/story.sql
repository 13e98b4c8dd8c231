\echo
\echo '=== 1. An Auth.js application: users with a role, and a table that its API serves'
CREATE TABLE "User" (id text PRIMARY KEY, email text, role text);
INSERT INTO "User" VALUES ('u1', 'ada@example.com', 'ADMIN'), ('u2', 'uwe@example.com', 'USER');
CREATE TABLE accounts (id int PRIMARY KEY, holder text, balance numeric);
INSERT INTO accounts VALUES (1, 'Ada', 1200.00), (2, 'Uwe', 35.50), (3, 'Eve', 980.10);
CREATE ROLE app LOGIN;
GRANT SELECT ON accounts TO app;
\set expect '00000 0'
\ir expect.psql
\echo
\echo '=== 2. The API route forgot to check the role: every row leaves the database'
SET ROLE app;
SELECT * FROM accounts;
\set expect '00000 3'
\ir expect.psql
RESET ROLE;
\echo
\echo '=== 3. session_auth takes over the PERMISSIONS map as it is, and protects the table'
CREATE EXTENSION session_auth;
SELECT session_auth.import_permissions('{
  "ADMIN": ["view:accounts", "edit:accounts"],
  "USER":  ["view:profile"]
}');
SELECT id, role, session_auth.grant_role(id, role) FROM "User";
SELECT session_auth.protect_table('accounts');
SELECT session_auth.grant_usage('app', 'request');
\set expect '00000 1'
\ir expect.psql
\echo
\echo '=== 4. Two people sign in; their tokens go into cookies, here into the variables ada and uwe'
SELECT token AS ada FROM session_auth.create_session('u1') \gset
SELECT token AS uwe FROM session_auth.create_session('u2') \gset
\set expect '00000 1'
\ir expect.psql
\echo
\echo '=== 5. The same query without a session (from here on as the application: role app)'
\connect - app
SELECT * FROM accounts;
\set expect '00000 0'
\ir expect.psql
\echo
\echo '=== 6. By Uwe, a USER'
BEGIN;
SELECT user_id, role FROM session_auth.authenticate(:'uwe');
\set expect '00000 1'
\ir expect.psql
SELECT * FROM accounts;
\set expect '00000 0'
\ir expect.psql
COMMIT;
\echo
\echo '=== 7. By Ada, an ADMIN'
BEGIN;
SELECT user_id, role FROM session_auth.authenticate(:'ada');
SELECT * FROM accounts;
\set expect '00000 3'
\ir expect.psql
COMMIT;
\echo
\echo '=== 8. COMMIT ended her identity: the next client of a pooled connection is nobody'
SELECT * FROM accounts;
\set expect '00000 0'
\ir expect.psql
\echo
\echo '=== 9. An SQL injection tries to become Ada: refused'
SELECT set_config('session_auth.identity', 'u1', false);
\set expect '42501 0'
\ir expect.psql
SELECT * FROM accounts;
\set expect '00000 0'
\ir expect.psql
SELECT session_auth.authenticate('sat_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
\set expect '28000 0'
\ir expect.psql
\echo
\echo '=== 10. Ada is signed out by an administrator, on another connection, while she works'
BEGIN;
SELECT user_id, role FROM session_auth.authenticate(:'ada');
SELECT id FROM accounts;
\set expect '00000 3'
\ir expect.psql
COMMIT;
\echo '--- on the other connection:'
\! psql --no-psqlrc --quiet --username=postgres --echo-queries --command="SELECT session_auth.expire_user_sessions('u1');"
\echo '--- and here again, her next request:'
BEGIN;
SELECT user_id, role FROM session_auth.authenticate(:'ada');
\set expect '28000 0'
\ir expect.psql
ROLLBACK;
SELECT * FROM accounts;
\set expect '00000 0'
\ir expect.psql
\echo
\echo '=== 11. Why does Uwe see nothing? The administrator asks'
\connect - postgres
SELECT allowed, reason FROM session_auth.explain_permission('USER', 'view', 'accounts');
\set expect '00000 1'
\ir expect.psql
SELECT allowed, via_role, grant_action, grant_resource FROM session_auth.explain_permission('ADMIN', 'view', 'accounts');
\set expect '00000 1'
\ir expect.psql
SELECT event, user_id, actor, detail FROM session_auth.session_events WHERE session_id IS NOT NULL ORDER BY at;
\set expect '00000 3'
\ir expect.psql
