-- Attack: shapes of queries in which the gate, a condition that is asked once in the
-- place of a test for each row, lets through more rows than the policy: outer joins, EXISTS, IN,
-- NOT IN, LATERAL, UNION ALL, inheritance, partitions, views, CTEs, window functions,
-- locking, data-modifying CTEs, MERGE, cached plans, identities that change within.
-- Holds: with and without session_auth.gate_policies and fold_filters the same rows, for each identity;
-- a scan whose filter is false is not read. Guards: src/executor/gate.c, is_constant() and may_vary().
-- Also: test/pgtap/gate.sql, test/attacks/gate_changes.sql, test/attacks/gate_rechecks.t,
-- test/attacks/gate_subplans.sql.
SELECT plan(74);
\ir people.psql

CREATE TABLE parent (id int, owner text);
CREATE TABLE child () INHERITS (parent);
CREATE TABLE parts (id int, owner text) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (3);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (3) TO (9);
CREATE TABLE open (id int, owner text);
CREATE TABLE either (id int, owner text);
CREATE TABLE asks (id int, role text);
INSERT INTO parent TABLE accounts; INSERT INTO child VALUES (4, 'alice'); INSERT INTO parts TABLE accounts;
INSERT INTO open VALUES (1, 'alice'), (3, 'bob'), (9, 'carol'); INSERT INTO either TABLE accounts;
INSERT INTO asks VALUES (1, 'ADMIN'), (2, 'USER'), (3, NULL);
SELECT session_auth.protect_table(t, 'accounts') FROM unnest('{parent,child,parts}'::regclass[]) t \g /dev/null
ALTER TABLE either ENABLE ROW LEVEL SECURITY;
-- permissive policies are one OR; a NULL verdict denies
CREATE POLICY a ON either USING ((SELECT session_auth.has_permission('view', 'accounts')));
CREATE POLICY b ON either USING (owner = (SELECT session_auth.user_id()));
CREATE POLICY c ON either AS RESTRICTIVE USING ((SELECT session_auth.is_authenticated()));
ALTER TABLE asks ENABLE ROW LEVEL SECURITY;
CREATE POLICY a ON asks USING (session_auth.has_permission(role, 'view', 'accounts'));
CREATE VIEW invoker WITH (security_invoker) AS SELECT * FROM accounts;
CREATE VIEW barrier WITH (security_invoker, security_barrier) AS SELECT * FROM accounts WHERE id > 0;
CREATE VIEW agg WITH (security_invoker) AS SELECT owner, count(*) AS n FROM accounts GROUP BY owner;
CREATE FUNCTION inlined(o text) RETURNS SETOF accounts LANGUAGE sql STABLE AS 'SELECT * FROM public.accounts a WHERE a.owner = o';
GRANT ALL ON ALL TABLES IN SCHEMA public TO sa_request;

