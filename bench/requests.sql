-- Accounts three times: open, under session_auth's policies, and under a policy
-- that reads a claim as PostgREST hands it on, wrapped as its guides advise.

CREATE TABLE bench.open_accounts AS
SELECT n AS id, 'user-' || n AS owner_id, 'account ' || n AS name, n * 1.5 AS balance
FROM generate_series(1, 100000) n;
ALTER TABLE bench.open_accounts ADD PRIMARY KEY (id);
CREATE TABLE bench.accounts (LIKE bench.open_accounts INCLUDING ALL);
INSERT INTO bench.accounts TABLE bench.open_accounts;
CREATE TABLE bench.web_accounts (LIKE bench.open_accounts INCLUDING ALL);
INSERT INTO bench.web_accounts TABLE bench.open_accounts;
VACUUM (ANALYZE, FREEZE) bench.open_accounts, bench.accounts, bench.web_accounts;

CREATE ROLE bench_web;
CREATE ROLE bench_web_login LOGIN NOINHERIT IN ROLE bench_web;
GRANT USAGE ON SCHEMA bench TO bench_web, bench_web_login;
GRANT SELECT ON bench.open_accounts, bench.accounts TO bench_app;
GRANT SELECT ON bench.web_accounts TO bench_web;

SELECT session_auth.protect_table('bench.accounts');
SELECT session_auth.grant_permission('USER', 'view', 'accounts');

ALTER TABLE bench.web_accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY web ON bench.web_accounts FOR SELECT
USING ((SELECT current_setting('request.jwt.claims', true)::json ->> 'role') = 'USER');

CALL bench.have_sessions(:many_sessions);
VACUUM (ANALYZE) session_auth.sessions, session_auth.user_roles;
