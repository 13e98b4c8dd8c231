-- Hidden columns: the view that protect_columns makes, what is written through it and past it,
-- what it refuses, what it remembers and what check_policies says of it.
-- Also: test/attacks/hidden_columns.sql, test/t/dump.t.
SELECT plan(104);

SELECT session_auth.import_permissions('{"USER": ["*:accounts"], "READER": ["view:accounts.balance", "view:accounts.iban"], "WRITER": ["edit:accounts.balance"], "BOSS": ["*:*"]}') \g /dev/null
SELECT session_auth.grant_role(u, 'USER') FROM unnest('{ada,bo,cy,dan}'::text[]) u \g /dev/null
SELECT session_auth.grant_role('bo', 'READER'), session_auth.grant_role('cy', 'WRITER'), session_auth.grant_role('dan', 'BOSS') \g /dev/null
SELECT session_auth.grant_usage('sa_owner', 'admin') \g /dev/null
GRANT CREATE ON SCHEMA public TO sa_owner;
CREATE TABLE public.accounts (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner text, balance numeric(10,2) DEFAULT 0, iban text, note text DEFAULT 'none', doc json, twice int GENERATED ALWAYS AS (1 + 1) STORED);
CREATE INDEX accounts_owner ON accounts (owner);

-- Rows as text or the error, of who may be NULL: nobody.
CREATE FUNCTION public.gets(who text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  r record;
  rows text[] := '{}';
  n bigint;
BEGIN
  IF who IS NOT NULL THEN PERFORM session_auth.impersonate(who); END IF;
  SET LOCAL ROLE sa_request;
  IF statement ~ 'RETURNING|^SELECT|^EXPLAIN|^TABLE' THEN
    FOR r IN EXECUTE statement LOOP rows := rows || btrim(r::text, '()'); END LOOP;
    RAISE EXCEPTION SQLSTATE 'XX999' USING MESSAGE = array_to_string(rows, ' ');
  END IF;
  EXECUTE statement;
  GET DIAGNOSTICS n = ROW_COUNT;
  RAISE EXCEPTION SQLSTATE 'XX999' USING MESSAGE = n;
EXCEPTION WHEN SQLSTATE 'XX999' THEN RETURN SQLERRM; WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION public.problems() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(severity || ' ' || object || ': ' || problem, '; ' ORDER BY severity, object, problem) FROM session_auth.check_policies() $$;

-- arguments
SELECT throws_ok($$SELECT session_auth.protect_columns('accounts', '{balance}')$$, '22023', 'invalid target', 'not of a superuser''s table, whose view would show every row');
ALTER TABLE accounts OWNER TO sa_owner;
SELECT throws_ok($$SELECT session_auth.protect_columns('accounts', '{balance}')$$, '22023', 'invalid target', 'nor of one without row-level security');
SELECT session_auth.protect_table('accounts') \g /dev/null
CREATE POLICY narrow ON accounts AS RESTRICTIVE TO sa_request USING (true);
SELECT throws_ok($$SELECT session_auth.protect_columns('accounts', '{balance}')$$, '22023', 'invalid target', 'nor where a policy is not for PUBLIC');
DROP POLICY narrow ON accounts;
SELECT throws_ok(format('SELECT session_auth.protect_columns(%s)', arguments), '22023', 'invalid ' || what, arguments) FROM (VALUES
  ($$'accounts', '{}'$$, 'columns'), ($$'accounts', NULL$$, 'columns'), ($$'accounts', '{nothing}'$$, 'columns'), ($$'accounts', '{balance,balance}'$$, 'columns'), ($$'accounts', '{balance,NULL}'$$, 'columns'), ($$'accounts', '{ctid}'$$, 'columns'),
  ($$'accounts', '{id}'$$, 'columns'), ($$'accounts', '{balance}', owner_column => 'nothing'$$, 'owner_column'), ($$'accounts', '{owner}', owner_column => 'owner'$$, 'owner_column'), ($$'accounts', '{balance}', 'accounts'$$, 'view'),
  ($$'accounts', '{balance}', resource => ''$$, 'resource'), ($$'pg_class', '{relname}'$$, 'target'), ($$NULL, '{relname}'$$, 'target')) v (arguments, what);
SET ROLE sa_request;
SELECT throws_ok($$SELECT session_auth.protect_columns('accounts', '{balance}')$$, '42501', NULL, 'it is for usage admin');
SET ROLE sa_admin;
SELECT throws_ok($$SELECT session_auth.protect_columns('accounts', '{balance}')$$, '42501', NULL, '… that owns the table');
RESET ROLE;

-- the view
SET ROLE sa_owner;
SELECT lives_ok($$SELECT session_auth.protect_columns('accounts', '{balance,iban}', owner_column => 'owner')$$, 'its owner hides two columns');
SELECT throws_ok($$SELECT session_auth.remember_columns('accounts', 'accounts_visible', '{balance}', 'accounts', 'owner')$$, '42501', 'only protect_columns says what is hidden', 'what is not there cannot be remembered');
SELECT lives_ok($$SELECT session_auth.forget_columns('accounts')$$, 'nor what is there …');
RESET ROLE;
SELECT is((SELECT concat_ws(' ', target, view, columns, resource, owner_column) FROM session_auth.column_protections), 'accounts accounts_visible {balance,iban} accounts owner', '… forgotten');
INSERT INTO accounts (owner, balance, iban) VALUES ('ada', 1, 'A1'), ('bo', 2, 'B2');
GRANT ALL ON accounts_visible TO sa_request;
GRANT INSERT, UPDATE, DELETE, SELECT (id, owner, note, doc, twice) ON accounts TO sa_request;
SELECT is(problems(), NULL, 'check_policies has nothing to say, nor of a view that reads as its owner');
SELECT is(gets(who, 'SELECT id, balance, iban FROM accounts_visible ORDER BY id'), wanted, concat(who, ' sees ', wanted)) FROM (VALUES
  ('ada', '1,1.00,A1 2,,'), ('bo', '1,1.00,A1 2,2.00,B2'), ('cy', '1,, 2,,'), ('dan', '1,1.00,A1 2,2.00,B2'), ('eve', ''), (NULL, '')) v (who, wanted);
SELECT is(gets('ada', statement), wanted, statement) FROM (VALUES
  ('SELECT balance FROM accounts', '42501 permission denied for table accounts'), ('SELECT a FROM accounts_visible a WHERE id = 2', '"(2,bo,,,none,,2)"'), ('SELECT id FROM accounts_visible ORDER BY balance DESC NULLS FIRST', '2 1'),
  ('SELECT count(*) FROM accounts_visible WHERE balance = 2', '0'), ('SELECT max(iban) FROM accounts_visible', 'A1'), ('SELECT id, owner FROM accounts ORDER BY id', '1,ada 2,bo')) v (statement, wanted);

-- through it and past it
SELECT is(gets(who, statement), wanted, who || ': ' || statement) FROM (VALUES
  ('ada', 'UPDATE accounts_visible SET balance = 5 WHERE id = 1', '42501 permission denied: "edit" on "accounts.balance"'), ('ada', 'UPDATE accounts SET balance = 5 WHERE id = 1', '42501 permission denied: "edit" on "accounts.balance"'),
  ('ada', 'UPDATE accounts SET balance = DEFAULT WHERE id = 1', '42501 permission denied: "edit" on "accounts.balance"'), ('ada', 'UPDATE accounts_visible SET iban = NULL WHERE id = 1', '42501 permission denied: "edit" on "accounts.iban"'),
  ('ada', 'UPDATE accounts_visible SET note = ''x'' RETURNING id, balance, note', '1,1.00,x 2,,x'), ('ada', 'UPDATE accounts_visible SET balance = balance, iban = iban RETURNING id', '1 2'), ('ada', 'UPDATE accounts_visible SET id = id RETURNING id', '1 2'),
  ('cy', 'UPDATE accounts_visible SET balance = 5 WHERE id = 1', '1'), ('cy', 'UPDATE accounts SET balance = 5 WHERE id = 1', '1'), ('cy', 'UPDATE accounts_visible SET iban = ''x'' WHERE id = 1', '42501 permission denied: "edit" on "accounts.iban"'),
  ('dan', 'UPDATE accounts_visible SET balance = balance + 1, iban = iban || ''!'' RETURNING balance, iban', '2.00,A1! 3.00,B2!'), ('eve', 'UPDATE accounts_visible SET note = ''x''', '0'),
  ('ada', 'INSERT INTO accounts_visible (owner) VALUES (''ada'') RETURNING owner, balance, iban, note, twice', 'ada,0.00,,none,2'), ('ada', 'INSERT INTO accounts_visible (owner, balance) VALUES (''ada'', 0) RETURNING owner', 'ada'),
  ('ada', 'INSERT INTO accounts_visible (owner, balance) VALUES (''ada'', 5)', '42501 permission denied: "edit" on "accounts.balance"'), ('ada', 'INSERT INTO accounts (owner, iban) VALUES (''ada'', ''x'')', '42501 permission denied: "edit" on "accounts.iban"'),
  ('ada', 'INSERT INTO accounts (owner) VALUES (''ada'') RETURNING owner', 'ada'), ('cy', 'INSERT INTO accounts_visible (owner, balance) VALUES (''cy'', 5) RETURNING owner, balance', 'cy,5.00'), ('ada', 'INSERT INTO accounts_visible DEFAULT VALUES', '1'),
  ('ada', 'INSERT INTO accounts_visible (id) VALUES (77)', '428C9 cannot insert a non-DEFAULT value into column "id"'), ('ada', 'UPDATE accounts_visible SET twice = 3', '428C9 column "twice" can only be updated to DEFAULT'),
  ('eve', 'INSERT INTO accounts_visible (owner) VALUES (''eve'')', '42501 new row violates row-level security policy for table "accounts"'), ('ada', 'DELETE FROM accounts_visible WHERE id = 2', '1'), ('eve', 'DELETE FROM accounts_visible', '0'),
  ('ada', 'INSERT INTO accounts (owner) VALUES (''ada'') ON CONFLICT (id) DO UPDATE SET balance = 1', '1'), ('ada', 'INSERT INTO accounts_visible (owner, doc) VALUES (''ada'', ''{"a": 1}'') RETURNING doc', '"{""a"": 1}"')) v (who, statement, wanted);
UPDATE accounts SET balance = 1 WHERE id = 1;
SELECT pass('who is not bound by policies is not bound by this');

-- plans
SELECT alike(gets('bo', $$EXPLAIN (COSTS OFF) SELECT balance FROM accounts_visible WHERE id = 1$$), '%Index Scan using accounts_pkey on accounts%', 'an index serves the view');
SET enable_seqscan = off;
SELECT alike(gets('bo', $$EXPLAIN (COSTS OFF) SELECT balance FROM accounts_visible WHERE owner = 'bo'$$), '%accounts_owner%', '… any index of a column that is not hidden');
RESET enable_seqscan;

-- many rows: what is known of a condition is decided once, and it is the same that is shown
INSERT INTO accounts (owner, balance, iban) SELECT (ARRAY['ada', 'bo', 'cy'])[n % 3 + 1], n % 7, 'I' || n FROM generate_series(1, 4000) n;
CREATE VIEW public.digests AS SELECT * FROM (VALUES
  ('SELECT md5(string_agg(v::text, '';'')) FROM (SELECT * FROM accounts_visible ORDER BY id) v'), ('SELECT md5(string_agg(v::text, '';'')) FROM (SELECT id, balance, upper(iban) FROM accounts_visible WHERE id > 5 OFFSET 0) v'),
  ('SELECT md5(string_agg(v::text, '';'')) FROM (SELECT a.balance, b.iban FROM accounts_visible a JOIN accounts_visible b USING (id) ORDER BY id) v')) q (statement);
SET session_auth.fold_filters = off;
CREATE TABLE public.unfolded AS SELECT who, statement, gets(who, statement) AS digest FROM digests, unnest('{ada,bo,cy,eve}'::text[]) who;
SET session_auth.fold_filters = on;
SELECT is(gets(who, statement), digest, concat(who, ', decided once: ', statement)) FROM unfolded ORDER BY 1;
SELECT is(count(DISTINCT digest), 9::bigint, '… to each what is his') FROM unfolded WHERE who <> 'eve';
SET plan_cache_mode = force_generic_plan; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT is(gets('ada', 'SELECT md5(string_agg(v::text, '';'')) FROM (SELECT * FROM accounts_visible ORDER BY id) v'), (SELECT digest FROM unfolded WHERE who = 'ada' ORDER BY statement LIMIT 1), 'in parallel workers too');
RESET plan_cache_mode; RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;
DROP VIEW digests; DROP TABLE unfolded;
DELETE FROM accounts WHERE iban LIKE 'I%';

-- names and columns
SELECT throws_ok(statement, '42501', NULL, statement) FROM unnest(ARRAY['ALTER TABLE accounts RENAME iban TO number', 'ALTER TABLE accounts RENAME TO books', 'ALTER VIEW accounts_visible RENAME TO books', 'ALTER TABLE accounts SET SCHEMA session_auth']) statement;
SELECT throws_ok('ALTER TABLE accounts DROP iban', '2BP01', NULL, 'a column cannot be dropped');
ALTER TABLE accounts ADD more int;
SELECT is(problems(), 'warning public.accounts: column more is not in view public.accounts_visible', 'a new column is reported');
SELECT is(advice, 'SELECT session_auth.protect_columns(''public.accounts'', ''{balance,iban}'', ''accounts_visible'', ''accounts'', ''owner'')', '… with what to do') FROM session_auth.check_policies();
SELECT session_auth.protect_columns('accounts', '{balance,iban}', owner_column => 'owner') \g /dev/null
SELECT is(problems(), NULL, '… which does it, and keeps what was granted');

-- reported
GRANT SELECT (iban) ON accounts TO sa_request;
SELECT is(problems(), 'error public.accounts: sa_request can read the hidden columns iban without the view', 'a role that can read a hidden column');
REVOKE SELECT (iban) ON accounts FROM sa_request;
SET session_auth.guard_protection = off;
CREATE OR REPLACE VIEW accounts_visible AS SELECT id, owner, balance::numeric AS balance, iban, note, doc, twice, more FROM accounts;
SELECT is(problems(), 'error public.accounts: view public.accounts_visible is not as protect_columns writes it', 'a view that shows everything');
CREATE OR REPLACE VIEW accounts_visible AS SELECT id, owner, CASE WHEN (SELECT session_auth.has_permission('view', 'accounts.iban')) OR (owner = (SELECT session_auth.user_id())) THEN balance END AS balance, iban, note, doc, twice, more FROM accounts;
SELECT is(problems(), 'error public.accounts: view public.accounts_visible is not as protect_columns writes it', '… or asks something else');
SELECT session_auth.protect_columns('accounts', '{balance,iban}', owner_column => 'owner') \g /dev/null
ALTER TABLE accounts DISABLE TRIGGER session_auth_columns;
SELECT is(problems(), 'error public.accounts: trigger session_auth_columns is gone, altered or disabled', 'a trigger that does not fire');
ALTER TABLE accounts ENABLE TRIGGER session_auth_columns;
ALTER FUNCTION accounts_visible_write() SECURITY INVOKER;
SELECT is(problems(), 'error public.accounts: view public.accounts_visible is not written as protect_columns has it', 'a writer that is altered');
ALTER FUNCTION accounts_visible_write() SECURITY DEFINER;
ALTER VIEW accounts_visible OWNER TO postgres;
SELECT matches(problems(), 'view public.accounts_visible is not as', 'a view of somebody else''s');
ALTER VIEW accounts_visible OWNER TO sa_owner;
ALTER ROLE sa_owner BYPASSRLS;
SELECT matches(problems(), 'is a superuser or has BYPASSRLS, so a view of his shows every row', 'an owner that policies do not bind');
ALTER ROLE sa_owner NOBYPASSRLS;
RESET session_auth.guard_protection;
SELECT is(problems(), NULL, 'all is well again');

-- guarded
\set ON_ERROR_STOP off
DROP TRIGGER session_auth_columns ON accounts;
\set said :LAST_ERROR_MESSAGE
SELECT is(:'said'::text, 'table public.accounts would lose its protection', 'its trigger is not dropped');
DROP VIEW accounts_visible;
\set said :LAST_ERROR_MESSAGE
SELECT is(:'said'::text, 'table public.accounts would lose its protection', 'nor its view');
\set ON_ERROR_STOP on

-- without a primary key
CREATE TABLE public.keyless (n int, secret text);
ALTER TABLE keyless OWNER TO sa_owner;
SELECT session_auth.protect_table('keyless', 'accounts'), session_auth.protect_columns('keyless', '{secret}', 'seen', 'accounts') \g /dev/null
GRANT ALL ON seen TO sa_request;
SELECT is(gets('ada', 'INSERT INTO seen VALUES (1)'), '1', 'without a primary key rows are inserted through the view');
INSERT INTO keyless VALUES (1, 's');
SELECT is(gets('ada', 'UPDATE seen SET n = 2 RETURNING n, secret'), '2,', '… other columns are updated');
SELECT matches(gets('ada', 'UPDATE seen SET secret = 2'), '^55000|^0A000', '… and hidden ones in the table alone');

-- taken back
CREATE VIEW public.above AS SELECT * FROM accounts_visible;
SELECT throws_ok($$SELECT session_auth.unprotect_columns('accounts')$$, '2BP01', NULL, 'not while another view reads it');
DROP VIEW above;
SELECT lives_ok($$SELECT session_auth.unprotect_columns('accounts')$$, 'taken back');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgname = 'session_auth_columns' AND tgrelid = 'accounts'::regclass) + (SELECT count(*) FROM pg_proc WHERE proname = 'accounts_visible_write') + (SELECT count(*) FROM session_auth.column_protections WHERE target = 'accounts'::regclass), 0::bigint, '… nothing is left');
SELECT lives_ok($$SELECT session_auth.unprotect_columns('accounts')$$, '… and twice is once');
DROP TABLE keyless CASCADE;
SELECT is_empty('SELECT * FROM session_auth.column_protections', 'a table that is dropped is forgotten');

SELECT * FROM finish();
