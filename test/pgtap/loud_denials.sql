-- Loud denials: a query without the permission fails instead of finding nothing, by
-- protect_table(denied => 'error') or, for policies written by hand, by session_auth.denied_policies.
-- Also: test/attacks/loud_denials.t.
SELECT plan(65);

SELECT session_auth.import_permissions('{"READER": ["view:accounts"], "CLERK": ["view:accounts", "edit:accounts"], "BOX": ["create:accounts"], "ALL": ["*:*"]}') \g /dev/null
SELECT session_auth.grant_role(u, r) FROM (VALUES ('rita', 'READER'), ('cleo', 'CLERK'), ('bo', 'BOX'), ('ada', 'ALL')) v (u, r) \g /dev/null
CREATE TABLE public.accounts (id int PRIMARY KEY, owner text, v int);
INSERT INTO accounts VALUES (1, 'rita', 1), (2, 'cleo', 2), (3, 'ada', 3);
CREATE TABLE public.free (id int);
CREATE TABLE public.refers (id int REFERENCES accounts ON DELETE CASCADE);
CREATE TABLE public.noone (id int);
SELECT session_auth.protect_table('accounts', owner_column => 'owner', denied => 'error'), session_auth.protect_table('noone', 'accounts', denied => 'error') \g /dev/null
GRANT ALL ON accounts, free, refers, noone TO sa_request;
CREATE VIEW public.looks WITH (security_invoker = true) AS SELECT * FROM accounts;
GRANT ALL ON looks TO sa_request;

