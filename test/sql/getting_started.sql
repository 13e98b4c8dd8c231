-- The story that the documentation tells, from the map to the filtered query.
CREATE EXTENSION session_auth;
CREATE ROLE regress_session_auth_app NOLOGIN;
CREATE ROLE regress_session_auth_owner NOLOGIN;

-- the application's permissions, and who has which role
SELECT session_auth.import_permissions('{
  "ADMIN": ["view:accounts", "edit:accounts"],
  "USER": ["view:profile"]
}');
SELECT session_auth.grant_role('ada', 'ADMIN');
SELECT session_auth.grant_role('uwe', 'USER');

-- a table, and who may ask
CREATE TABLE accounts (id int PRIMARY KEY, email text NOT NULL);
INSERT INTO accounts VALUES (1, 'ada@example.com'), (2, 'uwe@example.com');
ALTER TABLE accounts OWNER TO regress_session_auth_owner;
SELECT session_auth.protect_table('accounts');
GRANT SELECT, UPDATE ON accounts TO regress_session_auth_app;
SELECT session_auth.grant_usage('regress_session_auth_app', 'request');

-- sign-in
SELECT token AS ada FROM session_auth.create_session('ada') \gset
SELECT token AS uwe FROM session_auth.create_session('uwe') \gset

-- requests
SET ROLE regress_session_auth_app;
SELECT * FROM accounts ORDER BY id;
BEGIN;
SELECT user_id, role, roles, tenant FROM session_auth.authenticate(:'ada');
SELECT * FROM accounts ORDER BY id;
UPDATE accounts SET email = 'uwe@example.org' WHERE id = 2;
COMMIT;
BEGIN;
SELECT user_id, role, roles, tenant FROM session_auth.authenticate(:'uwe');
SELECT * FROM accounts ORDER BY id;
UPDATE accounts SET email = 'mine';
SELECT session_auth.has_permission(session_auth.role(), 'view', 'accounts');
SELECT session_auth.require_permission('view', 'accounts');
ROLLBACK;
SELECT session_auth.require_permission('view', 'accounts');
SELECT session_auth.authenticate('no such token');
RESET ROLE;

-- why not?
SELECT allowed, via_role, grant_action, grant_resource FROM session_auth.explain_permission('ADMIN', 'view', 'accounts');
SELECT allowed, via_role, grant_action, grant_resource FROM session_auth.explain_permission('USER', 'view', 'accounts');
SELECT role, action, resource, effect, via_role FROM session_auth.list_permissions() ORDER BY 1, 2, 3;

-- sign-out
SELECT session_auth.expire_session(:'ada'::text);
BEGIN;
SELECT session_auth.authenticate(:'ada');
ROLLBACK;

DROP TABLE accounts;
SELECT session_auth.revoke_usage('regress_session_auth_app', 'request');
DROP EXTENSION session_auth;
DROP ROLE regress_session_auth_app, regress_session_auth_owner;
