-- explain_access: what it says of privileges, row-level security, the row, each policy and in
-- the end, for whom it asks and whose rights it uses, and that it leaves nothing behind.
-- Also: test/attacks/explained_policies.sql, test/pgtap/access_matrix.sql.
SELECT plan(73);

SELECT session_auth.import_permissions('{"USER": ["*:accounts"], "BANNED": ["!view:accounts"], "NOTHING": []}') \g /dev/null
SELECT session_auth.grant_role('ada', 'USER'), session_auth.grant_role('bo', 'USER'), session_auth.grant_role('cy', 'NOTHING'), session_auth.grant_role('dan', 'USER'), session_auth.grant_role('dan', 'BANNED') \g /dev/null
CREATE TABLE public.accounts (id int PRIMARY KEY, owner text, org text, code varchar(10), at timestamptz, tags text[]);
INSERT INTO accounts VALUES (1, 'ada', 'acme', 'one', '2026-01-01'), (2, 'bo', 'acme', 'two', NULL), (3, NULL, 'acme', 'two', NULL), (4, 'cy', 'acme', 'four', NULL);
SELECT session_auth.protect_table('accounts', owner_column => 'owner') \g /dev/null
GRANT SELECT, INSERT, UPDATE (code) ON accounts TO sa_request;

CREATE FUNCTION public.said(target text, action text, who text DEFAULT NULL, key jsonb DEFAULT NULL, of_kind text DEFAULT 'verdict', OUT said text) LANGUAGE plpgsql AS $$
BEGIN
  SELECT string_agg(concat_ws(' ', CASE WHEN e.kind = 'verdict' THEN NULL ELSE e.policy END, coalesce(e.holds::text, 'perhaps') || ':', e.reason), ' | ') INTO said
  FROM session_auth.explain_access(target::regclass, action, who, key) e WHERE e.kind = of_kind;
EXCEPTION WHEN OTHERS THEN said := SQLSTATE || ' ' || SQLERRM; END $$;

SET ROLE sa_admin;
-- users and rows
SELECT is(said('accounts', 'view', who, key), wanted, concat_ws(' ', 'view', who, key)) FROM (VALUES
  ('ada', '{"id": 1}'::jsonb, 'true: policies allow SELECT'), ('ada', '{"id": 2}', 'false: for SELECT no permissive policy holds'), ('ada', '{"id": 3}', 'false: for SELECT no permissive policy holds'), ('ada', '{"id": 9}', 'false: for SELECT it depends on the row; there is no such row'),
  ('ada', NULL, 'perhaps: for SELECT it depends on the row'), ('cy', '{"id": 4}', 'false: for SELECT no permissive policy holds'), ('dan', '{"id": 1}', 'false: for SELECT no permissive policy holds'), (NULL, '{"id": 1}', 'false: for SELECT no permissive policy holds'), ('nobody', NULL, 'false: for SELECT no permissive policy holds')) v (who, key, wanted);
SELECT is(said('accounts', 'view', who, key, 'permissive'), 'session_auth_select ' || wanted, concat_ws(' ', 'because', who, key)) FROM (VALUES
  ('ada', '{"id": 1}'::jsonb, 'true: role "USER" is granted "*" on "accounts"; the row is the user''s own'), ('ada', '{"id": 2}', 'false: the row is another owner''s, or nobody''s (column "owner")'), ('ada', '{"id": 3}', 'false: the row is another owner''s, or nobody''s (column "owner")'),
  ('ada', NULL, 'perhaps: it depends on the row: column "owner" must be the user''s'), ('cy', '{"id": 4}', 'false: neither role "NOTHING" nor a role that it inherits is granted "view" on "accounts"'), (NULL, '{"id": 1}', 'false: there is no identity'), ('nobody', NULL, 'false: the user has no role, and so not "view" on "accounts"; it depends on the row: column "owner" must be the user''s')) v (who, key, wanted);
SELECT matches(said('accounts', 'view', 'dan', '{"id": 1}', 'permissive'), 'role "BANNED" is denied "view" on "accounts"', 'because of a denial');
SELECT is((SELECT string_agg(concat_ws(' ', policy, command, kind, condition, holds), ' | ') FROM session_auth.explain_access('accounts', 'view', 'ada', '{"id": 1}')),
  'SELECT privilege GRANT SELECT ON public.accounts TO sa_request t | row {"id": 1} t | session_auth_select SELECT permissive (SELECT session_auth.has_permission(''view''::text, ''accounts''::text) AS has_permission) AND (owner = (SELECT session_auth.user_id() AS user_id)) t | verdict sa_request t', 'all of it, in order');

