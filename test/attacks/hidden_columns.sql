-- Attack: who may not view a column of protect_columns reads it all the same: by functions of
-- his own in WHERE, sorting, grouping, RETURNING, whole rows, CASE, views on the view, COPY,
-- statistics, errors that tell one value from another; or writes it: through the view, past it,
-- by INSERT, ON CONFLICT, MERGE, a trigger of the view's on a view of his own.
-- or takes rows over, as a row's owner sees it all.
-- Holds: what is hidden is NULL wherever it is used, and no error depends on it.
-- Guards: sql/parts/columns.sql, shown_column() and column_writer(); src/sql/sql_columns.c, is_written(), gives_away().
-- Also: test/pgtap/protected_columns.sql.
SELECT plan(51);

SELECT session_auth.import_permissions('{"USER": ["*:accounts"]}'), session_auth.grant_role('eve', 'USER') \g /dev/null
SELECT session_auth.grant_usage('sa_owner', 'admin') \g /dev/null
GRANT CREATE ON SCHEMA public TO sa_owner, sa_request;
CREATE TABLE public.accounts (id int PRIMARY KEY, owner text, balance int DEFAULT 0, code uuid DEFAULT gen_random_uuid(), CHECK (balance < 1000));
INSERT INTO accounts VALUES (1, 'ada', 900), (2, 'eve', 5), (3, 'ada', 901);
ALTER TABLE accounts OWNER TO sa_owner;
ALTER TABLE accounts ALTER balance SET STATISTICS 100;
ANALYZE accounts;
SELECT session_auth.protect_table('accounts'), session_auth.protect_columns('accounts', '{balance,code}', owner_column => 'owner') \g /dev/null
GRANT ALL ON accounts_visible TO sa_request;
GRANT INSERT, UPDATE, DELETE, SELECT (id, owner) ON accounts TO sa_request;
CREATE TABLE public.leaked (value text);
GRANT ALL ON leaked TO sa_request;