CREATE TABLE shapes (n int GENERATED ALWAYS AS IDENTITY, query text);
INSERT INTO shapes (query) VALUES
  ('SELECT * FROM accounts'), ('SELECT count(*) FROM accounts'), ('SELECT 1 FROM accounts LIMIT 1'),
  ('SELECT o.id, a.id FROM open o LEFT JOIN accounts a USING (id)'), ('SELECT o.id, a.id FROM accounts a RIGHT JOIN open o USING (id)'),
  ('SELECT o.id, a.id FROM open o FULL JOIN accounts a USING (id)'), ('SELECT o.id, a.id FROM open o CROSS JOIN accounts a'),
  ('SELECT o.id, a.id FROM open o LEFT JOIN accounts a ON true'), ('SELECT o.id, a.id, b.id FROM open o LEFT JOIN (accounts a JOIN accounts b USING (owner)) ON a.id = o.id'),
  ('SELECT * FROM open o WHERE EXISTS (SELECT FROM accounts)'), ('SELECT * FROM open o WHERE NOT EXISTS (SELECT FROM accounts)'),
  ('SELECT * FROM open o WHERE EXISTS (SELECT FROM accounts a WHERE a.id = o.id)'), ('SELECT * FROM open o WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.id = o.id)'),
  ('SELECT * FROM open o WHERE o.id IN (SELECT id FROM accounts)'), ('SELECT * FROM open o WHERE o.id NOT IN (SELECT id FROM accounts)'),
  ('SELECT * FROM open o WHERE o.id = ANY (ARRAY(SELECT id FROM accounts))'), ('SELECT (SELECT max(id) FROM accounts)'), ('SELECT o.id, (SELECT a.owner FROM accounts a WHERE a.id = o.id) FROM open o'),
  ('SELECT * FROM open o, LATERAL (SELECT * FROM accounts a WHERE a.id = o.id LIMIT 1) l'), ('SELECT * FROM open o LEFT JOIN LATERAL (SELECT max(a.id) FROM accounts a WHERE a.id <= o.id) l ON true'),
  ('SELECT id FROM accounts UNION ALL SELECT id FROM open'), ('SELECT id FROM open EXCEPT SELECT id FROM accounts'), ('SELECT * FROM (SELECT id FROM accounts UNION ALL SELECT id FROM parent UNION ALL SELECT id FROM open) u WHERE id > 1'),
  ('SELECT * FROM parent'), ('SELECT * FROM ONLY parent'), ('SELECT * FROM parent p LEFT JOIN child c USING (id)'), ('SELECT tableoid::regclass, id FROM parts WHERE id < 4'), ('SELECT * FROM parts p JOIN parts q USING (id)'),
  ('SELECT * FROM parts_1'), ('SELECT * FROM open o LEFT JOIN parts p ON p.id = o.id'), ('SELECT * FROM invoker'), ('SELECT * FROM barrier WHERE owner <> ''x'''), ('SELECT * FROM agg'), ('SELECT o.id, a.n FROM open o LEFT JOIN agg a USING (owner)'),
  ('WITH a AS MATERIALIZED (SELECT * FROM accounts) SELECT * FROM open LEFT JOIN a USING (id)'), ('WITH RECURSIVE r AS (SELECT 0 AS id UNION ALL SELECT a.id FROM r JOIN accounts a ON a.id = r.id + 1) SELECT * FROM r'),
  ('SELECT * FROM inlined(''alice'')'), ('SELECT * FROM open o, inlined(o.owner) i'), ('SELECT id, row_number() OVER (ORDER BY id) FROM accounts'), ('SELECT count(*) FROM accounts GROUP BY GROUPING SETS ((), (owner))'),
  ('SELECT * FROM either'), ('SELECT * FROM open o LEFT JOIN either e USING (id)'), ('SELECT * FROM asks'), ('SELECT o.id, a.role FROM open o LEFT JOIN asks a USING (id)'),
  ('SELECT * FROM accounts TABLESAMPLE SYSTEM (100)'), ('SELECT * FROM accounts WHERE id = 1 OR random() < 2'), ('SELECT a.id FROM accounts a WHERE (SELECT session_auth.is_authenticated()) OR a.id IS NULL'), ('SELECT * FROM accounts ORDER BY id FETCH FIRST 1 ROW WITH TIES');