-- What somebody gets: how many rows, or the error. Nobody is NULL.
CREATE FUNCTION public.gets(who text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  IF who IS NOT NULL THEN PERFORM session_auth.impersonate(who); END IF;
  SET LOCAL ROLE sa_request;
  EXECUTE statement;
  GET DIAGNOSTICS n = ROW_COUNT;
  RAISE EXCEPTION SQLSTATE 'XX999' USING MESSAGE = n;
EXCEPTION WHEN SQLSTATE 'XX999' THEN RETURN SQLERRM; WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- the argument
SELECT throws_ok($$SELECT session_auth.protect_table('free', denied => 'loud')$$, '22023', 'invalid denied', 'denied is empty or error');
SELECT throws_ok($$SELECT session_auth.protect_table('free', denied => NULL)$$, '22023', 'invalid denied', '… and not NULL');
SELECT is(denied, 'error', 'listed') FROM session_auth.list_protected() WHERE object = 'accounts'::regclass;
SELECT is_empty($$SELECT * FROM session_auth.check_policies() WHERE object = 'public.accounts'$$, 'check_policies finds it whole');

-- whom it lets do what
SELECT is(gets(who, statement), wanted, concat(who, ': ', statement)) FROM (VALUES
  ('rita', 'SELECT * FROM accounts', '1'), ('rita', 'SELECT * FROM accounts WHERE id = 2', '0'), ('rita', 'SELECT * FROM looks', '1'), ('cleo', 'UPDATE accounts SET v = 9', '1'), ('cleo', 'UPDATE accounts SET v = 9 WHERE id = 1', '0'),
  ('rita', 'SELECT count(*) FROM accounts WHERE id = 77', '1'), ('rita', 'UPDATE accounts SET v = 9', '42501 permission denied: "edit" on "accounts"'), ('rita', 'UPDATE accounts SET v = 9 WHERE false', '42501 permission denied: "edit" on "accounts"'),
  ('rita', 'DELETE FROM accounts WHERE id = 77', '42501 permission denied: "delete" on "accounts"'), ('rita', 'SELECT * FROM accounts FOR UPDATE', '42501 permission denied: "edit" on "accounts"'),
  ('rita', 'INSERT INTO accounts VALUES (9, ''rita'')', '42501 permission denied: "create" on "accounts"'), ('rita', 'INSERT INTO accounts SELECT WHERE false', '42501 permission denied: "create" on "accounts"'),
  ('bo', 'SELECT * FROM accounts', '42501 permission denied: "view" on "accounts"'), ('bo', 'SELECT * FROM noone', '42501 permission denied: "view" on "accounts"'), ('bo', 'SELECT * FROM looks WHERE id = 1', '42501 permission denied: "view" on "accounts"'),
  ('bo', 'INSERT INTO accounts VALUES (9, ''bo'')', '1'), ('bo', 'INSERT INTO accounts VALUES (9, ''ada'')', '42501 new row violates row-level security policy for table "accounts"'),
  ('bo', 'INSERT INTO accounts VALUES (9, ''bo'') RETURNING id', '42501 permission denied: "view" on "accounts"'), ('bo', 'INSERT INTO accounts VALUES (1, ''bo'') ON CONFLICT DO NOTHING', '0'),
  ('bo', 'INSERT INTO accounts VALUES (9, ''bo'') ON CONFLICT (id) DO UPDATE SET v = 1', '42501 permission denied: "view" on "accounts"'),
  ('rita', 'MERGE INTO accounts a USING free f ON a.id = f.id WHEN MATCHED THEN UPDATE SET v = 1', '42501 permission denied: "edit" on "accounts"'), ('ada', 'DELETE FROM accounts', '1'),
  ('bo', 'SELECT * FROM free JOIN accounts USING (id)', '42501 permission denied: "view" on "accounts"'), ('bo', 'SELECT * FROM free LEFT JOIN LATERAL (SELECT * FROM accounts a WHERE a.id = free.id LIMIT 1) l ON true', '42501 permission denied: "view" on "accounts"'),
  ('bo', 'SELECT id IN (SELECT id FROM accounts) FROM free', '42501 permission denied: "view" on "accounts"'), ('bo', 'WITH a AS (SELECT * FROM accounts) SELECT FROM free', '0'), ('bo', 'WITH a AS MATERIALIZED (SELECT * FROM accounts) SELECT FROM a', '42501 permission denied: "view" on "accounts"'),
  ('bo', 'CREATE TEMP TABLE t AS SELECT * FROM accounts', '42501 permission denied: "view" on "accounts"'), ('bo', 'DECLARE c CURSOR FOR SELECT * FROM accounts', '42501 permission denied: "view" on "accounts"'),
  ('bo', 'EXPLAIN SELECT * FROM accounts', NULL), ('bo', 'EXPLAIN ANALYZE SELECT * FROM accounts', '42501 permission denied: "view" on "accounts"'), ('stranger', 'SELECT * FROM accounts', '42501 permission denied: "view" on "accounts"'),
  (NULL, 'SELECT * FROM accounts', '28000 not authenticated'), (NULL, 'SELECT * FROM accounts WHERE id = 77', '28000 not authenticated'), (NULL, 'UPDATE accounts SET v = 1', '28000 not authenticated'), (NULL, 'DELETE FROM accounts', '28000 not authenticated'), (NULL, 'INSERT INTO accounts VALUES (9)', '28000 not authenticated'), (NULL, 'SELECT FROM free', '0')
) v (who, statement, wanted)
WHERE wanted IS NOT NULL;
SELECT is(substr(gets('bo', 'EXPLAIN SELECT * FROM accounts'), 1, 5) IN ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9'), true, 'EXPLAIN alone asks nothing');

SELECT matches(gets('bo', 'MERGE INTO accounts a USING free f ON a.id = f.id WHEN MATCHED THEN DELETE'), '^42501 permission denied: "(view|edit|delete)" on "accounts"$', 'MERGE, which demands several');

-- the same words and codes as require_permission, and no more
SELECT is(gets('bo', 'SELECT * FROM accounts'), gets('bo', $$SELECT session_auth.require_permission('view', 'accounts')$$), 'bo is told what require_permission tells');
SELECT is(gets(NULL, 'SELECT * FROM accounts'), gets(NULL, $$SELECT session_auth.require_permission('view', 'accounts')$$), '… and so is nobody');

-- kept plans ask anew
PREPARE counting AS SELECT count(*) FROM accounts;
SET plan_cache_mode = force_generic_plan;
SELECT is(gets('rita', 'EXECUTE counting'), '1', 'a generic plan of who may');
SELECT is(gets('bo', 'EXECUTE counting'), '42501 permission denied: "view" on "accounts"', '… of who may not');
SELECT is(gets('cleo', 'EXECUTE counting'), '1', '… and of who may again');
RESET plan_cache_mode;

-- an error ends its subtransaction alone, and who was authenticated stays
BEGIN;
SELECT FROM session_auth.impersonate('bo') \g /dev/null
SET LOCAL ROLE sa_request;
DO $$ BEGIN PERFORM * FROM public.accounts; EXCEPTION WHEN insufficient_privilege THEN NULL; END $$;
SELECT is(session_auth.user_id(), 'bo', 'after an error in a subtransaction');
COMMIT;

-- foreign keys are the table's owner's
SELECT is(gets(NULL, 'INSERT INTO refers VALUES (1)'), '1', 'a foreign key looks into the table as its owner');
SELECT is(gets(NULL, 'INSERT INTO refers VALUES (99)'), '23503 insert or update on table "refers" violates foreign key constraint "refers_id_fkey"', '… whoever inserts');

-- denied, nothing is read, with the gate or without
SET session_auth.gate_policies = off;
SELECT is(gets('bo', 'SELECT * FROM accounts WHERE id = 77'), '42501 permission denied: "view" on "accounts"', 'without the gate, and without a row');
RESET session_auth.gate_policies;

-- parallel workers
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off;
SELECT is(gets('rita', 'SELECT count(*) FROM accounts'), '1', 'in parallel, who may');
SELECT is(gets('bo', 'SELECT count(*) FROM accounts'), '42501 permission denied: "view" on "accounts"', '… and who may not');
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET parallel_leader_participation;

-- changed back and forth, altered, forgotten
SELECT session_auth.protect_table('accounts', owner_column => 'owner') \g /dev/null
SELECT is(gets('bo', 'SELECT * FROM accounts'), '0', 'repeated without denied it is quiet again');
SELECT session_auth.protect_table('accounts', owner_column => 'owner', denied => 'error') \g /dev/null
SET session_auth.guard_protection = off;
ALTER POLICY session_auth_select ON accounts USING ((SELECT session_auth.has_permission('view', 'accounts')) AND owner = (SELECT session_auth.user_id()));
SELECT is(problem || '; ' || advice, 'policy session_auth_select is not as protect_table writes it; SELECT session_auth.protect_table(''public.accounts'', ''accounts'', owner_column => ''owner'', denied => ''error'')', 'a quiet policy in its place is reported')
  FROM session_auth.check_policies() WHERE object = 'public.accounts';
SELECT session_auth.protect_table('accounts', owner_column => 'owner', denied => 'error') \g /dev/null
DELETE FROM session_auth.protections WHERE target = 'accounts'::regclass;
SELECT matches(advice, 'denied => ''error''', 'what is not remembered is read off its policies') FROM session_auth.check_policies() WHERE object = 'public.accounts';
RESET session_auth.guard_protection;

-- policies written by hand
CREATE TABLE public.books (id int, owner text);
INSERT INTO books VALUES (1, 'rita');
ALTER TABLE books ENABLE ROW LEVEL SECURITY;
CREATE POLICY viewers ON books USING ((SELECT session_auth.has_permission('view', 'books')));
GRANT ALL ON books TO sa_request;
SELECT is(gets('rita', 'SELECT * FROM books'), '0', 'by default a query that is denied finds nothing');
SET session_auth.denied_policies = error;
SELECT is(gets('rita', 'SELECT * FROM books'), '42501 permission denied for table books', 'denied_policies: it fails');
SELECT is(gets(NULL, 'DELETE FROM books'), '28000 not authenticated', '… without an identity by another code');
SELECT is(gets('ada', 'SELECT * FROM books'), '1', '… and who may sees the rows');
SELECT is(gets('rita', $$SELECT * FROM free WHERE (SELECT session_auth.has_permission('view', 'books'))$$), '0', 'a condition of the query''s own is no denial');
ALTER POLICY viewers ON books USING (owner = (SELECT session_auth.user_id()));
SELECT is(gets('bo', 'SELECT * FROM books'), '0', 'nor are rows of somebody else');
ALTER POLICY viewers ON books USING (session_auth.has_role('READER'));
SELECT is(gets('bo', 'SELECT * FROM books'), '42501 permission denied for table books', 'a bare call counts too');
SET ROLE sa_request;
SELECT throws_ok('SET session_auth.denied_policies = empty', '42501', NULL, 'a request cannot change it');
RESET ROLE;

SELECT * FROM finish();