BEGIN;
SELECT FROM session_auth.impersonate('eve') \g /dev/null
SET LOCAL ROLE sa_request;
CREATE FUNCTION public.leak(anyelement) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN INSERT INTO leaked VALUES ($1::text); RETURN true; END $$;
CREATE OPERATOR public.<<< (LEFTARG = int, RIGHTARG = int, FUNCTION = int4lt, RESTRICT = scalarltsel);
CREATE VIEW public.above AS SELECT * FROM accounts_visible;
CREATE FUNCTION public.gets(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r record; rows text[] := '{}';
BEGIN
  FOR r IN EXECUTE statement LOOP rows := rows || r::text; END LOOP;
  RETURN array_to_string(rows, ' ');
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION public.does(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  EXECUTE statement; GET DIAGNOSTICS n = ROW_COUNT; RETURN n;
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- reading
SELECT is(gets(statement), wanted, statement) FROM (VALUES
  ('SELECT balance FROM accounts_visible ORDER BY id', '() (5) ()'), ('SELECT id FROM accounts_visible WHERE balance > 100', ''), ('SELECT id FROM accounts_visible WHERE balance = 900 OR balance IS NOT DISTINCT FROM 900', ''),
  ('SELECT id FROM accounts_visible ORDER BY balance NULLS LAST, id DESC', '(2) (3) (1)'), ('SELECT count(*), sum(balance), max(balance) FROM accounts_visible', '(3,5,5)'), ('SELECT balance, count(*) FROM accounts_visible GROUP BY 1 ORDER BY 1', '(5,1) (,2)'),
  ('SELECT a FROM accounts_visible a WHERE id = 1', '("(1,ada,,)")'), ('SELECT to_jsonb(a) ->> ''balance'' FROM accounts_visible a WHERE id = 1', '()'), ('SELECT balance FROM above WHERE id = 1', '()'), ('SELECT CASE WHEN balance > 0 THEN balance ELSE 1/(balance + id - id) END FROM accounts_visible WHERE id = 1', '()'),
  ('SELECT 1 / (balance - 900) FROM accounts_visible WHERE id = 1', '()'), ('UPDATE accounts_visible SET owner = owner WHERE id = 1 RETURNING balance', '()'), ('DELETE FROM accounts_visible WHERE id = 3 RETURNING balance', '()'),
  ('WITH w AS (UPDATE accounts_visible SET owner = ''ada'' WHERE id = 1 RETURNING accounts_visible) SELECT * FROM w', '("(1,ada,,)")'), ('SELECT a.balance FROM accounts_visible a JOIN accounts_visible b ON a.balance = b.balance', '(5)'),
  ('SELECT balance FROM accounts WHERE id = 1', '42501 permission denied for table accounts'), ('SELECT id FROM accounts WHERE balance = 900', '42501 permission denied for table accounts'), ('SELECT id FROM accounts ORDER BY balance', '42501 permission denied for table accounts'), ('SELECT accounts FROM accounts', '42501 permission denied for table accounts'),
  ('SELECT balance FROM accounts_visible TABLESAMPLE SYSTEM (100)', '0A000 TABLESAMPLE clause can only be applied to tables and materialized views'), ('UPDATE accounts SET owner = balance::text WHERE id = 1 RETURNING owner', '42501 permission denied for table accounts'), ('UPDATE accounts SET owner = owner WHERE id = 1 RETURNING balance', '42501 permission denied for table accounts'),
  ('INSERT INTO accounts (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET owner = accounts.balance RETURNING owner', '42501 permission denied for table accounts'), ('SELECT attname FROM pg_stats WHERE tablename = ''accounts'' AND attname = ''balance''', '')) v (statement, wanted);
SELECT gets('SELECT id FROM accounts_visible WHERE leak(balance) AND leak(code)'), gets('SELECT id FROM above WHERE leak(balance)'), gets('SELECT id FROM accounts_visible WHERE leak(accounts_visible)') \g /dev/null
SELECT is(count(*), 0::bigint, 'a function in WHERE is given nothing that is hidden') FROM leaked WHERE value ~ '90[01]';
SELECT unalike(gets('EXPLAIN SELECT * FROM accounts_visible WHERE balance <<< 900'), gets('EXPLAIN SELECT * FROM accounts WHERE balance <<< 900'), 'no estimate for the table itself');
SELECT is(regexp_replace(gets('EXPLAIN SELECT * FROM accounts_visible WHERE balance <<< 6'), '.*rows=(\d+).*', '\1'), regexp_replace(gets('EXPLAIN SELECT * FROM accounts_visible WHERE balance <<< 950'), '.*rows=(\d+).*', '\1'), 'estimates do not know it');

-- writing
SELECT is(does(statement), '42501 permission denied: "edit" on "accounts.' || column_name || '"', statement) FROM (VALUES
  ('UPDATE accounts_visible SET balance = 1 WHERE id = 2', 'balance'), ('UPDATE accounts SET balance = 1 WHERE id = 2', 'balance'), ('UPDATE accounts SET balance = 5 WHERE id = 2', 'balance'), ('UPDATE accounts SET balance = NULL WHERE id = 1', 'balance'), ('UPDATE accounts SET balance = 900 WHERE id = 1', 'balance'),
  ('UPDATE above SET balance = 1 WHERE id = 1', 'balance'), ('INSERT INTO accounts (id, balance, code) VALUES (8, 7, NULL)', 'balance'), ('INSERT INTO accounts_visible (id, balance) VALUES (8, 7)', 'balance'), ('INSERT INTO accounts (id, code) VALUES (8, gen_random_uuid())', 'code'),
  ('INSERT INTO accounts (id, balance, code) VALUES (1, 0, NULL) ON CONFLICT (id) DO UPDATE SET balance = 1', 'balance'), ('MERGE INTO accounts a USING (VALUES (1)) v (i) ON a.id = v.i WHEN MATCHED THEN UPDATE SET balance = 1', 'balance')) v (statement, column_name);
SELECT is(does('UPDATE accounts SET balance = 900 WHERE id = 1'), does('UPDATE accounts SET balance = 899 WHERE id = 1'), 'an error is the same for the value that is there and for another');
SELECT is(does('UPDATE accounts_visible SET balance = 2000 WHERE id = 1'), '42501 permission denied: "edit" on "accounts.balance"', '… nor does a constraint answer first');
SELECT is(does(statement), '42501 permission denied: "view" on "accounts.balance"', statement) FROM unnest(ARRAY[
  'UPDATE accounts_visible SET owner = ''eve'' WHERE id = 1', 'UPDATE accounts SET owner = ''eve''', 'UPDATE accounts_visible SET owner = ''mallory'' WHERE id = 1',
  'INSERT INTO accounts (id, owner, code) VALUES (1, ''eve'', NULL) ON CONFLICT (id) DO UPDATE SET owner = excluded.owner',
  'MERGE INTO accounts a USING (VALUES (1)) v (i) ON a.id = v.i WHEN MATCHED THEN UPDATE SET owner = ''eve''', 'UPDATE above SET owner = ''eve''']) statement;
SELECT is(does('UPDATE accounts SET owner = owner'), '2', 'an owner that stays is none that changes');
CREATE TABLE public.own_view AS SELECT * FROM accounts_visible WHERE false;
CREATE VIEW public.of_eve AS SELECT * FROM own_view;
SELECT is(does('CREATE TRIGGER t INSTEAD OF INSERT ON of_eve FOR EACH ROW EXECUTE FUNCTION accounts_visible_write()'), '42501 permission denied for function accounts_visible_write', 'what writes through the view is not for views of others');
SELECT is(does('CREATE TRIGGER t BEFORE INSERT ON own_view FOR EACH ROW EXECUTE FUNCTION session_auth.guard_columns()'), '42501 permission denied for function session_auth.guard_columns', '… nor is the trigger');
RESET ROLE;
COMMIT;

-- whoever may write to the table but holds nothing: by the view neither
REVOKE ALL ON accounts FROM sa_request;
BEGIN;
SELECT FROM session_auth.impersonate('eve') \g /dev/null
SET LOCAL ROLE sa_request;
SELECT is(does('UPDATE accounts SET owner = ''eve'''), '42501 permission denied for table accounts', 'without privileges on the table');
SELECT is(does('UPDATE accounts_visible SET owner = ''x'' WHERE id = 2'), '1', '… the view is enough for what it lets');
COMMIT;

SELECT * FROM finish();
