-- What protect_table remembers, the guard that keeps it, and what check_policies says
-- when it is gone all the same. Siblings: test/attacks/migration_tools.sql, test/t/dump.t.
SELECT plan(68);

SELECT session_auth.import_permissions('{"USER": ["*:accounts"]}') \g /dev/null
CREATE TABLE public.accounts (id int PRIMARY KEY, owner text, org int);
ALTER TABLE accounts OWNER TO sa_owner;
GRANT CREATE ON SCHEMA public TO sa_owner;
SELECT session_auth.grant_usage('sa_owner', 'admin') \g /dev/null
CREATE FUNCTION public.problems(named text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(severity || ': ' || problem, ', ' ORDER BY severity, problem) FROM session_auth.check_policies() WHERE object IN (named, 'public.' || named) $$;
CREATE FUNCTION public.problem(named text) RETURNS text LANGUAGE sql AS $$
  SELECT problem FROM session_auth.list_protected() WHERE object = named::regclass $$;

-- remembered
SELECT is_empty('SELECT * FROM session_auth.list_protected()', 'at first nothing is protected');
SET ROLE sa_owner;
SELECT lives_ok($$SELECT session_auth.protect_table('accounts', owner_column => 'owner', tenant_column => 'org')$$, 'the owner protects a table');
SELECT is((SELECT concat_ws(' ', object, resource, owner_column, tenant_column, denied, protected_by = session_user, problem) FROM session_auth.list_protected()),
  'accounts accounts owner org empty t', 'it is remembered, and whole');
SELECT is(max(protected_at) <= now() AND min(protected_at) > now() - interval '1 hour', true, '… since when') FROM session_auth.list_protected();
SELECT throws_ok('SELECT * FROM session_auth.protections', '42501', NULL, 'the table itself is nobody''s');
SELECT throws_ok($$SELECT session_auth.remember_protection('accounts', 'accounts', 'owner', NULL, 'empty')$$, '42501', 'only protect_table says what is protected', 'what is not there cannot be remembered');
SELECT lives_ok($$SELECT session_auth.forget_protection('accounts')$$, 'and what is there …');
SELECT is(count(*), 1::bigint, '… cannot be forgotten') FROM session_auth.list_protected();
RESET ROLE;
SET ROLE sa_request;
SELECT throws_ok('SELECT * FROM session_auth.list_protected()', '42501', NULL, 'list_protected is for usage admin');
RESET ROLE;

-- names
SET ROLE sa_owner;
SELECT lives_ok('ALTER TABLE accounts RENAME COLUMN owner TO user_id', 'a column gets another name');
SELECT is((SELECT concat_ws(' ', owner_column, problem) FROM session_auth.list_protected()), 'user_id', '… and is followed');
RESET ROLE;
ALTER TABLE accounts RENAME TO books;
CREATE SCHEMA shop;
ALTER TABLE books SET SCHEMA shop;
SELECT is((SELECT concat_ws(' ', object, resource, problem) FROM session_auth.list_protected()), 'shop.books accounts', 'so are a table''s name and schema');
ALTER TABLE shop.books SET SCHEMA public;
ALTER TABLE books RENAME TO accounts;
SELECT is(problems('accounts'), NULL, 'check_policies has nothing to say');

-- refused, by whoever it is: each statement alone
CREATE FUNCTION public.attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  SET CONSTRAINTS ALL IMMEDIATE;
  SET CONSTRAINTS ALL DEFERRED;
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT is(attempt(s), '42501 table public.accounts would lose its protection', s) FROM unnest(ARRAY[
  'ALTER TABLE accounts DISABLE ROW LEVEL SECURITY', 'ALTER TABLE accounts NO FORCE ROW LEVEL SECURITY',
  'ALTER TABLE accounts ADD x int, DISABLE ROW LEVEL SECURITY',
  'DROP POLICY session_auth_select ON accounts', 'ALTER POLICY session_auth_select ON accounts USING (true)',
  'ALTER POLICY session_auth_insert ON accounts WITH CHECK (true)', 'ALTER POLICY session_auth_select ON accounts TO sa_request',
  'ALTER POLICY session_auth_select ON accounts RENAME TO mine', 'ALTER TABLE accounts DROP COLUMN user_id CASCADE']) s;
\set ON_ERROR_STOP off
SET ROLE sa_owner;
ALTER TABLE accounts NO FORCE ROW LEVEL SECURITY;
\set state :SQLSTATE
\set said :LAST_ERROR_MESSAGE
SELECT is(:'state'::text || ' ' || :'said', '42501 table public.accounts would lose its protection', 'at COMMIT too, by its owner');
BEGIN;
DROP POLICY session_auth_delete ON accounts;
CREATE POLICY session_auth_delete ON accounts FOR DELETE USING (true);
COMMIT;
\set said :LAST_ERROR_MESSAGE
SELECT is(:'said'::text, 'table public.accounts would lose its protection', 'a policy that is written anew by hand');
\set ON_ERROR_STOP on
RESET ROLE;
SELECT is(problem('accounts'), NULL, 'nothing of it is left');
SELECT is(count(*), 0::bigint, 'nor a note of it') FROM session_auth.protection_checks;

-- what goes on
SET ROLE sa_owner;
BEGIN;
ALTER TABLE accounts NO FORCE ROW LEVEL SECURITY;
UPDATE accounts SET org = 1;
ALTER TABLE accounts FORCE ROW LEVEL SECURITY;
COMMIT;
SELECT is(problem('accounts'), NULL, 'NO FORCE and FORCE in one transaction, as a backfill does');
BEGIN;
SAVEPOINT s;
ALTER TABLE accounts DISABLE ROW LEVEL SECURITY;
ROLLBACK TO s;
ALTER TABLE accounts ADD note text;
COMMIT;
SELECT is(problem('accounts'), NULL, 'what a savepoint takes back is not held against it');
SELECT is(attempt(s), 'done', s) FROM unnest(ARRAY[
  'CREATE POLICY mine ON accounts USING (false)', 'DROP POLICY mine ON accounts', 'ALTER TABLE accounts ALTER note SET DEFAULT 1',
  'CREATE INDEX ON accounts (note)', 'SELECT session_auth.protect_table(''accounts'', owner_column => ''user_id'')',
  'SELECT session_auth.unprotect_table(''accounts'')', 'ALTER TABLE accounts ENABLE ROW LEVEL SECURITY', 'ALTER TABLE accounts DISABLE ROW LEVEL SECURITY',
  'SELECT session_auth.protect_table(''accounts'', owner_column => ''user_id'', tenant_column => ''org'')']) s;
RESET ROLE;
CREATE TABLE public.gone (id int);
SELECT session_auth.protect_table('gone', 'accounts') \g /dev/null
BEGIN;
ALTER TABLE gone DISABLE ROW LEVEL SECURITY;
DROP TABLE gone;
COMMIT;
SELECT is(count(*), 1::bigint, 'a table that is dropped is forgotten') FROM session_auth.list_protected();
CREATE INDEX CONCURRENTLY accounts_org ON accounts (org);
REINDEX INDEX CONCURRENTLY accounts_org;
DROP INDEX CONCURRENTLY accounts_org;
SELECT pass('what runs in several transactions goes on');

-- with the guard off it happens, and is reported
SET session_auth.guard_protection = off;
ALTER TABLE accounts DISABLE ROW LEVEL SECURITY;
SELECT is(problem('accounts'), 'row-level security is disabled', 'listed: disabled');
SELECT is(problems('accounts'), 'error: row-level security is disabled, so its policies do nothing', 'reported: disabled');
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
SELECT is(problems('accounts'), 'error: row-level security is not forced, so its owner sees every row', 'reported: not forced');
ALTER TABLE accounts FORCE ROW LEVEL SECURITY;
DROP POLICY session_auth_update ON accounts;
SELECT is(problems('accounts'), 'error: policy session_auth_update is gone', 'reported: a policy that is gone');
ALTER POLICY session_auth_select ON accounts USING ((SELECT session_auth.has_permission('view', 'accounts')) OR true);
SELECT is(problems('accounts'), 'error: policy session_auth_select is not as protect_table writes it, error: policy session_auth_update is gone', 'reported: one that is altered');
SELECT is(advice, 'SELECT session_auth.protect_table(''public.accounts'', ''accounts'', owner_column => ''user_id'', tenant_column => ''org'')', 'the advice is the call that renews it') FROM session_auth.check_policies() WHERE object = 'public.accounts' LIMIT 1;
DROP POLICY session_auth_select ON accounts; DROP POLICY session_auth_insert ON accounts; DROP POLICY session_auth_delete ON accounts;
ALTER TABLE accounts DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
SELECT matches(problems('accounts'), 'disabled.*not forced.*|session_auth_delete is gone', 'all of it taken away is reported');
SELECT session_auth.protect_table('accounts', 'accounts', owner_column => 'user_id', tenant_column => 'org') \g /dev/null
SELECT is(problems('accounts'), NULL, 'and protect_table heals it');
-- an expression of 0.1.0
SELECT session_auth.protect_table('accounts', 'accounts', tenant_column => 'org') \g /dev/null
ALTER POLICY session_auth_select ON accounts USING ((SELECT session_auth.has_permission('view', 'accounts'))
  AND org = (SELECT CASE WHEN session_auth.tenant() ~ '^-?[0-9]{1,18}$' THEN session_auth.tenant()::bigint END));
SELECT is(problems('accounts'), 'error: policy session_auth_select is not as protect_table writes it', 'a cast that version 0.1.0 wrote is reported');
RESET session_auth.guard_protection;
SET ROLE sa_owner;
SELECT is(attempt('ALTER TABLE accounts NO FORCE ROW LEVEL SECURITY; ALTER TABLE accounts FORCE ROW LEVEL SECURITY'), 'done', '… and does not stop a backfill');
RESET ROLE;
SET session_auth.guard_protection = off;
DELETE FROM session_auth.protections;
SELECT matches(problems('accounts'), 'warning: it has policies of protect_table that nobody remembers', 'policies that are not remembered are reported');
SELECT is(advice, 'SELECT session_auth.protect_table(''public.accounts'', ''accounts'', tenant_column => ''org'')', '… with what they were told') FROM session_auth.check_policies() WHERE object = 'public.accounts';
RESET session_auth.guard_protection;
SELECT session_auth.protect_table('accounts') \g /dev/null

-- tables that requests can read without any protection
CREATE TABLE public.bare (id int);
SELECT is(problems('bare'), NULL, 'a table that nobody was given');
GRANT SELECT (id) ON bare TO sa_request;
SELECT is(problems('bare'), 'warning: it has no row-level security, and sa_request can read it', '… that a role with usage request can read');
REVOKE ALL (id) ON bare FROM sa_request;
GRANT SELECT ON bare TO PUBLIC;
SELECT is(problems('bare'), 'warning: it has no row-level security, and sa_request can read it', '… by PUBLIC');
ALTER TABLE bare FORCE ROW LEVEL SECURITY;
SELECT matches(problems('bare'), 'warning: row-level security is forced but not enabled, which does nothing', 'FORCE without ENABLE');
ALTER TABLE bare ENABLE ROW LEVEL SECURITY;
SELECT is(problems('bare'), NULL, '… neither when it is enabled');

-- a temporary table would be remembered for ever, as no trigger fires when its connection ends
CREATE TEMPORARY TABLE passing (id int);
SELECT throws_ok($$SELECT session_auth.protect_table('passing')$$, '22023', 'invalid target', 'a temporary table is not protected');
SELECT is(count(*), 0::bigint, '… nor remembered') FROM session_auth.protections WHERE target = 'passing'::regclass;

-- a policy that is always true beside those of protect_table: any role may have brought it
CREATE TABLE public.opened (id int, owner text, public boolean);
SELECT session_auth.protect_table('opened', owner_column => 'owner') \g /dev/null
CREATE POLICY everybody ON opened USING (true);
SELECT is(problems('policy everybody on public.opened'), NULL, 'a policy that is always true, of a table that no request can read');
GRANT SELECT ON opened TO sa_request;
SELECT matches(problems('policy everybody on public.opened'), '^error: it is always true, so policy session_auth_', '… that requests can read');
DROP POLICY everybody ON opened;
CREATE POLICY everybody ON opened FOR INSERT TO sa_request WITH CHECK (true);
SELECT is(problems('policy everybody on public.opened'), 'error: it is always true, so policy session_auth_insert does nothing: permissive policies add up', '… for one command and one role');
DROP POLICY everybody ON opened;
CREATE POLICY everybody ON opened AS RESTRICTIVE USING (true);
SELECT is(problems('policy everybody on public.opened'), NULL, '… but not a restrictive one, which lets nothing through by itself');
DROP POLICY everybody ON opened;
CREATE POLICY everybody ON opened FOR SELECT USING (public);
SELECT is(problems('policy everybody on public.opened'), NULL, '… nor one that asks the row');
DROP POLICY everybody ON opened;

-- foreign partitions can have no row-level security
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE TABLE public.parts (id int) PARTITION BY LIST (id);
CREATE FOREIGN TABLE public.far PARTITION OF parts FOR VALUES IN (1) SERVER files OPTIONS (filename '/dev/null');
SELECT session_auth.protect_table('parts', 'accounts') \g /dev/null
SELECT is(problems('far'), NULL, 'a foreign partition that nobody can read by its name');
GRANT SELECT ON far TO sa_request;
SELECT matches(problems('far'), '^error: a foreign partition of a protected table', '… that requests can read');
REVOKE ALL ON far FROM sa_request;
SELECT is(problems('far'), NULL, '… what the advice says clears it');

-- the guard itself
ALTER EVENT TRIGGER session_auth_ddl_ended DISABLE;
SELECT is(problems('event trigger session_auth_ddl_ended'), 'error: it does not fire always, so what it guards can be lost', 'a guard that is off is reported');
ALTER EVENT TRIGGER session_auth_ddl_ended ENABLE ALWAYS;
SET ROLE sa_owner;
SELECT throws_ok('SET session_auth.guard_protection = off', '42501', NULL, 'a superuser alone switches it off');
RESET ROLE;

SELECT * FROM finish();