-- What a shape gives to the one who asks, in any order; from a plan that is kept.
CREATE FUNCTION public.gives(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  r record;
  rows text[] := '{}';
BEGIN
  FOR r IN EXECUTE format('EXECUTE q%s', n) LOOP
    rows := rows || r::text;
  END LOOP;
  RETURN (SELECT concat(count(*), ': ', string_agg(x, ' ' ORDER BY x)) FROM unnest(rows) x);
END $$;
CREATE TABLE given (n int, who text, how text, what text);
GRANT ALL ON shapes TO sa_request;
GRANT ALL ON given TO sa_request;
CREATE FUNCTION public.gather(how text, VARIADIC tokens text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  shape record;
BEGIN
  FOR shape IN SELECT * FROM shapes LOOP EXECUTE format('PREPARE q%s AS %s', shape.n, shape.query); END LOOP;
  FOR round IN 1..2 LOOP
    FOR i IN 1..cardinality(tokens) LOOP
      PERFORM session_auth.deauthenticate();
      IF tokens[i] <> '' THEN PERFORM session_auth.authenticate(tokens[i]); END IF;
      INSERT INTO public.given SELECT s.n, public.who(), how || ' ' || round, public.gives(s.n) FROM shapes s;
    END LOOP;
  END LOOP;
  FOR shape IN SELECT * FROM shapes LOOP EXECUTE format('DEALLOCATE q%s', shape.n); END LOOP;
END $$;

SET session_auth.gate_policies = off; SET session_auth.fold_filters = off;
SET plan_cache_mode = force_custom_plan;
SET ROLE sa_request;
SELECT gather('policy', '', :'alice', :'bob') \g /dev/null
RESET ROLE;
SET session_auth.gate_policies = on; SET session_auth.fold_filters = on;
SET ROLE sa_request;
SELECT gather('gate', '', :'alice', :'bob') \g /dev/null
SET plan_cache_mode = force_generic_plan;
SELECT gather('generic', :'alice', '', :'bob') \g /dev/null
SET enable_nestloop = off; SET enable_hashjoin = off; SET enable_hashagg = off;
SELECT gather('merge joins', :'bob', :'alice', '') \g /dev/null
RESET enable_nestloop; RESET enable_hashjoin; RESET enable_hashagg;
RESET plan_cache_mode;
RESET ROLE;

SELECT is(count(DISTINCT g.who || g.what), count(DISTINCT g.who), 'the same rows: ' || s.query) FROM shapes s JOIN given g USING (n) GROUP BY s.n, s.query ORDER BY s.n;
SELECT is((SELECT string_agg(DISTINCT who, ',') FROM given WHERE what LIKE '3: (1,alice)%' AND n = 1), 'alice', 'alice alone sees accounts');
SELECT is((SELECT string_agg(DISTINCT what, ';') FROM given WHERE who <> 'alice' AND n IN (SELECT n FROM shapes WHERE query ~ '^SELECT \* FROM (accounts|parent|parts|invoker|barrier|agg)\M' AND query !~ 'is_auth')), '0: ', 'to the others it is empty, by every name');
SELECT is((SELECT string_agg(DISTINCT what, ';') FROM given WHERE who = 'bob' AND n = (SELECT n FROM shapes WHERE query = 'SELECT * FROM either')), '1: (3,bob)', 'permissive policies are one OR: bob sees his own');
SELECT is((SELECT string_agg(DISTINCT what, ';') FROM given WHERE who = 'nobody' AND n = (SELECT n FROM shapes WHERE query = 'SELECT * FROM either')), '0: ', '… and nobody none');

-- what a query writes, by who may not
CREATE FUNCTION public.writes(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  EXECUTE statement;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
EXCEPTION WHEN insufficient_privilege THEN RETURN 'refused';
END $$;
BEGIN;
SET LOCAL ROLE sa_request;
SELECT FROM session_auth.authenticate(:'bob') \g /dev/null
SELECT is(writes(statement), wanted, 'bob: ' || statement) FROM (VALUES
  ('UPDATE accounts SET owner = ''bob''', '0'), ('UPDATE accounts a SET owner = ''bob'' FROM open o WHERE o.id = a.id', '0'), ('DELETE FROM accounts', '0'), ('DELETE FROM accounts USING open', '0'),
  ('UPDATE parent SET owner = ''bob''', '0'), ('UPDATE parts SET id = id + 1', '0'), ('DELETE FROM parts_2', '0'), ('UPDATE invoker SET owner = ''bob''', '0'), ('DELETE FROM barrier', '0'),
  ('WITH d AS (DELETE FROM accounts RETURNING *) INSERT INTO open SELECT * FROM d', '0'), ('INSERT INTO open SELECT * FROM accounts', '0'), ('SELECT * FROM accounts FOR UPDATE', '0'), ('SELECT * FROM open JOIN accounts USING (id) FOR SHARE', '0'),
  ('MERGE INTO accounts a USING open o ON a.id = o.id WHEN MATCHED THEN DELETE', '0'), ('MERGE INTO accounts a USING open o ON a.id = o.id WHEN NOT MATCHED THEN INSERT VALUES (o.id + 100, o.owner)', 'refused'),
  ('INSERT INTO accounts VALUES (50, ''bob'')', 'refused'), ('INSERT INTO parts VALUES (5, ''bob'')', 'refused'), ('UPDATE either SET owner = ''bob''', '1')) v (statement, wanted);
COMMIT;

-- denied, nothing is read, and what the caller adds is not asked either
CREATE SEQUENCE asked;
GRANT ALL ON asked TO sa_request;
SET ROLE sa_request;
SELECT count(*) FROM accounts WHERE nextval('asked') > 0 \g /dev/null
SELECT count(*) FROM parts WHERE nextval('asked') > 0 \g /dev/null
SELECT is(is_called, false, 'a function of the caller''s is not called') FROM asked;

-- what has no columns and yet differs from row to row is no gate
RESET ROLE;
CREATE TABLE tickets AS SELECT i FROM generate_series(1, 9) i;
CREATE SEQUENCE ticket;
ALTER TABLE tickets ENABLE ROW LEVEL SECURITY;
CREATE POLICY two_of_them ON tickets USING (nextval('ticket') <= 2);
GRANT ALL ON tickets, ticket TO sa_request;
SET ROLE sa_request;
SELECT is((SELECT count(*) FROM tickets), 2::bigint, 'a volatile condition is asked for each row');

-- in one statement that changes the identity: never rows that neither may see
BEGIN;
SELECT is((SELECT count(*) FROM session_auth.authenticate(:'bob') b, accounts a), 0::bigint, 'bob, who becomes himself beside the scan');
SELECT is((SELECT count(*) FROM accounts a WHERE (SELECT session_auth.authenticate(:'bob')) IS NOT NULL), 0::bigint, '… in a subquery');
ROLLBACK;

SELECT * FROM finish();