-- other actions
SELECT is(said('accounts', action, 'ada', key), wanted, concat_ws(' ', 'ada', action, key)) FROM (VALUES
  ('create', '{"id": 9, "owner": "ada"}'::jsonb, 'true: policies allow INSERT'), ('create', '{"id": 9, "owner": "bo"}', 'false: for INSERT no permissive policy holds'), ('create', NULL, 'perhaps: for INSERT it depends on the row'),
  ('edit', '{"id": 1}', 'true: policies allow SELECT; policies allow UPDATE'), ('edit', '{"id": 2}', 'false: for SELECT no permissive policy holds; for UPDATE no permissive policy holds'), ('delete', '{"id": 1}', 'false: no privilege DELETE; policies allow DELETE; policies allow SELECT')) v (action, key, wanted);
SELECT is(said('accounts', 'edit', 'ada', NULL, 'privilege'), 'true: sa_request has UPDATE on these columns alone: code | true: sa_request has SELECT on the table', 'what is granted on columns');
SELECT is(said('accounts', 'delete', 'ada', NULL, 'privilege'), 'false: sa_request has no privilege DELETE, on the table or on a column of it | true: sa_request has SELECT on the table', 'what is not granted');

-- keys
SELECT is(said('accounts', 'view', 'bo', key, 'row'), wanted, key::text) FROM (VALUES
  ('{"id": "2"}'::jsonb, 'true: the row exists'), ('{"code": "two", "owner": "bo"}', 'true: the row exists'), ('{"code": "two"}', 'false: several rows have these values, so conditions that depend on the row are not asked'), ('{"at": "2026-01-01 00:00"}', 'true: the row exists'), ('{"id": 7}', 'false: there is no such row')) v (key, wanted);
SELECT is(said('accounts', 'view', 'bo', key), wanted, key::text) FROM (VALUES
  ('[1]'::jsonb, '22023 invalid row_key'), ('7', '22023 invalid row_key'), ('{}', '22023 invalid row_key'), ('{"no": 1}', '22023 invalid row_key'), ('{"id": null}', '22023 invalid row_key'), ('{"id": {"a": 1}}', '22023 invalid row_key'), ('{"tags": "{a}"}', '22023 invalid row_key'), ('{"ctid": "(0,1)"}', '22023 invalid row_key'), ('{"id": "x"}', '22P02 invalid input syntax for type integer: "x"')) v (key, wanted);
SELECT is(said(target, action, 'bo'), wanted, target || ' ' || action) FROM (VALUES ('accounts', 'look', '22023 invalid action'), ('pg_class', 'view', '22023 invalid target'), ('session_auth.session_events', 'view', '22023 invalid target'), ('accounts_pkey', 'view', '22023 invalid target')) v (target, action, wanted);
SELECT is(said('accounts', NULL), '22023 invalid action', 'an action has to be given');
SELECT is(said('accounts', 'view', ''), '22023 invalid user_id', '… and a user, if any, be one');

-- nothing is left behind, but the event
SELECT is(session_auth.user_id(), NULL, 'nobody is authenticated after it');
RESET ROLE;
BEGIN;
SELECT FROM session_auth.impersonate('bo') \g /dev/null
SELECT is(said('accounts', 'view', 'ada', '{"id": 1}'), 'true: policies allow SELECT', 'in the midst of another identity');
SELECT is(session_auth.user_id() || current_setting('transaction_read_only'), 'booff', '… which is there again');
SELECT is(said('accounts', 'view', NULL, '{"id": 2}'), 'true: policies allow SELECT', 'without a user it asks for the current identity');
SELECT is(said('accounts', 'view', 'ada', '{"id": "x"}'), '22P02 invalid input syntax for type integer: "x"', 'an error …');
SELECT is(session_auth.user_id(), 'bo', '… gives it back as well');
COMMIT;
SELECT is((SELECT user_id || ' ' || detail::text FROM session_auth.session_events WHERE event = 'access_explained' ORDER BY at DESC LIMIT 1), 'ada {"action": "view", "target": "public.accounts"}', 'who was asked for is recorded');
SELECT is(count(*), 0::bigint, 'asking for oneself is not') FROM session_auth.session_events WHERE event = 'access_explained' AND user_id IS NULL;
SET ROLE sa_request;
SELECT throws_ok($$SELECT * FROM session_auth.explain_access('accounts', 'view', 'ada')$$, '42501', NULL, 'it is for usage admin');
RESET ROLE;
BEGIN READ ONLY;
SELECT is(said('accounts', 'view', 'ada'), '25006 cannot execute impersonate() in a read-only transaction', 'not where it cannot be recorded');
SELECT is(said('accounts', 'view'), 'false: for SELECT no permissive policy holds', '… but for oneself');
COMMIT;

