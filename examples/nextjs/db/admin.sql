-- What the pages under /admin need beside schema.sql. Run it after that, as a superuser.

-- A database role of its own, which the administrator's server alone can log in as. Usage admin may change
-- roles, permissions and keys and end sessions; it reads what it shows of users, and no password.
CREATE ROLE web_admin LOGIN;
SELECT session_auth.grant_usage('web_admin', 'admin');
GRANT SELECT (id, name, email) ON "User" TO web_admin;

-- explain_access asks policies as its caller, who has to be able to read the table. They bind it like anybody.
GRANT SELECT ON accounts TO web_admin;

-- Who may use it is a permission like any other. Each of its transactions requires it first.
SELECT session_auth.grant_permission('ADMIN', 'administer', 'console');
