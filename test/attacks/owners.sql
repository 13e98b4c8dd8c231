-- Accident: the application's role owns its tables, has BYPASSRLS or is a superuser,
-- row-level security is off or not forced, TRUNCATE is granted, foreign keys look past it.
-- Holds: protect_table forces; check_policies reports the rest as an error or warning.
-- Guards: sql/parts/policies.sql, protection_of_one_table() and check_policies().
-- Also: test/attacks/verbs.sql, test/attacks/bare_calls.sql.
SELECT plan(15);
\ir people.psql
SET session_auth.guard_protection = off;
CREATE FUNCTION public.reported(pattern text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(DISTINCT severity, ','), 'no') FROM session_auth.check_policies() c WHERE c::text ~ pattern $$;
ALTER TABLE accounts OWNER TO sa_owner;
SELECT session_auth.grant_usage('sa_owner', 'request') \g /dev/null
SELECT is(reported('accounts'), 'no', 'an owner who cannot log in is fine');
SET ROLE sa_owner;
SELECT is(count(*), 0::bigint, 'FORCE: the owner sees no row either') FROM accounts;
RESET ROLE;
ALTER TABLE accounts NO FORCE ROW LEVEL SECURITY;
SET ROLE sa_owner;
SELECT is(count(*), 3::bigint, 'without it the owner sees all') FROM accounts;
RESET ROLE;
SELECT is(reported('accounts.*not forced'), 'error', '… which is reported');
SELECT session_auth.protect_table('accounts') \g /dev/null
SELECT is(reported('accounts'), 'no', 'protect_table again heals it');
ALTER TABLE accounts DISABLE ROW LEVEL SECURITY;
SELECT is(reported('accounts.*disabled'), 'error', 'switched off: reported');
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;

CREATE ROLE sa_attacks_login LOGIN BYPASSRLS;
SELECT is(reported('sa_attacks_login'), 'no', 'BYPASSRLS without rights on the table is nothing');
GRANT DELETE ON accounts TO sa_attacks_login;
SELECT is(reported('sa_attacks_login'), 'error', 'with DELETE alone it is reported');
REVOKE DELETE ON accounts FROM sa_attacks_login;
GRANT TRUNCATE ON accounts TO sa_attacks_login;
SELECT is(reported('sa_attacks_login'), 'error', '… with TRUNCATE too');
REVOKE TRUNCATE ON accounts FROM sa_attacks_login;
GRANT SELECT (owner) ON accounts TO sa_attacks_login;
SELECT is(reported('sa_attacks_login'), 'error', '… and with one column');
ALTER ROLE sa_attacks_login NOBYPASSRLS;
SELECT is(reported('sa_attacks_login'), 'no', 'without BYPASSRLS it is no more');
ALTER TABLE accounts OWNER TO sa_attacks_login;
SELECT is(reported('sa_attacks_login'), 'warning', 'an owner who logs in');
ALTER TABLE accounts OWNER TO sa_owner;
DROP OWNED BY sa_attacks_login;
DROP ROLE sa_attacks_login;

-- a partition that came after protect_table has no policies of its own
CREATE TABLE parts (id int) PARTITION BY RANGE (id);
SELECT session_auth.protect_table('parts', 'accounts') \g /dev/null
CREATE TABLE parts_later PARTITION OF parts FOR VALUES FROM (0) TO (9);
SELECT is(reported('parts_later'), 'error', 'a later partition is reported');
SELECT session_auth.protect_table('parts', 'accounts') \g /dev/null
SELECT is(reported('parts_later'), 'no', 'and healed by protect_table');
-- foreign keys look past the policies: documented
CREATE TABLE refs (account int REFERENCES accounts);
GRANT ALL ON refs TO sa_request;
SET ROLE sa_request;
SELECT lives_ok('INSERT INTO refs VALUES (1)', 'a foreign key''s check sees a hidden row, as documented');
RESET ROLE;
DROP OWNED BY sa_owner CASCADE;

SELECT * FROM finish();
