-- The shop of test/orms/schema.sql, with something to write and something that is denied.
\ir ../orms/schema.sql
GRANT INSERT ON accounts TO app;
SELECT session_auth.grant_permission('USER', 'create', 'accounts');
CREATE FUNCTION close_bank() RETURNS int VOLATILE LANGUAGE sql AS $$
  SELECT session_auth.require_permission('delete', 'accounts');
  SELECT 1
$$;
CREATE FUNCTION broken() RETURNS int VOLATILE LANGUAGE sql AS 'SELECT 1 / (SELECT 0)';