-- policies of others, restrictive ones, such as are for some roles alone
CREATE FUNCTION public.in_office(who text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN EXISTS (SELECT FROM staff WHERE name = who); END $$;
CREATE TABLE public.staff (name text);
INSERT INTO staff VALUES ('ada');
GRANT SELECT ON staff TO PUBLIC;
CREATE POLICY office ON accounts AS RESTRICTIVE USING (in_office(session_auth.user_id()));
CREATE POLICY everything ON accounts FOR SELECT TO sa_plain USING (true);
CREATE POLICY broken ON accounts FOR DELETE USING (1 / (id - id) = 1);
SET ROLE sa_admin;
SELECT is(said('accounts', 'view', 'ada', '{"id": 1}'), 'true: policies allow SELECT', 'a restrictive policy that holds');
SELECT is(said('accounts', 'view', 'bo', '{"id": 2}'), 'false: for SELECT restrictive policy office does not hold', '… and one that does not');
SELECT is(said('accounts', 'view', 'bo', '{"id": 2}', 'restrictive'), 'office false: it does not hold', '… in words');
SELECT matches(said('accounts', 'view', 'bo', '{"id": 1}', 'permissive'), 'everything true: it holds for every row \(for sa_plain alone\)', 'a policy for another role is named, and does not count');
SELECT matches(said('accounts', 'delete', 'ada', '{"id": 1}', 'permissive'), 'broken perhaps: "\(\(1 / \(id - id\)\) = 1\)" cannot be asked: division by zero', 'a condition that raises an error');
RESET ROLE;
DROP POLICY office ON accounts; DROP POLICY everything ON accounts; DROP POLICY broken ON accounts;

-- loud ones, tenants, subqueries
SELECT session_auth.protect_table('accounts', owner_column => 'owner', tenant_column => 'org', denied => 'error') \g /dev/null
SET ROLE sa_admin;
SELECT is(said('accounts', 'view', 'ada', '{"id": 1}', 'permissive'), 'session_auth_select false: the identity has no tenant', 'who has no tenant');
SELECT is(said('accounts', 'view', 'cy', '{"id": 1}', 'permissive'), 'session_auth_select false: neither role "NOTHING" nor a role that it inherits is granted "view" on "accounts"; the row is another owner''s, or nobody''s (column "owner"); the identity has no tenant', 'a loud policy raises nothing here');
RESET ROLE;
CREATE TABLE public.notes (id int, account int);
INSERT INTO notes VALUES (1, 1);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY by_staff ON notes USING (EXISTS (SELECT FROM staff s WHERE s.name = session_auth.user_id() AND notes.account = 1) AND notes IS NOT NULL);
SET ROLE sa_admin;
SELECT is(said('notes', 'view', who, '{"id": 1}', 'permissive'), 'by_staff ' || wanted, who || ': a subquery of the row') FROM (VALUES ('ada', 'true: it holds'), ('bo', 'false: it does not hold; it holds')) v (who, wanted) WHERE who = 'ada';
SELECT matches(said('notes', 'view', 'ada'), 'no privilege SELECT', 'no privilege at all');
RESET ROLE;
ALTER TABLE notes NO FORCE ROW LEVEL SECURITY;
SELECT is(said('notes', 'view', 'ada', NULL, 'row security'), 'false: row-level security is not forced, so the owner postgres sees every row', 'not forced');
SELECT matches(said('notes', 'create', 'ada', NULL, 'permissive'), 'by_staff', 'USING is asked of what is created where there is no WITH CHECK');
ALTER TABLE notes DISABLE ROW LEVEL SECURITY;
GRANT SELECT ON notes TO sa_request;
SELECT is(said('notes', 'view', 'bo', '{"id": 1}', 'row security'), 'false: row-level security is not enabled, so policies do nothing', 'not enabled');
SELECT is(said('notes', 'view', 'bo', '{"id": 1}'), 'true: policies do not bind it', '… so that everybody sees it');
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
DROP POLICY by_staff ON notes;
SELECT is(said('notes', 'view', 'ada', '{"id": 1}'), 'false: no policy is for it', 'no policy at all');

-- partitions
CREATE TABLE public.parted (junk int, id int, owner text) PARTITION BY LIST (id);
ALTER TABLE parted DROP junk;
CREATE TABLE public.parted_1 (owner text, id int);
ALTER TABLE parted ATTACH PARTITION parted_1 FOR VALUES IN (1);
INSERT INTO parted VALUES (1, 'ada');
SELECT session_auth.protect_table('parted', 'accounts', 'owner') \g /dev/null
GRANT SELECT ON parted TO sa_request;
SELECT is(said('parted', 'view', 'ada', '{"id": 1}'), 'true: policies allow SELECT', 'a row of a partition with other places for its columns');
SELECT is(said('parted', 'view', 'bo', '{"id": 1}'), 'false: for SELECT no permissive policy holds', '… of somebody else');

SELECT * FROM finish();
